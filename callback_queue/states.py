"""Everything that moves a request: states, events, the table of transitions, and `advance`. Pure.

An event that the table does not have for a state raises, and nothing is changed. Whoever claims a request holds it by a
lease. Where the lease runs out before anything was dialled, the request waits again; where it runs out in an attempt,
another worker adopts the attempt, and is commanded to look up what became of it before anything else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeAlias

from callback_queue import wishes
from callback_queue.request import (
    Asked,
    Attempt,
    CallbackRequest,
    Lease,
    Person,
    Reason,
    Result,
    Solution,
    State,
    Step,
    Window,
)
from core.errors import ContestaError


class IllegalStepError(ContestaError):
    """It cannot happen to a request in this state."""

    def __init__(self, request: CallbackRequest, event: "Event") -> None:
        super().__init__(f"{type(event).__name__} no procede: la solicitud {request.id} está en «{request.state}»")
        self.state = request.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a request. `by` is the author: "citizen", "system", "worker:NAME", or a person."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined(Event):
    """Another wish for the same telephone and line. `intake.join` has what the request becomes by it."""

    asked: Asked
    becomes: CallbackRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed(Event):
    """Somebody found out the telephone number of a request that had none."""

    telephone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended(Event):
    """Data were corrected. None is left as it was."""

    person: Person | None = None
    subject: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Renumbered(Event):
    """A wrong telephone number was corrected. Nobody holds the request, and nothing goes on."""

    telephone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescheduled(Event):
    """The citizen, or an adviser with him, chose another time; `due_at` is the first allowed moment in it."""

    window: Window
    due_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Event):
    """The queue it was for is no longer there: it keeps its place in another queue of its line."""

    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken(Event):
    """The adviser who promised it calls himself: it goes before others, and his telephone rings first."""

    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed(Event):
    """A worker took it, to look whether it may be dialled now."""

    worker: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Released(Event):
    """It is not to be dialled now; `why` is a word. Next at `due_at`."""

    why: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseEnded(Event):
    """Whoever claimed it did not come back. Nothing was dialled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled(Event):
    """The attempt is committed under its own channel id; from here on the telephone may ring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted(Event):
    """Another worker took over an attempt whose worker did not come back."""

    worker: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Event):
    """Somebody or something picked up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(Event):
    """The citizen pressed 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected(Event):
    """The citizen talks with an adviser: one who took the call before, or who was found after the citizen pressed 1."""

    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkEnded(Event):
    """The conversation is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFailed(Event):
    """The attempt led to no conversation, and there will be another not before `retry_at`."""

    result: Result
    retry_at: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GaveUp(Event):
    """There will be no more attempts; `result` is that of the last one, None if nothing is going on."""

    reason: Reason
    result: Result | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaysUnknown(Event):
    """Nothing tells what became of the attempt."""

    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded(Event):
    """The citizen was attended in another call before we dialled."""

    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled(Event):
    """Somebody took it back: BY_CITIZEN, BY_STAFF, or LEFT_ALONE."""

    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack(Event):
    """Whoever holds a filing number does not want the call. Where nobody else does, that is a `Cancelled`."""

    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Typified(Event):
    """The adviser wrote how it came out. The last word stands."""

    solution: Solution


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """Command: ring the citizen once, under this channel id."""

    channel_id: str
    telephone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """Command: find out what became of the attempt with this channel id."""

    channel_id: str


Command: TypeAlias = Dial | LookUp

_FIRST = 9
_S = State
_BEFORE = (_S.WAITING, _S.CLAIMED)
_ATTEMPT = (_S.DIALLING, _S.ANSWERED, _S.ACCEPTED)
_OVER = tuple(state for state in State if state.final)

