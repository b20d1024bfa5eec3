"""/api/v1/callbacks: promised calls, one with its history, and how far they came."""

import asyncio

from aiohttp import web
from pydantic import Field

from callback_queue.request import Source, State
from contesta.callbacks.models import CallbacksTold, CallbackStory, FunnelTold, funnel_told, page_told, story
from contesta.web.access import Action, Permission, access_log
from contesta.web.context import ENGINE
from contesta.web.routes import Route, query, told
from contesta.web.validation import Asked, InvalidInputError, Moment
from core.errors import ProtocolError
from storage.callback_list import CallbackFilter, CallbackLists
from storage.callbacks import Callbacks
from storage.listing import Cursor
from storage.sms import SmsOutbox

LARGEST_PAGE = 500
_NEXT = r"^([0-9]{1,17}_[0-9a-f]{1,40})?$"


class FunnelAsked(Asked):
    """Which promised calls."""

    since: Moment | None = Field(default=None, description="Asked for at this moment or later")
    until: Moment | None = Field(default=None, description="Asked for before this moment")
    line: str = ""
    state: State | None = None
    source: Source | None = None
    open: bool = Field(default=False, description="Only those that are not over")

    def wanted(self) -> CallbackFilter:
        """Give it in the store's words."""
        return CallbackFilter(
            since=self.since,
            until=self.until,
            line=self.line or None,
            states=frozenset({self.state}) if self.state else frozenset(),
            sources=frozenset({self.source}) if self.source else frozenset(),
            open_only=self.open,
        )


class CallbacksAsked(FunnelAsked):
    """Which promised calls, and which part of the list."""

    after: str = Field(default="", max_length=60, description="The `next` of the page before", pattern=_NEXT)
    size: int = Field(default=50, ge=1, le=LARGEST_PAGE)


async def callbacks(request: web.Request) -> web.StreamResponse:
    """Answer a page of the list."""
    asked = query(request, CallbacksAsked)
    try:
        after = Cursor.parse(asked.after) if asked.after else None
    except ProtocolError as error:
        raise InvalidInputError("no es una página de esta lista", "query.after") from error
    lists = CallbackLists(request.app[ENGINE])
    return told(page_told(await asyncio.to_thread(lists.page, asked.wanted(), after, asked.size)))


async def funnel(request: web.Request) -> web.StreamResponse:
    """Answer how far they came."""
    lists = CallbackLists(request.app[ENGINE])
    return told(funnel_told(await asyncio.to_thread(lists.funnel, query(request, FunnelAsked).wanted())))


async def callback(request: web.Request) -> web.StreamResponse:
    """Answer one with its history. That it was read is written to the access log."""
    found = await asyncio.to_thread(Callbacks(request.app[ENGINE]).get, request.match_info["request_id"])
    if found is None:
        raise web.HTTPNotFound
    await access_log(request, Action.CALLBACK_READ, found.id)
    return told(story(found, await asyncio.to_thread(SmsOutbox(request.app[ENGINE]).about, found.id)))


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/callbacks",
        handler=callbacks,
        permission=Permission.READ_CALLBACKS,
        query=CallbacksAsked,
        answer=CallbacksTold,
        summary="Promised calls, newest first, a page at a time",
    ),
    Route(
        method="GET",
        path="/api/v1/callbacks/funnel",
        handler=funnel,
        permission=Permission.READ_CALLBACKS,
        query=FunnelAsked,
        answer=FunnelTold,
        summary="How far promised calls came, by day and source",
    ),
    Route(
        method="GET",
        path="/api/v1/callbacks/{request_id:[^/]+}",
        handler=callback,
        permission=Permission.READ_CALLBACKS,
        answer=CallbackStory,
        summary="One promised call with its history",
    ),
)
