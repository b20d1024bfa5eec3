"""`contesta calls`: the ledger in the terminal."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta, tzinfo
from itertools import groupby
from operator import attrgetter
from typing import Annotated, Any, cast
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from contesta.call_list import THEN, CallLine, line_of, shown_number
from contesta.call_search import LONGEST_WAIT_SECONDS, WORDS, CallSearch, checked_outcome, moment
from contesta.erasing import erased_step
from contesta.format import clock, elapsed, long_date
from contesta.narrative import Step, gaps, sentence, timeline
from contesta.said_search import ATTENDED, DIDS, GIVEN, NOT_GIVEN, STAGES, checked, checked_answer
from contesta.settings import Settings
from core.errors import ConfigurationError
from quality.metrics.history import CallHistory
from storage.database import connect
from storage.expiry import erasures
from storage.ledger import Ledger
from storage.listing import Cursor, Page, StoredCall
from storage.migrate import upgrade

app = typer.Typer(no_args_is_help=False, add_completion=False)

AsJson = Annotated[bool, typer.Option("--json", help="En JSON, para otros programas.")]


@app.callback(invoke_without_command=True)
def list_calls(  # noqa: PLR0913 - each is an option of the command
    ctx: typer.Context,
    *,
    since: Annotated[str, typer.Option("--from", help="Primer día, o desde cuándo: 2025-06-03T14:30.")] = "",
    until: Annotated[str, typer.Option("--to", help="Último día, o antes de cuándo.")] = "",
    queue: Annotated[str, typer.Option("--queue", help="Cola.")] = "",
    outcome: Annotated[str, typer.Option("--outcome", help=f"Resultado: {', '.join(WORDS)}.")] = "",
    agent: Annotated[str, typer.Option("--agent", help="Asesor, con su nombre completo.")] = "",
    line: Annotated[str, typer.Option("--line", help="Línea.")] = "",
    wait_at_most: Annotated[
        int | None,
        typer.Option("--wait-at-most", min=0, max=LONGEST_WAIT_SECONDS, help="Esperó estos segundos o menos."),
    ] = None,
    wait_more_than: Annotated[
        int | None, typer.Option("--wait-more-than", min=0, max=LONGEST_WAIT_SECONDS, help="Esperó más segundos.")
    ] = None,
    talk_known: Annotated[bool, typer.Option("--talk-known", help="Conversación de duración conocida.")] = False,
    unanswered_by: Annotated[str, typer.Option("--unanswered-by", help="Asesor que no contestó un timbre.")] = "",
    as_of: Annotated[str, typer.Option("--as-of", help="Resultados como estaban en ese momento.")] = "",
    survey: Annotated[str, typer.Option("--survey", help="Encuesta que le hicieron.")] = "",
    question: Annotated[str, typer.Option("--question", help="Pregunta que le hicieron, o varias: a,b.")] = "",
    answer: Annotated[
        str, typer.Option("--answer", help=f"Respuesta: teclas, como 4,5; o {GIVEN}, o {NOT_GIVEN}.")
    ] = "",
    attended: Annotated[
        str, typer.Option("--attended", help=f"La encuesta, después de un asesor: {' o '.join(ATTENDED)}.")
    ] = "",
    did: Annotated[str, typer.Option("--did", help=f"Qué hizo en el recorrido: {', '.join(DIDS)}.")] = "",
    stage: Annotated[str, typer.Option("--stage", help=f"Momento del recorrido: {', '.join(STAGES)}.")] = "",
    place: Annotated[str, typer.Option("--place", help="Nombre del menú o del texto.")] = "",
    key: Annotated[str, typer.Option("--key", help="Tecla que marcó.")] = "",
    passage: Annotated[
        str, typer.Option("--passage", help="De un lugar al siguiente, como lo da «contesta funnel --json».")
    ] = "",
    after: Annotated[str, typer.Option("--after", help="Página siguiente: lo que dijo la anterior.")] = "",
    size: Annotated[int, typer.Option("--size", min=1, max=1000, help="Llamadas por página.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Lista las llamadas, las más recientes primero."""
    if ctx.invoked_subcommand is not None:
        return
    settings: Settings = ctx.obj
    zone = ZoneInfo(settings.timezone)
    search = CallSearch(
        since=moment(since, zone) if since else None,
        until=moment(until, zone, last=True) if until else None,
        line=line,
        queue=queue,
        outcome=checked_outcome(outcome),
        agent=agent,
        wait_at_most=wait_at_most,
        wait_more_than=wait_more_than,
        talk_known=talk_known,
        unanswered_by=unanswered_by,
        as_of=moment(as_of, zone) if as_of else None,
        survey=survey,
        question=question,
        answer=checked_answer(answer),
        attended=checked(attended, ATTENDED, "--attended"),
        did=checked(did, DIDS, "--did"),
        stage=checked(stage, STAGES, "--stage"),
        place=place,
        key=key,
        passage=passage,
    )
    wanted = search.filter(settings.ghost_seconds)
    page = _ledger(settings).calls(wanted, Cursor.parse(after) if after else None, size)
    if as_json:
        _print_json({"calls": [_call_as_json(call) for call in page.calls], "next": page.next and str(page.next)})
    else:
        _print_page(Console(), page, [line_of(call, zone, settings.ghost_seconds) for call in page.calls])