TRANSITIONS: Final[Mapping[tuple[State, type[Event]], State]] = {
    (_S.HELD, Completed): _S.WAITING,
    (_S.HELD, Amended): _S.HELD,
    (_S.HELD, GaveUp): _S.FAILED,
    (_S.HELD, Cancelled): _S.CANCELLED,
    **{(state, Joined): state for state in (*_BEFORE, *_ATTEMPT, _S.CONNECTED)},
    **{(state, Amended): state for state in (*_BEFORE, *_ATTEMPT, _S.CONNECTED, *_OVER)},
    **{(state, Renumbered): state for state in (_S.WAITING, *_OVER)},
    **{(state, Superseded): _S.SUPERSEDED for state in _BEFORE},
    **{(state, Cancelled): _S.CANCELLED for state in _BEFORE},
    **{(state, TakenBack): state for state in _BEFORE},
    **{(state, GaveUp): _S.FAILED for state in (*_BEFORE, *_ATTEMPT)},
    (_S.WAITING, Rescheduled): _S.WAITING,
    (_S.WAITING, Moved): _S.WAITING,
    (_S.WAITING, Taken): _S.WAITING,
    (_S.WAITING, Claimed): _S.CLAIMED,
    (_S.CLAIMED, Released): _S.WAITING,
    (_S.CLAIMED, LeaseEnded): _S.WAITING,
    (_S.CLAIMED, Dialled): _S.DIALLING,
    **{(state, Adopted): state for state in (*_ATTEMPT, _S.CONNECTED)},
    (_S.DIALLING, Answered): _S.ANSWERED,
    (_S.ANSWERED, Accepted): _S.ACCEPTED,
    **{(state, Connected): _S.CONNECTED for state in (_S.ANSWERED, _S.ACCEPTED)},
    **{(state, AttemptFailed): _S.WAITING for state in _ATTEMPT},
    **{(state, StaysUnknown): _S.UNCERTAIN for state in _ATTEMPT},
    (_S.CONNECTED, TalkEnded): _S.ATTENDED,
    (_S.CONNECTED, Typified): _S.CONNECTED,
    (_S.ATTENDED, Typified): _S.ATTENDED,
}
"""The state after each event. What is not here cannot happen."""


def advance(request: CallbackRequest, event: Event, now: datetime) -> tuple[CallbackRequest, tuple[Command, ...]]:
    """Return the request after an event, with one more step in its history, and what is to be done.

    Raises:
        IllegalStepError: the table does not have it.
    """
    if isinstance(event, TakenBack) and not request.wanted_beside(event.number):
        event = Cancelled(by=event.by, reason=Reason.BY_CITIZEN)
    after = TRANSITIONS.get((request.state, type(event)))
    if after is None:
        raise IllegalStepError(request, event)
    change = _CHANGES.get(type(event))
    changed = change(request, event, now) if change else request
    step = Step(
        position=request.version + 1,
        at=now,
        author=event.by,
        event=type(event).__name__,
        state=after,
        detail=_NOTES[type(event)](event) if type(event) in _NOTES else "",
    )
    changed = replace(changed, state=after, steps=(*request.steps, step), version=request.version + 1)
    if not after.in_attempt and after is not State.CLAIMED:
        changed = replace(changed, lease=None)
    if after.final and not request.state.final:
        changed = replace(changed, ended_at=now, reason=changed.reason or _REASONS[after])
    return changed, _commands(changed, event)


_REASONS = {State.SUPERSEDED: Reason.CALLED_IN, State.UNCERTAIN: Reason.RESULT_UNKNOWN}


def _commands(request: CallbackRequest, event: Event) -> tuple[Command, ...]:
    match event:
        case Dialled():
            return (Dial(channel_id=request.attempts[-1].channel_id, telephone=request.telephone),)
        case Adopted():
            return (LookUp(channel_id=request.attempts[-1].channel_id),)
        case _:
            return ()


def _becomes(request: CallbackRequest, event: Joined) -> CallbackRequest:
    if (event.becomes.id, event.becomes.version) != (request.id, request.version):
        raise ValueError("what a request becomes was made of another one, or of an older form of it")
    return event.becomes


def _begun(request: CallbackRequest, now: datetime) -> CallbackRequest:
    attempt = Attempt(ordinal=len(request.attempts) + 1, channel_id=request.next_channel_id, committed_at=now)
    return replace(request, attempts=(*request.attempts, attempt))


def _with(request: CallbackRequest, **changes: Any) -> CallbackRequest:  # noqa: ANN401  fields of an attempt
    """Change the attempt that goes on."""
    return replace(request, attempts=(*request.attempts[:-1], replace(request.attempts[-1], **changes)))


