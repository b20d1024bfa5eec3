"""Figures of the last days while visits still change: what one added is taken out again when more is told of it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, tzinfo
from typing import Any

import numpy as np

from .aggregate import Aggregate, Kind, Period, Share
from .batch import Batch, Ints
from .figures import LONGEST_WAIT, Thresholds
from .rows import Row


class Running(Aggregate):
    """An aggregate that visits can leave. The longest wait is no sum: each wait is kept as long as its visit."""

    def __init__(self, zone: tzinfo, thresholds: Thresholds | None = None, period: Period | None = None) -> None:
        super().__init__(zone, thresholds, period)
        self._waits: defaultdict[tuple[Kind, Any], Counter[int]] = defaultdict(Counter)

    def revise(self, gone: Sequence[Row], come: Sequence[Row]) -> None:
        """Take out visits that were put in before, and put in others."""
        sign = np.repeat(np.array([-1, 1]), [len(gone), len(come)])
        for share in self._shares(Batch.of([*gone, *come])):
            self._change(share, sign[share.visit])

    def _change(self, share: Share, sign: Ints) -> None:
        counts = share.counts @ sign
        sums = self._sums[share.kind]
        if share.key in sums:
            counts += sums[share.key]
        if share.kind is not Kind.AGENT:
            counts[LONGEST_WAIT] = self._longest_wait(share, sign)
        if counts.any():
            sums[share.key] = counts
        else:
            sums.pop(share.key, None)

    def _longest_wait(self, share: Share, sign: Ints) -> int:
        waits = self._waits[share.kind, share.key]
        for wait_ms, times in zip(share.counts[LONGEST_WAIT].tolist(), sign.tolist(), strict=True):
            waits[wait_ms] += times
            if not waits[wait_ms]:
                del waits[wait_ms]
        if not waits:
            del self._waits[share.kind, share.key]
        return max(waits, default=0)


class Days:
    """The figures of each day: of visits that can change no more, and of those that run."""

    def __init__(self, zone: tzinfo, thresholds: Thresholds) -> None:
        self._zone = zone
        self._thresholds = thresholds
        self._settled: dict[date, Aggregate] = {}
        self._running: dict[date, Running] = {}
        self._first = date.min

    def revise(self, gone: Iterable[Row], come: Iterable[Row]) -> None:
        """Take out visits that run, and put in others."""
        left, entered = self._by_day(gone), self._by_day(come)
        for day in left.keys() | entered.keys():
            self._running.setdefault(day, Running(*self._of(day))).revise(left[day], entered[day])

    def settle(self, rows: Iterable[Row]) -> None:
        """Count visits that do not run, for good."""
        for day, of_day in self._by_day(rows).items():
            self._settled.setdefault(day, Aggregate(*self._of(day))).add(Batch.of(of_day))

    def figures(self, day: date) -> Aggregate:
        """Return the figures of a day; what changes later does not change them."""
        empty = Aggregate(*self._of(day))
        return self._settled.get(day, empty).plus(self._running.get(day, empty))

    def forget_before(self, first: date) -> None:
        """Forget all days before `first`, and count them no more."""
        if first > self._first:
            self._first = first
            self._settled = {day: figures for day, figures in self._settled.items() if day >= first}
            self._running = {day: figures for day, figures in self._running.items() if day >= first}

    def _by_day(self, rows: Iterable[Row]) -> defaultdict[date, list[Row]]:
        by_day: defaultdict[date, list[Row]] = defaultdict(list)
        for row in rows:
            if (day := datetime.fromtimestamp(row.entered, self._zone).date()) >= self._first:
                by_day[day].append(row)
        return by_day

    def _of(self, day: date) -> tuple[tzinfo, Thresholds, Period]:
        return self._zone, self._thresholds, Period(first=day, last=day)
