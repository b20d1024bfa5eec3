"""The figures and the people of this moment, from events as they come: in any order, twice, late.

A call is folded by `history.build` from all that is known of it, again whenever something is added. When it has been
over for SETTLING it is added to its day's `Aggregate` and forgotten but for its channels' names. What is told of it
after that is no longer counted, only numbered in `late`: the ledger has it, and whoever starts anew from the ledger.
So memory follows the calls that go on, the days kept and a fixed number of names, and never the calls seen.
"""

from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from heapq import nlargest

from core.events import (
    AgentPresence,
    AgentRang,
    CallVanished,
    Connected,
    Event,
    RingEnded,
    Source,
    SystemRestarted,
)

from .agents import AgentNow, Agents, AgentState
from .aggregate import Aggregate, Period
from .batch import Batch
from .coalesce import SAME_FACT
from .figures import Tally, Thresholds
from .history import CallHistory, Outcome, Visit, build
from .rows import Row, Settling, rows_of

SETTLING = timedelta(minutes=1)
SETTLING_OF_LOST = timedelta(hours=1)  # their end was only concluded
DAYS_KEPT = 2
CLOSED_NAMES_KEPT = 50_000
ROWS_AT_ONCE = 1000
RECENT_TALKS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A caller in a queue."""

    call_id: str
    number: str
    queue: str
    entered_at: datetime
    wait_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueNow:
    """One queue: its figures of today, who waits in it, longest first, and who serves it.

    `free` advisers can take a call at once; `present` ones are free, ringing or talking.
    """

    today: Tally
    waiting: tuple[Waiting, ...]
    free: int
    present: int
    expected_wait_ms: int | None

    @property
    def longest_wait_ms(self) -> int | None:
        """Wait of whoever has waited longest by now; None if nobody waits."""
        return max((caller.wait_ms for caller in self.waiting), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The line at the moment `at`. `today` gives every table of the local day; visits belong to the day of their entry.

    Who waits was told to wait: a caller who is known to have left, but not why, counts as waiting in `today` only.
    """

    at: datetime
    day: date
    today: Aggregate
    queues: Mapping[str, QueueNow]
    agents: tuple[AgentNow, ...]
    open_calls: int
    late: int

    @property
    def total(self) -> Tally:
        """The figures of all queues."""
        return self.today.total()

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        """Everybody who waits, longest first."""
        return tuple(sorted((one for queue in self.queues.values() for one in queue.waiting), key=_longest_first))

    @property
    def agents_by_state(self) -> Mapping[AgentState, int]:
        """How many agents do what; each counts once."""
        found = Counter(agent.state for agent in self.agents)
        return {state: found[state] for state in AgentState}

    @property
    def balances(self) -> bool:
        """Whether the identity of section 1 holds in total and in each queue, and both are the same calls."""
        tables = [queue.today for queue in self.queues.values()]
        total = self.total
        return total.offered == sum(one.offered for one in tables) and not any(
            one.remainder for one in (total, *tables)
        )


def expected_wait_ms(waiting: int, free: int, present: int, talk_ms: float | None) -> int | None:
    """Return how long whoever entered the queue now would wait, None where nothing tells.

    Nothing while there are more free advisers than callers. Otherwise every caller ahead, and he himself, needs one of
    the `present` advisers to end a conversation, and they end one every `talk_ms` / `present`; `talk_ms` is the mean of
    the queue's last RECENT_TALKS conversations. It leaves out who gives up, so it errs on the long side.
    """
    if free > waiting:
        return 0
    if not present or talk_ms is None:
        return None
    return round((waiting + 1 - free) * talk_ms / present)


