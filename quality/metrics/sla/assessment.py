"""From the visits of a period to the verdicts of the versions that were in force."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import timedelta, tzinfo

from quality.metrics.aggregate import Aggregate, Period
from quality.metrics.batch import Batch
from quality.metrics.rows import Row

from .definition import Stint
from .verdict import Verdict, judge


class Assessment:
    """Takes visits, a part at a time, and gives the verdicts. Days of stints are those of the time zone `zone`."""

    def __init__(self, stints: Iterable[Stint], zone: tzinfo) -> None:
        self._counted = [_Counted(stint, zone) for stint in stints]

    def add(self, rows: Sequence[Row]) -> None:
        """Count visits; those outside of an agreement's days or hours are left out."""
        every = Batch.of(rows)
        for counted in self._counted:
            counted.add(rows, every)

    def verdicts(self) -> tuple[Verdict, ...]:
        """Judge what was counted, in the order of the stints."""
        return tuple(counted.verdict() for counted in self._counted)


class _Counted:
    """The visits that one version is about."""

    def __init__(self, stint: Stint, zone: tzinfo) -> None:
        self._stint = stint
        self._aggregate = Aggregate(zone, stint.definition.thresholds, Period(first=stint.first, last=stint.last))
        self._edges: list[float] = []
        if calendar := stint.definition.calendar:
            day = timedelta(days=1)  # the calendar's days may begin at another hour
            for opens, closes in calendar.openings(stint.first - day, stint.last + day):
                self._edges += [opens.timestamp(), closes.timestamp()]

    def add(self, rows: Sequence[Row], every: Batch) -> None:
        if self._stint.definition.calendar is None:
            self._aggregate.add(every)
        else:
            self._aggregate.add(Batch.of([row for row in rows if bisect_right(self._edges, row.entered) % 2]))

    def verdict(self) -> Verdict:
        return judge(self._stint, self._stint.definition.indicator.figure(self._aggregate.total()))
