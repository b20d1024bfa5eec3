"""The pages of calls: the list, what it holds as a table for spreadsheets, and the story of one call."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from typing import Annotated, Any, Literal, TypedDict
from zoneinfo import ZoneInfo

import structlog
from aiohttp import hdrs, web
from pydantic import BeforeValidator, Field
from sqlalchemy.exc import InterfaceError, OperationalError

from contesta import call_csv
from contesta.call_list import line_of, shown_number
from contesta.call_search import (
    CALLS,
    GROUPS,
    LONGEST_WAIT_SECONDS,
    OUTCOME_OF_WORD,
    SAID,
    WAITING_NOW,
    CallSearch,
    call_address,
    calls_address,
    checked_outcome,
    moment,
)
from contesta.erasing import erased_step
from contesta.format import UNKNOWN, clock, elapsed, long_date, phone, whole
from contesta.narrative import gaps, sentence, timeline
from contesta.said_search import ATTENDED, DIDS, STAGES, checked, checked_answer
from contesta.web.access import Action, Permission, access_log, identity
from contesta.web.callbacks import callback_address
from contesta.web.calls_read import call_of, callbacks_of, counted, known_names, listed, place
from contesta.web.context import CLOCK, ENGINE, SETTINGS
from contesta.web.pages import render
from contesta.web.routes import Route, query
from contesta.web.validation import Asked, InvalidInputError
from core.errors import ConfigurationError
from core.privacy.retention import Kind
from quality.metrics.history import CallHistory
from storage.data_requests import DataRequests
from storage.expiry import erasures
from storage.listing import MOST_COUNTED, Counts, stored_of

PAGE_SIZE = 50
EXPORTED_AT_ONCE = 500
REFRESH_SECONDS = 10
TABLE = "/llamadas.csv"

_USUAL = frozenset({"desde", "hasta", "cola", "resultado", "corte", *SAID})

log = structlog.get_logger()

_Seconds = Annotated[
    Annotated[int, Field(ge=0, le=LONGEST_WAIT_SECONDS)] | None,
    BeforeValidator(lambda said: None if said == "" else said),
]


class SearchAsked(Asked):
    """What the address of a list asks for. A form may give hours by themselves, and sends what is empty too."""

    desde: str = ""
    desde_hora: str = ""
    hasta: str = ""
    hasta_hora: str = ""
    linea: str = ""
    cola: str = ""
    resultado: str = ""
    asesor: str = ""
    espera_max: _Seconds = None
    espera_mas_de: _Seconds = None
    duracion: Literal["", "conocida"] = ""
    no_contesto: str = ""
    corte: str = ""
    encuesta: str = ""
    pregunta: str = ""
    respuesta: str = ""
    atendido: str = ""
    hizo: str = ""
    momento: str = ""
    lugar: str = ""
    tecla: str = ""
    tramo: str = ""

    @property
    def is_of_form(self) -> bool:
        """Whether the address can be written shorter."""
        return any(getattr(self, name) in {"", None} or name.endswith("_hora") for name in self.model_fields_set)

    def search(self, zone: tzinfo) -> CallSearch:
        """Give what is asked for.

        Raises:
            InvalidInputError: a moment, or a word of those that there are, is none.
        """
        since, until = _joined(self.desde, self.desde_hora), _joined(self.hasta, self.hasta_hora)
        moments = {"desde": since, "hasta": until, "corte": self.corte}
        found: dict[str, datetime | None] = {}
        for name, said in moments.items():
            with _told_of(name):
                found[name] = moment(said, zone, last=name == "hasta") if said else None
        with _told_of("resultado"):
            outcome = checked_outcome(self.resultado)
        with _told_of("respuesta"):
            answer = checked_answer(self.respuesta)
        words_said: dict[str, str] = {}
        for name, words in (("atendido", ATTENDED), ("hizo", DIDS), ("momento", STAGES)):
            with _told_of(name):
                words_said[name] = checked(getattr(self, name), words, name)
        return CallSearch(
            since=found["desde"],
            until=found["hasta"],
            line=self.linea,
            queue=self.cola,
            outcome=outcome,
            agent=self.asesor,
            wait_at_most=self.espera_max,
            wait_more_than=self.espera_mas_de,
            talk_known=bool(self.duracion),
            unanswered_by=self.no_contesto,
            as_of=found["corte"],
            survey=self.encuesta,
            question=self.pregunta,
            answer=answer,
            attended=words_said["atendido"],
            did=words_said["hizo"],
            stage=words_said["momento"],
            place=self.lugar,
            key=self.tecla,
            passage=self.tramo,
        )


@contextlib.contextmanager
def _told_of(name: str) -> Iterator[None]:
    """Name the parameter that is wrong."""
    try:
        yield
    except ConfigurationError as error:
        raise InvalidInputError(str(error), f"query.{name}") from error


class ListAsked(SearchAsked):
    """Which part of the list, and whether it is to be kept up to date."""

    despues: str = Field(default="", max_length=400)
    actualizar: Literal["", "si"] = ""


class TableAsked(SearchAsked):
    """Whether whole numbers are wanted in the table."""

    numeros: Literal["", "completos"] = ""


class Chip(TypedDict):
    """A filter in force, and the address of the list without it."""

    text: str
    without: str


async def calls(request: web.Request) -> web.StreamResponse:
    """Show a page of the list, as its address asks."""
    asked, zone = query(request, ListAsked), _zone(request)
    search = asked.search(zone)
    if asked.is_of_form:
        raise web.HTTPSeeOther(calls_address(search, zone))
    page, counts, known = await asyncio.gather(
        listed(request, search, place(asked.despues, "despues"), PAGE_SIZE),
        counted(request, search),
        known_names(request),
    )
    beside = await callbacks_of(request, page.calls)
    refreshes = bool(asked.actualizar) and not asked.despues
    fields = _fields(search, zone)
    context = {
        "call_address": call_address,
        "lines": [
            line_of(call, zone, request.app[SETTINGS].ghost_seconds, beside.get(call.call_id)) for call in page.calls
        ],
        "callback_address": _callback_address(request),
        "asked": fields,
        "hidden": [name for name in ("corte", *SAID) if fields[name]],
        "more_open": any(told for name, told in fields.items() if name not in _USUAL),
        "names": known,
        "outcomes": {"Uno": list(OUTCOME_OF_WORD), "Varios": list(GROUPS), "Ahora": [WAITING_NOW]},
        "chips": _chips(search, zone),
        "counts": said(counts),
        "older": page.next and calls_address(search, zone, despues=str(page.next)),
        "newest": calls_address(search, zone) if asked.despues else None,
        "table": calls_address(search, zone, TABLE),
        "whole_table": calls_address(search, zone, TABLE, numeros="completos"),
        "may_export": identity(request).may(Permission.EXPORT_CALLS),
        "all_agents": identity(request).only_agent is None,
        "refresh_seconds": REFRESH_SECONDS if refreshes else None,
        "toggle_refresh": calls_address(search, zone, **({} if refreshes else {"actualizar": "si"})),
    }
    return render(request, "calls.html", context)


async def export(request: web.Request) -> web.StreamResponse:
    """Send the whole list as a table. It is written to the access log first, with what was asked for."""
    asked, zone = query(request, TableAsked), _zone(request)
    search, whole_numbers = asked.search(zone), bool(asked.numeros)
    if whole_numbers and not identity(request).may(Permission.EXPORT_CALLS):
        raise web.HTTPForbidden
    today = request.app[CLOCK]().astimezone(zone)
    response = web.StreamResponse(
        headers={
            hdrs.CONTENT_TYPE: "text/csv; charset=utf-8",
            hdrs.CONTENT_DISPOSITION: f'attachment; filename="llamadas-{today:%Y-%m-%d}.csv"',
        }
    )
    if request.method == hdrs.METH_HEAD:
        return response
    numbers = {"numeros": asked.numeros} if whole_numbers else {}
    await access_log(request, Action.CALLS_EXPORTED, calls_address(search, zone, TABLE, **numbers))
    page = await listed(request, search, None, EXPORTED_AT_ONCE)  # what cannot be read is told before anything is sent
    await response.prepare(request)
    await response.write((call_csv.BEGINNING + call_csv.heading()).encode())
    ghost_seconds = request.app[SETTINGS].ghost_seconds
    try:
        while page.calls:
            beside = await callbacks_of(request, page.calls)
            rows = call_csv.table(page.calls, zone, ghost_seconds, beside, whole_numbers=whole_numbers)
            await response.write(rows.encode())
            if page.next is None:
                break
            page = await listed(request, search, page.next, EXPORTED_AT_ONCE)
    except (OperationalError, InterfaceError) as error:
        log.error("a table of calls was cut off", error=str(error.orig))  # noqa: TRY400 - its trace tells nothing
        if request.transport is not None:
            request.transport.abort()  # so that nobody takes it for whole
    return response


async def call(request: web.Request) -> web.StreamResponse:
    """Tell one call. That it was read is written to the access log."""
    history = await call_of(request)
    await access_log(request, Action.CALL_READ, history.call_id)
    return await _told(request, history, shown_number(history.number), revealed=False)


async def reveal(request: web.Request) -> web.StreamResponse:
    """Tell one call with its caller's whole number. It is written to the access log first."""
    history = await call_of(request)
    await access_log(request, Action.NUMBER_REVEALED, history.call_id)
    return await _told(request, history, phone(history.number) or UNKNOWN, revealed=True)


