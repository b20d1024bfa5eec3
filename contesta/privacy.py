"""`contesta privacy`: what is erased by age, what a legal hold keeps from it, and what people ask about their data."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Engine

from contesta import lines
from contesta.data_requests import ASK_WORDS, due_text, outcome_text
from contesta.erasing import WORDS, remover, rules
from contesta.format import short_date, whole
from contesta.subjects import subject_text
from contesta.web.access import Action
from core.errors import ConfigurationError
from core.privacy.deadlines import Ask
from core.privacy.retention import Kind
from core.privacy.subject import Subject, What
from storage.data_requests import DataRequest, DataRequests
from storage.expiry import Expired, Expiry
from storage.holds import Holds
from storage.migrate import up_to_date
from storage.people_access_log import Access, AccessLog
from storage.subject_data import SubjectData

if TYPE_CHECKING:
    from contesta.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False)

WHO = "contesta privacy"
"""How the access log calls whoever works here."""


class WhatWord(StrEnum):
    """What a hold is on, as it is typed here."""

    llamada = "llamada"
    devolucion = "devolucion"
    telefono = "telefono"
    documento = "documento"


WHAT_WORDS = {
    WhatWord.llamada: What.CALL,
    WhatWord.devolucion: What.REQUEST,
    WhatWord.telefono: What.TELEPHONE,
    WhatWord.documento: What.DOCUMENT,
}

AsJson = Annotated[bool, typer.Option("--json", help="En JSON, para otros programas.")]


@app.callback()
def privacy() -> None:
    """Datos personales: qué se borra al vencer su plazo, qué debe conservarse y qué piden las personas."""


@app.command()
def expire(
    ctx: typer.Context,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Solo cuenta lo vencido; no borra nada.")] = False,
    as_json: AsJson = False,
) -> None:
    """Borra ahora las grabaciones y los SMS cuyo plazo venció. Sin esta orden se hace solo, cada hora."""
    settings: Settings = ctx.obj
    now, kept = datetime.now(UTC), rules(settings, lines.published(settings))
    with up_to_date(settings.ledger_url) as engine:
        expiry = Expiry(engine, remover(settings))
        if dry_run:
            done = Expired(counts=expiry.due(kept, now))
        else:
            console = Console(stderr=True)
            with console.status("Borrando…") as status:
                done = expiry.expire(kept, now, lambda so_far: status.update(f"Borrando… {_counted(so_far.counts)}"))
    if as_json:
        told = {"erased": {} if dry_run else done.counts, "due": done.counts if dry_run else {}}
        typer.echo(json.dumps(told | {"failed": done.failed, "again": done.again}, ensure_ascii=False, indent=2))
    else:
        typer.echo(f"{'Se borraría' if dry_run else 'Se borró'}: {_counted(done.counts)}.")
        if done.again:
            typer.echo(f"Archivos ya borrados que habían vuelto, como de una copia: {whole(done.again)}.")
        for about in done.failed:
            typer.echo(f"No se pudo borrar lo de {about}: revise los permisos de su archivo.", err=True)
    if done.failed:
        raise typer.Exit(1)


@app.command()
def holds(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Lista los bloqueos legales: lo que no se borra aunque venza su plazo."""
    settings: Settings = ctx.obj
    zone = ZoneInfo(settings.timezone)
    with up_to_date(settings.ledger_url) as engine:
        found = Holds(engine).all()
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=2, default=str))
        return
    if not found:
        typer.echo("No hay bloqueos legales.")
        return
    table = Table("Bloqueo", "De", "Motivo", "Puesto", "Levantado", box=None)
    for one in found:
        set_at = f"{short_date(one.at, zone)}, {one.author}"
        lifted = f"{short_date(one.lifted_at, zone)}, {one.lifted_by}: {one.lifted_reason}" if one.lifted_at else "no"
        table.add_row(*map(escape, (str(one.id), subject_text(one.subject), one.reason, set_at, lifted)))
    Console().print(table, highlight=False)


@app.command()
def hold(
    ctx: typer.Context,
    what: Annotated[WhatWord, typer.Argument(metavar="QUÉ", help=f"De qué: {', '.join(WHAT_WORDS)}.")],
    value: Annotated[str, typer.Argument(metavar="CUÁL", help="Identificador, teléfono o documento.")],
    reason: Annotated[str, typer.Option("--reason", help="Motivo: quién lo pide y en qué proceso.")],
) -> None:
    """Pone un bloqueo legal: lo bloqueado no vence ni se borra hasta que se levante."""
    subject = Subject.read(WHAT_WORDS[what], value)
    with up_to_date(ctx.obj.ledger_url) as engine:
        now = datetime.now(UTC)
        done = Holds(engine).set(subject, reason, WHO, now)
        _log(engine, Action.HOLD_SET, f"bloqueo {done.id}", now)
    typer.echo(f"Bloqueo {done.id} puesto.")


@app.command()
def lift(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="BLOQUEO", help="Su número, como lo da «contesta privacy holds».")],
    reason: Annotated[str, typer.Option("--reason", help="Por qué se levanta.")],
) -> None:
    """Levanta un bloqueo legal. Lo que ya venció se borra en la hora siguiente."""
    with up_to_date(ctx.obj.ledger_url) as engine:
        now = datetime.now(UTC)
        Holds(engine).lift(number, reason, WHO, now)
        _log(engine, Action.HOLD_LIFTED, f"bloqueo {number}", now)
    typer.echo(f"Bloqueo {number} levantado.")


@app.command()
def requests(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Lista lo que las personas piden sobre sus datos, primero lo que vence antes."""
    settings: Settings = ctx.obj
    today = datetime.now(ZoneInfo(settings.timezone)).date()
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
def export(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="SOLICITUD", help="Como la da «contesta privacy requests».")],
) -> None:
    """Escribe en JSON todo lo que se guarda de la persona de una solicitud. Queda en el registro de accesos."""
    with up_to_date(ctx.obj.ledger_url) as engine:
        one = _request(engine, number)
        _log(engine, Action.DATA_EXPORTED, f"solicitud {number}", datetime.now(UTC))
        typer.echo(json.dumps(SubjectData(engine).export(one.subject), ensure_ascii=False, indent=2))


@app.command()
def erase(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="SOLICITUD", help="Una de borrado, todavía abierta.")],
) -> None:
    """Borra lo que se puede de la persona de una solicitud de borrado, y dice qué se conserva y por qué."""
    with up_to_date(ctx.obj.ledger_url) as engine:
        one, now = _request(engine, number), datetime.now(UTC)
        if one.ask is not Ask.ERASURE or one.answered_at is not None:
            raise ConfigurationError(f"la solicitud {number} no es de borrado, o ya se respondió")
        _log(engine, Action.DATA_ERASED, f"solicitud {number}", now)
        done = SubjectData(engine).erase(one.subject, remover(ctx.obj), now)
    for line in outcome_text(done):
        typer.echo(line)


def _request(engine: Engine, number: int) -> DataRequest:
    found = DataRequests(engine).find(number)
    if found is None:
        raise ConfigurationError(f"no hay ninguna solicitud {number}. Vea las que hay con: contesta privacy requests")
    return found


def _log(engine: Engine, action: Action, what: str, now: datetime) -> None:
    AccessLog(engine).write(Access(at=now, who=WHO, role="", address="", action=action, what=what))


def _counted(counts: Mapping[Kind, int]) -> str:
    told = [f"{whole(count)} {WORDS[kind][count != 1]}" for kind, count in counts.items() if count]
    return ", ".join(told) or "nada"
