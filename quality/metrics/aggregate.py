"""Figures of any period by interval, line, queue, agent, disposition and transfer area.

A visit belongs to the interval in which the caller entered the queue. What is kept grows with the quarter hours, lines,
queues and agents seen, not with the calls. Tables are sums of the same cells, so that their totals are the calls'.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from operator import itemgetter
from typing import TypeVar

import numpy as np

from .batch import UNKNOWN_MS, Batch, Flags, Ints
from .figures import LONGEST_WAIT, AgentTally, Tally, Thresholds, add_up, count
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


class Aggregate:
    """Adds up visits; asked for a table at any moment."""

    def __init__(self, zone: tzinfo, thresholds: Thresholds | None = None, period: Period | None = None) -> None:
        self.zone = zone
        self.thresholds = thresholds or Thresholds()
        self.begin, self.end = (period or Period()).seconds(zone)
        self.by_agent: defaultdict[str, AgentTally] = defaultdict(AgentTally)
        self._cells: dict[tuple[int, str, str], Ints] = {}
        self._dispositions: dict[str, Ints] = {}
        self._transfer_areas: dict[str, Ints] = {}

    def add(self, visits: Batch) -> None:
        """Count visits, those whose callers entered within the period."""
        inside = (visits.entered >= self.begin) & (visits.entered < self.end)
        counts = count(visits, self.thresholds)
        at = np.flatnonzero(inside)
        quarters, lines, queues = visits.entered[at] // QUARTER_HOUR_SECONDS, visits.line, visits.queue
        keys = (quarters * len(lines.texts) + lines.number[at]) * len(queues.texts) + queues.number[at]
        for key, column in _sums(keys, counts[:, at]):
            rest, queue = divmod(key, len(queues.texts))
            quarter, line = divmod(rest, len(lines.texts))
            _add(self._cells, (quarter, lines.texts[line], queues.texts[queue]), column)
        for number, column in _sums(visits.disposition.number[at], counts[:, at]):
            if visits.disposition.texts[number]:
                _add(self._dispositions, visits.disposition.texts[number], column)
        self._add_legs(visits, inside, counts)
        rings = np.bincount(visits.ring_agent.number[inside[visits.ring_visit]], minlength=len(visits.ring_agent.texts))
        for agent, unanswered in zip(visits.ring_agent.texts, rings.tolist(), strict=True):
            if unanswered:
                self.by_agent[agent].rings_unanswered += unanswered

    def _add_legs(self, visits: Batch, inside: Flags, counts: Ints) -> None:
        at = np.flatnonzero(inside[visits.leg_visit])
        visit, talk_ms = visits.leg_visit[at], visits.leg_talk_ms[at]
        known = talk_ms != UNKNOWN_MS
        last_of_visit = np.concatenate((np.diff(visit) != 0, [True]))[: len(at)]
        targets = visits.leg_target
        passed_on = np.array([bool(text) for text in targets.texts], np.bool_)[targets.number[at]]
        columns = {
            "answered": np.ones_like(visit),
            "answered_wait_ms": visits.wait_ms[visit],
            "talk_ms": talk_ms * known,
            "hold_ms": visits.leg_hold_ms[at] * known,
            "work_ms": visits.work_ms[visit] * last_of_visit,
            "talk_unknown": ~known,
            "transferred": passed_on,
        }
        stacked = np.stack([column.astype(np.int64) for column in columns.values()])
        for number, column in _sums(visits.leg_agent.number[at], stacked):
            agent = self.by_agent[visits.leg_agent.texts[number]]
            for name, value in zip(columns, column.tolist(), strict=True):
                setattr(agent, name, getattr(agent, name) + value)
        for number, column in _sums(targets.number[at][passed_on], counts[:, visit[passed_on]]):
            _add(self._transfer_areas, targets.texts[number], column)

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

    def by_disposition(self) -> dict[str, Tally]:
        """Return the figures by disposition, of the visits that have one."""
        return {text: Tally.of(counts) for text, counts in sorted(self._dispositions.items())}

    def by_transfer_area(self) -> dict[str, Tally]:
        """Return the figures by the extension that visits were transferred to; one that was twice counts in both."""
        return {text: Tally.of(counts) for text, counts in sorted(self._transfer_areas.items())}

    def _table(self, key: Callable[[datetime, str, str], _K]) -> dict[_K, Tally]:
        table: dict[_K, Ints] = {}
        for (quarter, line, queue), counts in sorted(self._cells.items(), key=itemgetter(0)):
            entered = datetime.fromtimestamp(quarter * QUARTER_HOUR_SECONDS, self.zone)
            _add(table, key(entered, line, queue), counts)
        return {of: Tally.of(counts) for of, counts in table.items()}


def _add(table: dict[_K, Ints], key: _K, counts: Ints) -> None:
    table[key] = add_up(table[key], counts) if key in table else counts


def _sums(keys: Ints, counts: Ints) -> Iterator[tuple[int, Ints]]:
    """Yield each key with the sum of its columns; of the longest wait, the greatest."""
    if not len(keys):
        return
    order = np.argsort(keys, kind="stable")
    begins = np.flatnonzero(np.concatenate(([True], np.diff(keys[order]) != 0)))
    sums = np.add.reduceat(counts[:, order], begins, axis=1)
    if len(counts) > LONGEST_WAIT:
        sums[LONGEST_WAIT] = np.maximum.reduceat(counts[LONGEST_WAIT, order], begins)
    yield from zip(keys[order][begins].tolist(), np.ascontiguousarray(sums.T), strict=True)


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
