"""The adviser's desk over the API; the page asks here too."""

import asyncio
from datetime import timedelta
from typing import Final, get_args
from zoneinfo import ZoneInfo

from aiohttp import hdrs, web

from callback_queue.policy import next_allowed, rules_of
from callback_queue.request import Asked, CallbackRequest, Place, Reason, Solution, Source, Window
from callback_queue.states import IllegalStepError, Rescheduled, Typified
from contesta.board.view import End
from contesta.call_list import line_of, path, shown_number
from contesta.callbacks.words import SOURCES, outcome
from contesta.desk.agenda import hours, place, why_not_now
from contesta.desk.keeper import Keeper
from contesta.desk.tree import Choice, choices
from contesta.format import day_and_hour
from contesta.web.access import Action, Permission, access_log, identity
from contesta.web.context import CLOCK, ENGINE, LEDGER, SETTINGS
from contesta.web.desk_models import (
    Agenda,
    AgendaLine,
    Beat,
    Before,
    CallbackBehind,
    ChoiceTold,
    ContactTold,
    DeskNow,
    DispositionSaid,
    Done,
    DraftSaid,
    EarlierCall,
    EarlierCallback,
    PauseReason,
    PauseSaid,
    Unfinished,
    WordTold,
)
from contesta.web.routes import Route, body, told
from contesta.web.streams import stream_of
from contesta.web.validation import InvalidInputError, RefusedError
from core.events import LanguageChosen, Resolution
from core.numbers import ANONYMOUS
from ivr.line.model import SPANISH, Line
from storage.call_filter import CallFilter
from storage.callback_list import CallbackFilter, CallbackLists
from storage.callbacks import Callbacks
from storage.desk import RECENT, Contact, DeskBook, Draft, Word

KEEPER = web.AppKey("desk_keeper", Keeper)
BOOK = web.AppKey("desk_book", DeskBook)

REASONS: Final = get_args(PauseReason)
MOST_USED: Final = 5
_EARLIER: Final = 10
_OPEN: Final = 200
_MONTH: Final = timedelta(days=30)
_OUTCOMES: Final = {
    Resolution.SOLVED: Reason.SOLVED,
    Resolution.ESCALATED: Reason.ESCALATED,
    Resolution.OTHER: Reason.NOT_SOLVED,
}

DESK = "/api/v1/desk"
CONTACT = DESK + "/contacts/{channel}"
CALLBACK = DESK + "/callbacks/{id}"


def owner(request: web.Request) -> str:
    """Give the adviser whose desk it is.

    Raises:
        web.HTTPForbidden: whoever asks has none.
    """
    agent = identity(request).agent
    if not agent:
        raise web.HTTPForbidden
    return agent


def _with_telephone(request: web.Request) -> str:
    """Give the adviser whose desk it is, if there is a telephone to pause."""
    agent = owner(request)
    if not request.app[KEEPER].manager.serves(agent):
        raise RefusedError(f"{agent} no tiene teléfono en esta central, o ella aún no responde.")
    return agent


def desk_now(request: web.Request) -> DeskNow:
    """Tell what the adviser is doing now."""
    name, keeper = owner(request), request.app[KEEPER]
    agent, current = keeper.agent(name), keeper.current.get(name)
    return DeskNow(
        agent=name,
        state=agent.state if agent else None,
        since=agent.since if agent else None,
        reason=agent.reason if agent else "",
        queues=list(agent.queues) if agent else [],
        connected=keeper.connected(),
        contact=None
        if current is None
        else Before(
            channel=current.channel_id,
            call=current.call_id,
            queue=current.queue,
            phase=current.phase,
            since=current.since,
            until=current.until,
        ),
    )


async def now(request: web.Request) -> web.Response:
    """Tell what the adviser is doing, and what is before him."""
    return told(desk_now(request))


async def follow(request: web.Request) -> web.StreamResponse:
    """Tell it again whenever it changes."""

    def look() -> bytes:
        return desk_now(request).model_dump_json().encode()

    owner(request)
    return await stream_of(request, "desk", look)


