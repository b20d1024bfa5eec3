"""What an adviser has before him: the conversation that rings, goes on, or is to be classified. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from quality.metrics.agents import AgentNow, AgentState
from quality.metrics.history import CallHistory, Visit

TYPING = "tipificación"
"""The reason of the pause in which an adviser classifies the last call."""


class Phase(StrEnum):
    """How far a conversation is. After its time the adviser takes calls again, and may still write."""

    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    LATE = "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """The conversation before an adviser. `until` is when the time to classify it is over, None without one."""

    channel_id: str
    call_id: str
    queue: str
    line: str
    number: str
    phase: Phase
    since: datetime
    until: datetime | None = None


def engaged(calls: Iterable[CallHistory]) -> dict[str, Current]:
    """Tell what each adviser has before him because of the calls that go on: who talks, talks; the last one counts."""
    found: dict[str, Current] = {}
    for call in calls:
        for agent, current in _of_call(call):
            before = found.get(agent)
            if before is None or _place(current) > _place(before):
                found[agent] = current
    return found


def after(before: Current | None, now_engaged: Current | None, limit_seconds: int, now: datetime) -> Current | None:
    """Tell what an adviser has before him next. A ring that came to nothing leaves what was there before to the caller.

    A conversation that is over is to be classified: within its limit in a pause, after it without one.
    """
    if now_engaged is not None:
        return now_engaged
    if before is None or before.phase is Phase.RINGING:
        return None
    if before.phase is Phase.TALKING:
        if not limit_seconds:
            return replace(before, phase=Phase.LATE, since=now, until=None)
        return replace(before, phase=Phase.WRAP_UP, since=now, until=now + timedelta(seconds=limit_seconds))
    if before.phase is Phase.WRAP_UP and before.until is not None and now >= before.until:
        return replace(before, phase=Phase.LATE, since=before.until, until=None)
    return before


def pause(current: Current | None, agent: AgentNow) -> bool | None:
    """Tell whether he is to be paused (True) or let go (False) now; None if he is as he should be.

    A pause of his own choice stays.
    """
    wrapping = current is not None and current.phase is Phase.WRAP_UP
    if wrapping and agent.state is AgentState.AVAILABLE:
        return True
    if not wrapping and agent.state is AgentState.PAUSED and agent.reason == TYPING:
        return False
    return None


def _of_call(call: CallHistory) -> Iterable[tuple[str, Current]]:
    for visit in call.visits:
        for leg in visit.legs:
            if leg.ended_at is None:
                yield leg.agent, _current(call, visit, Phase.TALKING, leg.connected_at)
        if visit.left_at is None:
            for ring in visit.rings:
                if ring.result is None:
                    yield ring.agent, _current(call, visit, Phase.RINGING, ring.at)


def _current(call: CallHistory, visit: Visit, phase: Phase, since: datetime) -> Current:
    return Current(
        channel_id=visit.channel_id,
        call_id=call.call_id,
        queue=visit.queue,
        line=call.line,
        number=call.number,
        phase=phase,
        since=since,
    )


def _place(current: Current) -> tuple[bool, datetime]:
    return current.phase is Phase.TALKING, current.since
