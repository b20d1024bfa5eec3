"""Boards of made-up lines: an engine that was told some events, a clock that the test turns, and the hub over them."""

import asyncio
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from contesta.board.hub import Hub, Place
from contesta.board.targets import Targets, targets
from contesta.board.thresholds import SHIPPED, load
from contesta.board.view import Board
from contesta.bus.bus import Bus
from core.events import AgentPresence, CallStarted, Event, PresenceChange, QueueEntered, Source
from quality.metrics.agents import Member
from quality.metrics.live import LiveEngine
from tests.stories import at, events_of, log_of, number_of

ZONE = ZoneInfo("America/Bogota")
PLACE = Place(line="ciudadanos", zone=ZONE)
LOG = log_of(range(48))
REST = at(400)


class ToldFeed:
    """A feed that tells what it was given, at once."""

    def __init__(self, events: Iterable[Event] = (), asked: Targets | None = None) -> None:
        self.engine = LiveEngine(ZONE, asked.thresholds if asked else None)
        self.connected = asyncio.Event()
        self.connected.set()
        self.damaged_lines = 0
        self.unheard = self.unread = ""
        self.news = asyncio.Event()
        self.tell(events)

    def tell(self, events: Iterable[Event | Member]) -> None:
        for event in events:
            self.engine.take(event)
        self.news.set()

    async def changed(self) -> None:
        await self.news.wait()
        self.news.clear()


class TurnedClock:
    """A clock that goes on when it is told to."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def asked_of(now: datetime) -> Targets:
    """What the shipped file asks."""
    return targets((), load(SHIPPED), now.astimezone(ZONE).date(), ghost_seconds=5)


def hub_over(feed: ToldFeed, clock: TurnedClock, asked: Targets | None = None) -> Hub:
    return Hub(Bus(), PLACE, feed, asked or asked_of(clock()), clock)


def watched(hub: Hub, clock: TurnedClock, seconds: int) -> Board:
    """Look each second for so long; the board after that."""
    for _ in range(seconds):
        clock.pass_seconds(1)
        hub.look()
    return hub.moment.board


def board_of(events: Iterable[Event], now: datetime = REST, seconds: int = 6) -> Board:
    """The board at `now` of a line that was told all this, its thresholds watched for some seconds."""
    clock = TurnedClock(now - timedelta(seconds=seconds))
    return watched(hub_over(ToldFeed(events), clock), clock, seconds)


def stories() -> list[Event]:
    return events_of(LOG)


def callers(count: int, queue: str = "atencion", first: int = 900, since: float = 380) -> Iterator[Event]:
    """People who wait, one a second."""
    for number in range(first, first + count):
        of: dict[str, Any] = {"call_id": f"1.{number}", "channel_id": f"1.{number}", "source": Source.QUEUE_LOG}
        entered = at(since + number - first)
        yield CallStarted(at=entered, line="018000910123", number=number_of(number), **of)
        yield QueueEntered(at=entered, queue=queue, **of)


def signs_in(agent: str, queue: str = "atencion", second: float = 0) -> AgentPresence:
    return AgentPresence(
        at=at(second),
        call_id="",
        channel_id="",
        source=Source.QUEUE_LOG,
        queue=queue,
        agent=agent,
        change=PresenceChange.LOGGED_IN,
    )


def texts(told: object) -> Iterator[str]:
    """Every text in what JSON says."""
    match told:
        case str():
            yield told
        case dict():
            for value in told.values():
                yield from texts(value)
        case list():
            for value in told:
                yield from texts(value)


def longest_sentence(text: str) -> int:
    """Words of the longest sentence; a number or a name in quotation marks is one word."""
    sentences = re.split(r"(?<=[.;:])\s", re.sub(r"«[^»]*»", "x", text))
    return max(len(re.findall(r"[\w%]+(?:[.,:/][\w]+)*", sentence)) for sentence in sentences)
