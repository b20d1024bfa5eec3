"""The pages: the list of calls and the story of one."""

import asyncio
from typing import Any, TypedDict
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web

from contesta.call_list import OUTCOME_OF_WORD, filter_of, line_of, shown_number
from contesta.format import clock, elapsed, long_date
from contesta.narrative import gaps, sentence, timeline
from contesta.web.context import LEDGER, SETTINGS
from contesta.web.pages import page
from contesta.web.routes import Route
from storage.listing import Cursor

PAGE_SIZE = 50
REFRESH_SECONDS = 10
FILTERS = {"desde": "Desde", "hasta": "Hasta", "cola": "Cola", "resultado": "Resultado"}
_REFRESH = "actualizar"
_AFTER = "despues"


class Chip(TypedDict):
    """A filter in force, and the address of the list without it."""

    text: str
    without: str


@page("calls.html")
async def calls(request: web.Request) -> dict[str, Any]:
    """Show a page of the list, as its address asks."""
    settings = request.app[SETTINGS]
    zone = ZoneInfo(settings.timezone)
    asked = {name: request.query.get(name, "").strip() for name in FILTERS}
    wanted = filter_of(
        since=asked["desde"],
        until=asked["hasta"],
        queue=asked["cola"],
        outcome=asked["resultado"],
        zone=zone,
        ghost_seconds=settings.ghost_seconds,
    )
    after = request.query.get(_AFTER)
    found = await asyncio.to_thread(
        request.app[LEDGER].calls, wanted, Cursor.parse(after) if after else None, PAGE_SIZE
    )
    in_force = {name: said for name, said in asked.items() if said}
    refreshes = _REFRESH in request.query and not after
    return {
        "lines": [line_of(call, zone, settings.ghost_seconds) for call in found.calls],
        "asked": asked,
        "outcomes": list(OUTCOME_OF_WORD),
        "chips": [_chip(name, in_force) for name in in_force],
        "older": found.next and _address(in_force | {_AFTER: str(found.next)}),
        "newest": _address(in_force) if after else None,
        "refresh_seconds": REFRESH_SECONDS if refreshes else None,
        "toggle_refresh": _address(in_force if refreshes else in_force | {_REFRESH: "si"}),
    }


@page("call.html")
async def call(request: web.Request) -> dict[str, Any]:
    """Tell one call."""
    settings = request.app[SETTINGS]
    zone = ZoneInfo(settings.timezone)
    history = await asyncio.to_thread(request.app[LEDGER].call, request.match_info["call_id"])
    if history is None:
        raise web.HTTPNotFound
    return {
        "call": history,
        "number": shown_number(history.number),
        "day": long_date(history.started_at, zone),
        "hour": clock(history.started_at, zone),
        "sentence": sentence(history, settings.ghost_seconds),
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
            for step in timeline(history)
        ],
    }


async def health(request: web.Request) -> web.Response:
    """Answer "ok" if the ledger can be read."""
    await asyncio.to_thread(request.app[LEDGER].position, "")
    return web.Response(text="ok\n")


def _chip(name: str, in_force: dict[str, str]) -> Chip:
    others = {other: said for other, said in in_force.items() if other != name}
    return {"text": f"{FILTERS[name]}: {in_force[name]}", "without": _address(others)}


def _address(query: dict[str, str]) -> str:
    return f"/llamadas?{urlencode(query)}" if query else "/llamadas"


ROUTES = (
    Route(method="GET", path="/llamadas", handler=calls, permission=None, name="calls", nav="Llamadas"),
    Route(method="GET", path="/llamadas/{call_id:.+}", handler=call, permission=None, name="call"),
    Route(method="GET", path="/healthz", handler=health, permission=None),
)
