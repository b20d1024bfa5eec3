"""The calls that whoever asks may read: all, or those that he answered. Pages and API ask here."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from aiohttp import web

from contesta.call_search import CallSearch
from contesta.web.access import identity
from contesta.web.context import ENGINE, LEDGER, SETTINGS
from contesta.web.validation import InvalidInputError
from core.errors import ProtocolError
from quality.metrics.history import CallHistory
from storage.call_filter import CallFilter
from storage.callbacks import Beside, Callbacks
from storage.listing import Counts, Cursor, Names, Page, StoredCall


def readable(request: web.Request, search: CallSearch) -> CallFilter:
    """Give what is asked for within what may be read."""
    return search.filter(request.app[SETTINGS].ghost_seconds, answered_by=identity(request).only_agent)


def place(said: str, name: str) -> Cursor | None:
    """Read where a page begins, as parameter `name` tells it; "" is the beginning.

    Raises:
        InvalidInputError: it is no such place.
    """
    try:
        return Cursor.parse(said) if said else None
    except ProtocolError as error:
        message = f"«{name}» no es un lugar de esta lista. Quítelo para volver al comienzo"
        raise InvalidInputError(message, f"query.{name}") from error


async def listed(request: web.Request, search: CallSearch, after: Cursor | None, size: int) -> Page:
    """Read a page of calls."""
    return await asyncio.to_thread(request.app[LEDGER].calls, readable(request, search), after, size)


async def callbacks_of(request: web.Request, calls: Iterable[CallHistory | StoredCall]) -> dict[str, Beside]:
    """Read the promised calls that some calls have to do with."""
    store = Callbacks(request.app[ENGINE])
    return await asyncio.to_thread(store.beside, [call.call_id for call in calls])


async def counted(request: web.Request, search: CallSearch) -> Counts:
    """Count the calls asked for."""
    return await asyncio.to_thread(request.app[LEDGER].counts, readable(request, search))


async def known_names(request: web.Request) -> Names:
    """Read the lines, queues and advisers to ask for. Who may read only his own calls gets no other adviser's name."""
    found = await asyncio.to_thread(request.app[LEDGER].names)
    return found if identity(request).only_agent is None else replace(found, agents=())


async def call_of(request: web.Request) -> CallHistory:
    """Read the call that the address names.

    Raises:
        web.HTTPNotFound: there is none, or whoever asks may not read it: the two look the same.
    """
    call = await asyncio.to_thread(request.app[LEDGER].call, request.match_info["call_id"])
    agent = identity(request).only_agent
    if call is None or not (agent is None or _answered(call, agent)):
        raise web.HTTPNotFound
    return call


def _answered(call: CallHistory, agent: str) -> bool:
    return any(leg.agent == agent for visit in call.visits for leg in visit.legs)
