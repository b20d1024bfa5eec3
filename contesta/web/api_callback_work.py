"""/api/v1/dialling and what is done about one promised call: as the pages do it, for other programs of the entity."""

import asyncio
from datetime import datetime

from aiohttp import web
from pydantic import Field

from contesta.callbacks.models import CallbackTold
from contesta.callbacks.models import told as callback_told
from contesta.web.access import Permission
from contesta.web.callback_work import cancelled, turn
from contesta.web.callbacks import found_of
from contesta.web.context import ENGINE
from contesta.web.routes import Route, body, told
from contesta.web.validation import Asked, Told
from storage.callbacks import Callbacks
from storage.dialling import Dialling

PATH = "/api/v1/dialling"


class DiallingSaid(Asked):
    """Whether promised calls may be dialled from now on, and why."""

    dials: bool
    reason: str = Field(min_length=1)


class DiallingTold(Told):
    """Whether somebody stopped dialling: since when, who, and why; null and empty while nobody has."""

    dials: bool
    since: datetime | None
    by: str
    reason: str


async def show(request: web.Request) -> web.Response:
    """Tell whether promised calls are dialled."""
    return told(await _now(request))


async def change(request: web.Request) -> web.Response:
    """Stop dialling on all lines, or let it go on."""
    said = body(request, DiallingSaid)
    await turn(request, said.reason, dials=said.dials)
    return told(await _now(request))


async def cancel(request: web.Request) -> web.Response:
    """Take a promised call back for the entity."""
    found = await found_of(request)
    await cancelled(request, found)
    after = await asyncio.to_thread(Callbacks(request.app[ENGINE]).get, found.id)
    return told(callback_told(after or found))


async def _now(request: web.Request) -> DiallingTold:
    stop = await asyncio.to_thread(Dialling(request.app[ENGINE]).stopped)
    if stop is None:
        return DiallingTold(dials=True, since=None, by="", reason="")
    return DiallingTold(dials=False, since=stop.at, by=stop.author, reason=stop.reason)


ROUTES = (
    Route(
        method="GET",
        path=PATH,
        handler=show,
        permission=Permission.READ_CALLBACKS,
        answer=DiallingTold,
        summary="Whether promised calls are dialled",
    ),
    Route(
        method="PUT",
        path=PATH,
        handler=change,
        permission=Permission.WORK_CALLBACKS,
        body=DiallingSaid,
        answer=DiallingTold,
        summary="Stop dialling, or let it go on",
    ),
    Route(
        method="POST",
        path="/api/v1/callbacks/{request_id:[^/]+}/cancel",
        handler=cancel,
        permission=Permission.WORK_CALLBACKS,
        answer=CallbackTold,
        summary="Take a promised call back for the entity",
    ),
)
