"""The commands that run the line and each of its parts."""

import asyncio

import typer

from contesta import processes
from contesta.logs import configure_logs
from contesta.settings import LOCALHOST, Settings

PARTS = ("demo", "call", "run", "callbacks-worker", "listen", "agi", "web", "measure", "messenger")


def run(ctx: typer.Context) -> None:
    """Inicia la línea completa y la mantiene en marcha; Ctrl-C la detiene."""
    from rich.console import Console  # noqa: PLC0415  each part imports only what it needs: they start together

    from contesta import run as line  # noqa: PLC0415  as above

    settings: Settings = ctx.obj
    configure_logs(settings.log_dir / "run.log")
    asyncio.run(line.run(settings, Console()))


def stop(ctx: typer.Context) -> None:
    """Detiene la línea que está en marcha en esta carpeta, con todas sus partes."""
    settings: Settings = ctx.obj
    names = [name for name in PARTS if processes.end(settings.run_dir, name, timeout_seconds=30)]
    typer.echo(f"Detenido: {', '.join(names)}." if names else "No había nada en marcha.")


def listen(ctx: typer.Context) -> None:
    """Escucha a Asterisk y escribe el libro de llamadas (lo inicia «contesta run»)."""
    from contesta.listener import run_listener  # noqa: PLC0415  as above

    settings: Settings = ctx.obj
    configure_logs(None)
    with processes.only_one(settings.run_dir, "listen"):
        asyncio.run(run_listener(settings))


def agi(ctx: typer.Context) -> None:
    """Atiende los guiones de llamada que pide Asterisk (lo inicia «contesta run»)."""
    from agi_scripts import scripts  # noqa: PLC0415  as above
    from agi_scripts.call import desk_in  # noqa: PLC0415  as above
    from ivr.server import Server  # noqa: PLC0415  as above

    settings: Settings = ctx.obj
    configure_logs(None)
    with processes.only_one(settings.run_dir, "agi"):
        flows = scripts(desk_in(settings.data_dir))
        Server(LOCALHOST, settings.agi_port, flows, max_calls=settings.agi_max_calls).serve_until_signal()


def web(ctx: typer.Context) -> None:
    """Sirve las páginas (lo inicia «contesta run»)."""
    from contesta.web.app import run_web  # noqa: PLC0415  as above

    settings: Settings = ctx.obj
    configure_logs(None)
    with processes.only_one(settings.run_dir, "web"):
        run_web(settings)


def measure(ctx: typer.Context) -> None:
    """Mide cada grabación después de su llamada (lo inicia «contesta run»)."""
    from contesta import measuring  # noqa: PLC0415  as above

    settings: Settings = ctx.obj
    configure_logs(None)
    with processes.only_one(settings.run_dir, "measure"):
        measuring.run_service(settings)


def messenger(ctx: typer.Context) -> None:
    """Envía los SMS que esperan y recibe sus confirmaciones (lo inicia «contesta run» si hay operador de SMS)."""
    from contesta import sms_service  # noqa: PLC0415  as above

    settings: Settings = ctx.obj
    configure_logs(None)
    with processes.only_one(settings.run_dir, "messenger"):
        asyncio.run(sms_service.run(settings))


def callbacks_worker(ctx: typer.Context) -> None:
    """Recibe las solicitudes de llamada y las cumple (lo inicia «contesta run»)."""
    from contesta.callbacks.service import run_service  # noqa: PLC0415  as above

    settings: Settings = ctx.obj
    configure_logs(None)
    with processes.only_one(settings.run_dir, "callbacks-worker"):
        asyncio.run(run_service(settings))