async def pause(request: web.Request) -> web.Response:
    """Take no more calls."""
    reason, keeper = body(request, PauseSaid).reason, request.app[KEEPER]
    agent = _with_telephone(request)
    await keeper.end_wrap_up(agent)
    await keeper.manager.pause(agent, reason)
    return told(Done(said=f"En pausa: {reason}."))


async def ready(request: web.Request) -> web.Response:
    """Take calls again; what was not classified can be classified later."""
    keeper, agent = request.app[KEEPER], _with_telephone(request)
    await keeper.end_wrap_up(agent)
    await keeper.manager.let_go(agent)
    return told(Done(said="Disponible para recibir llamadas."))


async def contact(request: web.Request) -> web.Response:
    """Tell who calls and why, and what is written of it."""
    one = await _contact(request)
    await access_log(request, Action.CALL_READ, one.call_id)
    return told(await asyncio.to_thread(_told_contact, request, one))


async def keep_draft(request: web.Request) -> web.Response:
    """Keep what is being written."""
    said, one = body(request, DraftSaid), await _contact(request)
    draft = Draft(
        channel_id=one.channel_id,
        agent=one.leg_agent,
        disposition=said.disposition,
        note=said.note,
        solution=said.solution,
    )
    await asyncio.to_thread(request.app[BOOK].keep, draft, request.app[CLOCK]())
    return told(Done(said="Guardado."))


async def dispose(request: web.Request) -> web.Response:
    """Say how a conversation came out. The last word stands, and all that were said are kept."""
    said = body(request, DispositionSaid)
    one = await _contact(request, said.agent)
    line = request.app[KEEPER].line_of(one.line, one.queue)
    choice = next((each for each in _choices(line) if each.path == said.disposition), None)
    if line is None or choice is None:
        raise InvalidInputError("«disposition» no está en el árbol de la línea", "body.disposition")
    now = request.app[CLOCK]()
    rules = rules_of(line)
    if said.call_again_at is not None:
        at = said.call_again_at
        if one.number in {"", ANONYMOUS}:
            raise RefusedError("no se conoce el número, así que no se puede llamar de nuevo")
        if at < now or next_allowed(rules, at) != at:
            raise RefusedError("esa hora no se puede usar: está fuera del horario en que se puede llamar")
    known = identity(request)
    word = Word(
        channel_id=one.channel_id,
        queue=one.queue,
        agent=one.leg_agent,
        at=now,
        author=known.agent or known.name,
        disposition=choice.path,
        title=choice.title,
        resolution=choice.resolution,
        limit_seconds=line.wrap_up_seconds,
        note=said.note,
        solution=said.solution,
    )
    await request.app[KEEPER].say(word)
    await access_log(request, Action.CALL_DISPOSED, one.call_id)
    again = await asyncio.to_thread(_advance, request, one, word, line, said)
    return told(Done(said=f"Tipificada: {choice.title}.{again}"))


async def agenda(request: web.Request) -> web.Response:
    """Tell the promised calls of today, and what was not classified."""
    owner(request)
    return told(await asyncio.to_thread(_agenda, request))


async def call(request: web.Request) -> web.Response:
    """Have a promised call made now, if it may be."""
    agent, store, now = owner(request), Callbacks(request.app[ENGINE]), request.app[CLOCK]()
    found = await asyncio.to_thread(store.get, request.match_info["id"])
    if found is None or found.line not in _lines_of(request):
        raise web.HTTPNotFound
    rules = rules_of(request.app[KEEPER].lines.get(found.line))
    if refused := why_not_now(found, rules, now):
        raise RefusedError(f"no se puede llamar ahora: {refused}")
    window = Window(not_before=found.window.not_before, not_after=found.window.not_after)
    event = Rescheduled(by=agent, window=window, due_at=now, expires_at=found.expires_at)
    try:
        await asyncio.to_thread(store.step, found.id, event, now)
    except IllegalStepError as error:
        raise RefusedError(f"no se puede llamar ahora: {error}") from error
    return told(Done(said="Quedó para marcarse ya: la línea llama cuando haya un asesor libre."))


