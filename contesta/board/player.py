"""A past log played on the board, and as it goes into a ledger, so that every figure has its calls there."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

from core.errors import ConfigurationError
from core.events import Event
from quality.metrics.live import LiveEngine
from storage.ledger import Ledger
from telephony.queue_log.reader import Reader

from .goals import Goals
from .hub import Hub, Place
from .targets import Targets

STEP_SECONDS: Final = 0.2
EVENTS_AT_ONCE: Final = 2000
DULL: Final = timedelta(minutes=10)
"""So long without a fact and without a call is passed over, but for LEAD before the next fact."""
LEAD: Final = timedelta(seconds=30)


class Player:
    """Plays the log `file` at `speed` times the clock, 0: as fast as it goes. It is a source of boards and their feed.

    Raises:
        ConfigurationError: the log cannot be read, or tells nothing.
    """

    def __init__(self, file: Path, speed: float, place: Place, ledger: Ledger, goals: Goals) -> None:
        self.place = place
        self.connected = asyncio.Event()
        self.damaged_lines = 0
        self.unheard = self.unread = ""
        self.finished = asyncio.Event()
        self._news = asyncio.Event()
        self._speed = speed
        self._ledger = ledger
        self._goals = goals
        try:
            self._reader = Reader([file])
            self._events = iter(self._reader)
            self._next = next(self._events, None)
        except OSError as error:
            raise ConfigurationError(f"no puedo leer {file}: {error.strerror}") from error
        if self._next is None:
            raise ConfigurationError(f"{file} no tiene ningún hecho que repasar")
        self._now = self._next.at
        self._asked = self._of_day()
        self.engine = LiveEngine(place.zone, self._asked.thresholds)

    def clock(self) -> datetime:
        """Tell the moment of the log that was reached."""
        return self._now

    async def targets(self) -> Targets:
        """Tell what is asked of the day that was reached."""
        return self._asked

    async def changed(self) -> None:
        """Wait until the log has gone on."""
        await self._news.wait()
        self._news.clear()

    async def keep(self, hub: Hub) -> None:
        """Play to the end, and then stay there."""
        hub.feed = self
        self.connected.set()
        loop = asyncio.get_running_loop()
        stepped = loop.time()
        while self._next is not None:
            await asyncio.sleep(STEP_SECONDS if self._speed else 0)
            elapsed, stepped = loop.time() - stepped, loop.time()
            await self._step(self._until(timedelta(seconds=self._speed * elapsed)))
            self._news.set()
            if self._now.astimezone(self.place.zone).date() != self._asked.day:
                self._asked = await asyncio.to_thread(self._of_day)
                hub.targets = self._asked
        self.finished.set()
        await asyncio.Event().wait()

    def _until(self, passed: timedelta) -> datetime:
        """Tell up to when to play now."""
        if self._next is None or not self._speed:
            return datetime.max.replace(tzinfo=self._now.tzinfo)
        until = self._now + passed
        if self._next.at - until > DULL and not self.engine.snapshot(until).open_calls:
            return self._next.at - LEAD
        return until

    async def _step(self, until: datetime) -> None:
        """Take what had been told by then, a part at a time; the ledger has it before the board shows it."""
        while batch := list(islice(self._due(until), EVENTS_AT_ONCE)):
            await asyncio.to_thread(self._ledger.apply, batch)
            for event in batch:
                self.engine.take(event)
            self._now = max(self._now, batch[-1].at)
            self.damaged_lines = self._reader.faults_count
            if not self._speed:
                return
        if self._next is not None:
            self._now = until

    def _due(self, until: datetime) -> Iterator[Event]:
        while self._next is not None and self._next.at <= until:
            event, self._next = self._next, next(self._events, None)
            yield event

    def _of_day(self) -> Targets:
        return self._goals.of(self._now.astimezone(self.place.zone).date())
