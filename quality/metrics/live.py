"""The figures and the people of this moment, from events as they come: in any order, twice, late.

A call is folded by `history.build` from all that is known of it, again whenever something is added; what it adds to
figures, queues and agents is then taken out and put in anew, so that a look costs no more than what has changed since
the last. When it has been over for SETTLING it is counted for good and forgotten but for its channels' names. What is
told of it after that is no longer counted, only numbered in `late`: the ledger has it, and whoever starts anew from the
ledger. So memory follows the calls that go on, the days kept and a fixed number of names, and never the calls seen.
"""

from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta, tzinfo
from itertools import islice

from core.events import (
    AgentPresence,
    AgentRang,
    CallVanished,
    Connected,
    Event,
    RingEnded,
    Source,
    SystemRestarted,
    is_of_desk,
)

from .agents import Agents, AgentState, Engagement, Member
from .coalesce import LAG
from .expected_wait import Recent
from .figures import Tally, Thresholds
from .open_call import OpenCall, seen_of
from .recently import Recently, Seen
from .rows import Call, Row, Settling, rows_of
from .running import Days
from .snapshot import QueueNow, Snapshot, Waiting, expected_wait_ms, longest_first
from .visits import CallHistory, Visit

__all__ = ["LiveEngine", "QueueNow", "Snapshot", "Waiting", "expected_wait_ms"]

SETTLING = timedelta(minutes=1)
SETTLING_OF_LOST = timedelta(hours=1)  # their end was only concluded
SETTLE_EVERY = timedelta(seconds=1)
DAYS_KEPT = 2
CLOSED_NAMES_KEPT = 50_000