async def spoken(request: web.Request) -> web.StreamResponse:
    """Give what a citizen left spoken in a promised call."""
    owner(request)
    found = await asyncio.to_thread(Callbacks(request.app[ENGINE]).get, request.match_info["id"])
    number = int(request.match_info["number"])
    if found is None or found.line not in _lines_of(request) or number >= len(found.recordings):
        raise web.HTTPNotFound
    folder = request.app[SETTINGS].messages_dir.resolve()
    file = (folder / found.recordings[number].file).resolve()
    if not file.is_relative_to(folder) or not await asyncio.to_thread(file.is_file):
        raise web.HTTPNotFound
    await access_log(request, Action.RECORDING_HEARD, f"devolución {found.id} {number}")
    return web.FileResponse(file, headers={hdrs.CONTENT_TYPE: "audio/wav"})


class _Known:
    """A conversation that whoever asks may write about, from the ledger or from the moment."""

    def __init__(self, stored: Contact | None, request: web.Request, agent: str) -> None:
        current = request.app[KEEPER].current.get(agent)
        channel = request.match_info["channel"]
        mine = current if current and current.channel_id == channel else None
        if mine is None and stored is None:
            raise web.HTTPNotFound
        self.leg_agent = agent
        self.channel_id = channel
        self.call_id = mine.call_id if mine else stored.call_id if stored else ""
        self.queue = mine.queue if mine else stored.queue if stored else ""
        self.line = mine.line if mine else stored.line if stored else ""
        self.number = mine.number if mine else stored.number if stored else ""


async def _contact(request: web.Request, whose: str = "") -> _Known:
    """Find the conversation that the address names: an adviser's own; anybody's for who may correct it.

    Raises:
        web.HTTPNotFound: there is none, or it is somebody else's: the two look the same.
    """
    agent = identity(request).agent if identity(request).only_agent is not None else whose
    if not agent:
        raise RefusedError("Falta «agent»: diga de qué asesor es la conversación.")
    stored = await asyncio.to_thread(request.app[BOOK].contact, request.match_info["channel"], agent)
    return _Known(stored, request, agent)


def _choices(line: Line | None) -> tuple[Choice, ...]:
    return choices(line.dispositions) if line else ()


def _told_contact(request: web.Request, one: _Known) -> ContactTold:
    settings, now = request.app[SETTINGS], request.app[CLOCK]()
    zone = ZoneInfo(settings.timezone)
    keeper, book, database = request.app[KEEPER], request.app[BOOK], request.app[ENGINE]
    line, store = keeper.line_of(one.line, one.queue), Callbacks(database)
    history = request.app[LEDGER].call(one.call_id)
    behind, draft = store.of_channel(one.channel_id), book.draft(one.channel_id, one.leg_agent)
    earlier = calls_of(request, one)
    telephone = "" if one.number in {"", ANONYMOUS} else one.number
    promised = CallbackLists(database).page(CallbackFilter(telephone=telephone), None, _EARLIER) if telephone else None
    all_choices = _choices(line)
    paths = {each.path for each in all_choices}
    used = book.most_used(one.leg_agent, now - _MONTH, MOST_USED * 4)
    free = hours(rules_of(line), now, zone)
    languages = [event.language for event in history.events if isinstance(event, LanguageChosen)] if history else []
    return ContactTold(
        channel=one.channel_id,
        call=one.call_id,
        line=line.title if line else one.line,
        queue=one.queue,
        number=shown_number(one.number),
        language=languages[-1] if languages else SPANISH,
        path=path(history.menu_steps) if history else "",
        calls=earlier,
        callbacks=[
            EarlierCallback(
                number=each.filing.number,
                asked_at=each.asked_at,
                source=SOURCES[each.source],
                subject=each.subject,
                outcome=outcome(each),
            )
            for each in (promised.requests if promised else ())
        ],
        callback=_behind(behind, line, one) if behind else None,
        choices=[
            ChoiceTold(path=each.path, title=each.title, group=each.group, resolution=each.resolution)
            for each in all_choices
        ],
        most_used=[each for each in used if each in paths][:MOST_USED],
        draft=DraftSaid(disposition=draft.disposition, note=draft.note, solution=draft.solution),
        words=[
            WordTold(
                at=each.at,
                author=each.author,
                disposition=each.disposition,
                title=each.title,
                resolution=each.resolution,
                note=each.note,
                solution=each.solution,
            )
            for each in book.words(one.channel_id, one.leg_agent)
        ],
        hours=list(free.slots),
        left_out=list(free.left_out),
    )


