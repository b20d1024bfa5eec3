"""What keeps a hub on the line of this moment: the live feed, begun anew whenever it ends, and what is asked today."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from callback_queue.policy import BROKEN_AFTER, midnight
from contesta.format import whole
from contesta.lines import published
from contesta.live_feed import LiveFeed, begin
from contesta.settings import Settings
from core.errors import ConfigurationError, ContestaError
from ivr.line.model import Line
from quality.metrics.live import LiveEngine
from storage.callback_facts import CallbackFacts
from storage.callback_list import Broken, CallbackLists, Pending
from storage.dialling import Dialling

from .goals import Goals
from .hub import Hub, Place
from .site import Site
from .targets import Targets

READ_AGREEMENTS_SECONDS: Final = 20.0
BEGIN_AGAIN_SECONDS: Final = 5.0
COUNT_CALLBACKS_SECONDS: Final = 4.0

log = structlog.get_logger()


class Nothing:
    """A feed that knows nothing: the line before its real one has begun. `unheard` says why it has not."""

    def __init__(self, zone: tzinfo) -> None:
        self.engine = LiveEngine(zone)
        self.connected = asyncio.Event()
        self.damaged_lines = 0
        self.unheard = self.unread = ""

    async def changed(self) -> None:
        """Wait for ever."""
        await asyncio.Event().wait()


class LiveLine:
    """The line of some settings, live."""

    def __init__(self, settings: Settings, goals: Goals, database: Engine, clock: Callable[[], datetime]) -> None:
        self.place = Place(line=settings.mqtt_name, zone=ZoneInfo(settings.timezone))
        self._settings = settings
        self._goals = goals
        self._promised = CallbackLists(database)
        self._facts, self._switch = CallbackFacts(database), Dialling(database)
        self._clock = clock
        self._current: Callable[[], tuple[Line, ...]] | None = None

    def clock(self) -> datetime:
        """Tell the present moment."""
        return self._clock()

    async def targets(self) -> Targets:
        """Read what is asked of today."""
        return await asyncio.to_thread(self._goals.of, self._clock().astimezone(self.place.zone).date())

    async def keep(self, hub: Hub) -> None:
        """Feed the hub. A feed that ends is begun anew, and so is one that counts with other thresholds than agreed."""
        while True:
            try:
                asked = await self.targets()
                feed = await asyncio.to_thread(
                    begin, self._settings, self._clock(), asked.thresholds, line_needed=False
                )
                hub.feed, hub.targets, hub.site = feed, asked, await self._site()
                await self._follow(hub, feed)
            except (ContestaError, OSError, SQLAlchemyError) as error:
                log.warning("the board has no feed", error=str(error))
                if isinstance(hub.feed, Nothing) and isinstance(error, ContestaError):
                    hub.feed.unheard = f"{error}."
                await asyncio.sleep(BEGIN_AGAIN_SECONDS)

    async def _follow(self, hub: Hub, feed: LiveFeed) -> None:
        """Feed until something else is asked than what the feed's engine counts."""
        feeding = asyncio.create_task(feed.run(), name="board: feed")
        counting = asyncio.create_task(self._count(hub), name="board: promised calls")
        try:
            while not (await asyncio.wait([feeding], timeout=READ_AGREEMENTS_SECONDS))[0]:
                try:
                    asked = await self.targets()
                except SQLAlchemyError as error:
                    log.warning("cannot read the agreements", error=str(error))
                    continue
                if asked.thresholds != hub.targets.thresholds:
                    return
                hub.targets, hub.site = asked, await self._site()
            feeding.result()
        finally:
            feeding.cancel()
            counting.cancel()
            await asyncio.wait([feeding, counting])
            feed.connected.clear()

    async def _count(self, hub: Hub) -> None:
        """Count the promised calls again and again."""
        while True:
            try:
                hub.count(*await asyncio.to_thread(self._promises))
            except SQLAlchemyError as error:
                hub.count(None)
                log.warning("cannot count the promised calls", error=str(error))
            await asyncio.sleep(COUNT_CALLBACKS_SECONDS)

    def _promises(self) -> tuple[Pending, Broken]:
        now = self._clock()
        broken = self._promised.broken(now - BROKEN_AFTER, midnight(now))
        why = replace(broken, stopped=self._switch.stopped() is not None, capped=self._capped(now))
        return self._promised.pending(now), why

    def _capped(self, now: datetime) -> tuple[str, ...]:
        """Tell which lines dial nothing now because of their caps."""
        try:
            current = self._lines()
        except (ConfigurationError, OSError):
            return ()  # `_site` says so
        return tuple(line.name for line in current if self._facts.room(line.name, line.callbacks.caps, now).reached)

    async def _site(self) -> Site:
        """Tell the lines that are published; who has none yet has only a name."""
        try:
            current = await asyncio.to_thread(self._lines)
        except (ConfigurationError, OSError) as error:
            log.warning("cannot read the lines", error=str(error))
            current = ()
        if len(current) != 1:
            title = f"{whole(len(current))} líneas" if current else f"Línea {self.place.line}"
        else:
            title = current[0].title
        return Site(title=title, calendars=tuple(line.calendar for line in current))

    def _lines(self) -> tuple[Line, ...]:
        self._current = self._current or published(self._settings).current
        return self._current()
