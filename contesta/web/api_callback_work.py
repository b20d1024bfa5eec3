"""/api/v1/dialling, /api/v1/left-alone, and what is done about one promised call.

As the pages do it, for other programs of the entity. A whole telephone is never told, and never stands in an address.
"""

import asyncio
from datetime import datetime

from aiohttp import web
from pydantic import Field

from contesta.callbacks.models import CallbackTold
from contesta.callbacks.models import told as callback_told
from contesta.web.access import Permission
from contesta.web.callback_work import called_again, cancelled, completed, left_alone, turn, whose
from contesta.web.callbacks import found_of
from contesta.web.context import ENGINE
from contesta.web.routes import Route, body, told
from contesta.web.validation import Asked, Told
from core.numbers import masked
from storage.callback_list import CallbackLists
from storage.callbacks import Callbacks
from storage.dialling import Dialling

PATH = "/api/v1/dialling"
LEFT_ALONE = "/api/v1/left-alone"
_ONE = "/api/v1/callbacks/{request_id:[^/]+}"
_LISTED = 500


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


class TelephoneSaid(Asked):
    """The telephone that somebody found out."""

    telephone: str = Field(min_length=1, max_length=40)


class LeftAloneSaid(TelephoneSaid):
    """Whether a telephone is to be left alone from now on, and why."""

    left_alone: bool
    reason: str = Field(min_length=1)


class LeftAloneTold(Told):
    """A telephone, masked, that is not called unless its person asks for it later; since when, by whom and why."""

    telephone: str
    since: datetime
    by: str
    reason: str


class LeftAloneList(Told):
    """How many telephones are left alone, and those that were noted last."""

    count: int
    numbers: list[LeftAloneTold]


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


async def complete(request: web.Request) -> web.Response:
    """Give a promised call the telephone that it came without."""
    found = await found_of(request)
    await completed(request, found, body(request, TelephoneSaid).telephone, "body.telephone")
    after = await asyncio.to_thread(Callbacks(request.app[ENGINE]).get, found.id)
    return told(callback_told(after or found))


async def show_left_alone(request: web.Request) -> web.Response:
    """Tell who is to be left alone."""
    return told(await _left_alone(request))


async def change_left_alone(request: web.Request) -> web.Response:
    """Leave a telephone alone, or call it again."""
    said = body(request, LeftAloneSaid)
    telephone = whose(said.telephone, "body.telephone")
    if said.left_alone:
        await left_alone(request, telephone, said.reason)
    else:
        await called_again(request, telephone, said.reason)
    return told(await _left_alone(request))


async def _left_alone(request: web.Request) -> LeftAloneList:
    count, entries = await asyncio.to_thread(CallbackLists(request.app[ENGINE]).left_alone, _LISTED)
    numbers = [
        LeftAloneTold(telephone=masked(each.telephone), since=each.at, by=each.author, reason=each.reason)
        for each in entries
    ]
    return LeftAloneList(count=count, numbers=numbers)


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
        path=f"{_ONE}/cancel",
        handler=cancel,
        permission=Permission.WORK_CALLBACKS,
        answer=CallbackTold,
        summary="Take a promised call back for the entity",
    ),
    Route(
        method="POST",
        path=f"{_ONE}/telephone",
        handler=complete,
        permission=Permission.WORK_CALLBACKS,
        body=TelephoneSaid,
        answer=CallbackTold,
        summary="Give a promised call the telephone that it came without",
    ),
    Route(
        method="GET",
        path=LEFT_ALONE,
        handler=show_left_alone,
        permission=Permission.WORK_CALLBACKS,
        answer=LeftAloneList,
        summary="Who is to be left alone",
    ),
    Route(
        method="PUT",
        path=LEFT_ALONE,
        handler=change_left_alone,
        permission=Permission.WORK_CALLBACKS,
        body=LeftAloneSaid,
        answer=LeftAloneList,
        summary="Leave a telephone alone, or call it again",
    ),
)