def calls_of(request: web.Request, one: _Known) -> list[EarlierCall]:
    """Tell the earlier calls of a number: of others' calls, what came of them and no more."""
    if one.number in {"", ANONYMOUS}:
        return []
    settings = request.app[SETTINGS]
    page = request.app[LEDGER].calls(CallFilter(number=one.number), None, _EARLIER + 1)
    zone = ZoneInfo(settings.timezone)
    told_calls = []
    for each in page.calls:
        if each.call_id == one.call_id:
            continue
        shown = line_of(each, zone, settings.ghost_seconds)
        mine = any(leg.agent == one.leg_agent for visit in each.visits for leg in visit.legs)
        told_calls.append(
            EarlierCall(
                at=each.started_at,
                line=shown.line,
                outcome=", ".join(result.word for result in shown.outcomes),
                adviser=shown.advisers,
                disposition=shown.disposition,
                call=each.call_id if mine else None,
            )
        )
    return told_calls[:_EARLIER]


def _behind(request: CallbackRequest, line: Line | None, one: _Known) -> CallbackBehind:
    made = next((each.ordinal for each in request.attempts if each.channel_id == one.channel_id), request.dialled)
    return CallbackBehind(
        id=request.id,
        number=request.filing.number,
        source=request.source,
        source_word=SOURCES[request.source],
        name=request.person.name,
        company=request.person.company,
        subject=request.subject,
        description=request.description,
        attempt=made,
        attempts=line.callbacks.attempts if line else made,
        recordings=[f"{DESK}/callbacks/{request.id}/recordings/{number}" for number in range(len(request.recordings))],
    )


def _advance(request: web.Request, one: _Known, word: Word, line: Line, said: DispositionSaid) -> str:
    """Let the promised call behind a conversation come to what was said, and promise the next one; say so."""
    store, now = Callbacks(request.app[ENGINE]), word.at
    if behind := store.of_channel(one.channel_id):
        solution = Solution(
            outcome=_OUTCOMES[word.resolution],
            disposition=word.disposition,
            agent=one.leg_agent,
            at=now,
            text=word.solution,
        )
        try:
            store.step(behind.id, Typified(by=word.author, solution=solution), now)
        except IllegalStepError:
            return " La devolución no cambió: ya había terminado de otra forma."
    if said.call_again_at is None:
        return ""
    asked = Asked(
        source=Source.APPOINTMENT,
        origin=f"desk:{one.channel_id}:{int(said.call_again_at.timestamp())}",
        line=line.name,
        telephone=one.number,
        place=Place(queue=one.queue, since=now),
        description=word.note[:1000],
        window=Window(not_before=said.call_again_at),
        call_id=one.call_id,
    )
    taken = store.ask(asked, rules_of(line), now)
    at = day_and_hour(said.call_again_at, ZoneInfo(request.app[SETTINGS].timezone))
    joined = " Se unió a la que ya tenía." if taken.joined else ""
    return f" Se llamará de nuevo el {at}, radicado {taken.request.filing.number}.{joined}"


