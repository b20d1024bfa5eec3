"""The board of a past minute and the figures of a whole day, as the ledger tells them."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from sqlalchemy import Engine

from core.errors import NotAvailableError
from core.events import Event
from quality.metrics.aggregate import Aggregate, Period
from quality.metrics.batch import Batch
from quality.metrics.live import LiveEngine
from storage.told import told_since
from storage.visits import visits

from .alarms import Alarms
from .board import Scene
from .goals import Goals
from .hub import Place
from .moment import Moment, moment, watch
from .rebuilt import Rebuilt
from .view import Mode

WARM_UP: Final = timedelta(minutes=1)
"""How long before the moment its thresholds are watched, second by second, as they were then."""
MOST_CALLS: Final = 30_000
_MINUTE: Final = timedelta(minutes=1)
_SECOND: Final = timedelta(seconds=1)
_SETTLED_AFTER: Final = timedelta(minutes=5)
_KEPT: Final = timedelta(minutes=10)
_KEPT_UNSETTLED: Final = timedelta(seconds=15)


class Past:
    """Rebuilds what was. It belongs to one event loop."""

    def __init__(self, database: Engine, place: Place, goals: Goals, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._place = place
        self._goals = goals
        self._clock = clock
        self._moments = Rebuilt[Moment](clock)
        self._days = Rebuilt[Aggregate](clock)

    async def moment(self, at: datetime) -> Moment:
        """Return the board of the minute that begins with, or before, an aware moment.

        Raises:
            NotAvailableError: it has not come yet, had too many calls, or too many others ask.
        """
        minute = at.astimezone(UTC).replace(second=0, microsecond=0)
        if minute > self._clock():
            raise NotAvailableError("ese momento no ha llegado; escoja uno anterior")
        return await self._moments.get(minute, lambda: self._rebuild(minute), self._keep_for(minute))

    async def day(self, day: date) -> Aggregate:
        """Return the figures of a local day.

        Raises:
            NotAvailableError: too many others ask.
        """
        return await self._days.get(day, lambda: self._count(day), self._keep_for(self._midnight(day, 1)))

    def _keep_for(self, end: datetime) -> timedelta:
        """Of what has just happened more may still be told."""
        return _KEPT if end < self._clock() - _SETTLED_AFTER else _KEPT_UNSETTLED

    def _midnight(self, day: date, days: int = 0) -> datetime:
        return datetime.combine(day + timedelta(days=days), time(), self._place.zone).astimezone(UTC)

    def _count(self, day: date) -> Aggregate:
        thresholds = self._goals.of(day).thresholds
        found = Aggregate(self._place.zone, thresholds, Period(first=day, last=day))
        for rows in visits(self._database, self._midnight(day), self._midnight(day, 1)):
            found.add(Batch.of(rows))
        return found

    def _rebuild(self, at: datetime) -> Moment:
        """Tell an engine what had happened until `at`: up to WARM_UP before as it comes, then in order of time."""
        day = at.astimezone(self._place.zone).date()
        targets, warm = self._goals.of(day), at - WARM_UP
        engine, lately, calls = LiveEngine(self._place.zone, targets.thresholds), list[Event](), set[str]()
        for told in told_since(self._database, self._midnight(day), at):
            for event in told:
                if event.at > warm:
                    lately.append(event)
                else:
                    engine.take(event)
            engine.settle(warm)
            calls.update(event.call_id for event in told)
            if len(calls) > MOST_CALLS:
                raise NotAvailableError("ese día tiene demasiadas llamadas para repasarlo aquí")
        lately.sort(key=lambda event: (event.at, event.order), reverse=True)
        alarms, snapshot = Alarms(), engine.snapshot(warm)
        for now in _seconds(warm, at):
            while lately and lately[-1].at <= now:
                engine.take(lately.pop())
            snapshot = engine.snapshot(now)
            alarms = watch(alarms, snapshot, targets, connected=True, damaged_lines=0)
        scene = Scene(
            line=self._place.line,
            zone=self._place.zone,
            mode=Mode.PAST,
            source=f"{at.astimezone(self._place.zone):%H:%M}",
            connected=True,
            connected_at=at,
            as_of=at,
        )
        return moment(snapshot, targets, alarms, scene)


def _seconds(first: datetime, last: datetime) -> Iterator[datetime]:
    while first <= last:
        yield first
        first += _SECOND
