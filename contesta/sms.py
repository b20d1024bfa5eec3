"""`contesta sms`: what text messages cost, what was sent, and who wants none."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from contesta.months import bounds
from contesta.settings import Settings
from contesta.sms_text import bill_table, cost
from core.errors import ConfigurationError
from core.numbers import ANONYMOUS, normalise
from core.sms import cheaper, compose, costly
from storage.migrate import up_to_date
from storage.sms import SmsOutbox

app = typer.Typer(no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="En JSON, para otros programas.")]


@app.callback()
def sms() -> None:
    """Mensajes de texto (SMS): cuánto ocupan, cuánto se factura y quién no los quiere."""


@app.command()
def count(
    text: Annotated[str, typer.Argument(metavar="TEXTO", help="Texto del mensaje.")], *, as_json: AsJson = False
) -> None:
    """Dice en cuántos segmentos se envía y se factura un texto, y qué caracteres lo encarecen."""
    composed = compose(text)
    if not as_json:
        typer.echo(cost(composed))
        return
    told = {
        "encoding": composed.encoding,
        "characters": len(text),
        "units": composed.units,
        "segments": len(composed.segments),
        "costly": [asdict(each) for each in costly(text)],
        "cheaper": cheaper(text),
        "cheaper_segments": len(compose(cheaper(text)).segments),
    }
    typer.echo(json.dumps(told, ensure_ascii=False, indent=2))


@app.command()
def bill(
    ctx: typer.Context,
    *,
    month: Annotated[str, typer.Option("--month", help="Mes, como 2025-11; sin él, el mes en curso.")] = "",
    as_json: AsJson = False,
) -> None:
    """Cuenta los segmentos que el operador recibió en un mes, por línea y propósito: lo que se factura."""
    zone = ZoneInfo(ctx.obj.timezone)
    month = month or f"{datetime.now(zone):%Y-%m}"
    since, until = bounds(month, zone)
    with _outbox(ctx.obj) as outbox:
        rows = outbox.bill(since, until)
        states = outbox.states()
    if as_json:
        totals = {name: sum(getattr(row, name) for row in rows) for name in ("messages", "segments", "uncertain")}
        told = {"month": month, **totals, "rows": [asdict(row) for row in rows], "states": states}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    if not rows:
        typer.echo(f"En {month} no se envió ningún SMS.")
        return
    Console().print(bill_table(month, rows))


@app.command("opt-out")
def opt_out(ctx: typer.Context, number: Annotated[str, typer.Argument(metavar="NÚMERO", help="Celular.")]) -> None:
    """No enviar más SMS a un número. Quien responde BAJA o PARAR queda anotado solo."""
    found = normalise(number)
    if found == ANONYMOUS:
        raise ConfigurationError(f"«{number}» no es un número telefónico; escríbalo como 300 123 4567")
    with _outbox(ctx.obj) as outbox:
        outbox.opt_out(found, "terminal", datetime.now(UTC))
    typer.echo(f"No se enviarán más SMS a {found}.")


@contextmanager
def _outbox(settings: Settings) -> Iterator[SmsOutbox]:
    with up_to_date(settings.ledger_url) as engine:
        yield SmsOutbox(engine)