def _lines_of(request: web.Request) -> set[str]:
    """Give the lines whose queues the adviser is in."""
    keeper = request.app[KEEPER]
    agent = keeper.agent(owner(request))
    queues = set(agent.queues) if agent else set()
    return {line.name for line in keeper.lines.values() if queues & line.queues.keys()}


def _agenda(request: web.Request) -> Agenda:
    settings, now, name = request.app[SETTINGS], request.app[CLOCK](), owner(request)
    zone, keeper = ZoneInfo(settings.timezone), request.app[KEEPER]
    lines = []
    for line in sorted(_lines_of(request)):
        wanted = CallbackFilter(line=line, open_only=True)
        for each in CallbackLists(request.app[ENGINE]).page(wanted, None, _OPEN).requests:
            when = place(each, now, zone)
            if when is None:
                continue
            lines.append(
                AgendaLine(
                    id=each.id,
                    number=each.filing.number,
                    telephone=shown_number(each.telephone),
                    source=SOURCES[each.source],
                    subject=each.subject,
                    when=when,
                    promised_at=each.promised_at,
                    due_at=each.due_at,
                    attempt=each.dialled + 1,
                    attempts=keeper.lines[line].callbacks.attempts,
                    refused=why_not_now(each, rules_of(keeper.lines[line]), now),
                )
            )
    lines.sort(key=lambda one: one.due_at)
    current = keeper.current.get(name)
    unfinished = [
        Unfinished(
            channel=each.channel_id,
            call=each.call_id,
            queue=each.queue,
            number=shown_number(each.number),
            ended_at=each.leg.ended_at,
        )
        for each in request.app[BOOK].contacts(name, now - RECENT, _OPEN)
        if each.leg.ended_at is not None
        and not each.leg.disposition
        and (current is None or current.channel_id != each.channel_id)
        and _choices(keeper.line_of(each.line, each.queue))
    ]
    return Agenda(callbacks=lines, unfinished=unfinished, reasons=list(REASONS))


_WORK = Permission.WORK_AT_DESK

ROUTES = (
    Route(method="GET", path=DESK, handler=now, permission=_WORK, answer=DeskNow, summary="The adviser's own state"),
    Route(
        method="GET",
        path=f"{DESK}/stream",
        handler=follow,
        permission=_WORK,
        events={"desk": DeskNow, "heartbeat": Beat, "end": End},
        summary="The adviser's own state, as it changes",
    ),
    Route(
        method="POST",
        path=f"{DESK}/pause",
        handler=pause,
        permission=_WORK,
        body=PauseSaid,
        answer=Done,
        summary="Take no more calls",
    ),
    Route(
        method="POST", path=f"{DESK}/ready", handler=ready, permission=_WORK, answer=Done, summary="Take calls again"
    ),
    Route(
        method="GET",
        path=f"{DESK}/agenda",
        handler=agenda,
        permission=_WORK,
        answer=Agenda,
        summary="The promised calls of today, and what was not classified",
    ),
    Route(
        method="POST",
        path=f"{CALLBACK}/call",
        handler=call,
        permission=_WORK,
        answer=Done,
        summary="Have a promised call made now",
    ),
    Route(method="GET", path=f"{CALLBACK}/recordings/{{number:[0-9]{{1,9}}}}", handler=spoken, permission=_WORK),
    Route(
        method="GET",
        path=CONTACT,
        handler=contact,
        permission=_WORK,
        answer=ContactTold,
        summary="Who calls and why, and what is written of it",
    ),
    Route(
        method="PUT",
        path=f"{CONTACT}/draft",
        handler=keep_draft,
        permission=_WORK,
        body=DraftSaid,
        answer=Done,
        summary="Keep what is being written",
    ),
    Route(
        method="POST",
        path=f"{CONTACT}/disposition",
        handler=dispose,
        permission=Permission.DISPOSE,
        body=DispositionSaid,
        answer=Done,
        summary="Say how a conversation came out, or correct it",
    ),
)
