"""`contesta campaign`: bases of people to call, and what came of them."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from callback_queue.campaign.base import Base, Excluded, take_in
from callback_queue.campaign.columns import Columns, guess
from callback_queue.campaign.sheet import MOST_BYTES, Row
from contesta.campaigns.reading import read
from contesta.campaigns.text import columns_said, counts_table, examples
from core.errors import ConfigurationError

app = typer.Typer(no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="En JSON, para otros programas.")]


@app.callback()
def campaign() -> None:
    """Campañas de salida: cargar bases, ponerlas en marcha y ver sus resultados."""


@app.command()
def load(
    file: Annotated[Path, typer.Argument(metavar="ARCHIVO", help="Base en CSV o XLSX.")],
    *,
    telephone: Annotated[
        list[str] | None, typer.Option("--telephone", help="Título de la columna del teléfono; se adivina.")
    ] = None,
    exclude: Annotated[
        Path | None, typer.Option("--exclude", help="Archivo con teléfonos que no se llaman, CSV o XLSX.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Revisa una base y cuenta sus registros como el informe: inicial, depurada, duplicados, a gestionar."""
    base = examine(file, telephone or (), exclude)
    if as_json:
        typer.echo(json.dumps(asdict(base.counts)))
        return
    console = Console()
    console.print(escape(columns_said(base.columns)), highlight=False)
    console.print(counts_table(base.counts))
    for said in examples(base):
        console.print(f"[yellow]▲[/] {escape(said)}", highlight=False, soft_wrap=True)


def examine(file: Path, telephones: Sequence[str], exclude: Path | None) -> Base:
    """Read a base from the disk and decide on every row of it.

    Raises:
        ConfigurationError: it, or what is to be left out, cannot be read, or has no column of telephones.
    """
    listed = frozenset[str]()
    if exclude is not None:
        others = _columns(exclude, rows_of_others := _rows(exclude), ())
        listed = frozenset(number for record in take_in(rows_of_others, others).records for number in record.telephones)
    rows = _rows(file)
    return take_in(rows, _columns(file, rows, telephones), Excluded(listed=listed))


def _rows(file: Path) -> tuple[Row, ...]:
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as missing:
        raise ConfigurationError(f"no se puede leer {file}: {missing.strerror}") from missing
    try:
        return read(content)
    except ConfigurationError as wrong:
        raise ConfigurationError(f"{file.name}: {wrong}") from wrong


def _columns(file: Path, rows: Sequence[Row], telephones: Sequence[str]) -> Columns:
    columns = guess(rows)
    try:
        return columns.checked(telephones)
    except ConfigurationError as wrong:
        raise ConfigurationError(f"{file.name}: {wrong}") from wrong
