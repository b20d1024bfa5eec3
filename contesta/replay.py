"""`contesta replay`: a past queue_log once more, as the live table would have shown it."""

import contextlib
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.live import Live

from contesta.format import short_date, whole
from contesta.live_table import screen
from contesta.logs import configure_logs
from core.errors import ConfigurationError
from core.events import Event
from quality.metrics.figures import Thresholds
from quality.metrics.live import LiveEngine
from telephony.queue_log.reader import Reader

if TYPE_CHECKING:
    from contesta.settings import Settings

LOOK_SECONDS = 0.25


def replay(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Archivo queue_log, también en gzip.")],
    *,
    speed: Annotated[
        float, typer.Option("--speed", min=0, help="Cuántas veces más rápido que el reloj; 0: lo más posible.")
    ] = 60,
    board: Annotated[
        bool, typer.Option("--board", help="En el tablero, con un enlace que sirve una sola vez.")
    ] = False,
) -> None:
    """Repasa un queue_log en tiempo acelerado, con la misma tabla de «contesta live»; Ctrl-C sale."""
    settings: Settings = ctx.obj
    if board:
        from contesta.web.replay import serve  # noqa: PLC0415  the pages' libraries, which the table does not need

        configure_logs(None)
        serve(settings, file, speed, lambda link: typer.echo(f"Abra este enlace; sirve una sola vez:\n\n  {link}\n"))
        return
    zone, console = ZoneInfo(settings.timezone), Console()
    engine = LiveEngine(zone, Thresholds(ghost_seconds=settings.ghost_seconds))
    remark = f"repaso de {file.name}"
    last: datetime | None = None
    try:
        reader = Reader([file])
        with contextlib.suppress(KeyboardInterrupt), Live(console=console, auto_refresh=False, transient=True) as shown:
            for last in play(iter(reader), engine, speed):
                said = f"{short_date(last, zone)} · {remark} a {_speed(speed)}"
                shown.update(screen(engine.snapshot(last), zone, said), refresh=True)
    except OSError as error:
        raise ConfigurationError(f"No puedo leer {file}: {error.strerror}.") from error
    if last is None:
        console.print(f"{file} no tiene ningún hecho que repasar.", highlight=False)
    else:
        console.print(screen(engine.snapshot(last), zone, f"{short_date(last, zone)} · fin del {remark}"))
    if reader.faults_count:
        console.print(f"Líneas dañadas: {whole(reader.faults_count)}", highlight=False)


def play(events: Iterator[Event], engine: LiveEngine, speed: float) -> Iterator[datetime]:
    """Feed the engine at `speed` times the clock (0: at once); yield the log's time whenever it is time to look."""
    now: datetime | None = None
    looked = time.monotonic()
    for event in events:
        now = now or event.at
        if not speed:
            now = max(now, event.at)
            if time.monotonic() - looked >= LOOK_SECONDS:
                yield now
                looked = time.monotonic()
        while event.at > now:
            yield now
            time.sleep(max(0.0, looked + LOOK_SECONDS - time.monotonic()))
            spent, looked = time.monotonic() - looked, time.monotonic()
            now += timedelta(seconds=speed * spent)
        engine.take(event)
    if now:
        yield now


def _speed(speed: float) -> str:
    return f"{speed:g} veces el reloj".replace(".", ",") if speed else "toda velocidad"
