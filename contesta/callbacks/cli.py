"""`contesta callbacks`: promised calls and their funnel in the terminal."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Engine

from callback_queue.policy import BROKEN_AFTER, midnight
from callback_queue.request import CallbackRequest, Source, State
from contesta.call_search import moment
from contesta.callbacks.form_answers import telephone_of
from contesta.callbacks.history import history
from contesta.callbacks.models import funnel_told, page_told, story
from contesta.callbacks.words import SOURCES, Word, outcome, promised_for
from contesta.format import clock, day_and_hour, duration, short_date, whole
from contesta.settings import Settings
from core.errors import ConfigurationError, ProtocolError
from core.numbers import ANONYMOUS, masked
from storage.callback_list import CallbackFilter, CallbackLists, Stages
from storage.callbacks import Callbacks
from storage.database import connect
from storage.dialling import Dialling
from storage.listing import Cursor
from storage.migrate import upgrade
from storage.sms import SmsOutbox

app = typer.Typer(no_args_is_help=False, add_completion=False)

TERMINAL = "terminal"
"""Who does what is done from here."""

AsJson = Annotated[bool, typer.Option("--json", help="En JSON, para otros programas.")]


@app.callback(invoke_without_command=True)
def list_callbacks(  # noqa: PLR0913 - each is an option of the command
    ctx: typer.Context,
    *,
    since: Annotated[str, typer.Option("--from", help="Primer día, o desde cuándo se pidió.")] = "",
    until: Annotated[str, typer.Option("--to", help="Último día, o antes de cuándo.")] = "",
    line: Annotated[str, typer.Option("--line", help="Línea.")] = "",
    state: Annotated[str, typer.Option("--state", help=f"Estado: {', '.join(State)}.")] = "",
    source: Annotated[str, typer.Option("--source", help=f"Origen: {', '.join(Source)}.")] = "",
    open_only: Annotated[bool, typer.Option("--open", help="Solo las que no han terminado.")] = False,
    after: Annotated[str, typer.Option("--after", help="Página siguiente: lo que dijo la anterior.")] = "",
    size: Annotated[int, typer.Option("--size", min=1, max=1000, help="Solicitudes por página.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Lista las devoluciones de llamada, las más recientes primero, y cuántas llegaron a cada paso."""
    if ctx.invoked_subcommand is not None:
        return
    settings: Settings = ctx.obj
    zone = ZoneInfo(settings.timezone)
    wanted = CallbackFilter(
        since=moment(since, zone) if since else None,
        until=moment(until, zone, last=True) if until else None,
        line=line or None,
        states=frozenset({_one_of(State, state, "--state")}) if state else frozenset(),
        sources=frozenset({_one_of(Source, source, "--source")}) if source else frozenset(),
        open_only=open_only,
    )
    engine = _database(settings)
    lists = CallbackLists(engine)
    page = lists.page(wanted, _cursor(after), size)
    funnel = lists.funnel(wanted)
    if as_json:
        told = page_told(page).model_dump(mode="json") | funnel_told(funnel).model_dump(mode="json")
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    console = Console()
    if (stopped := Dialling(engine).stopped()) is not None:
        since = f"{day_and_hour(stopped.at, zone)}, {stopped.author}: {stopped.reason}"
        console.print(f"[bold red]Marcación detenida[/] · {escape(since)}", highlight=False, soft_wrap=True)
    if not page.requests:
        console.print("No hay devoluciones de llamada que mostrar.")
        return
    console.print(_requests_table(page.requests, zone), highlight=False)
    if page.next:
        console.print(f"Página siguiente: --after {page.next}", highlight=False)
    console.print(_funnel_table(funnel), highlight=False)
    now = datetime.now(UTC)
    late, broken = lists.pending(now, line or None), lists.broken(now - BROKEN_AFTER, midnight(now))
    console.print(f"Pendientes: {whole(late.total)}; en mora: {whole(late.late)}.", highlight=False)
    if broken.late:
        minutes = BROKEN_AFTER // timedelta(minutes=1)
        console.print(
            f"Con más de {minutes} minutos de retraso en: {', '.join(broken.late)}.", highlight=False, markup=False
        )
    if broken.expired:
        console.print(f"Vencidas hoy en: {', '.join(broken.expired)}.", highlight=False, markup=False)