class LiveEngine:
    """Takes events, and is asked for a `snapshot` at any moment. Whoever feeds without asking calls `settle`.

    Telling calls anew is what costs; whoever must not be held up for long calls `fold` in between.
    """

    def __init__(self, zone: tzinfo, thresholds: Thresholds | None = None) -> None:
        self.agents = Agents()
        self.late = 0
        self._zone = zone
        self._days = Days(zone, thresholds or Thresholds())
        self._recently: defaultdict[str, Recently] = defaultdict(Recently)
        self._by_name: dict[str, OpenCall] = {}
        self._open: dict[OpenCall, None] = {}
        self._changed: dict[OpenCall, None] = {}
        self._closed: dict[str, datetime] = {}
        self._restarts: list[datetime] = []
        self._settled_at: datetime | None = None
        self._waiting: dict[OpenCall, tuple[Visit, ...]] = {}
        self._going_on: set[OpenCall] = set()
        self._unheard: set[OpenCall] = set()
        self._adopting: set[OpenCall] = set()
        self._adopted: set[OpenCall] = set()

    def take(self, event: Event | Member) -> None:
        """Take a fact of any kind."""
        match event:
            case Member():
                self.agents.see(event)
                return
            case AgentPresence():
                self.agents.take(event)
                return
            case SystemRestarted():
                self._restart(event.at)
                return
            case AgentRang() | Connected():
                self.agents.worked(event.agent, event.queue, event.at)
            case RingEnded():
                self.agents.worked(event.agent, event.queue, event.at - timedelta(milliseconds=event.ring_ms))
        names = (event.channel_id, event.call_id or event.channel_id)
        for name in names:
            closed_at = self._closed.get(name)
            if closed_at and (is_of_desk(event) or event.at <= closed_at + LAG):
                self.late += 1
                return
        call, other = map(self._by_name.get, names)
        if call is None or call is not other:
            call = self._join(call, other, names)
        if event not in call.events:
            call.events.add(event)
            self._changed[call] = None

    def take_settled(self, calls: Iterable[Call], before: datetime) -> None:
        """Count calls for good that were over before a moment, once the events of the calls that were not are taken."""
        self.fold()
        settling = Settling()
        for call in calls:
            self._close({name for visit in call.visits for name in (visit.channel_id, visit.call_id)}, before)
            self._days.settle(settling.take(rows_of(call)))
            for queue, seen in seen_of(call):
                self._recently[queue].settle(seen)
        unheard = [call for call in self._unheard if call.counted and all(row.unheard for row in call.counted)]
        call_of = {id(row): call for call in unheard for row in call.counted}
        settling.take(row for call in unheard for row in call.counted)
        rest = settling.rest()
        self._days.settle(row for row in rest if id(row) not in call_of)
        gone = set(unheard) - {call_of[id(row)] for row in rest if id(row) in call_of}
        self._days.revise([row for call in gone for row in call.counted], ())
        for adopted in gone:
            self._forget(adopted)

    def vanish(self, alive: Collection[str], at: datetime) -> None:
        """Conclude that calls begun before `at` none of whose names are `alive` are over, for want of better.

        A log rounds down: what began in the second of `at` may be younger than it.
        """
        self.fold()
        second = at.replace(microsecond=0)
        gone = [
            call
            for call in self._open
            if not call.is_over and call.history.started_at < second and call.names.isdisjoint(alive)
        ]
        for call in gone:
            name = call.history.call_id
            self.take(CallVanished(at=at, call_id=name, channel_id=name, source=Source.INFERRED))

    def fold(self, at_most: int | None = None) -> bool:
        """Tell anew so many of the calls of which more was told, and return whether that were all."""
        changed = list(islice(self._changed, at_most))
        for call in changed:
            del self._changed[call]
            call.fold(self._restarts)
            _mark(self._unheard, call, any(row.unheard for row in call.rows))
            _mark(self._adopting, call, any(row.adopting for row in call.rows))
        self._show(changed)
        return not self._changed

    def going_on(self) -> Iterator[CallHistory]:
        """Yield the histories of the calls that go on, as far as they were folded."""
        return (call.history for call in self._going_on)

    def settle(self, now: datetime) -> None:
        """Count for good what has been over for SETTLING, and forget it; forget the days before yesterday."""
        self.fold()
        if self._settled_at and now - self._settled_at < SETTLE_EVERY:
            return
        self._settled_at = now
        settled: list[Row] = []
        for call in self._quiet(now):
            if call.is_adopted or call.is_over:
                settled += call.counted
                for queue, seen in call.seen:
                    self._recently[queue].settle(seen)
                self._forget(call)
        self._days.revise(settled, ())
        self._days.settle(settled)
        self._forget_adopted()
        oldest = min((call.history.started_at for call in self._open), default=now - SETTLING)
        self._restarts = [at for at in self._restarts if at >= min(oldest, now - SETTLING)]
        self._days.forget_before(now.astimezone(self._zone).date() - timedelta(days=DAYS_KEPT - 1))

    def snapshot(self, now: datetime) -> Snapshot:
        """Tell how the line is at `now`, which is aware and never before the last one."""
        self.settle(now)
        day = now.astimezone(self._zone).date()
        today, agents = self._days.figures(day), self.agents.now()
        waiting: defaultdict[str, list[Waiting]] = defaultdict(list)
        for call, visits in self._waiting.items():
            for visit in visits:
                waiting[visit.queue].append(_waiting(call, visit, now))
        free = Counter(queue for agent in agents if agent.state is AgentState.AVAILABLE for queue in agent.serving)
        present = Counter(
            queue for agent in agents if agent.state is not AgentState.SIGNED_OUT for queue in agent.serving
        )
        tallies = today.by_queue()
        names = {*tallies, *waiting, *(queue for agent in agents for queue in agent.queues)}
        return Snapshot(
            at=now,
            day=day,
            today=today,
            queues={
                name: QueueNow(
                    today=tallies.get(name, Tally()),
                    waiting=tuple(sorted(waiting[name], key=longest_first)),
                    free=free[name],
                    present=present[name],
                    expected_wait_ms=expected_wait_ms(
                        len(waiting[name]), free[name], present[name], self._recently[name].mean_ms()
                    ),
                )
                for name in sorted(names)
            },
            agents=agents,
            open_calls=len(self._going_on),
            late=self.late,
        )

    def recent(self, queue: str, now: datetime) -> Recent:
        """Tell what a queue has seen of late, as of the last look."""
        return self._recently[queue].told(now) if queue in self._recently else Recent(handle_seconds=())

    def _restart(self, at: datetime) -> None:
        """Tell anew the calls that were not over when the telephone system started."""
        if at in self._restarts:
            return
        insort(self._restarts, at)
        for call in self._open.keys() - self._changed.keys():
            if call.history.ended_at is None or call.history.ended_at >= at or call.history.lost:
                self._changed[call] = None

    def _join(self, call: OpenCall | None, other: OpenCall | None, names: Iterable[str]) -> OpenCall:
        """Return the one call that these names stand for, of two that turn out to be one or of a new one."""
        if call is None:
            call, other = other or OpenCall(), None
        if other is not None:
            call.events |= other.events
            call.names |= other.names
            self._days.revise(other.counted, ())
            self._drop(other)
            self._changed[call] = None
        call.names |= set(names)
        self._by_name |= dict.fromkeys(call.names, call)
        self._open[call] = None
        return call

    def _show(self, folded: Iterable[OpenCall]) -> None:
        """Let figures, queues and agents show what was folded, and what that makes of others."""
        shown = {call: call.rows for call in folded}
        if self._adopting or self._adopted:
            shown |= self._without_adopted(shown)
        gone: list[Row] = []
        come: list[Row] = []
        for call, rows in shown.items():
            if rows != call.counted:
                gone += call.counted
                come += rows
            call.counted = rows
            _mark(self._adopted, call, rows != call.rows)
            self._place(call)
        self._days.revise(gone, come)

    def _without_adopted(self, folded: Collection[OpenCall]) -> dict[OpenCall, tuple[Row, ...]]:
        """Return what calls count for when stays that others go on with are left out, as far as it is news."""
        calls = [call for call in self._open if call in self._unheard or call in self._adopting]
        settling = Settling()
        settling.take(row for call in calls for row in call.rows)
        rest = set(map(id, settling.rest()))
        counted = {call: tuple(row for row in call.rows if not row.unheard or id(row) in rest) for call in calls}
        return {call: rows for call, rows in counted.items() if call in folded or rows != call.counted}

    def _forget_adopted(self) -> None:
        """Forget the calls whose stays were gone on with by calls that were just forgotten."""
        if self._adopted:
            for call in self._without_adopted(()):
                self._forget(call)

    def _place(self, call: OpenCall) -> None:
        """Put a call where it is looked for; one that others go on with is nowhere."""
        hidden = call.is_adopted
        waiting = () if hidden else call.waiting
        if waiting:
            self._waiting[call] = waiting
        else:
            self._waiting.pop(call, None)
        _mark(self._going_on, call, not hidden and not call.is_over)
        self._engage(call, {} if hidden else call.engages)
        self._see(call, () if hidden else tuple(seen_of(call.history)))

    def _engage(self, call: OpenCall, engaged: dict[str, Engagement]) -> None:
        if engaged != call.engaged:
            self.agents.engage(call, engaged, before=call.engaged)
            call.engaged = engaged

    def _see(self, call: OpenCall, seen: tuple[tuple[str, Seen], ...]) -> None:
        if seen != call.seen:
            for queue, one in call.seen:
                self._recently[queue].remove(one)
            for queue, one in seen:
                self._recently[queue].add(one)
            call.seen = seen

    def _quiet(self, now: datetime) -> list[OpenCall]:
        settled, lost = now - SETTLING, now - SETTLING_OF_LOST
        return [call for call in self._open if call.last_at <= (lost if call.history.lost else settled)]

    def _forget(self, call: OpenCall) -> None:
        self._drop(call)
        for name in call.names:
            del self._by_name[name]
        self._close(call.names, call.last_at)

    def _close(self, names: Iterable[str], at: datetime) -> None:
        """Take nothing more of these names that is not younger."""
        for name in names:
            self._closed.pop(name, None)
            self._closed[name] = at
        while len(self._closed) > CLOSED_NAMES_KEPT:
            del self._closed[next(iter(self._closed))]

    def _drop(self, call: OpenCall) -> None:
        """Let nothing show this call any more, but for its figures."""
        self._engage(call, {})
        self._see(call, ())
        del self._open[call]
        for calls in (self._changed, self._waiting):
            calls.pop(call, None)
        for marked in (self._going_on, self._unheard, self._adopting, self._adopted):
            marked.discard(call)


def _mark(calls: set[OpenCall], call: OpenCall, marked: bool) -> None:  # noqa: FBT001 - the mark itself
    if marked:
        calls.add(call)
    else:
        calls.discard(call)


def _waiting(call: OpenCall, visit: Visit, now: datetime) -> Waiting:
    return Waiting(
        call_id=call.history.call_id,
        number=call.history.number,
        queue=visit.queue,
        entered_at=visit.entered_at,
        wait_ms=max(0, round((now - visit.entered_at) / timedelta(milliseconds=1))),
    )
