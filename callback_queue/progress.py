"""What became of an attempt, from the facts that the ledger has of its channel. Pure.

The dialplan writes each fact into queue_log before what follows it: that the number is dialled (CallStarted), that
somebody answered (LanguageChosen), the key (MenuStepped of CALLBACK_MENU), the queue, and the end with its cause. An
end without a CallStarted: an adviser was to be found first, and none took it, so nobody was dialled. An end by the
adviser: he had taken the call, and hung up before the citizen was there to talk. So
whoever placed the call and whoever takes over after a crash read the same account, and conclude the same.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final, TypeVar

from callback_queue.policy import Rules, after
from callback_queue.request import CallbackRequest, Result, State
from callback_queue.states import Accepted, Answered, Connected, Event, StaysUnknown, TalkEnded, advance
from core import events as told

Kind = TypeVar("Kind", bound=told.Event)

CALLBACK_MENU: Final = "devolucion"
"""The menu, as the dialplan names it, in which the citizen presses 1."""

CAUSES: Final = {
    1: Result.INVALID_NUMBER,
    28: Result.INVALID_NUMBER,
    17: Result.BUSY,
    19: Result.NO_ANSWER,
    18: Result.NO_ANSWER,
    21: Result.REFUSED,
}
"""Results by the cause of Q.850. SIP: 404 is 1, 484 is 28, 486 is 17, 480 and no answer are 19, 603 is 21."""


def progress(
    request: CallbackRequest, facts: Sequence[told.Event], rules: Rules, now: datetime, *, by: str, gone: bool
) -> list[tuple[Event, datetime]]:
    """Return the events that the facts tell of the attempt that goes on, each with its time.

    `gone`: the channel is no longer there, and the ledger has every fact that there is.
    """
    happened: list[tuple[Event, datetime]] = []
    while request.state.in_attempt and (found := _next(request, facts, rules, now, by, gone=gone)):
        event, at = found
        at = min(max(at, request.attempts[-1].committed_at), now)
        request, _ = advance(request, event, at)
        happened.append((event, at))
    return happened


def _next(
    request: CallbackRequest, facts: Sequence[told.Event], rules: Rules, now: datetime, by: str, *, gone: bool
) -> tuple[Event, datetime] | None:
    if on := _NEXT[request.state](facts, by):
        return on
    if request.state is State.CONNECTED and (over := next(filter(_is_the_end, facts), None)):
        return TalkEnded(by=by), over.at
    ended = next(_of(told.CallEnded, facts), None)
    if ended is None and not gone:
        return None
    at = ended.at if ended else now
    if request.state is State.CONNECTED:
        return TalkEnded(by=by), at
    if ended is None and facts:
        return StaysUnknown(by=by), at
    result, detail = Result.NOT_DIALLED, ""
    if ended is not None:
        result = _left(request.state, facts, ended) or CAUSES.get(ended.cause, Result.UNREACHABLE)
        detail = f"Q.850 {ended.cause}"
        if not any(_of(told.CallStarted, facts)):
            result, detail = Result.NO_ADVISER, ""
    return after(rules, request, result, now, by=by, detail=detail), at


def _answered(facts: Sequence[told.Event], by: str) -> tuple[Event, datetime] | None:
    found = next(_of(told.LanguageChosen, facts), None)
    return (Answered(by=by), found.at) if found else None


def _accepted(facts: Sequence[told.Event], by: str) -> tuple[Event, datetime] | None:
    for step in _of(told.MenuStepped, facts):
        if step.menu == CALLBACK_MENU and step.result is told.StepResult.CHOSEN:
            return Accepted(by=by), step.at
    return _connected(facts, by)


def _connected(facts: Sequence[told.Event], by: str) -> tuple[Event, datetime] | None:
    found = next(_of(told.Connected, facts), None)
    return (Connected(by=by, agent=found.agent), found.at) if found else None


def _is_the_end(fact: told.Event) -> bool:
    """Whether the conversation is over: a survey may follow, and after a transfer it goes on."""
    return isinstance(fact, told.Completed) and fact.by in {told.EndedBy.AGENT, told.EndedBy.CALLER}


def _nothing(_facts: Sequence[told.Event], _by: str) -> None:
    return None


_NEXT: Final[dict[State, Callable[[Sequence[told.Event], str], tuple[Event, datetime] | None]]] = {
    State.DIALLING: _answered,
    State.ANSWERED: _accepted,
    State.ACCEPTED: _connected,
    State.CONNECTED: _nothing,
}


def _left(state: State, facts: Sequence[told.Event], ended: told.CallEnded) -> Result | None:
    """Tell how an attempt ended that an adviser left, or that somebody or something had answered; None of others.

    Who hangs up before he was asked in vain has not been waited for: that is no machine.
    """
    if ended.by is told.EndedBy.AGENT:
        return Result.ADVISER_LEFT
    if state is State.ACCEPTED:
        return Result.LEFT_WAITING
    if state is not State.ANSWERED:
        return None
    asked = any(step.menu == CALLBACK_MENU for step in _of(told.MenuStepped, facts))
    return Result.HUNG_UP if ended.by is told.EndedBy.CALLER and not asked else Result.MACHINE


def _of(kind: type[Kind], facts: Sequence[told.Event]) -> Iterator[Kind]:
    return (fact for fact in facts if isinstance(fact, kind))
