"""Figures of any period by interval, line, queue, agent, disposition and transfer area.

A visit belongs to the interval in which the caller entered the queue. What is kept grows with the quarter hours, lines,
queues and agents seen, not with the calls. Tables are sums of the same cells, so that their totals are the calls'.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import Enum, auto
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

import numpy as np

from .batch import Batch, Ints
from .figures import AgentTally, Tally, Thresholds, add_up, count, count_conversations, count_rings, sum_up
from .presence import Presence

QUARTER_HOUR_SECONDS = 900
_SATURDAY = 5

_K = TypeVar("_K", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From the first day to the last, both included, in the line's time zone; None leaves a side open."""

    first: date | None = None
    last: date | None = None

    def seconds(self, zone: tzinfo) -> tuple[float, float]:
        """Return the Unix times at which the period begins and ends; the end is no longer in it."""
        begin = datetime.combine(self.first, time(), zone).timestamp() if self.first else float("-inf")
        if self.last is None or self.last == date.max:
            return begin, float("inf")
        return begin, datetime.combine(self.last + timedelta(days=1), time(), zone).timestamp()


class Kind(Enum):
    """By what is counted."""

    CELL = auto()
    DISPOSITION = auto()
    TRANSFER_AREA = auto()
    AGENT = auto()


class Cell(NamedTuple):
    """Where a visit is counted; `quarter_hour` counts from the beginning of Unix time."""

    quarter_hour: int
    line: str
    queue: str


class Share(NamedTuple):
    """What some visits add to one sum: `counts`, fields by items, and the visit that each item is of."""

    kind: Kind
    key: Cell | str
    counts: Ints
    visit: Ints


