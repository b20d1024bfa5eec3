"""`contesta sla`: the agreements (ANS) of the contract, and whether a period met them."""

import json
import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from sqlalchemy import Engine

from contesta.sla_text import as_data, closing, days, details, differences, heading
from core.errors import ConfigurationError
from quality.metrics.aggregate import Period
from quality.metrics.sla import definition_text
from quality.metrics.sla.assessment import Assessment
from quality.metrics.sla.definition import in_force
from quality.metrics.sla.verdict import Verdict
from storage.agreements import Agreements, ClosedMonth
from storage.migrate import up_to_date
from storage.visits import visits

app = typer.Typer(no_args_is_help=True, help="Acuerdos de nivel de servicio (ANS): cargar, evaluar y cerrar el mes.")

HOW_TO_LOAD = "cargue las definiciones con: contesta sla load ARCHIVO"

Month = Annotated[str, typer.Option("--month", help="Mes, como 2019-09.")]


@app.command()
def load(
    ctx: typer.Context, file: Annotated[Path, typer.Argument(metavar="ARCHIVO", help="Archivo YAML de definiciones.")]
) -> None:
    """Carga definiciones de ANS. Una versión cargada no se cambia."""
    definitions = definition_text.load(file)
    with up_to_date(ctx.obj.ledger_url) as engine:
        new = Agreements(engine).load(definitions, datetime.now(UTC))
    typer.echo(f"Definiciones nuevas: {new}; ya estaban: {len(definitions) - new}.")


@app.command("verdicts")
def show_verdicts(
    ctx: typer.Context,
    *,
    month: Month = "",
    since: Annotated[str, typer.Option("--from", help="Primer día, como 2019-09-01.")] = "",
    until: Annotated[str, typer.Option("--to", help="Último día, incluido.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="En JSON, para otros programas.")] = False,
) -> None:
    """Dice si un periodo cumple cada ANS, y qué falta para cumplirlo. Sin fechas, el mes en curso."""
    zone = ZoneInfo(ctx.obj.timezone)
    if not (month or since or until):
        month = f"{datetime.now(zone):%Y-%m}"
    first, last = _period(month, since, until)
    with up_to_date(ctx.obj.ledger_url) as engine:
        closed = Agreements(engine).closed(month)
        now = _verdicts(engine, first, last, zone)
    verdicts = closed.verdicts if closed else now
    notes = tuple(differences(closed.verdicts, now)) if closed else ()
    if as_json:
        told = {
            "from": first.isoformat(),
            "to": last.isoformat(),
            "closed_at": closed and closed.closed_at.isoformat(),
            "verdicts": [as_data(verdict) for verdict in verdicts],
            "notes": notes,
        }
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        status = closing(closed.closed_at, zone) if closed else "Calculado ahora; el periodo no está cerrado."
        _print(f"ANS, {days(first, last)}", status, verdicts, notes)


@app.command()
def close(ctx: typer.Context, month: Month) -> None:
    """Cierra un mes: guarda sus veredictos para siempre, con las versiones usadas. No se puede reabrir."""
    zone = ZoneInfo(ctx.obj.timezone)
    first, last = _month(month)
    now = datetime.now(UTC)
    if now.astimezone(zone).date() <= last:
        raise ConfigurationError(f"el mes {month} no ha terminado; se puede cerrar después del {last}")
    with up_to_date(ctx.obj.ledger_url) as engine:
        verdicts = _verdicts(engine, first, last, zone)
        if not verdicts:
            raise ConfigurationError(f"en {month} no rige ningún ANS; {HOW_TO_LOAD}")
        Agreements(engine).close(ClosedMonth(month=month, closed_at=now, verdicts=verdicts))
    _print(f"ANS, {days(first, last)}", closing(now, zone), verdicts)


def _verdicts(engine: Engine, first: date, last: date, zone: ZoneInfo) -> tuple[Verdict, ...]:
    assessment = Assessment(in_force(Agreements(engine).definitions(), first, last), zone)
    since, until = (datetime.fromtimestamp(edge, UTC) for edge in Period(first=first, last=last).seconds(zone))
    for part in visits(engine, since, until):
        assessment.add(part)
    return assessment.verdicts()


def _print(title: str, status: str, verdicts: tuple[Verdict, ...], notes: tuple[str, ...] = ()) -> None:
    console = Console()
    console.print(f"[bold]{escape(title)}[/]", highlight=False)
    console.print(escape(status), highlight=False)
    if not verdicts:
        console.print(f"No rige ningún ANS en el periodo; {HOW_TO_LOAD}")
        return
    for verdict in verdicts:
        console.print(f"\n[bold]{escape(heading(verdict))}[/]", highlight=False)
        for line in details(verdict):
            console.print(Padding(escape(line), (0, 0, 0, 2)), highlight=False)
    for note in notes:
        console.print(f"\n[yellow]▲[/] {escape(note)}", highlight=False)


def _period(month: str, since: str, until: str) -> tuple[date, date]:
    if month and (since or until):
        raise ConfigurationError("use --month, o --from y --to; no todos")
    if month:
        return _month(month)
    if not (since and until):
        raise ConfigurationError("un periodo necesita --from y --to")
    first, last = _day(since), _day(until)
    if last < first:
        raise ConfigurationError(f"--to {last} es anterior a --from {first}; cámbielos de lugar")
    return first, last


def _month(said: str) -> tuple[date, date]:
    if not re.fullmatch(r"[12]\d{3}-(0[1-9]|1[0-2])", said, re.ASCII):
        raise ConfigurationError(f"mes no válido: «{said}». Escríbalo como 2019-09")
    year, month = int(said[:4]), int(said[5:])
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def _day(said: str) -> date:
    try:
        day = date.fromisoformat(said)
    except ValueError:
        day = date.min
    if not date.min < day < date.max - timedelta(days=1):
        raise ConfigurationError(f"fecha no válida: «{said}». Escríbala como 2019-09-30")
    return day