@app.command()
def show(
    ctx: typer.Context,
    request_id: Annotated[str, typer.Argument(metavar="ID", help="Identificador, como lo da la lista, o radicado.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Cuenta una devolución de llamada, paso por paso."""
    settings: Settings = ctx.obj
    engine = _database(settings)
    (filed,) = CallbackLists(engine).page(CallbackFilter(filing=request_id), size=1).requests or (None,)
    request = Callbacks(engine).get(filed.id if filed else request_id)
    if request is None:
        raise ConfigurationError(f"no hay ninguna devolución «{request_id}». Vea las que hay con: contesta callbacks")
    messages = SmsOutbox(engine).about(request.id)
    if as_json:
        typer.echo(json.dumps(story(request, messages).model_dump(mode="json"), ensure_ascii=False, indent=2))
        return
    zone, console = ZoneInfo(settings.timezone), Console()
    number = masked(request.telephone or ANONYMOUS)
    console.print(f"[bold]Radicado {request.filing.number}[/] · {SOURCES[request.source]} · {number}", highlight=False)
    console.print(escape(outcome(request)), highlight=False)
    table = Table("Cuándo", "Quién", "Qué")
    for entry in history(request, messages):
        table.add_row(day_and_hour(entry.at, zone), escape(entry.author), escape(entry.fact))
    console.print(table)


Reason = Annotated[str, typer.Option("--reason", help="Motivo; queda escrito con la hora.")]
Number = Annotated[str, typer.Argument(metavar="NÚMERO", help="Celular o fijo de Colombia.")]


@app.command()
def stop(ctx: typer.Context, reason: Reason) -> None:
    """Detiene toda la marcación. Las llamadas en curso terminan; lo prometido espera."""
    _turn(ctx.obj, reason, dials=False)


@app.command()
def resume(ctx: typer.Context, reason: Reason) -> None:
    """Vuelve a permitir la marcación que alguien detuvo."""
    _turn(ctx.obj, reason, dials=True)


@app.command("leave-alone")
def leave_alone(ctx: typer.Context, number: Number, reason: Reason) -> None:
    """No llamar más a un número, salvo que la persona lo pida después. Cancela lo pendiente."""
    telephone = _telephone(number)
    Callbacks(_database(ctx.obj)).leave_alone(telephone, TERMINAL, reason, datetime.now(UTC))
    typer.echo(f"{masked(telephone)} quedó en la lista de números que no se llaman.")


@app.command("call-again")
def call_again(ctx: typer.Context, number: Number) -> None:
    """Quita un número de la lista de los que no se llaman."""
    telephone = _telephone(number)
    if not Callbacks(_database(ctx.obj)).call_again(telephone):
        raise ConfigurationError(f"{masked(telephone)} no está en la lista de números que no se llaman")
    typer.echo(f"{masked(telephone)} ya se puede llamar.")


def _turn(settings: Settings, reason: str, *, dials: bool) -> None:
    switch, now = Dialling(_database(settings)), datetime.now(UTC)
    turned = switch.turn(dials=dials, author=TERMINAL, reason=reason, now=now)
    said = "en marcha" if dials else "detenida"
    typer.echo(f"La marcación {'quedó' if turned else 'ya estaba'} {said}.")


def _telephone(said: str) -> str:
    found = telephone_of(said)
    if found == ANONYMOUS:
        raise ConfigurationError(f"«{said}» no es un número telefónico; escríbalo como 300 123 4567")
    return found


def _database(settings: Settings) -> Engine:
    engine = connect(settings.ledger_url)
    upgrade(engine)
    return engine


def _cursor(said: str) -> Cursor | None:
    try:
        return Cursor.parse(said) if said else None
    except ProtocolError as error:
        raise ConfigurationError(f"--after: «{said}» no es una página; escriba lo que dijo la anterior") from error


def _one_of(kind: type[Word], said: str, option: str) -> Word:
    if said not in set(kind):
        raise ConfigurationError(f"{option}: «{said}» no existe; escriba uno de: {', '.join(kind)}")
    return kind(said)


def _requests_table(requests: tuple[CallbackRequest, ...], zone: ZoneInfo) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0))
    for name in ("Pedida", "ID", "Número"):
        table.add_column(name, no_wrap=True)
    for name in ("Origen", "Estado", "Prometida para", "Intentos"):
        table.add_column(name)
    for request in requests:
        asked = f"{short_date(request.asked_at, zone)} {clock(request.asked_at, zone)}"
        cells = (asked, request.id, masked(request.telephone or ANONYMOUS), SOURCES[request.source])
        table.add_row(*map(escape, (*cells, outcome(request), promised_for(request, zone), str(len(request.attempts)))))
    return table


def _funnel_table(funnel: tuple[Stages, ...]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), title="Por día y origen", title_justify="left")
    table.add_column("Día", no_wrap=True)
    table.add_column("Origen")
    stages = ("Pedidas", "Marcadas", "Contest.", "Acept.", "Conect.", "Soluc.", "Demora")
    for name in stages:
        table.add_column(name, justify="right")
    for each in funnel:
        counts = (each.asked, each.dialled, each.answered, each.accepted, each.connected, each.solved)
        table.add_row(each.day.isoformat(), SOURCES[each.source], *map(whole, counts), duration(each.wait_ms))
    return table
