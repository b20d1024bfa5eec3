"""/api/v1/events: the call events as the bus tells them, for who has missed some."""

import asyncio
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field

from contesta.bus.call_events import AnyCallEvent
from contesta.web.access import Permission
from contesta.web.bus import events_after
from contesta.web.routes import Route, query, told
from contesta.web.validation import Asked

LARGEST_PAGE = 1000
LARGEST_NUMBER = 2**63 - 1


class Missed(Asked):
    """The events that follow a number, oldest first."""

    after: int = Field(ge=0, le=LARGEST_NUMBER, description="Number of the last event that is known; 0 for all")
    limit: int = Field(default=LARGEST_PAGE, ge=1, le=LARGEST_PAGE)


class Events(BaseModel):
    """Call events in their order. If there are as many as were asked for, there may be more."""

    events: list[Annotated[AnyCallEvent, Field(discriminator="kind")]]


async def events(request: web.Request) -> web.StreamResponse:
    """Give the events that follow a number."""
    asked = query(request, Missed)
    return told(Events(events=await asyncio.to_thread(events_after, request.app, asked.after, asked.limit)))


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/events",
        handler=events,
        permission=Permission.READ_FEED,
        query=Missed,
        answer=Events,
        summary="The call events that follow a number, as the bus tells them",
    ),
)