def said(counts: Counts) -> str:
    """Say how many calls there are, and how many of what a figure counts."""
    told = _some(counts.calls, "llamada", "llamadas")
    cases = counts.deeds if counts.answers is None else counts.answers
    if cases is not None:
        return told if cases == counts.calls else f"{_some(cases, 'caso', 'casos')} en {told}"
    if counts.unanswered_rings is not None:
        return f"{_some(counts.unanswered_rings, 'timbre sin contestar', 'timbres sin contestar')} en {told}"
    if counts.conversations is not None:
        return f"{_some(counts.conversations, 'conversación', 'conversaciones')} en {told}"
    if counts.visits is not None and counts.visits != counts.calls:
        return f"{_some(counts.visits, 'paso por una cola', 'pasos por colas')} en {told}"
    return told


def _some(count: int, one: str, many: str) -> str:
    if count >= MOST_COUNTED:
        return f"{whole(count)} {many} o más"
    return f"{whole(count)} {one if count == 1 else many}"


def _callback_address(request: web.Request) -> Callable[[str], str] | None:
    """Give what makes the address of a promised call, for whoever may read them."""
    return callback_address if identity(request).may(Permission.READ_CALLBACKS) else None


async def _told(request: web.Request, history: CallHistory, number: str, *, revealed: bool) -> web.StreamResponse:
    beside = await callbacks_of(request, [history])
    gone = await asyncio.to_thread(erasures, request.app[ENGINE], history.call_id)
    erased = {one.file for one in gone if one.kind is Kind.RECORDING}
    claimed = await asyncio.to_thread(DataRequests(request.app[ENGINE]).claimed)
    zone, ghost_seconds = _zone(request), request.app[SETTINGS].ghost_seconds
    context: dict[str, Any] = {
        "call": history,
        "address": call_address(history.call_id),
        "line": line_of(stored_of(history), zone, ghost_seconds, beside.get(history.call_id)),
        "callback_address": _callback_address(request),
        "number": number,
        "revealed": revealed,
        "may_reveal": identity(request).may(Permission.REVEAL_NUMBER) and history.number not in {"", "anonymous"},
        "day": long_date(history.started_at, zone),
        "hour": clock(history.started_at, zone),
        "sentence": sentence(history, ghost_seconds),
        "gaps": gaps(history),
        "steps": [
            {
                "hour": clock(step.at, zone),
                "at": step.at.isoformat(),
                "elapsed": elapsed(step.since_start),
                "actor": step.actor,
                "fact": step.fact,
                "source": step.source,
            }
            for step in (*timeline(history), *(erased_step(one, history, zone) for one in gone))
        ],
        "erased": erased,
        "claimed": claimed.has_call(history.call_id, history.number),
    }
    return render(request, "call.html", context)


