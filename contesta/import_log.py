"""`contesta import`: past queue_log files into the ledger. Told again, a fact changes nothing: repeat it at will."""

import contextlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from contesta.format import whole
from contesta.stats_tables import print_faults
from core.errors import ConfigurationError
from core.events import Event
from storage.database import connect
from storage.ledger import Ledger
from storage.migrate import upgrade
from telephony.queue_log.reader import Reader

if TYPE_CHECKING:
    from contesta.settings import Settings

EVENTS_AT_ONCE = 2000


def import_files(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Archivos queue_log, también en gzip.")],
) -> None:
    """Lleva archivos queue_log al libro de llamadas. Se puede interrumpir y repetir: nada se cuenta dos veces."""
    settings: Settings = ctx.obj
    console = Console()
    engine = connect(settings.ledger_url)
    upgrade(engine)
    ledger, reader, taken = Ledger(engine), Reader(files), 0
    try:
        with contextlib.suppress(KeyboardInterrupt), _bar(console) as bar:
            task = bar.add_task("Leyendo", total=sum(file.stat().st_size for file in files))
            for batch in batches(reader):
                ledger.apply(batch)
                taken += len(batch)
                bar.update(task, completed=reader.bytes)
            bar.update(task, completed=bar.tasks[task].total)
            console.print(f"{whole(reader.lines)} líneas leídas, {whole(taken)} hechos en el libro.")
            if reader.faults_count:
                console.print(f"Líneas dañadas, que no se cuentan: {whole(reader.faults_count)}")
                print_faults(console, reader.faults)
            return
    except OSError as error:
        raise ConfigurationError(f"No puedo leer {error.filename}: {error.strerror}. Revise el nombre.") from error
    console.print(f"Interrumpido con {whole(taken)} hechos en el libro. Repita la orden para continuar.")
    raise typer.Exit(130)


def batches(reader: Reader) -> Iterator[list[Event]]:
    """Yield the events of the files, as many at once as the ledger takes in one transaction."""
    events = iter(reader)
    while batch := list(islice(events, EVENTS_AT_ONCE)):
        yield batch


def _bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console)