class Aggregate:
    """Adds up visits; asked for a table at any moment."""

    def __init__(self, zone: tzinfo, thresholds: Thresholds | None = None, period: Period | None = None) -> None:
        self.zone = zone
        self.thresholds = thresholds or Thresholds()
        self.period = period or Period()
        self.begin, self.end = self.period.seconds(zone)
        self._sums: dict[Kind, dict[Any, Ints]] = {kind: {} for kind in Kind}
        self._by_agent: dict[str, AgentTally] | None = None

    def add(self, visits: Batch) -> None:
        """Count visits, those whose callers entered within the period."""
        for share in self._shares(visits):
            self._put(share.kind, share.key, sum_up(share.counts))

    def add_presence(self, presence: Mapping[str, Presence]) -> None:
        """Count how long agents were logged in and paused; the times are those of the period."""
        for agent, there in presence.items():
            self.add_agent(agent, AgentTally(logged_in_ms=there.logged_in_ms, paused_ms=there.paused_ms))

    def add_agent(self, agent: str, tally: AgentTally) -> None:
        """Add to the figures of an agent what his visits do not tell."""
        self._put(Kind.AGENT, agent, tally.counts())

    def plus(self, other: "Aggregate") -> "Aggregate":
        """Return the figures of both, of one period, which share nothing that would change with either."""
        both = Aggregate(self.zone, self.thresholds, self.period)
        for kind, key, counts in (*self.sums(), *other.sums()):
            both._put(kind, key, counts)
        return both

    def sums(self) -> Iterator[tuple[Kind, Cell | str, Ints]]:
        """Yield every sum: what it is of, and its counts, which are never changed in place."""
        for kind, sums in self._sums.items():
            for key, counts in sums.items():
                yield kind, key, counts

    def _put(self, kind: Kind, key: Cell | str, counts: Ints) -> None:
        sums = self._sums[kind]
        sums[key] = add_up(sums[key], counts) if key in sums else counts
        self._by_agent = None

    def _shares(self, visits: Batch) -> Iterator[Share]:
        """Yield all that visits of the period add to any sum."""
        inside = (visits.entered >= self.begin) & (visits.entered < self.end)
        counts, at = count(visits, self.thresholds), np.flatnonzero(inside)
        quarters, lines, queues = visits.entered[at] // QUARTER_HOUR_SECONDS, visits.line, visits.queue
        cells = (quarters * len(lines.texts) + lines.number[at]) * len(queues.texts) + queues.number[at]
        for cell, group in _grouped(cells):
            rest, queue = divmod(cell, len(queues.texts))
            quarter, line = divmod(rest, len(lines.texts))
            of_cell = at[group]
            yield Share(Kind.CELL, Cell(quarter, lines.texts[line], queues.texts[queue]), counts[:, of_cell], of_cell)
        for number, group in _grouped(visits.disposition.number[at]):
            if disposition := visits.disposition.texts[number]:
                yield Share(Kind.DISPOSITION, disposition, counts[:, at[group]], at[group])
        legs = np.flatnonzero(inside[visits.leg_visit])
        for number, group in _grouped(visits.leg_target.number[legs]):
            if area := visits.leg_target.texts[number]:
                visit = visits.leg_visit[legs[group]]
                yield Share(Kind.TRANSFER_AREA, area, counts[:, visit], visit)
        talks = count_conversations(visits)
        for number, group in _grouped(visits.leg_agent.number[legs]):
            leg = legs[group]
            yield Share(Kind.AGENT, visits.leg_agent.texts[number], talks[:, leg], visits.leg_visit[leg])
        rings = np.flatnonzero(inside[visits.ring_visit])
        for number, group in _grouped(visits.ring_agent.number[rings]):
            visit = visits.ring_visit[rings[group]]
            yield Share(Kind.AGENT, visits.ring_agent.texts[number], count_rings(len(visit)), visit)

    @property
    def by_agent(self) -> Mapping[str, AgentTally]:
        """The figures by agent."""
        if self._by_agent is None:
            self._by_agent = {agent: AgentTally.of(counts) for agent, counts in self._sums[Kind.AGENT].items()}
        return self._by_agent

    def total(self) -> Tally:
        """Return the figures of all visits."""
        cells = list(self._sums[Kind.CELL].values())
        return Tally.of(sum_up(np.stack(cells, axis=1))) if cells else Tally()

    def by_line(self) -> dict[str, Tally]:
        """Return the figures by line; "" where the call reached none of ours."""
        return self._table(lambda cell: cell.line)

    def by_queue(self) -> dict[str, Tally]:
        """Return the figures by queue."""
        return self._table(lambda cell: cell.queue)

    def by_quarter_hour(self, queue: str | None = None) -> dict[datetime, Tally]:
        """Return the figures by quarter hour, named by its beginning in UTC; of one queue, if it is named."""
        found = self._table(lambda cell: (cell.quarter_hour, queue in {None, cell.queue}))
        return {
            datetime.fromtimestamp(quarter_hour * QUARTER_HOUR_SECONDS, UTC): tally
            for (quarter_hour, wanted), tally in found.items()
            if wanted
        }

    def by_hour(self) -> dict[datetime, Tally]:
        """Return the figures by local hour, named by its beginning in UTC: one the clock runs through twice is two."""
        return self._by_time(lambda entered: entered.replace(minute=0).astimezone(UTC))

    def by_hour_of_day(self) -> dict[int, Tally]:
        """Return the figures by local hour, all days together."""
        return self._by_time(lambda entered: entered.hour)

    def by_day(self) -> dict[date, Tally]:
        """Return the figures by local day (ART-2019, table 6)."""
        return self._by_time(lambda entered: entered.date())

    def by_week_of_month(self) -> dict[tuple[int, int, int], Tally]:
        """Return the figures by year, month and week of month (ART-2019, table 7)."""
        return self._by_time(lambda entered: (entered.year, entered.month, week_of_month(entered.date())))

    def by_month(self) -> dict[tuple[int, int], Tally]:
        """Return the figures by year and month."""
        return self._by_time(lambda entered: (entered.year, entered.month))

    def by_disposition(self) -> dict[str, Tally]:
        """Return the figures by disposition, of the visits that have one."""
        return self._by_text(Kind.DISPOSITION)

    def by_transfer_area(self) -> dict[str, Tally]:
        """Return the figures by the extension that visits were transferred to; one that was twice counts in both."""
        return self._by_text(Kind.TRANSFER_AREA)

    def _by_text(self, kind: Kind) -> dict[str, Tally]:
        return {text: Tally.of(counts) for text, counts in sorted(self._sums[kind].items())}

    def _by_time(self, key: Callable[[datetime], _K]) -> dict[_K, Tally]:
        return self._table(
            lambda cell: key(datetime.fromtimestamp(cell.quarter_hour * QUARTER_HOUR_SECONDS, self.zone))
        )

    def _table(self, key: Callable[[Cell], _K]) -> dict[_K, Tally]:
        cells = sorted(self._sums[Kind.CELL].items(), key=itemgetter(0))
        if not cells:
            return {}
        keys = [key(cell) for cell, _ in cells]
        numbers = {of: number for number, of in enumerate(dict.fromkeys(keys))}
        counts = np.stack([column for _, column in cells], axis=1)
        groups = dict(_grouped(np.array([numbers[of] for of in keys])))
        return {of: Tally.of(sum_up(counts[:, groups[number]])) for of, number in numbers.items()}


def _grouped(keys: Ints) -> Iterator[tuple[int, Ints]]:
    """Yield each key with the places where it stands."""
    if len(keys):
        order = np.argsort(keys, kind="stable")
        begins = np.flatnonzero(np.diff(keys[order])) + 1
        for places in np.split(order, begins):
            yield int(keys[places[0]]), places


def week_of_month(day: date) -> int:
    """Return the week of its month, from 1: calendar weeks, Monday to Sunday, numbered from the month's first.

    The first is that of the month's first working day, as ART-2019 counts: a weekend at the very beginning of a month
    belongs to it (1 September 2019, a Sunday; its table 7 calls the week of Monday 2 the first).
    """
    first = day.replace(day=1)
    days_to_work = max(0, 7 - first.weekday()) if first.weekday() >= _SATURDAY else 0
    start = first + timedelta(days=days_to_work)
    monday = start - timedelta(days=start.weekday())
    return max(1, (day - monday).days // 7 + 1)
