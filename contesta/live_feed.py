"""What feeds the live engine: the ledger up to now, then the manager interface and the new lines of queue_log."""

import asyncio
import json
from datetime import datetime, time
from zoneinfo import ZoneInfo

from contesta import accounts
from contesta.listener import LOG_NAME
from contesta.settings import LOCALHOST, Settings
from core.errors import ContestaError
from quality.metrics.figures import Thresholds
from quality.metrics.live import LiveEngine
from storage.database import connect
from storage.ledger import Ledger
from storage.migrate import upgrade
from storage.told import told_since
from telephony.ami.client import Client, Connected, Disconnected, Item, Overflowed
from telephony.ami.codec import Message
from telephony.ami.connection import Account, Snapshot
from telephony.ami.decode import EventDecoder
from telephony.ami.members import member, members
from telephony.queue_log.tailer import Position, Tailer

READ_SECONDS = 0.1
READ_LINES = 1000


class LiveFeed:
    """Brings an engine up to date and keeps it so. It writes nothing: any number of them may run.

    `connected` is set while the manager interface tells what happens and its picture of what goes on was taken in.
    `damaged_lines` counts the lines of the log that told nothing because they could not be read.
    """

    def __init__(self, engine: LiveEngine, account: Account, tailer: Tailer) -> None:
        self.engine = engine
        self.connected = asyncio.Event()
        self.damaged_lines = 0
        self._account = account
        self._tailer = tailer
        self._picture: Snapshot | None = None

    async def run(self) -> None:
        """Feed until cancelled.

        Raises:
            LoginRefusedError: the manager interface does not know us.
            OSError: queue_log is there and cannot be read.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(), name="live: listen")
                tasks.create_task(self._follow(), name="live: follow the log")
        except* (ContestaError, OSError) as group:
            raise group.exceptions[0] from None

    async def _listen(self) -> None:
        decoder = EventDecoder()
        async with Client(self._account) as client:
            async for item in client.events():
                self._take(item, decoder)

    def _take(self, item: Item, decoder: EventDecoder) -> None:
        match item:
            case Message():
                for event in decoder.decode(item):
                    self.engine.take(event)
                if seen := member(item):
                    self.engine.agents.see(seen)
            case Snapshot():
                self.engine.agents.see_all(members(item), item.at)
                self._picture = item
            case Connected() | Disconnected() | Overflowed():
                self.connected.clear()

    async def _follow(self) -> None:
        while True:
            picture = self._picture
            batch = await asyncio.to_thread(self._tailer.read, READ_LINES)
            self.damaged_lines += len(batch.faults)
            for event in batch.events:
                self.engine.take(event)
            if batch.events:
                continue
            if picture:
                alive = picture.call_ids | {channel.get("Uniqueid") for channel in picture.channels}
                self.engine.vanish(alive, picture.at)
                self.connected.set()
                self._picture = None if self._picture is picture else self._picture
            await asyncio.sleep(READ_SECONDS)


def begin(settings: Settings, now: datetime, thresholds: Thresholds | None = None) -> LiveFeed:
    """Make a feed whose engine knows what the ledger knows of today and of the calls that go on.

    Visits are counted with `thresholds`, by default those of the settings.

    Raises:
        ConfigurationError: there are no secrets: the line was never started here.
    """
    account = accounts.read(settings.secrets_file)
    zone = ZoneInfo(settings.timezone)
    engine = LiveEngine(zone, thresholds or Thresholds(ghost_seconds=settings.ghost_seconds))
    database = connect(settings.ledger_url)
    upgrade(database)
    reached = Ledger(database).position(LOG_NAME)
    today = datetime.combine(now.astimezone(zone).date(), time(), zone)
    for told in told_since(database, today):
        for event in told:
            engine.take(event)
        engine.settle(now)
    database.dispose()
    return LiveFeed(
        engine,
        Account(
            host=LOCALHOST, port=settings.manager_port, username=account.manager_user, secret=account.manager_secret
        ),
        Tailer(settings.queue_log, None if reached is None else Position(**json.loads(reached.position))),
    )
