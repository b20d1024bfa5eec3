"""What makes the board of a feed, again and again, and tells it on the bus when it changed."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Final, Protocol

from contesta.bus import topics
from contesta.bus.bus import Bus
from quality.metrics.live import LiveEngine
from storage.callback_list import NONE_BROKEN, Broken, Pending

from .alarms import Alarms
from .board import Scene, wall
from .moment import Heard, Moment, moment, watch
from .site import Site
from .targets import Targets
from .view import Mode

LOOK_SECONDS: Final = 0.1  # the most often
IDLE_SECONDS: Final = 1.0  # the least often: what lasts may become an alert


class Feed(Protocol):
    """What knows the line. `connected` is set while the telephone system tells what happens."""

    @property
    def engine(self) -> LiveEngine:
        """What the board is asked of."""

    @property
    def connected(self) -> asyncio.Event:
        """Whether what the engine knows is of this moment."""

    @property
    def damaged_lines(self) -> int:
        """How many lines of the log could not be read."""

    @property
    def unheard(self) -> str:
        """Why the telephone system is not heard, for a person; "" if it is, or if nobody knows why."""

    @property
    def unread(self) -> str:
        """Why the log is not read, for a person; "" if it is."""

    async def changed(self) -> None:
        """Wait until something is told that was not when this last returned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a hub's boards are of: where, and whether it is seen live or played again. `line` is its name in topics."""

    line: str
    zone: tzinfo
    mode: Mode = Mode.LIVE
    source: str = "en vivo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of the board and its JSON. `sequence` grows, also from one run of the program to the next."""

    sequence: int
    moment: Moment
    payload: bytes
    wall_payload: bytes


class Hub:
    """The newest board, for whoever asks and for whoever waits for the next one.

    It belongs to one event loop. `feed`, `targets` and `site` may be exchanged at any time.
    """

    def __init__(self, bus: Bus, place: Place, feed: Feed, targets: Targets, clock: Callable[[], datetime]) -> None:
        self.feed = feed
        self.targets = targets
        self.site = Site(title=f"Línea {place.line}")
        self._pending: Pending | None = None
        self._broken = NONE_BROKEN
        self._looked_at = clock()
        self._looked = time.monotonic()
        self._bus = bus
        self._place = place
        self._clock = clock
        self._alarms = Alarms()
        self._connected_at: datetime | None = None
        self._news = asyncio.Event()
        self._version = self._publish(self._look(), round(self._looked_at.timestamp() * 1000))
        self._moment = self._version.moment

    def count(self, pending: Pending | None, broken: Broken = NONE_BROKEN) -> None:
        """Take in how many promised calls are open, None if nobody knows, and which lines do not keep promises."""
        self._pending, self._broken = pending, broken

    @property
    def version(self) -> Version:
        """The newest version: what was last found to differ from what was shown before."""
        return self._version

    @property
    def moment(self) -> Moment:
        """The last look. Its board shows what the newest version does, but for the times that run."""
        return self._moment

    @property
    def silence_seconds(self) -> float:
        """How long ago the last look was."""
        return time.monotonic() - self._looked

    async def run(self) -> None:
        """Look at the line whenever something changed, until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS - LOOK_SECONDS):
                    await self.feed.changed()

    def look(self) -> None:
        """Look at the line once, and publish the board if it shows anything new."""
        self._looked_at = max(self._looked_at, self._clock())
        now = self._look()
        self._looked = time.monotonic()
        if not now.board.shows_the_same_as(self._version.moment.board):
            self._version = self._publish(now, self._version.sequence + 1)
            self._news.set()
            self._news = asyncio.Event()
        self._moment = replace(now, board=now.board.model_copy(update={"sequence": self._version.sequence}))

    async def other_than(self, sequence: int | None) -> Version:
        """Wait until there is another version than that one, and return the newest."""
        while self._version.sequence == sequence:
            await self._news.wait()
        return self._version

    def _look(self) -> Moment:
        connected = self.feed.connected.is_set()
        self._connected_at = self._looked_at if connected else self._connected_at
        snapshot = self.feed.engine.snapshot(self._looked_at)
        heard = Heard(
            connected=connected,
            unread=bool(self.feed.unread),
            damaged=bool(self.feed.damaged_lines),
            broken=self._broken,
        )
        self._alarms = watch(self._alarms, snapshot, self.targets, heard)
        scene = Scene(
            line=self._place.line,
            site=self.site,
            zone=self._place.zone,
            mode=self._place.mode,
            source=self._place.source,
            connected=connected,
            connected_at=self._connected_at,
            pending=self._pending,
            broken=self._broken,
            trouble=" ".join(filter(None, (self.feed.unheard, self.feed.unread))),
        )
        return moment(snapshot, self.targets, self._alarms, scene)

    def _publish(self, now: Moment, sequence: int) -> Version:
        """Write a version, once for all who read it, and tell it."""
        shown = now.board.model_copy(update={"sequence": sequence})
        self._bus.publish(topics.VIEW, shown, retain=True)
        return Version(
            sequence=sequence,
            moment=replace(now, board=shown),
            payload=self._bus.retained[topics.VIEW].payload,
            wall_payload=wall(shown).model_dump_json().encode(),
        )


class Source(Protocol):
    """Where the boards of a hub come from."""

    @property
    def place(self) -> Place:
        """What they are of."""

    def clock(self) -> datetime:
        """Tell the moment that the board is to show, aware and UTC."""

    async def targets(self) -> Targets:
        """Tell what is asked of the day."""

    async def keep(self, hub: Hub) -> None:
        """Keep the hub's feed and targets as they should be, until cancelled."""
