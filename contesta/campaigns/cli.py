"""`contesta campaign`: bases of people to call, and what came of them."""

import json
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape

from callback_queue.campaign.base import Excluded, take_in
from callback_queue.campaign.columns import Columns, guess
from callback_queue.campaign.sheet import MOST_BYTES, Row
from contesta import lines
from contesta.call_csv import BEGINNING
from contesta.callbacks.service import by_name
from contesta.campaigns.desk import Desk
from contesta.campaigns.reading import read
from contesta.campaigns.results import answers, as_data, dispositions, exported
from contesta.campaigns.text import STATES, columns_said, counts_table, examples, shares_table
from contesta.format import capital, whole
from contesta.results_text import typed
from contesta.settings import Settings
from core.errors import ConfigurationError
from storage.campaigns import Asker, CampaignState, NewCampaign
from storage.data_requests import DataRequests
from storage.migrate import up_to_date

app = typer.Typer(no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="En JSON, para otros programas.")]
Name = Annotated[str, typer.Argument(metavar="NOMBRE", help="Nombre de la campaña.")]

_AUTHOR = "terminal"


@app.callback()
def campaign() -> None:
    """Campañas de salida: cargar bases, ponerlas en marcha y ver sus resultados."""


@app.command()
def load(  # noqa: PLR0913  each is an option of the command
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="ARCHIVO", help="Base en CSV o XLSX.")],
    *,
    telephone: Annotated[
        list[str] | None, typer.Option("--telephone", help="Título de la columna del teléfono; se adivina.")
    ] = None,
    exclude: Annotated[
        Path | None, typer.Option("--exclude", help="Archivo con teléfonos que no se llaman, CSV o XLSX.")
    ] = None,
    line: Annotated[str, typer.Option("--line", help="Línea que llama; con --name, la base se guarda.")] = "",
    name: Annotated[str, typer.Option("--name", help="Nombre de la campaña.")] = "",
    survey: Annotated[str, typer.Option("--survey", help="Encuesta de esa línea que se hace.")] = "",
    asker: Annotated[
        Asker, typer.Option("--asker", help="Quién la pregunta: la línea, por teclas, o el asesor, que la escribe.")
    ] = Asker.LINE,
    as_json: AsJson = False,
) -> None:
    """Revisa una base y cuenta sus registros como el informe: inicial, depurada, duplicados, a gestionar.

    Con --line y --name la guarda como borrador, que «contesta campaign publish» pone en marcha. Sin ellas no guarda.
    """
    if bool(line) != bool(name):
        raise ConfigurationError("para guardar la base escriba --line y --name; para solo contarla, ninguna de las dos")
    rows, columns, listed = opened(file, telephone or (), exclude)
    if name:
        with _desk(ctx.obj) as desk:
            new = NewCampaign(name=name, line=line, survey=survey, file=file.name, author=_AUTHOR, asker=asker)
            base = desk.prepare(rows, columns, new, listed)
            desk.campaigns.add(new, base, datetime.now(UTC))
    else:
        base = take_in(rows, columns, Excluded(listed=listed))
    if as_json:
        typer.echo(json.dumps(asdict(base.counts)))
        return
    console = Console()
    console.print(escape(columns_said(base.columns)), highlight=False)
    console.print(counts_table(base.counts))
    for said in examples(base):
        console.print(f"[yellow]▲[/] {escape(said)}", highlight=False, soft_wrap=True)
    if name:
        console.print(f"Guardada como borrador. Para llamar: contesta campaign publish {escape(shlex.quote(name))}")


