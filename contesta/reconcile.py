"""`contesta reconcile`: the ledger held against queue_log, and repaired from it."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from contesta.comparison import Difference, compare
from contesta.format import whole
from contesta.logs import configure_logs
from contesta.reconciliation import SETTLING, Reconciliation, files_of
from contesta.reconciliation import reconcile as repair
from core.errors import ConfigurationError
from storage.database import connect
from storage.ledger import Ledger
from storage.migrate import upgrade

if TYPE_CHECKING:
    from contesta.settings import Settings


def reconcile(
    ctx: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="QUEUE_LOG…", help="Archivos, también en gzip; sin ellos, los de esta línea."),
    ] = None,
    *,
    check: Annotated[bool, typer.Option("--check", help="Solo compara; no cambia el libro.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="En JSON, para otros programas.")] = False,
) -> None:
    """Compara el libro de llamadas con queue_log y lo repara; si algo sigue distinto, termina con código 1."""
    settings: Settings = ctx.obj
    configure_logs(None)
    engine = connect(settings.ledger_url)
    upgrade(engine)
    ledger, settled_before = Ledger(engine), datetime.now(UTC) - SETTLING
    try:
        chosen = files or files_of(settings.queue_log)
        if check:
            told = compare(ledger, chosen, settled_before=settled_before)
            result = Reconciliation(
                found=told.differences, remaining=told.differences, damaged_lines=told.damaged_lines
            )
        else:
            result = repair(ledger, chosen, settled_before=settled_before)
    except OSError as error:
        raise ConfigurationError(f"No puedo leer {error.filename}: {error.strerror}.") from error
    if as_json:
        typer.echo(json.dumps(_as_json(result), ensure_ascii=False, indent=2))
    else:
        _print(Console(), result)
    raise typer.Exit(1 if result.remaining else 0)


def _as_json(result: Reconciliation) -> dict[str, object]:
    return {
        "found": [asdict(difference) for difference in result.found],
        "repaired_calls": sorted(result.repaired_calls),
        "remaining": [asdict(difference) for difference in result.remaining],
        "damaged_lines": result.damaged_lines,
    }


def _print(console: Console, result: Reconciliation) -> None:
    repaired = result.repaired_calls
    if repaired:
        mended = [difference for difference in result.found if difference.call_id in repaired]
        console.print(_table(f"Reparado desde queue_log: {whole(len(repaired))} llamadas", mended))
    if result.remaining:
        console.print(_table(f"Diferencias: {whole(len(result.remaining))}", result.remaining))
    else:
        console.print("El libro de llamadas es igual a queue_log.")
    if result.damaged_lines:
        console.print(f"Líneas dañadas de queue_log, que no se compararon: {whole(result.damaged_lines)}")


def _table(title: str, differences: Sequence[Difference]) -> Table:
    table = Table("Llamada", "Dato", "Libro", "queue_log", title=title)
    for difference in differences:
        table.add_row(*map(escape, (difference.call_id, difference.fact, difference.ledger, difference.log)))
    return table
