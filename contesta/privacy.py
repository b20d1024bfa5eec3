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

from contesta import lines, privacy_requests
from contesta.erasing import WORDS, remover, rules
from contesta.format import short_date, whole
from contesta.privacy_requests import WHO, AsJson, log
from contesta.subjects import subject_text
from contesta.web.access import Action
from core.privacy.retention import Kind
from core.privacy.subject import Subject, What
from storage.expiry import Expired, Expiry
from storage.holds import Holds
from storage.migrate import up_to_date

if TYPE_CHECKING:
    from contesta.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False)
app.add_typer(privacy_requests.app, name="requests")


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
        log(engine, Action.HOLD_SET, f"bloqueo {done.id}", now)
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
        log(engine, Action.HOLD_LIFTED, f"bloqueo {number}", now)
    typer.echo(f"Bloqueo {number} levantado.")


def _counted(counts: Mapping[Kind, int]) -> str:
    told = [f"{whole(count)} {WORDS[kind][count != 1]}" for kind, count in counts.items() if count]
    return ", ".join(told) or "nada"