@app.command("list")
def list_campaigns(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Lista las campañas, la más reciente primero."""
    with _desk(ctx.obj) as desk:
        found = desk.campaigns.all()
    if as_json:
        names = ("id", "name", "line", "survey", "asker", "state", "pending")
        told = [{name: getattr(one, name) for name in names} | {"counts": asdict(one.counts)} for one in found]
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for one in found:
        left = f"{whole(one.pending)} de {whole(one.counts.to_manage)} por gestionar"
        typer.echo(f"{one.name} · {one.line} · {STATES[one.state][1]} · {left}")
    if not found:
        typer.echo("Todavía no hay campañas. Cargue una base con: contesta campaign load")


@app.command()
def publish(ctx: typer.Context, name: Name) -> None:
    """Pone en marcha un borrador: sus registros se llaman al ritmo de los asesores libres."""
    _move(ctx.obj, name, CampaignState.DRAFT, CampaignState.RUNNING)


@app.command()
def resume(ctx: typer.Context, name: Name) -> None:
    """Sigue una campaña que estaba en pausa."""
    _move(ctx.obj, name, CampaignState.PAUSED, CampaignState.RUNNING)


@app.command()
def pause(ctx: typer.Context, name: Name) -> None:
    """Deja de llamar los registros de una campaña; las llamadas en curso terminan."""
    with _desk(ctx.obj) as desk:
        campaign = desk.campaigns.named(name)
        if not desk.feeder.pause(campaign, _AUTHOR, datetime.now(UTC)):
            raise ConfigurationError(f"la campaña «{name}» no está en marcha")
    typer.echo(f"«{name}» está en pausa.")


@app.command()
def discard(ctx: typer.Context, name: Name) -> None:
    """Borra un borrador con todos sus registros."""
    with _desk(ctx.obj) as desk:
        if not desk.campaigns.discard(desk.campaigns.named(name).id):
            raise ConfigurationError(f"la campaña «{name}» ya se publicó; se puede poner en pausa, y no borrar")
    typer.echo(f"«{name}» se borró.")


@app.command()
def results(ctx: typer.Context, name: Name, *, as_json: AsJson = False) -> None:
    """Muestra los resultados como el informe: cuentas, tipificación y respuestas, con porcentajes."""
    with _desk(ctx.obj) as desk:
        campaign = desk.campaigns.named(name)
        found, line = desk.campaigns.results(campaign.id), desk.lines.get(campaign.line)
    if as_json:
        typer.echo(json.dumps(as_data(campaign, found, line), ensure_ascii=False, indent=2))
        return
    console = Console()
    console.print(f"[bold]{escape(campaign.name)}[/] · {STATES[campaign.state][1]}", highlight=False)
    console.print(counts_table(campaign.counts))
    console.print(shares_table("Tipificación", dispositions(campaign, found)))
    for question in answers(found, line, campaign.survey):
        console.print(shares_table(question.title, question.shares))
        if question.typed:
            console.print(f"{capital(typed(question.typed))}.", highlight=False)


@app.command()
def export(
    ctx: typer.Context,
    name: Name,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Archivo CSV; sin él, la terminal.")] = None,
) -> None:
    """Escribe la base con lo que resultó de cada registro, como CSV para Excel. Tiene datos personales."""
    with up_to_date(ctx.obj.ledger_url) as engine:
        desk, claimed = Desk(engine, by_name(lines.published(ctx.obj))), DataRequests(engine).claimed()
        campaign = desk.campaigns.named(name)
        written = exported(campaign, desk.campaigns, desk.lines, ZoneInfo(ctx.obj.timezone), claimed)
        text = BEGINNING + "".join(written)
    if output is None:
        typer.echo(text, nl=False)
        return
    output.write_text(text, encoding="utf-8", newline="")
    typer.echo(f"Escrita en {output}.")


def _move(settings: Settings, name: str, before: CampaignState, after: CampaignState) -> None:
    with _desk(settings) as desk:
        campaign = desk.campaigns.named(name)
        if not desk.campaigns.move(campaign.id, {before}, after):
            said = STATES[campaign.state][1].lower()
            raise ConfigurationError(
                f"la campaña «{name}» está en: {said}; para esto debe estar en: {STATES[before][1].lower()}"
            )
    typer.echo(f"«{name}» está en marcha.")


@contextmanager
def _desk(settings: Settings) -> Iterator[Desk]:
    with up_to_date(settings.ledger_url) as engine:
        yield Desk(engine, by_name(lines.published(settings)))


def opened(
    file: Path, telephones: Sequence[str], exclude: Path | None
) -> tuple[tuple[Row, ...], Columns, frozenset[str]]:
    """Read a base from the disk: its rows, its columns, and the telephones of the list to leave out.

    Raises:
        ConfigurationError: a file cannot be read, or has no column of telephones.
    """
    listed = frozenset[str]()
    if exclude is not None:
        others = _rows(exclude)
        found = take_in(others, _columns(exclude, others, ()))
        listed = frozenset(number for record in found.records for number in record.telephones)
    rows = _rows(file)
    return rows, _columns(file, rows, telephones), listed


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
