"""The list of promised calls as a table for spreadsheets, as its address asks. Telephones are masked."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

import structlog
from aiohttp import hdrs, web
from sqlalchemy.exc import InterfaceError, OperationalError

from callback_queue.request import CallbackRequest, State
from contesta.call_csv import BEGINNING, harmless_row
from contesta.callbacks.words import REASONS, RESULTS, SOURCES, STATES, waited
from contesta.data_requests import CLAIM
from contesta.web.access import Action, Permission, access_log
from contesta.web.callbacks import FilterAsked, address_of, wanted_by
from contesta.web.context import CLOCK, ENGINE, SETTINGS
from contesta.web.routes import Route, query
from core.numbers import ANONYMOUS, masked
from storage.callback_list import CallbackLists
from storage.data_requests import DataRequests
from storage.holds import Reach

TABLE = "/devoluciones.csv"
AT_ONCE = 500

COLUMNS = (
    "Identificador",
    "Radicado",
    "Pedida",
    "Origen",
    "Línea",
    "Cola",
    "Número",
    "Asunto",
    "Estado",
    "Motivo",
    "Prometida para",
    "Próximo intento",
    "Intentos",
    "Último resultado",
    "De promesa a llamada (s)",
    "Terminó",
    "Asesor",
    "Tipificación",
    "Área",
    "Reclamo",
)

log = structlog.get_logger()


async def export(request: web.Request) -> web.StreamResponse:
    """Send the whole list. It is written to the access log first, with what was asked for."""
    asked, zone, now = query(request, FilterAsked), ZoneInfo(request.app[SETTINGS].timezone), request.app[CLOCK]()
    wanted, lists = wanted_by(asked, zone, now), CallbackLists(request.app[ENGINE])
    name = f'attachment; filename="devoluciones-{now.astimezone(zone):%Y-%m-%d}.csv"'
    response = web.StreamResponse(
        headers={hdrs.CONTENT_TYPE: "text/csv; charset=utf-8", hdrs.CONTENT_DISPOSITION: name}
    )
    if request.method == hdrs.METH_HEAD:
        return response
    await access_log(request, Action.CALLBACKS_EXPORTED, address_of(asked, TABLE))
    page = await asyncio.to_thread(lists.page, wanted, None, AT_ONCE)  # what cannot be read is told before it begins
    claimed = await asyncio.to_thread(DataRequests(request.app[ENGINE]).claimed)
    await response.prepare(request)
    await response.write((BEGINNING + harmless_row(COLUMNS)).encode())
    try:
        while True:
            rows = "".join(harmless_row(_cells(each, zone, claimed)) for each in page.requests)
            await response.write(rows.encode())
            if page.next is None:
                return response
            page = await asyncio.to_thread(lists.page, wanted, page.next, AT_ONCE)
    except (OperationalError, InterfaceError) as error:
        log.error("a table of promised calls was cut off", error=str(error.orig))  # noqa: TRY400 - its trace tells nothing
        if request.transport is not None:
            request.transport.abort()  # so that nobody takes it for whole
    return response


def _cells(request: CallbackRequest, zone: tzinfo, claimed: Reach) -> Iterator[str]:
    last, wait, solution = request.attempt, waited(request), request.solution
    yield request.id
    yield request.filing.number
    yield _moment(request.asked_at, zone)
    yield SOURCES[request.source]
    yield request.line
    yield request.place.queue
    yield masked(request.telephone or ANONYMOUS)
    yield request.subject
    yield STATES[request.state]
    yield REASONS[request.reason] if request.reason else ""
    yield _moment(request.promised_at, zone)
    yield _moment(request.due_at, zone) if request.state is State.WAITING else ""
    yield str(len(request.attempts))
    yield RESULTS[last.result] if last and last.result else ""
    yield "" if wait is None else f"{wait.total_seconds():.0f}"
    yield _moment(request.ended_at, zone) if request.ended_at else ""
    yield solution.agent if solution else last.agent if last else ""
    yield solution.disposition if solution else ""
    yield solution.area if solution else ""
    yield CLAIM if claimed.has_request(request) else ""


def _moment(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


ROUTES = (Route(method="GET", path=TABLE, handler=export, permission=Permission.READ_CALLBACKS, query=FilterAsked),)
