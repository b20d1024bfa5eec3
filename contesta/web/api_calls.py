"""/api/v1/calls: the list of calls, one call with its timeline, and the number of a caller."""

import asyncio
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from aiohttp import web
from pydantic import Field

from contesta.call_search import (
    GROUPS,
    LONGEST_WAIT_SECONDS,
    WAITING_NOW,
    CallSearch,
    word_of,
)
from contesta.said_search import DID_WORDS, GIVEN, NOT_GIVEN, STAGE_WORDS, VALUES
from contesta.web.access import Action, Permission, access_log
from contesta.web.api_call_models import Calls, CallStory, CallTeller, Number
from contesta.web.calls_read import call_of, callbacks_of, counted, listed, place
from contesta.web.context import ENGINE, SETTINGS
from contesta.web.openapi import CONTROLS
from contesta.web.routes import Route, query, told
from contesta.web.validation import Asked, Moment
from core.events import Stage
from core.privacy.retention import Kind
from quality.metrics.funnel import Did
from quality.metrics.history import CallHistory
from quality.metrics.visits import Outcome
from storage.expiry import erasures
from storage.listing import StoredCall

LARGEST_PAGE = 500
ANSWER = rf"^(|{GIVEN}|{NOT_GIVEN}|{VALUES})$"
_NEXT = rf"^([0-9]{{1,17}}_[^\s{CONTROLS}][^{CONTROLS}]*)?$"


class AskedOutcome(StrEnum):
    """An outcome of a visit, or several that figures count together.

    `offered` is any. `without_ghosts` is the denominator of rates. `others` are overflow, closed and lost.
    `waiting_now` leaves out who is known to have left, for a reason that is still to come.
    """

    WAITING = "waiting"
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    GHOST = "ghost"
    OVERFLOW = "overflow"
    CLOSED = "closed"
    LOST = "lost"
    OFFERED = "offered"
    WITHOUT_GHOSTS = "without_ghosts"
    ANSWERED_OR_ABANDONED = "answered_or_abandoned"
    OTHERS = "others"
    WAITING_NOW = "waiting_now"


_OFFERED, _WITHOUT_GHOSTS, _ANSWERED_OR_ABANDONED, _OTHERS = GROUPS
_WORDS = {AskedOutcome(outcome.value): word_of(outcome) for outcome in Outcome} | {
    AskedOutcome.OFFERED: _OFFERED,
    AskedOutcome.WITHOUT_GHOSTS: _WITHOUT_GHOSTS,
    AskedOutcome.ANSWERED_OR_ABANDONED: _ANSWERED_OR_ABANDONED,
    AskedOutcome.OTHERS: _OTHERS,
    AskedOutcome.WAITING_NOW: WAITING_NOW,
}


Seconds = Annotated[int, Field(ge=0, le=LONGEST_WAIT_SECONDS)]


class CallsAsked(Asked):
    """Which calls. What is asked of a stay in a queue is asked of one and the same stay."""

    since: Moment | None = Field(
        default=None,
        description="At this moment or later the call began; the caller entered the queue, if anything is asked of a "
        "stay in one; the contact began that an answer counts with, if one is asked for",
    )
    until: Moment | None = Field(default=None, description="Before this moment; of the same as `since`")
    line: str = ""
    queue: str = ""
    outcome: AskedOutcome | None = None
    adviser: str = Field(default="", description="Who answered, by the whole name")
    wait_at_most: Seconds | None = Field(default=None, description="Waited so many seconds or less")
    wait_more_than: Seconds | None = Field(default=None, description="Waited more seconds")
    talk_known: bool = Field(default=False, description="Only those whose conversation's length is known")
    unanswered_by: str = Field(default="", description="An adviser who let a ring of the call pass")
    as_of: Moment | None = Field(default=None, description="With the outcomes that there were at this moment")
    survey: str = Field(default="", description="A survey of which the caller was asked a question")
    question: str = Field(default="", description="The question, or one of several: a,b")
    answer: str = Field(default="", description="dada (any), ninguna (asked in vain) or keys: 4,5", pattern=ANSWER)
    attended: bool | None = Field(default=None, description="Whether it was asked after an adviser")
    did: Did | None = Field(default=None, description="What the caller did on the way; see the funnel")
    stage: Stage | None = Field(default=None, description="Where: `menu` for what is told of menus")
    place: str = Field(default="", description="Name of the menu or of the text")
    key: str = Field(default="", description="The key pressed")
    passage: str = Field(default="", description="From one place to the next, as `flows` of the funnel have it")
    after: str = Field(
        default="", max_length=400, description="The `next` of the page before", json_schema_extra={"pattern": _NEXT}
    )
    size: int = Field(default=50, ge=1, le=LARGEST_PAGE)

    def search(self) -> CallSearch:
        """Give what is asked for."""
        return CallSearch(
            since=self.since,
            until=self.until,
            line=self.line,
            queue=self.queue,
            outcome="" if self.outcome is None else _WORDS[self.outcome],
            agent=self.adviser,
            wait_at_most=self.wait_at_most,
            wait_more_than=self.wait_more_than,
            talk_known=self.talk_known,
            unanswered_by=self.unanswered_by,
            as_of=self.as_of,
            survey=self.survey,
            question=self.question,
            answer=self.answer,
            attended="" if self.attended is None else "si" if self.attended else "no",
            did="" if self.did is None else DID_WORDS[self.did],
            stage="" if self.stage is None else STAGE_WORDS[self.stage],
            place=self.place,
            key=self.key,
            passage=self.passage,
        )


async def calls(request: web.Request) -> web.Response:
    """List calls, newest first. An adviser gets those that he answered."""
    asked = query(request, CallsAsked)
    search, after = asked.search(), place(asked.after, "after")
    page, counts = await asyncio.gather(listed(request, search, after, asked.size), counted(request, search))
    return told((await _teller(request, page.calls)).page(page, counts))


async def call(request: web.Request) -> web.Response:
    """Tell one call. That it was read is written to the access log."""
    history = await call_of(request)
    await access_log(request, Action.CALL_READ, history.call_id)
    gone = await asyncio.to_thread(erasures, request.app[ENGINE], history.call_id)
    teller = await _teller(request, [history])
    return told(teller.story(history, {one.file for one in gone if one.kind is Kind.RECORDING}))


async def reveal(request: web.Request) -> web.Response:
    """Tell the caller's whole number. It is written to the access log first."""
    history = await call_of(request)
    await access_log(request, Action.NUMBER_REVEALED, history.call_id)
    return told(Number(number=history.number))


async def _teller(request: web.Request, calls: Iterable[CallHistory | StoredCall]) -> CallTeller:
    found = await callbacks_of(request, calls)
    return CallTeller(ghost_seconds=request.app[SETTINGS].ghost_seconds, callbacks=found)


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/calls",
        handler=calls,
        permission=Permission.READ_CALLS,
        query=CallsAsked,
        answer=Calls,
        summary="List calls",
    ),
    Route(
        method="GET",
        path="/api/v1/calls/{call_id:[^/]+}",
        handler=call,
        permission=Permission.READ_CALLS,
        answer=CallStory,
        summary="Tell one call",
    ),
    Route(
        method="POST",
        path="/api/v1/calls/{call_id:[^/]+}/reveal",
        handler=reveal,
        permission=Permission.REVEAL_NUMBER,
        answer=Number,
        summary="Reveal the number of a caller",
    ),
)
