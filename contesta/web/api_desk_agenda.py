"""The agenda of an adviser's desk over the API: the promised calls of today, and what was not classified."""

import asyncio
from typing import Final, get_args
from zoneinfo import ZoneInfo

from aiohttp import web

from callback_queue.policy import rules_of
from callback_queue.request import CallbackRequest, Window
from callback_queue.states import IllegalStepError, Rescheduled, Taken
from contesta.call_list import shown_number
from contesta.callbacks.words import SOURCES
from contesta.desk.agenda import place, why_not_himself, why_not_now
from contesta.web import recordings
from contesta.web.access import Permission
from contesta.web.api_desk_queues import queues_of
from contesta.web.context import CLOCK, ENGINE, SETTINGS
from contesta.web.desk_models import Agenda, AgendaLine, Done, PauseReason, Unfinished
from contesta.web.desk_owner import BOOK, DESK, KEEPER, choices_of, lines_of, owner
from contesta.web.routes import Route, told
from contesta.web.validation import RefusedError
from storage.callback_list import CallbackFilter, CallbackLists
from storage.callbacks import Callbacks
from storage.data_requests import DataRequests
from storage.desk import RECENT

REASONS: Final = get_args(PauseReason)
_OPEN: Final = 200
_RINGS_HIM: Final = "Va a sonar su teléfono: oiga de quién se trata y marque 1 para llamar."
_RINGS_WHOEVER: Final = "Quedó para marcarse ya: la línea llama cuando haya un asesor libre."
_CALLBACK: Final = DESK + "/callbacks/{id}"


async def agenda(request: web.Request) -> web.Response:
    """Tell the promised calls of today, and what was not classified."""
    owner(request)
    return told(await asyncio.to_thread(_agenda, request))


async def call(request: web.Request) -> web.Response:
    """Have a promised call made now, if it may be."""
    agent, store, now = owner(request), Callbacks(request.app[ENGINE]), request.app[CLOCK]()
    found = await _found(request)
    rules = rules_of(request.app[KEEPER].lines.get(found.line))
    himself = found.owner == agent
    refused = why_not_now(found, rules, now, agent)
    if himself and not refused:
        refused = why_not_himself(request.app[KEEPER].agent(agent))
    if refused:
        raise RefusedError(f"no se puede llamar ahora: {refused}")
    window = Window(not_before=found.window.not_before, not_after=found.window.not_after)
    event = (
        Taken(by=agent, agent=agent)
        if himself
        else Rescheduled(by=agent, window=window, due_at=now, expires_at=found.expires_at)
    )
    try:
        await asyncio.to_thread(store.step, found.id, event, now)
    except IllegalStepError as error:
        raise RefusedError(f"no se puede llamar ahora: {error}") from error
    return told(Done(said=_RINGS_HIM if himself else _RINGS_WHOEVER))


async def spoken(request: web.Request) -> web.StreamResponse:
    """Give what a citizen left spoken in a promised call."""
    return await recordings.message(request, await _found(request))


def message_address(request_id: str, number: int) -> str:
    """Give the address of a recording of a promised call."""
    return f"{DESK}/callbacks/{request_id}/recordings/{number}"


async def _found(request: web.Request) -> CallbackRequest:
    """Find the promised call that the address names, of a line of the adviser's."""
    agents_lines = lines_of(request)
    found = await asyncio.to_thread(Callbacks(request.app[ENGINE]).get, request.match_info["id"])
    if found is None or found.line not in agents_lines:
        raise web.HTTPNotFound
    return found


def _agenda(request: web.Request) -> Agenda:
    settings, now, name = request.app[SETTINGS], request.app[CLOCK](), owner(request)
    zone, keeper = ZoneInfo(settings.timezone), request.app[KEEPER]
    claimed = DataRequests(request.app[ENGINE]).claimed()
    lines = []
    for line in sorted(lines_of(request)):
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
                    owner=each.owner,
                    mine=each.owner == name,
                    claimed=claimed.has_request(each),
                    refused=why_not_now(each, rules_of(keeper.lines[line]), now, name),
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
        and choices_of(keeper.line_of(each.line, each.queue))
    ]
    return Agenda(callbacks=lines, unfinished=unfinished, reasons=list(REASONS), queues=queues_of(request))


_WORK = Permission.WORK_AT_DESK

ROUTES = (
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
        path=f"{_CALLBACK}/call",
        handler=call,
        permission=_WORK,
        answer=Done,
        summary="Have a promised call made now",
    ),
    Route(method="GET", path=f"{_CALLBACK}/recordings/{{number:[0-9]{{1,9}}}}", handler=spoken, permission=_WORK),
)
