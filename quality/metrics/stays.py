"""One stay in one queue while its history is being told: what each fact makes of it.

Evidence outranks inference: a connection outranks every other end, and what the telephone system says of an end
outranks an end that was only concluded (a restart, a second entry).
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from core.events import Completed, Connected, ExitReason, QueueExited, Rejected

from .coalesce import LAG
from .visits import Leg, Outcome, Reason, Ring, Visit

# Two times that the telephone system took apart from each other, in whole seconds, of the same moment.
SAME_MOMENT = timedelta(seconds=2)

_EXITS = {
    ExitReason.ABANDONED: (Outcome.ABANDONED, Reason.NONE),
    ExitReason.TIMEOUT: (Outcome.OVERFLOW, Reason.TIMEOUT),
    ExitReason.KEY: (Outcome.OVERFLOW, Reason.KEY),
    ExitReason.WITHDRAWN: (Outcome.OVERFLOW, Reason.WITHDRAWN),
    ExitReason.EMPTY: (Outcome.CLOSED, Reason.EMPTY),
}
_REJECTIONS = {
    "FULL": Reason.FULL,
    "JOINEMPTY": Reason.EMPTY,
    "JOINUNAVAIL": Reason.EMPTY,
    "UNKNOWN": Reason.UNKNOWN_QUEUE,
}


@dataclass(slots=True, kw_only=True, eq=False)
class Stay:
    """A visit in the making; see `Visit` for the fields. `refused`: the queue did not take the caller in."""

    channel_id: str
    queue: str
    entered_at: datetime
    entry_inferred: bool = False
    left_at: datetime | None = None
    wait_ms: int | None = None
    result: Outcome = Outcome.WAITING
    reason: Reason = Reason.NONE
    key: str = ""
    detail: str = ""
    refused: bool = False
    rings: list[Ring] = field(default_factory=list)
    legs: list[Leg] = field(default_factory=list)
    departed: bool = False
    """The live feed told of the departure: it does so once for each stay, sometimes seconds after the log said why."""

    def is_of(self, at: datetime, wait_seconds: int | None) -> bool:
        """Tell whether a fact of time `at` after so long a wait is about this stay.

        Whoever was not taken in never waited, so nothing that happens in the queue is about his stay.
        """
        if self.refused:
            return False
        if wait_seconds is not None:
            return abs(at - timedelta(seconds=wait_seconds) - self.entered_at) <= SAME_MOMENT
        return self.left_at is not None and abs(at - self.left_at) <= SAME_MOMENT

    def departed_before(self, at: datetime, wait_seconds: int | None) -> bool:
        """Tell whether a departure that is told at `at`, after so long a wait, may be the one that ended this stay."""
        if self.departed or self.left_at is None or not -SAME_MOMENT <= at - self.left_at <= LAG:
            return False
        if wait_seconds is None or self.wait_ms is None:
            return True
        return abs(timedelta(seconds=wait_seconds, milliseconds=-self.wait_ms)) <= SAME_MOMENT

    def end(self, result: Outcome, at: datetime, reason: Reason = Reason.NONE, wait_seconds: int | None = None) -> None:
        """Leave the queue. A wait that was not told is the time that passed."""
        if wait_seconds is not None:
            self.wait_ms = wait_seconds * 1000
        elif self.wait_ms is None or self.result is not Outcome.WAITING:
            self.wait_ms = max(0, round((at - self.entered_at) / timedelta(milliseconds=1)))
        self.result, self.reason, self.left_at = result, reason, at

    def connect(self, event: Connected) -> None:
        """Let an agent answer: the first ends the wait, another who raced him has a conversation of his own."""
        if self.result is not Outcome.ANSWERED:
            self.end(Outcome.ANSWERED, event.at, wait_seconds=event.wait_seconds)
        elif any(leg.agent == event.agent and leg.ended_at is None for leg in self.legs):
            return
        self.legs.append(Leg(agent=event.agent, connected_at=event.at, ring_seconds=event.ring_seconds))

    def connect_unseen(self, event: Completed) -> None:
        """Conclude from the end of a conversation that it began."""
        connected_at = max(self.entered_at, event.at - timedelta(seconds=event.talk_seconds or 0))
        self.end(Outcome.ANSWERED, connected_at, wait_seconds=event.wait_seconds)
        self.legs.append(Leg(agent=event.agent, connected_at=connected_at))

    def complete(self, leg: Leg, event: Completed) -> None:
        """End the conversation `leg`."""
        talk_ms = None if event.talk_seconds is None else event.talk_seconds * 1000
        ended = replace(leg, talk_ms=talk_ms, ended_at=event.at, ended_by=event.by, target=event.target)
        self.legs[self.legs.index(leg)] = ended

    def exit(self, event: QueueExited) -> None:
        """Leave without an agent, as the telephone system tells it."""
        result, reason = _EXITS[event.reason]
        self.end(result, event.at, reason, event.wait_seconds)
        self.key, self.detail = event.key, event.detail

    def reject(self, event: Rejected) -> None:
        """Not be taken in at all."""
        self.end(Outcome.CLOSED, event.at, _REJECTIONS.get(event.status, Reason.NONE), wait_seconds=0)
        self.detail, self.refused = event.status, True

    def open_leg(self, agent: str = "") -> Leg | None:
        """Return the last conversation that goes on, of `agent` if named."""
        going_on = (leg for leg in reversed(self.legs) if leg.ended_at is None and agent in {"", leg.agent})
        return next(going_on, None)

    def visit(self, call_id: str, ordinal: int) -> Visit:
        """Return the visit that this stay is so far."""
        return Visit(
            call_id=call_id,
            channel_id=self.channel_id,
            queue=self.queue,
            ordinal=ordinal,
            entered_at=self.entered_at,
            entry_inferred=self.entry_inferred,
            left_at=self.left_at,
            wait_ms=self.wait_ms,
            result=self.result,
            reason=self.reason,
            key=self.key,
            detail=self.detail,
            rings=tuple(sorted(self.rings, key=lambda ring: (ring.at, ring.agent))),
            legs=tuple(self.legs),
        )