@dataclass(slots=True, eq=False)
class _Call:
    """What is known of a call that is not counted for good yet."""

    names: set[str] = field(default_factory=set)
    events: set[Event] = field(default_factory=set)
    history: CallHistory = field(init=False)
    rows: list[Row] = field(default_factory=list)
    last_at: datetime = field(init=False)

    def fold(self, restarts: Iterable[datetime]) -> None:
        first = min(event.at for event in self.events)
        self.history = build(self.events, [at for at in restarts if at >= first])
        self.rows = rows_of(self.history)
        ends = (self.history.ended_at,) if self.history.ended_at else ()
        self.last_at = max(*(event.at for event in self.events), first, *ends)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come; channels that reached neither line nor queue are no calls at all."""
        return self.history.ended_at is not None or not (self.history.visits or self.history.line)

    @property
    def waiting(self) -> Iterator[Visit]:
        for visit in self.history.visits:
            if visit.result is Outcome.WAITING and visit.left_at is None:
                yield visit


class LiveEngine:
    """Takes events, and is asked for a `snapshot` at any moment. Whoever feeds without asking calls `settle`."""

    def __init__(self, zone: tzinfo, thresholds: Thresholds | None = None) -> None:
        self.agents = Agents()
        self.late = 0
        self._zone = zone
        self._thresholds = thresholds or Thresholds()
        self._by_name: dict[str, _Call] = {}
        self._open: dict[_Call, None] = {}
        self._changed: dict[_Call, None] = {}
        self._closed: dict[str, datetime] = {}
        self._restarts: list[datetime] = []
        self._settled: list[Row] = []
        self._days: dict[date, Aggregate] = {}
        self._talks: defaultdict[str, list[tuple[datetime, int]]] = defaultdict(list)

    def take(self, event: Event) -> None:
        """Take a fact of any kind."""
        match event:
            case AgentPresence():
                self.agents.take(event)
                return
            case SystemRestarted():
                if event.at not in self._restarts:
                    insort(self._restarts, event.at)
                    self._changed |= self._open
                return
            case AgentRang() | Connected():
                self.agents.worked(event.agent, event.queue, event.at)
            case RingEnded():
                self.agents.worked(event.agent, event.queue, event.at - timedelta(milliseconds=event.ring_ms))
        names = (event.channel_id, event.call_id or event.channel_id)
        for name in names:
            if name in self._closed and event.at <= self._closed[name] + SAME_FACT:
                self.late += 1
                return
        call, other = map(self._by_name.get, names)
        if call is None or call is not other:
            call = self._join(call, other, names)
        if event not in call.events:
            call.events.add(event)
            self._changed[call] = None

    def vanish(self, alive: Collection[str], at: datetime) -> None:
        """Conclude that calls begun before `at` none of whose names are `alive` are over, for want of better.

        A log rounds down: what began in the second of `at` may be younger than it.
        """
        self._fold()
        second = at.replace(microsecond=0)
        gone = [
            call
            for call in self._open
            if not call.is_over and call.history.started_at < second and call.names.isdisjoint(alive)
        ]
        for call in gone:
            name = call.history.call_id
            self.take(CallVanished(at=at, call_id=name, channel_id=name, source=Source.INFERRED))

    def settle(self, now: datetime) -> None:
        """Count for good what has been over for SETTLING, and forget it; forget the days before yesterday."""
        self._fold()
        quiet = [
            call for call in self._open if call.last_at <= now - (SETTLING_OF_LOST if call.history.lost else SETTLING)
        ]
        _, adopted = self._rows()
        for call in quiet:
            if call in adopted:
                self._forget(call)
            elif call.is_over:
                self._settled += call.rows
                for queue, talk in _talks(call.history):
                    self._talks[queue] = nlargest(RECENT_TALKS, [*self._talks[queue], talk])
                self._forget(call)
        if len(self._settled) >= ROWS_AT_ONCE:
            self._count()
        oldest = min((call.history.started_at for call in self._open), default=now - SETTLING)
        self._restarts = [at for at in self._restarts if at >= min(oldest, now - SETTLING)]
        first_day = now.astimezone(self._zone).date() - timedelta(days=DAYS_KEPT - 1)
        for day in [day for day in self._days if day < first_day]:
            del self._days[day]

    def snapshot(self, now: datetime) -> Snapshot:
        """Tell how the line is at `now`, which is aware and never before the last one."""
        self.settle(now)
        self._count()
        rows, adopted = self._rows()
        calls = [call for call in self._open if call not in adopted]
        day = now.astimezone(self._zone).date()
        today = deepcopy(self._days[day]) if day in self._days else self._aggregate(day)
        today.add(Batch.of(rows))
        agents = self.agents.now(*_busy(calls))
        waiting = [_waiting(call, visit, now) for call in calls for visit in call.waiting]
        tallies = today.by_queue()
        names = {*tallies, *(one.queue for one in waiting), *(queue for agent in agents for queue in agent.queues)}
        talks = defaultdict(list, {queue: list(talks) for queue, talks in self._talks.items()})
        for call in calls:
            for queue, talk in _talks(call.history):
                talks[queue].append(talk)
        return Snapshot(
            at=now,
            day=day,
            today=today,
            queues={
                name: _queue(
                    tallies.get(name, Tally()),
                    [one for one in waiting if one.queue == name],
                    [agent for agent in agents if name in agent.serving],
                    talks[name],
                )
                for name in sorted(names)
            },
            agents=agents,
            open_calls=sum(not call.is_over for call in calls),
            late=self.late,
        )

    def _join(self, call: _Call | None, other: _Call | None, names: Iterable[str]) -> _Call:
        """Return the one call that these names stand for, of two that turn out to be one or of a new one."""
        if call is None:
            call, other = other or _Call(), None
        if other is not None:
            call.events |= other.events
            call.names |= other.names
            del self._open[other]
            self._changed.pop(other, None)
            self._changed[call] = None
        call.names |= set(names)
        self._by_name |= dict.fromkeys(call.names, call)
        self._open[call] = None
        return call

    def _fold(self) -> None:
        for call in self._changed:
            call.fold(self._restarts)
        self._changed.clear()

    def _rows(self) -> tuple[list[Row], set[_Call]]:
        """Return what open calls count for, and those that count for nothing because another goes on with them."""
        settling = Settling()
        rows = settling.take(row for call in self._open for row in call.rows) + settling.rest()
        if not any(row.adopting for row in rows):
            return rows, set()
        counted = set(map(id, rows))
        return rows, {call for call in self._open if call.rows and not any(id(row) in counted for row in call.rows)}

    def _forget(self, call: _Call) -> None:
        del self._open[call]
        for name in call.names:
            del self._by_name[name]
            self._closed.pop(name, None)
            self._closed[name] = call.last_at
        while len(self._closed) > CLOSED_NAMES_KEPT:
            del self._closed[next(iter(self._closed))]

    def _count(self) -> None:
        """Add the settled rows to their days."""
        if not self._settled:
            return
        batch = Batch.of(self._settled)
        for day in {datetime.fromtimestamp(row.entered, self._zone).date() for row in self._settled}:
            if day not in self._days:
                self._days[day] = self._aggregate(day)
            self._days[day].add(batch)
        self._settled = []

    def _aggregate(self, day: date) -> Aggregate:
        return Aggregate(self._zone, self._thresholds, Period(first=day, last=day))


def _queue(
    today: Tally, waiting: list[Waiting], serving: list[AgentNow], talks: list[tuple[datetime, int]]
) -> QueueNow:
    free = sum(agent.state is AgentState.AVAILABLE for agent in serving)
    present = sum(agent.state is not AgentState.SIGNED_OUT for agent in serving)
    recent = [ms for _, ms in nlargest(RECENT_TALKS, talks)]
    mean_ms = sum(recent) / len(recent) if recent else None
    return QueueNow(
        today=today,
        waiting=tuple(sorted(waiting, key=_longest_first)),
        free=free,
        present=present,
        expected_wait_ms=expected_wait_ms(len(waiting), free, present, mean_ms),
    )


def _busy(calls: Iterable[_Call]) -> tuple[dict[str, datetime], dict[str, datetime]]:
    """Return since when agents talk and ring, as calls tell it."""
    talking: dict[str, datetime] = {}
    ringing: dict[str, datetime] = {}
    for call in calls:
        for visit in call.history.visits:
            for leg in visit.legs:
                if leg.ended_at is None and call.history.ended_at is None:
                    talking[leg.agent] = max(leg.connected_at, talking.get(leg.agent, leg.connected_at))
        for visit in call.waiting:
            for ring in visit.rings:
                if ring.result is None:
                    ringing[ring.agent] = max(ring.at, ringing.get(ring.agent, ring.at))
    return talking, ringing


def _talks(call: CallHistory) -> Iterator[tuple[str, tuple[datetime, int]]]:
    for visit in call.visits:
        for leg in visit.legs:
            if leg.talk_ms is not None and leg.ended_at is not None:
                yield visit.queue, (leg.ended_at, leg.talk_ms)


def _waiting(call: _Call, visit: Visit, now: datetime) -> Waiting:
    return Waiting(
        call_id=call.history.call_id,
        number=call.history.number,
        queue=visit.queue,
        entered_at=visit.entered_at,
        wait_ms=max(0, round((now - visit.entered_at) / timedelta(milliseconds=1))),
    )


def _longest_first(caller: Waiting) -> tuple[datetime, str]:
    return caller.entered_at, caller.call_id
