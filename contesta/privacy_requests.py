"""`contesta privacy requests`: what people ask about their data, from its note to its answer."""

import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Engine

from contesta import lines
from contesta.data_requests import ASK_WORDS, corrected_text, dials, due_text, outcome_text, right_of
from contesta.erasing import remover
from contesta.settings import Settings
from contesta.subjects import subject_text
from contesta.web.access import Action
from core.errors import ConfigurationError
from core.privacy.deadlines import Ask
from core.privacy.subject import Subject, What
from storage.corrections import Corrections
from storage.data_requests import DataRequest, DataRequests
from storage.migrate import up_to_date
from storage.people_access_log import Access, AccessLog
from storage.subject_data import SubjectData

app = typer.Typer(invoke_without_command=True, add_completion=False)

WHO = "contesta privacy"
"""How the access log calls whoever works here."""

AsJson = Annotated[bool, typer.Option("--json", help="En JSON, para otros programas.")]
Number = Annotated[int, typer.Argument(metavar="SOLICITUD", help="Como la da «contesta privacy requests».")]


class AskWord(StrEnum):
    """What a person asks for, as it is typed here."""

    conocer = "conocer"
    corregir = "corregir"
    borrar = "borrar"


class PersonWord(StrEnum):
    """By what a person is named, as it is typed here."""

    telefono = "telefono"
    documento = "documento"


_ASKS = {AskWord.conocer: Ask.EXPORT, AskWord.corregir: Ask.CORRECTION, AskWord.borrar: Ask.ERASURE}
_PEOPLE = {PersonWord.telefono: What.TELEPHONE, PersonWord.documento: What.DOCUMENT}


