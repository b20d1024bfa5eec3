"""The pages of promised calls: the list with its funnel, the story of one, and what the citizen said in the mailbox."""

import asyncio
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field

from callback_queue.policy import BROKEN_AFTER, midnight
from callback_queue.request import Attempt, CallbackRequest, Person, Source, State
from callback_queue.states import TRANSITIONS, Cancelled
from callback_queue.wishes import each as each_wish
from contesta.call_search import call_address, moment
from contesta.callbacks.history import history
from contesta.callbacks.words import ANSWERS, CAPS, RESULTS, SOURCES, SPOKEN, STATES, outcome, promised_for
from contesta.erasing import erased_text
from contesta.format import UNKNOWN, clock, day_and_hour, duration, long_date, phone, short_date, whole
from contesta.web.access import Action, Permission, access_log, identity
from contesta.web.context import CLOCK, ENGINE, SETTINGS
from contesta.web.form_lines import PUBLISHED
from contesta.web.pages import render
from contesta.web.recordings import message, message_file
from contesta.web.routes import Route, query
from contesta.web.validation import Asked, InvalidInputError
from core.errors import ConfigurationError, ProtocolError
from core.numbers import ANONYMOUS, masked
from storage.callback_facts import CallbackFacts
from storage.callback_list import CallbackFilter, CallbackLists, CallbackPage, Pending, Stages
from storage.callbacks import Callbacks
from storage.data_requests import DataRequests
from storage.dialling import Dialling
from storage.expiry import erasures
from storage.listing import Cursor
from storage.sms import SmsOutbox

CALLBACKS = "/devoluciones"
PAGE_SIZE = 50
_TONES = {
    State.ATTENDED: "ok",
    State.SUPERSEDED: "ok",
    State.FAILED: "bad",
    State.UNCERTAIN: "bad",
    State.HELD: "warn",
}


class FilterAsked(Asked):
    """Which promised calls. A form sends what is empty too."""

    desde: str = ""
    hasta: str = ""
    linea: str = ""
    estado: Literal["", "pendientes", "atrasadas", "vencidas"] | State = ""
    origen: Literal[""] | Source = ""
    radicado: str = Field(default="", max_length=20)


class ListAsked(FilterAsked):
    """What the address of the list asks for."""

    despues: str = Field(default="", max_length=400)


async def callbacks(request: web.Request) -> web.StreamResponse:
    """Show a page of the list, as its address asks, and how far those requests came."""
    asked, zone = query(request, ListAsked), ZoneInfo(request.app[SETTINGS].timezone)
    now = request.app[CLOCK]()
    wanted = wanted_by(asked, zone, now)
    after = _cursor(asked.despues)
    page, funnel, pending = await asyncio.to_thread(_read, request, wanted, after, now)
    address = address_of(asked)
    claimed = await asyncio.to_thread(DataRequests(request.app[ENGINE]).claimed)
    context = {
        "asked": asked,
        "states": STATES,
        "sources": SOURCES,
        "lines": [_row(each, zone) | {"claimed": claimed.has_request(each)} for each in page.requests],
        "funnel": [_stages(each) for each in funnel],
        "pending": f"{_some(pending.total)} · {whole(pending.late)} en mora",
        "older": page.next and address_of(asked, despues=str(page.next)),
        "newest": address if asked.despues else None,
        "filtered": address != CALLBACKS,
        "table": address_of(asked, f"{CALLBACKS}.csv"),
        "dialling": await asyncio.to_thread(_dialling, request, zone, now),
        "may_work": identity(request).may(Permission.WORK_CALLBACKS),
    }
    return render(request, "callbacks.html", context)


async def callback(request: web.Request) -> web.StreamResponse:
    """Tell one promised call. That it was read is written to the access log."""
    found = await found_of(request)
    await access_log(request, Action.CALLBACK_READ, found.id)
    return await _told(request, found, revealed=False)


async def reveal(request: web.Request) -> web.StreamResponse:
    """Tell one promised call with the whole number and document. It is written to the access log first."""
    found = await found_of(request)
    await access_log(request, Action.NUMBER_REVEALED, found.id)
    return await _told(request, found, revealed=True)


async def play(request: web.Request) -> web.StreamResponse:
    """Give what the citizen said."""
    return await message(request, await found_of(request))


def callback_address(request_id: str) -> str:
    """Give the address of one promised call."""
    return f"{CALLBACKS}/{quote(request_id, safe='')}"


