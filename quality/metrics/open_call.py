"""A call that is not counted for good yet: what was told of it, and what that shows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.events import Event

from .agents import Engagement
from .history import CallHistory, Outcome, Visit, build
from .recently import Departure, Seen, Talk
from .rows import Call, Row, rows_of

_DEPARTED = {Outcome.ANSWERED, Outcome.ABANDONED, Outcome.OVERFLOW}


@dataclass(slots=True, eq=False)
class OpenCall:
    """`counted`, `engaged` and `seen` are what the engine holds of it now."""

    names: set[str] = field(default_factory=set)
    events: set[Event] = field(default_factory=set)
    history: CallHistory = field(init=False)
    rows: tuple[Row, ...] = ()
    last_at: datetime = field(init=False)
    counted: tuple[Row, ...] = ()
    engaged: dict[str, Engagement] = field(default_factory=dict)
    seen: tuple[tuple[str, Seen], ...] = ()

    def fold(self, restarts: Iterable[datetime]) -> None:
        """Tell its history anew from all that is known of it."""
        first = min(event.at for event in self.events)
        self.history = build(self.events, [at for at in restarts if at >= first])
        self.rows = tuple(rows_of(self.history))
        ends = (self.history.ended_at,) if self.history.ended_at else ()
        self.last_at = max(*(event.at for event in self.events), first, *ends)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come; channels that reached neither line nor queue are no calls at all."""
        return self.history.ended_at is not None or not (self.history.visits or self.history.line)

    @property
    def is_adopted(self) -> bool:
        """Whether others go on with all its stays, so that it counts for nothing."""
        return bool(self.rows) and not self.counted

    @property
    def waiting(self) -> tuple[Visit, ...]:
        """Its visits in which the caller waits."""
        return tuple(
            visit for visit in self.history.visits if visit.result is Outcome.WAITING and visit.left_at is None
        )

    @property
    def engages(self) -> dict[str, Engagement]:
        """Whom it engages, as far as it goes on."""
        if self.history.ended_at is not None:
            return {}
        engaged: dict[str, Engagement] = {}
        for visit in self.history.visits:
            for leg in visit.legs:
                if leg.ended_at is None:
                    before = engaged.get(leg.agent, Engagement())
                    at = max(leg.connected_at, before.talking or leg.connected_at)
                    engaged[leg.agent] = before._replace(talking=at)
        for visit in self.waiting:
            for ring in visit.rings:
                if ring.result is None:
                    before = engaged.get(ring.agent, Engagement())
                    engaged[ring.agent] = before._replace(ringing=max(ring.at, before.ringing or ring.at))
        return engaged


def seen_of(call: Call) -> Iterator[tuple[str, Seen]]:
    """Yield, with the queue, all conversations that have ended and every departure of a caller who had waited."""
    for visit in call.visits:
        if visit.wait_ms is not None and visit.result in _DEPARTED:
            left_at = visit.entered_at + timedelta(milliseconds=visit.wait_ms)
            yield visit.queue, Departure(left_at, visit.wait_ms, visit.result is not Outcome.ANSWERED)
        for leg in visit.legs:
            if leg.talk_ms is not None and leg.ended_at is not None:
                yield visit.queue, Talk(leg.ended_at, leg.talk_ms)