@app.callback()
def requests(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Lista lo que las personas piden sobre sus datos, primero lo que vence antes."""
    if ctx.invoked_subcommand:
        return
    settings: Settings = ctx.obj
    today = _today(settings)
    with up_to_date(settings.ledger_url) as engine:
        found = DataRequests(engine).all()
    if as_json:
        told = [asdict(one) | {"due": one.due} for one in found]
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2, default=str))
        return
    if not found:
        typer.echo("No hay solicitudes.")
        return
    table = Table("Solicitud", "Pide", "De", "Recibida", "Plazo", box=None)
    for one in found:
        told_of = (str(one.id), ASK_WORDS[one.ask], subject_text(one.subject), str(one.received))
        table.add_row(*map(escape, (*told_of, due_text(one, today)[1])))
    Console().print(table, highlight=False)


@app.command()
def note(
    ctx: typer.Context,
    ask: Annotated[AskWord, typer.Argument(metavar="PIDE", help="Qué pide: conocer, corregir o borrar sus datos.")],
    what: Annotated[PersonWord, typer.Argument(metavar="CON", help="Con qué se identifica: telefono o documento.")],
    value: Annotated[str, typer.Argument(metavar="NÚMERO", help="Su teléfono o su documento.")],
    *,
    received: Annotated[
        datetime | None, typer.Option("--received", formats=["%Y-%m-%d"], help="Día en que se recibió; hoy si falta.")
    ] = None,
    detail: Annotated[str, typer.Option("--detail", help="Por ejemplo, el radicado de la entidad.")] = "",
) -> None:
    """Anota lo que pide una persona. Compruebe antes que es quien dice ser."""
    subject, now, today = Subject.read(_PEOPLE[what], value), datetime.now(UTC), _today(ctx.obj)
    day = received.date() if received else today
    if day > today:
        raise ConfigurationError("el día en que se recibió no puede ser después de hoy")
    with up_to_date(ctx.obj.ledger_url) as engine:
        made = DataRequests(engine).add(_ASKS[ask], subject, detail, day, WHO, now)
        log(engine, Action.DATA_REQUEST_NOTED, f"solicitud {made.id}", now)
    typer.echo(f"Solicitud {made.id} anotada. {due_text(made, today)[1]}.")


@app.command()
def extend(
    ctx: typer.Context,
    number: Number,
    reason: Annotated[str, typer.Option("--reason", help="Motivo; la persona debe saberlo antes de que venza.")],
) -> None:
    """Amplía el plazo una vez, antes de que venza."""
    today, now = _today(ctx.obj), datetime.now(UTC)
    with up_to_date(ctx.obj.ledger_url) as engine:
        if _found(engine, number).due < today:
            raise ConfigurationError("el plazo ya venció: no se puede ampliar. Responda ya")
        done = DataRequests(engine).extend(number, reason, now)
        log(engine, Action.DATA_REQUEST_EXTENDED, f"solicitud {number}", now)
    typer.echo(f"{due_text(done, today)[1]}.")


@app.command()
def answer(
    ctx: typer.Context,
    number: Number,
    text: Annotated[str, typer.Option("--text", help="Qué se le respondió a la persona.")],
) -> None:
    """Cierra una solicitud con lo que se respondió."""
    now = datetime.now(UTC)
    with up_to_date(ctx.obj.ledger_url) as engine:
        DataRequests(engine).answer(number, text, WHO, now)
        log(engine, Action.DATA_REQUEST_ANSWERED, f"solicitud {number}", now)
    typer.echo(f"Solicitud {number} respondida.")


@app.command()
def export(ctx: typer.Context, number: Number) -> None:
    """Escribe en JSON todo lo que se guarda de la persona de una solicitud. Queda en el registro de accesos."""
    with up_to_date(ctx.obj.ledger_url) as engine:
        one = _found(engine, number)
        log(engine, Action.DATA_EXPORTED, f"solicitud {number}", datetime.now(UTC))
        typer.echo(json.dumps(SubjectData(engine).export(one.subject), ensure_ascii=False, indent=2))


@app.command()
def correct(
    ctx: typer.Context,
    number: Number,
    *,
    name: Annotated[str, typer.Option("--name", help="Nombre correcto.")] = "",
    document: Annotated[str, typer.Option("--document", help="Documento correcto.")] = "",
    telephone: Annotated[str, typer.Option("--telephone", help="Teléfono correcto.")] = "",
) -> None:
    """Corrige los datos de la persona de una solicitud de corrección, donde estén. Lo que no se escriba queda igual."""
    right, now = right_of(name, document, telephone), datetime.now(UTC)
    with up_to_date(ctx.obj.ledger_url) as engine:
        one = _open(engine, number, Ask.CORRECTION)
        may_ring = dials(lines.published(ctx.obj).current())
        done = Corrections(engine, may_ring).correct(number, one.subject, right, WHO, now)
        log(engine, Action.DATA_CORRECTED, f"solicitud {number}", now)
    for line in corrected_text(done):
        typer.echo(line)


@app.command()
def erase(
    ctx: typer.Context,
    number: Number,
    *,
    sure: Annotated[bool, typer.Option("--sure", help="Sé que no se puede deshacer.")] = False,
) -> None:
    """Borra lo que se puede de la persona de una solicitud de borrado, y dice qué se conserva y por qué."""
    now = datetime.now(UTC)
    with up_to_date(ctx.obj.ledger_url) as engine:
        one = _open(engine, number, Ask.ERASURE)
        if not sure:
            raise ConfigurationError("borrar no se puede deshacer; si está seguro, agregue --sure")
        log(engine, Action.DATA_ERASED, f"solicitud {number}", now)
        done = SubjectData(engine).erase(one.subject, remover(ctx.obj), now)
    for line in outcome_text(done):
        typer.echo(line)


def log(engine: Engine, action: Action, what: str, now: datetime) -> None:
    """Write to the access log what was done here."""
    AccessLog(engine).write(Access(at=now, who=WHO, role="", address="", action=action, what=what))


def _found(engine: Engine, number: int) -> DataRequest:
    found = DataRequests(engine).find(number)
    if found is None:
        raise ConfigurationError(f"no hay ninguna solicitud {number}. Vea las que hay con: contesta privacy requests")
    return found


def _open(engine: Engine, number: int, ask: Ask) -> DataRequest:
    found = _found(engine, number)
    if found.ask is not ask or found.answered_at is not None:
        raise ConfigurationError(f"la solicitud {number} no pide «{ASK_WORDS[ask].lower()}», o ya se respondió")
    return found


def _today(settings: Settings) -> date:
    return datetime.now(ZoneInfo(settings.timezone)).date()