async def found_of(request: web.Request) -> CallbackRequest:
    """Give the promised call that the address names.

    Raises:
        web.HTTPNotFound: there is none.
    """
    store = Callbacks(request.app[ENGINE])
    found = await asyncio.to_thread(store.get, request.match_info["request_id"])
    if found is None:
        raise web.HTTPNotFound
    return found


def _dialling(request: web.Request, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    """Tell whether promised calls are dialled, and if not, why: by whom, since when; and which caps are reached."""
    settings, stop = request.app[SETTINGS], Dialling(request.app[ENGINE]).stopped()
    lines, facts = request.app[PUBLISHED].current(), CallbackFacts(request.app[ENGINE])
    held = []
    if not settings.outbound_trunk:
        held.append("No hay troncal de salida en los ajustes: no se llama a nadie.")
    if not settings.dialling:
        held.append("La marcación está apagada en los ajustes.")
    off = [line.name for line in lines if not line.callbacks.enabled]
    if off:
        held.append(f"Apagada en el archivo de: {', '.join(off)}.")
    held += [
        f"{line.name} llegó a su tope {' y '.join(filter(None, (', '.join(names[:-1]), names[-1])))}."
        for line in lines
        if (names := [CAPS[cap] for cap in facts.room(line.name, line.callbacks.caps, now).reached])
    ]
    since = stop and f"{day_and_hour(stop.at, zone)}, {stop.author}: {stop.reason}"
    return {"stopped": since, "held": held}


def _read(
    request: web.Request, wanted: CallbackFilter, after: Cursor | None, now: datetime
) -> tuple[CallbackPage, tuple[Stages, ...], Pending]:
    lists = CallbackLists(request.app[ENGINE])
    return lists.page(wanted, after, PAGE_SIZE), lists.funnel(wanted), lists.pending(now, wanted.line)


def wanted_by(asked: FilterAsked, zone: ZoneInfo, now: datetime) -> CallbackFilter:
    """Give what is asked for in the store's words."""
    moments: dict[str, datetime | None] = {}
    for name in ("desde", "hasta"):
        said = getattr(asked, name)
        try:
            moments[name] = moment(said, zone, last=name == "hasta") if said else None
        except ConfigurationError as error:
            raise InvalidInputError(str(error), f"query.{name}") from error
    return CallbackFilter(
        since=moments["desde"],
        until=moments["hasta"],
        line=asked.linea or None,
        states=frozenset({asked.estado}) if isinstance(asked.estado, State) else frozenset(),
        sources=frozenset({asked.origen}) if isinstance(asked.origen, Source) else frozenset(),
        open_only=asked.estado == "pendientes",
        owed_before=now - BROKEN_AFTER if asked.estado == "atrasadas" else None,
        expired_since=midnight(now) if asked.estado == "vencidas" else None,
        filing=asked.radicado or None,
    )


def _cursor(said: str) -> Cursor | None:
    try:
        return Cursor.parse(said) if said else None
    except ProtocolError as error:
        raise InvalidInputError("no es una página de esta lista", "query.despues") from error


def address_of(asked: FilterAsked, path: str = CALLBACKS, **more: str) -> str:
    """Give the address of a list, or of something else that is made of the same promised calls."""
    fields = {name: str(getattr(asked, name)) for name in FilterAsked.model_fields} | more
    told = urlencode({name: value for name, value in fields.items() if value})
    return f"{path}?{told}" if told else path


def _row(request: CallbackRequest, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "address": callback_address(request.id),
        "hour": clock(request.asked_at, zone),
        "day": short_date(request.asked_at, zone),
        "number": masked(request.telephone or ANONYMOUS),
        "line": request.line,
        "queue": request.place.queue or UNKNOWN,
        "source": SOURCES[request.source],
        "state": outcome(request),
        "tone": _TONES.get(request.state, "stale"),
        "promised": promised_for(request, zone),
        "attempts": whole(len(request.attempts)),
    }


def _stages(stages: Stages) -> dict[str, str]:
    names = ("asked", "dialled", "answered", "accepted", "connected", "solved")
    return {
        "day": f"{stages.day.day}/{stages.day:%m/%Y}",
        "source": SOURCES[stages.source],
        **{name: whole(getattr(stages, name)) for name in names},
        "wait": duration(stages.wait_ms),
    }


async def _told(request: web.Request, found: CallbackRequest, *, revealed: bool) -> web.StreamResponse:
    messages = await asyncio.to_thread(SmsOutbox(request.app[ENGINE]).about, found.id)
    zone = ZoneInfo(request.app[SETTINGS].timezone)
    gone = {
        one.file: erased_text(one, zone) for one in await asyncio.to_thread(erasures, request.app[ENGINE], found.id)
    }
    alone = await asyncio.to_thread(Callbacks(request.app[ENGINE]).left_alone_since, [found.telephone])
    claimed = await asyncio.to_thread(DataRequests(request.app[ENGINE]).claimed)
    person = found.person
    document = person.document if revealed else "•" * max(0, len(person.document) - 3) + person.document[-3:]
    number = (phone(found.telephone) or UNKNOWN) if revealed else masked(found.telephone or ANONYMOUS)
    forgotten = found.ended_at is not None and not found.telephone and person == Person()
    facts = {
        "Estado": outcome(found),
        "Pedida": f"{long_date(found.asked_at, zone)}, {clock(found.asked_at, zone)}",
        "Prometida para": promised_for(found, zone),
        "Origen": ", ".join(SOURCES[source] for source in (found.source, *dict.fromkeys(found.joined))),
        "Línea": found.line,
        "Cola": found.place.queue or UNKNOWN,
        "Lugar desde": day_and_hour(found.place.since, zone),
        "Nombre": person.name or UNKNOWN,
        "Documento": f"{person.document_type} {document}".strip() or UNKNOWN,
        "Empresa": person.company or UNKNOWN,
        "NIT": person.nit or UNKNOWN,
        "Asunto": found.subject or UNKNOWN,
        "Descripción": found.description or UNKNOWN,
        "Autorización de datos": _consent(found),
        "Datos completos": "Sí" if found.complete else "No",
        "Radicados": ", ".join(
            f"{wish.number} (cancelado)" if wish.left_at else wish.number for wish in each_wish(found)
        ),
    }
    context = {
        "address": callback_address(found.id),
        "number": "Borrado" if forgotten else number,
        "forgotten": forgotten,
        "filing": found.filing.number,
        "sentence": outcome(found),
        "revealed": revealed,
        "claimed": claimed.has_request(found),
        "may_work": identity(request).may(Permission.WORK_CALLBACKS),
        "may_cancel": (found.state, Cancelled) in TRANSITIONS,
        "held": found.state is State.HELD,
        "has_number": bool(found.telephone),
        "alone": bool(alone),
        "may_reveal": identity(request).may(Permission.REVEAL_NUMBER) and bool(found.telephone),
        "facts": facts,
        "solution": found.solution,
        "messages": [
            {
                "title": SPOKEN.get(each.what, each.what),
                "address": f"{callback_address(found.id)}/audio/{index}",
                "there": message_file(request, found, index) is not None,
                "erased": gone.get(each.file, ""),
            }
            for index, each in enumerate(found.recordings)
        ],
        "calls": [{"id": call_id, "address": call_address(call_id)} for call_id in found.came_from],
        "attempts": [_attempt(each, zone) for each in found.attempts],
        "steps": [
            {
                "day": short_date(entry.at, zone),
                "hour": clock(entry.at, zone),
                "at": entry.at.isoformat(),
                "actor": entry.author,
                "fact": entry.fact,
            }
            for entry in history(found, messages)
        ],
    }
    return render(request, "callback.html", context)


def _attempt(attempt: Attempt, zone: ZoneInfo) -> dict[str, str]:
    return {
        "ordinal": str(attempt.ordinal),
        "at": day_and_hour(attempt.committed_at, zone),
        "result": RESULTS[attempt.result] if attempt.result else "en curso",
        "adviser": attempt.agent or UNKNOWN,
        "address": call_address(attempt.channel_id),
    }


def _consent(found: CallbackRequest) -> str:
    if found.consent is None:
        return UNKNOWN
    return f"{ANSWERS[found.consent.answer]} (versión {found.consent.version})"


def _some(count: int) -> str:
    return f"{whole(count)} {'pendiente' if count == 1 else 'pendientes'}"


ROUTES = (
    Route(
        method="GET",
        path=CALLBACKS,
        handler=callbacks,
        permission=Permission.READ_CALLBACKS,
        query=ListAsked,
        nav="Devoluciones",
    ),
    Route(
        method="GET",
        path=CALLBACKS + "/{request_id:[^/]+}",
        handler=callback,
        permission=Permission.READ_CALLBACKS,
    ),
    Route(
        method="POST",
        path=CALLBACKS + "/{request_id:[^/]+}/numero",
        handler=reveal,
        permission=Permission.REVEAL_NUMBER,
    ),
    Route(
        method="GET",
        path=CALLBACKS + "/{request_id:[^/]+}/audio/{number:[0-9]{1,9}}",
        handler=play,
        permission=Permission.READ_CALLBACKS,
    ),
)