def _ended(request: CallbackRequest, now: datetime, result: Result, detail: str = "") -> CallbackRequest:
    return replace(_with(request, ended_at=now, result=result, detail=detail), taken_by="")


def _amended(request: CallbackRequest, event: Amended) -> CallbackRequest:
    told = {"person": event.person, "subject": event.subject, "description": event.description}
    changes: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
    return replace(request, **changes)


def _typified(request: CallbackRequest, solution: Solution) -> CallbackRequest:
    return replace(request, solution=solution, reason=solution.outcome if request.state.final else None)


def _gave_up(request: CallbackRequest, event: GaveUp, now: datetime) -> CallbackRequest:
    if request.state.in_attempt:
        request = _ended(request, now, event.result or Result.UNKNOWN, event.detail)
    return replace(request, reason=event.reason)


_CHANGES: Final[Mapping[type[Event], Callable[[CallbackRequest, Any, datetime], CallbackRequest]]] = {
    Joined: lambda request, event, _: _becomes(request, event),
    Completed: lambda request, event, now: replace(request, telephone=event.telephone, due_at=max(request.due_at, now)),
    Amended: lambda request, event, _: _amended(request, event),
    Renumbered: lambda request, event, now: replace(
        request, telephone=event.telephone, due_at=request.due_at if request.ended_at else max(request.due_at, now)
    ),
    Rescheduled: lambda request, event, now: replace(
        request,
        window=event.window,
        chosen_at=request.chosen_at if event.window == request.window else now,
        due_at=event.due_at,
        expires_at=event.expires_at,
        promised_at=event.window.not_before or request.promised_at,
    ),
    Claimed: lambda request, event, _: replace(request, lease=Lease(worker=event.worker, until=event.until)),
    Moved: lambda request, event, _: replace(request, place=replace(request.place, queue=event.queue)),
    Taken: lambda request, event, now: replace(request, taken_by=event.agent, due_at=now, priority=_FIRST),
    Released: lambda request, event, _: replace(request, due_at=event.due_at, taken_by=""),
    Dialled: lambda request, _, now: _begun(request, now),
    Adopted: lambda request, event, _: replace(request, lease=Lease(worker=event.worker, until=event.until)),
    Answered: lambda request, _, now: _with(request, answered_at=now),
    Accepted: lambda request, _, now: _with(request, accepted_at=now),
    Connected: lambda request, event, now: _with(request, connected_at=now, agent=event.agent),
    TalkEnded: lambda request, _, now: replace(
        _ended(request, now, Result.TALKED),
        attended_call=request.attempts[-1].channel_id,
        reason=request.solution.outcome if request.solution else Reason.TALKED,
    ),
    AttemptFailed: lambda request, event, now: replace(
        _ended(request, now, event.result, event.detail), due_at=event.retry_at
    ),
    GaveUp: _gave_up,
    StaysUnknown: lambda request, event, now: _ended(request, now, Result.UNKNOWN, event.detail),
    Superseded: lambda request, event, _: replace(request, attended_call=event.call_id),
    Cancelled: lambda request, event, _: replace(request, reason=event.reason),
    TakenBack: lambda request, event, now: wishes.left(request, event.number, now),
    Typified: lambda request, event, _: _typified(request, event.solution),
}
"""What an event changes beside the state."""

_NOTES: Final[Mapping[type[Event], Callable[[Any], str]]] = {
    Joined: lambda event: event.asked.source,
    Moved: lambda event: event.queue,
    Taken: lambda event: event.agent,
    Claimed: lambda event: event.worker,
    Adopted: lambda event: event.worker,
    Released: lambda event: event.why,
    Connected: lambda event: event.agent,
    AttemptFailed: lambda event: " ".join(filter(None, (event.result, event.detail))),
    GaveUp: lambda event: " ".join(filter(None, (event.reason, event.result, event.detail))),
    StaysUnknown: lambda event: event.detail,
    Superseded: lambda event: event.call_id,
    Cancelled: lambda event: event.reason,
    TakenBack: lambda event: event.number,
    Typified: lambda event: f"{event.solution.outcome} {event.solution.disposition}",
}
"""What a step of the history says beside its event's name: words and ids, no personal data."""
