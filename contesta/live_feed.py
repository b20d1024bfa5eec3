"""What feeds the live engine: the ledger up to now, then the manager interface and the new lines of queue_log.

It goes on through whatever fails and comes back: a connection that is cut, an account that is refused, a log that
cannot be read. It never holds up the event loop for longer than a slice of work takes, so that the same loop can serve
pages. What came too late for the engine is in the ledger: the engine is then made anew from there.
"""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from contesta import accounts
from contesta.from_ledger import present
from contesta.listener import LOG_NAME, REFUSED_PAUSE_SECONDS
from contesta.settings import LOCALHOST, Settings
from core.errors import ConfigurationError
from core.events import is_of_desk
from quality.metrics.figures import Thresholds
from quality.metrics.live import LiveEngine
from storage.database import connect
from storage.migrate import upgrade
from telephony.ami.client import Client, Connected, Disconnected, Item, Overflowed
from telephony.ami.codec import Message
from telephony.ami.connection import Account, LoginRefusedError, Snapshot
from telephony.ami.decode import EventDecoder
from telephony.ami.members import member, members
from telephony.queue_log.tailer import Batch, Position, Tailer

READ_SECONDS = 0.1
READ_LINES = 500
UNREADABLE_PAUSE_SECONDS = 2.0
SLICE_SECONDS = 0.01
SLICE_CALLS = 25
ANEW_SECONDS = 300.0
LATE_WORD_SECONDS = 2.0  # for the ledger to have what came too late
SHARE_ANEW = 0.1  # of the time, at most, goes into beginning anew because of late words
HEARD_KEPT = 5_000  # events of the manager interface that the ledger may not have yet

