"""Figures of any period by interval, line, queue, agent, disposition and transfer area.

A visit belongs to the interval in which the caller entered the queue. What is kept grows with the quarter hours, lines,
queues and agents seen, not with the calls. Tables are sums of the same cells, so that their totals are the calls'.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TypeVar

from .figures import AgentTally, Tally, Thresholds
from .presence import Presence
from .rows import Row

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


class Aggregate:
    """Adds up visits; asked for a table at any moment."""

    def __init__(self, zone: tzinfo, thresholds: Thresholds | None = None, period: Period | None = None) -> None:
        self.zone = zone
        self.thresholds = thresholds or Thresholds()
        self.begin, self.end = (period or Period()).seconds(zone)
        self.by_agent: defaultdict[str, AgentTally] = defaultdict(AgentTally)
        self.by_disposition: defaultdict[str, Tally] = defaultdict(Tally)
        self.by_transfer_area: defaultdict[str, Tally] = defaultdict(Tally)
        self._cells: defaultdict[tuple[int, str, str], Tally] = defaultdict(Tally)

    def add(self, row: Row) -> None:
        """Count a visit, if the caller entered within the period."""
        entered = row.entered
        if not self.begin <= entered < self.end:
            return
        self._cells[entered // QUARTER_HOUR_SECONDS, row.line, row.queue].add(row, self.thresholds)
        for share in row.shares:
            self.by_agent[share.agent].add(row, share)
            if share.target:
                self.by_transfer_area[share.target].add(row, self.thresholds)
        for agent in row.rings:
            self.by_agent[agent].rings_unanswered += 1
        if row.disposition:
            self.by_disposition[row.disposition].add(row, self.thresholds)

    def add_presence(self, presence: Mapping[str, Presence]) -> None:
        """Count how long agents were logged in and paused; the times are those of the period."""
        for agent, there in presence.items():
            self.by_agent[agent].logged_in_ms += there.logged_in_ms
            self.by_agent[agent].paused_ms += there.paused_ms

    def total(self) -> Tally:
        """Return the figures of all visits."""
        return self._table(lambda _entered, _line, _queue: None).get(None, Tally())

    def by_line(self) -> dict[str, Tally]:
        """Return the figures by line; "" where the call reached none of ours."""
        return self._table(lambda _entered, line, _queue: line)

    def by_queue(self) -> dict[str, Tally]:
        """Return the figures by queue."""
        return self._table(lambda _entered, _line, queue: queue)

    def by_quarter_hour(self) -> dict[datetime, Tally]:
        """Return the figures by quarter hour, named by its beginning in UTC."""
        return self._table(lambda entered, _line, _queue: entered.astimezone(UTC))

    def by_hour(self) -> dict[datetime, Tally]:
        """Return the figures by local hour, named by its beginning in UTC: one the clock runs through twice is two."""
        return self._table(lambda entered, _line, _queue: entered.replace(minute=0).astimezone(UTC))

    def by_hour_of_day(self) -> dict[int, Tally]:
        """Return the figures by local hour, all days together."""
        return self._table(lambda entered, _line, _queue: entered.hour)

    def by_day(self) -> dict[date, Tally]:
        """Return the figures by local day (ART-2019, table 6)."""
        return self._table(lambda entered, _line, _queue: entered.date())

    def by_week_of_month(self) -> dict[tuple[int, int, int], Tally]:
        """Return the figures by year, month and week of month (ART-2019, table 7)."""
        return self._table(lambda entered, _line, _queue: (entered.year, entered.month, week_of_month(entered.date())))

    def by_month(self) -> dict[tuple[int, int], Tally]:
        """Return the figures by year and month."""
        return self._table(lambda entered, _line, _queue: (entered.year, entered.month))

    def _table(self, key: Callable[[datetime, str, str], _K]) -> dict[_K, Tally]:
        table: defaultdict[_K, Tally] = defaultdict(Tally)
        for (quarter_hour, line, queue), cell in sorted(self._cells.items()):
            entered = datetime.fromtimestamp(quarter_hour * QUARTER_HOUR_SECONDS, self.zone)
            table[key(entered, line, queue)] += cell
        return dict(table)


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