@app.command()
def show(
    ctx: typer.Context,
    call_id: Annotated[str, typer.Argument(metavar="ID", help="Identificador de la llamada, como lo da la lista.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Cuenta una llamada, hecho por hecho."""
    settings: Settings = ctx.obj
    call = _ledger(settings).call(call_id)
    if call is None:
        raise ConfigurationError(f"no hay ninguna llamada «{call_id}». Vea las que hay con: contesta calls")
    if as_json:
        _print_json(_history_as_json(call, settings.ghost_seconds))
        return
    zone = ZoneInfo(settings.timezone)
    gone = [erased_step(one, call, zone) for one in erasures(connect(settings.ledger_url), call.call_id)]
    _print_call(Console(), call, gone, zone, settings.ghost_seconds)


def _ledger(settings: Settings) -> Ledger:
    engine = connect(settings.ledger_url)
    upgrade(engine)
    return Ledger(engine)


def _print_page(console: Console, page: Page, lines: list[CallLine]) -> None:
    if not lines:
        console.print("No hay llamadas que mostrar. Haga una con «contesta call» o amplíe el filtro.")
        return
    for day, of_day in groupby(lines, key=attrgetter("day")):
        table = Table(title=day, title_justify="left", title_style="bold", box=None, padding=(0, 1, 0, 0))
        for name in ("Hora", "Llamada", "Número"):
            table.add_column(name, no_wrap=True)  # an identifier cut in two cannot be copied
        for name in ("Cola", "Resultado", "Espera", "Habló", "Asesor"):
            table.add_column(name)
        for line in of_day:
            table.add_row(*map(escape, _columns(line)))
        console.print(table, highlight=False)
    if page.next:
        console.print(f"Página siguiente: --after {page.next}", highlight=False)


def _columns(line: CallLine) -> tuple[str, ...]:
    when = (line.hour, line.call_id, line.number)
    outcomes = THEN.join(outcome.word for outcome in line.outcomes)
    return (*when, line.queues, outcomes, line.wait, line.talk, line.advisers)


def _print_call(
    console: Console, call: CallHistory, afterwards: Sequence[Step], zone: tzinfo, ghost_seconds: int
) -> None:
    heading = f"Llamada {call.call_id} · {long_date(call.started_at, zone)} · {shown_number(call.number)}"
    console.print(f"[bold]{escape(heading)}[/]", highlight=False)
    console.print(escape(sentence(call, ghost_seconds)), highlight=False)
    for gap in gaps(call):
        console.print(f"[yellow]▲[/] {escape(gap)}", highlight=False)
    table = Table("Hora", "Desde el inicio", "Quién", "Qué", "Fuente")
    for step in (*timeline(call), *afterwards):
        table.add_row(*map(escape, _cells(step, zone)))
    console.print(table)


def _cells(step: Step, zone: tzinfo) -> tuple[str, ...]:
    return clock(step.at, zone), elapsed(step.since_start), step.actor, step.fact, step.source


def _call_as_json(call: StoredCall) -> dict[str, Any]:
    return asdict(call) | {"number": shown_number(call.number)}


def _history_as_json(call: CallHistory, ghost_seconds: int) -> dict[str, Any]:
    told = asdict(call) | {"number": shown_number(call.number)}
    del told["events"]
    return told | {"sentence": sentence(call, ghost_seconds), "gaps": gaps(call), "timeline": timeline(call)}


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_json_value))


def _json_value(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return asdict(cast("Any", value))
