"""The command line. Settings are built here, once, and passed down; errors become one sentence here."""

import asyncio
import sys

import typer
from rich.console import Console
from rich.markup import escape

from contesta import calls, processes
from contesta.call import call
from contesta.demo import demo
from contesta.doctor import doctor
from contesta.logs import configure_logs
from contesta.settings import LOCALHOST, Settings, load
from core.errors import ContestaError

app = typer.Typer(
    name="contesta",
    help="Centro de contacto sobre Asterisk para líneas de atención a la ciudadanía.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def settings(ctx: typer.Context) -> None:
    """Centro de contacto sobre Asterisk para líneas de atención a la ciudadanía."""
    ctx.obj = load()


@app.command()
def run(ctx: typer.Context) -> None:
    """Inicia la línea completa y la mantiene en marcha; Ctrl-C la detiene."""
    from contesta import run as line  # noqa: PLC0415  speech and numbers take a second to import: only here

    configured: Settings = ctx.obj
    configure_logs(configured.log_dir / "run.log")
    asyncio.run(line.run(configured, Console()))


@app.command()
def stop(ctx: typer.Context) -> None:
    """Detiene la línea que está en marcha en esta carpeta, con todas sus partes."""
    configured: Settings = ctx.obj
    names = [n for n in ("run", "listen", "agi", "web") if processes.end(configured.data_dir / "run", n, 30)]
    typer.echo(f"Detenido: {', '.join(names)}." if names else "No había nada en marcha.")


@app.command()
def listen(ctx: typer.Context) -> None:
    """Escucha a Asterisk y escribe el libro de llamadas (lo inicia «contesta run»)."""
    from contesta.listener import run_listener  # noqa: PLC0415  as above

    configured: Settings = ctx.obj
    with processes.only_one(configured.data_dir / "run", "listen"):
        asyncio.run(run_listener(configured))


@app.command()
def agi(ctx: typer.Context) -> None:
    """Atiende los guiones de llamada que pide Asterisk (lo inicia «contesta run»)."""
    from agi_scripts import SCRIPTS  # noqa: PLC0415  as above
    from ivr.server import Server  # noqa: PLC0415  as above

    configured: Settings = ctx.obj
    configure_logs(None)
    with processes.only_one(configured.data_dir / "run", "agi"):
        Server(LOCALHOST, configured.agi_port, SCRIPTS, max_calls=configured.agi_max_calls).serve_until_signal()


@app.command()
def web(ctx: typer.Context) -> None:
    """Sirve las páginas (lo inicia «contesta run»)."""
    from contesta.web.app import run_web  # noqa: PLC0415  as above

    configured: Settings = ctx.obj
    configure_logs(None)
    with processes.only_one(configured.data_dir / "run", "web"):
        run_web(configured)


app.command()(call)
app.command()(demo)
app.command()(call)
app.command()(demo)
app.command()(doctor)
app.add_typer(calls.app, name="calls", help="Las llamadas y su historia.")


def main() -> None:
    """Run the command line; an error of ours is one sentence and exit code 1."""
    try:
        app()
    except ContestaError as error:
        Console(stderr=True).print(f"[bold red]Error:[/] {escape(str(error))}", highlight=False)
        sys.exit(1)