def _zone(request: web.Request) -> ZoneInfo:
    return ZoneInfo(request.app[SETTINGS].timezone)


def _joined(day: str, hour: str) -> str:
    return f"{day}T{hour}" if hour else day


def _fields(search: CallSearch, zone: tzinfo) -> dict[str, str]:
    """Give what each field of the form holds; a moment is a day and an hour there."""
    told = dict.fromkeys(SearchAsked.model_fields, "") | search.parameters(zone)
    for name in ("desde", "hasta"):
        told[name], _, hour = told[name].partition("T")
        told[f"{name}_hora"] = hour[:8]
    return told


def _chips(search: CallSearch, zone: tzinfo) -> list[Chip]:
    return [
        {"text": text, "without": calls_address(search.without(name), zone)}
        for name, text in search.chips(zone).items()
    ]


ROUTES = (
    Route(
        method="GET",
        path=CALLS,
        handler=calls,
        permission=Permission.READ_CALLS,
        query=ListAsked,
        nav="Llamadas",
    ),
    Route(method="GET", path=TABLE, handler=export, permission=Permission.READ_CALLS, query=TableAsked),
    Route(method="GET", path=CALLS + "/{call_id:[^/]+}", handler=call, permission=Permission.READ_CALLS),
    Route(
        method="POST",
        path=CALLS + "/{call_id:[^/]+}/numero",
        handler=reveal,
        permission=Permission.REVEAL_NUMBER,
    ),
)