if TYPE_CHECKING:
    from core.events import Event

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An engine that knows what the ledger knows, and how far the log was read for it."""

    engine: LiveEngine
    position: Position | None


class LiveFeed:
    """Brings an engine up to date and keeps it so. It writes nothing: any number of them may run.

    `engine` may be another one at any time. `connected` is set while the manager interface tells what happens and its
    picture of what goes on was taken in; it has been as it is since `connected_since`, None until it first was.
    `unheard` and `unread` say why the manager interface is not heard and the log is not read, "" if nothing is the
    matter. `damaged_lines` counts the lines of the log that told nothing because they could not be read.
    """

    def __init__(
        self,
        begun: Begun,
        begin_anew: Callable[[], Begun],
        account: Callable[[], Account],
        queue_log: Path,
        *,
        anew_seconds: float = ANEW_SECONDS,
        refused_seconds: float = REFUSED_PAUSE_SECONDS,
    ) -> None:
        self.engine = begun.engine
        self.connected = asyncio.Event()
        self.connected_since: datetime | None = None
        self.damaged_lines = 0
        self.unheard = ""
        self.unread = ""
        self._begin = begin_anew
        self._account = account
        self._queue_log = queue_log
        self._anew_seconds = anew_seconds
        self._refused_seconds = refused_seconds
        self._tailer = Tailer(queue_log, begun.position)
        self._lines_lost = False
        self._picture: Snapshot | None = None
        self._heard: deque[Event] = deque(maxlen=HEARD_KEPT)
        self._news = asyncio.Event()
        self._late_word = asyncio.Event()
        self._breathed_at = 0.0

    @property
    def trouble(self) -> str:
        """Why what is told is not all, for a person; "" if it is."""
        return " ".join(filter(None, (self.unheard, self.unread)))

    async def run(self) -> None:
        """Feed until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(), name="live: listen")
            tasks.create_task(self._follow(), name="live: follow the log")
            tasks.create_task(self._begin_anew(), name="live: begin anew")

    async def changed(self) -> None:
        """Wait until something is told that was not when this last returned, and let calls tell it. For one waiter."""
        await self._news.wait()
        self._news.clear()
        await self._fold()

    async def _listen(self) -> None:
        while True:
            decoder = EventDecoder()
            try:
                async with Client(await asyncio.to_thread(self._account)) as client:
                    async for item in client.events():
                        self._take(item, decoder)
                        await self._breathe()
            except (LoginRefusedError, ConfigurationError) as error:
                log.warning("the board cannot listen", error=str(error))
                self._connect(on=False, trouble=_sentence(str(error)))
                await asyncio.sleep(self._refused_seconds)

    def _take(self, item: Item, decoder: EventDecoder) -> None:
        match item:
            case Message():
                for event in decoder.decode(item):
                    self._heard.append(event)
                    self.engine.take(event)
                if seen := member(item):
                    self.engine.take(seen)
            case Snapshot():
                self.engine.agents.see_all(members(item), item.at)
                self._picture = item
            case Connected():
                self._connect(on=False)
            case Disconnected(reason=reason):
                self._connect(on=False, trouble=_sentence(reason))
            case Overflowed(dropped=dropped):
                log.warning("live events dropped", dropped=dropped)
                self._connect(on=False)
        self._news.set()

    async def _follow(self) -> None:
        while True:
            picture = self._picture
            batch = await self._read()
            for event in batch.events if batch else ():
                late = self.engine.late
                self.engine.take(event)
                if is_of_desk(event) and self.engine.late > late:
                    self._late_word.set()
                await self._breathe()
            if batch and batch.events:
                self._news.set()
                continue
            if picture:
                await self._fold()
                alive = picture.call_ids | {channel.get("Uniqueid") for channel in picture.channels}
                self.engine.vanish(alive, picture.at)
                self._picture = None if self._picture is picture else self._picture
                self._connect(on=True)
            await asyncio.sleep(READ_SECONDS if batch else UNREADABLE_PAUSE_SECONDS)

    async def _read(self) -> Batch | None:
        """Read new lines of the log; None if it cannot be read now."""
        tailer = self._tailer
        try:
            batch = await asyncio.to_thread(tailer.read, READ_LINES)
        except OSError as error:
            if not self.unread:
                log.warning("the board cannot read the log", file=str(self._queue_log), error=str(error))
            self.unread = f"No se puede leer {self._queue_log.name}: {error.strerror}."
            return None
        self.unread = ""
        self.damaged_lines += len(batch.faults)
        self._lines_lost = self._lines_lost or batch.place_lost
        return batch

    async def _begin_anew(self) -> None:
        """Now and then, begin anew from the ledger if it has what this engine has not.

        At once where an adviser said how a call came out that was forgotten already: he looks for it on the board.
        """
        took_seconds = 0.0
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._anew_seconds):
                    await self._late_word.wait()
                    await asyncio.sleep(max(LATE_WORD_SECONDS, took_seconds / SHARE_ANEW))
            self._late_word.clear()
            if not (self.engine.late or self._lines_lost):
                continue
            began_at = asyncio.get_running_loop().time()
            try:
                begun = await asyncio.to_thread(self._begin)
            except (SQLAlchemyError, OSError) as error:
                log.warning("the board cannot begin anew", error=str(error))
                continue
            took_seconds = asyncio.get_running_loop().time() - began_at
            begun.engine.agents.learn(self.engine.agents)
            self.engine, self._tailer, self._lines_lost = begun.engine, Tailer(self._queue_log, begun.position), False
            for event in tuple(reversed(self._heard)):
                self.engine.take(event)
                await self._breathe()
            self.engine.late = 0  # what was heard long ago is in it from the ledger
            self._news.set()

    async def _fold(self) -> None:
        """Let calls tell what was told of them."""
        while not self.engine.fold(SLICE_CALLS):
            await self._breathe()

    async def _breathe(self) -> None:
        """Let others work when this has for long enough."""
        now = asyncio.get_running_loop().time()
        if now - self._breathed_at >= SLICE_SECONDS:
            await asyncio.sleep(0)
            self._breathed_at = asyncio.get_running_loop().time()

    def _connect(self, *, on: bool, trouble: str = "") -> None:
        self.unheard = trouble
        if on != self.connected.is_set():
            self.connected_since = datetime.now(UTC)
        if on:
            self.connected.set()
        else:
            self.connected.clear()
        self._news.set()


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?")) else f"{text}."


def begin(
    settings: Settings, now: datetime, thresholds: Thresholds | None = None, *, line_needed: bool = True
) -> LiveFeed:
    """Make a feed whose engine knows what the ledger knows of today and of the calls that go on.

    Visits are counted with `thresholds`, by default those of the settings.

    Raises:
        ConfigurationError: there are no secrets: the line was never started here, and it is `line_needed`.
        sqlalchemy.exc.SQLAlchemyError: the ledger cannot be read.
    """
    if line_needed:
        _account(settings)
    counted = thresholds or Thresholds(ghost_seconds=settings.ghost_seconds)

    def begun(now: datetime) -> Begun:
        database = connect(settings.ledger_url)
        upgrade(database)
        engine, position = present(database, ZoneInfo(settings.timezone), counted, now, LOG_NAME)
        database.dispose()
        return Begun(engine=engine, position=None if position is None else Position(**json.loads(position)))

    return LiveFeed(begun(now), lambda: begun(datetime.now(UTC)), lambda: _account(settings), settings.queue_log)


def _account(settings: Settings) -> Account:
    known = accounts.read(settings.secrets_file)
    return Account(host=LOCALHOST, port=settings.manager_port, username=known.manager_user, secret=known.manager_secret)
