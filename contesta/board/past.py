"""The board of a past minute and the figures of a whole day, as the ledger tells them."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Final

from sqlalchemy import Engine

from contesta.from_ledger import UNWATCHED, past, since_then
from core.errors import NotAvailableError
from quality.metrics.aggregate import Aggregate, Period
from quality.metrics.batch import Batch
from storage.presence import PresenceBook, Watch
from storage.visits import visits

from .alarms import Alarms
from .board import Scene
from .goals import Goals
from .hub import Place
from .moment import Heard, Moment, moment, watch
from .on_duty import on_duty
from .rebuilt import Rebuilt
from .site import Site
from .view import Mode
from .why_text import OnDuty

WARM_UP: Final = timedelta(minutes=1)
"""How long before the moment its thresholds are watched, second by second, as they were then."""
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
        self._presence = PresenceBook(database)
        self._clock = clock
        self._moments = Rebuilt[Moment](clock)
        self._days = Rebuilt[Aggregate](clock)

    async def moment(self, at: datetime) -> Moment:
        """Return the board of the minute that begins with, or before, an aware moment.

        Raises:
            NotAvailableError: it has not come yet, or too many others ask.
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

    async def on_duty(self, at: datetime, queue: str) -> OnDuty:
        """Return what tells who was there on the day of `at`, up to it, of the line ("") or of a queue."""
        return partial(on_duty, await asyncio.to_thread(self._watches, at), queue=queue)

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
        """Have an engine know what had happened until then, and look at it through the last minute as one did then."""
        zone, warm = self._place.zone, at - WARM_UP
        targets = self._goals.of(at.astimezone(zone).date())
        engine = past(self._database, zone, targets.thresholds, warm)
        ahead = since_then(self._database, warm, at)[::-1]
        seen = self._presence.at(at)
        connected = seen is None or seen.until >= at - UNWATCHED
        alarms, snapshot = Alarms(), engine.snapshot(warm)
        for now in _seconds(warm, at):
            while ahead and ahead[-1].at <= now:
                engine.take(ahead.pop())
            snapshot = engine.snapshot(now)
            alarms = watch(alarms, snapshot, targets, Heard(connected=connected))
        scene = Scene(
            line=self._place.line,
            site=Site(title=f"Línea {self._place.line}"),
            zone=zone,
            mode=Mode.PAST,
            source=f"{at.astimezone(zone):%H:%M}",
            connected=connected,
            connected_at=at if seen is None else min(at, seen.until),
            as_of=at,
        )
        return moment(snapshot, targets, alarms, scene)

    def _watches(self, at: datetime) -> tuple[Watch, ...]:
        day = at.astimezone(self._place.zone).date()
        return tuple(self._presence.between(self._midnight(day), at))


def _seconds(first: datetime, last: datetime) -> Iterator[datetime]:
    while first <= last:
        yield first
        first += _SECOND
