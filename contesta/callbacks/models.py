"""Promised calls as other programs read them: the same in the terminal's JSON and in the API."""

from collections.abc import Sequence
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from callback_queue.request import Attempt, CallbackRequest, Reason, Result, Source, State
from callback_queue.sms.message import State as MessageState
from contesta.callbacks.words import author, fact, outcome, waited
from contesta.sms_text import fact as message_fact
from core.numbers import ANONYMOUS, masked
from ivr.line.messages import Kind
from storage.callback_list import CallbackPage, Stages
from storage.sms import Told as Message


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class AttemptTold(_Told):
    """One attempt. `channel` is the call's id in the ledger; a time that is null did not happen."""

    ordinal: int
    channel: str
    dialled_at: datetime
    answered_at: datetime | None
    accepted_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None
    adviser: str
    result: Result | None
    detail: str


class StepTold(_Told):
    """One step of the history, with its sentence in Spanish."""

    at: datetime
    author: str
    event: str
    state: State
    fact: str


class MessageTold(_Told):
    """A text message about it, with its sentence in Spanish. `at` is when it came to its state."""

    at: datetime
    purpose: Kind
    state: MessageState
    segments: int
    delivered: bool
    fact: str


class CallbackTold(_Told):
    """One promised call. The telephone is masked. `promise_to_call_seconds` is null until it was dialled."""

    id: str
    number: str
    source: Source
    joined: list[Source]
    state: State
    reason: Reason | None
    outcome: str
    line: str
    queue: str
    waiting_since: datetime
    telephone: str
    language: str
    subject: str
    complete: bool
    priority: int
    asked_at: datetime
    promised_at: datetime
    due_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None
    promise_to_call_seconds: float | None
    attempts: list[AttemptTold]
    came_from: list[str]
    attended_call: str


class CallbackStory(CallbackTold):
    """One promised call with its history."""

    name: str
    company: str
    description: str
    consent_version: str | None
    consent_answer: str | None
    disposition: str | None
    solution: str | None
    area: str | None
    adviser: str | None
    steps: list[StepTold]
    messages: list[MessageTold]


class StagesTold(_Told):
    """How many requests of a day and source came how far; the mean from the promise to the first attempt."""

    day: date
    source: Source
    asked: int
    dialled: int
    answered: int
    accepted: int
    connected: int
    solved: int
    promise_to_call_seconds: float | None


class CallbacksTold(_Told):
    """A page of promised calls, newest first; `next` is given as `after` for the page that follows."""

    callbacks: list[CallbackTold]
    next: str | None


class FunnelTold(_Told):
    """The funnel: asked, dialled, answered, accepted (pressed 1), connected, solved."""

    funnel: list[StagesTold]


def told(request: CallbackRequest) -> CallbackTold:
    """Tell a request without its history."""
    return CallbackTold.model_validate(_fields(request))


def story(request: CallbackRequest, messages: Sequence[Message]) -> CallbackStory:
    """Tell a request with its history, and the text messages about it."""
    solution = request.solution
    return CallbackStory.model_validate(
        _fields(request)
        | {
            "name": request.person.name,
            "company": request.person.company,
            "description": request.description,
            "consent_version": request.consent and request.consent.version,
            "consent_answer": request.consent and request.consent.answer,
            "disposition": solution and solution.disposition,
            "solution": solution and solution.text,
            "area": solution and (solution.area or None),
            "adviser": solution and solution.agent,
            "steps": [
                StepTold(at=step.at, author=author(step.author), event=step.event, state=step.state, fact=fact(step))
                for step in request.steps
            ],
            "messages": [
                MessageTold(
                    at=message.at,
                    purpose=Kind(message.purpose),
                    state=message.state,
                    segments=message.segments,
                    delivered=message.delivered,
                    fact=message_fact(message),
                )
                for message in messages
            ],
        }
    )


def page_told(page: CallbackPage) -> CallbacksTold:
    """Tell a page."""
    return CallbacksTold(
        callbacks=[told(request) for request in page.requests], next=str(page.next) if page.next else None
    )


def funnel_told(stages: tuple[Stages, ...]) -> FunnelTold:
    """Tell the funnel."""
    return FunnelTold(
        funnel=[
            StagesTold(
                day=each.day,
                source=each.source,
                asked=each.asked,
                dialled=each.dialled,
                answered=each.answered,
                accepted=each.accepted,
                connected=each.connected,
                solved=each.solved,
                promise_to_call_seconds=None if each.wait_ms is None else each.wait_ms / 1000,
            )
            for each in stages
        ]
    )


def _fields(request: CallbackRequest) -> dict[str, object]:
    wait = waited(request)
    return {
        "id": request.id,
        "number": request.filing.number,
        "source": request.source,
        "joined": list(request.joined),
        "state": request.state,
        "reason": request.reason,
        "outcome": outcome(request),
        "line": request.line,
        "queue": request.place.queue,
        "waiting_since": request.place.since,
        "telephone": masked(request.telephone or ANONYMOUS),
        "language": request.language,
        "subject": request.subject,
        "complete": request.complete,
        "priority": request.priority,
        "asked_at": request.asked_at,
        "promised_at": request.promised_at,
        "due_at": request.due_at,
        "expires_at": request.expires_at,
        "ended_at": request.ended_at,
        "promise_to_call_seconds": wait.total_seconds() if wait is not None else None,
        "attempts": [_attempt(attempt) for attempt in request.attempts],
        "came_from": list(request.came_from),
        "attended_call": request.attended_call,
    }


def _attempt(attempt: Attempt) -> AttemptTold:
    return AttemptTold(
        ordinal=attempt.ordinal,
        channel=attempt.channel_id,
        dialled_at=attempt.committed_at,
        answered_at=attempt.answered_at,
        accepted_at=attempt.accepted_at,
        connected_at=attempt.connected_at,
        ended_at=attempt.ended_at,
        adviser=attempt.agent,
        result=attempt.result,
        detail=attempt.detail,
    )
