"""`contesta listen`: what Asterisk tells, written into the ledger.

Every tenth of a second the live events that have come and the new lines of queue_log go into the ledger, together with
the place reached in the log, in one transaction. Whenever this process dies it goes on from that place; what the live
feed told meanwhile is in the log. While the database is away, lines stay in the log and live events in bounded
buffers; what overflows is counted, and healed from the log as after a cut connection.

What advisers do is told by the manager interface alone, and only while it is connected: it is kept as watches, each as
long as nothing was missed.
"""

import asyncio
import json
import signal
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, time, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from contesta import accounts
from contesta.reconciliation import Reconciler
from contesta.settings import LOCALHOST, Settings
from core.events import CallVanished, Event, Source
from quality.metrics.attendance import Attendance, Stretch
from storage.database import connect
from storage.ledger import Ledger, LogPosition
from storage.migrate import upgrade
from storage.presence import PresenceBook
from telephony.ami.client import Client, Connected, Disconnected, Item, Overflowed
from telephony.ami.codec import Message
from telephony.ami.connection import Account, LoginRefusedError, Snapshot
from telephony.ami.decode import EventDecoder
from telephony.ami.members import member, members
from telephony.queue_log.tailer import Batch, Position, Tailer

LOG_NAME = "queue_log"
ROUND_SECONDS = 0.1
ROUND_EVENTS = 1000
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
REFUSED_PAUSE_SECONDS = 15.0

_UNAVAILABLE = (OperationalError, InterfaceError, OSError)

log = structlog.get_logger()


class Listener:
    """Brings one live feed and one queue_log into a ledger until it is stopped.

    `on_gap` is called whenever the live feed begins anew: it may have told less than happened.
    """

    def __init__(
        self,
        engine: Engine,
        queue_log: Path,
        account: Account,
        on_gap: Callable[[], None] = lambda: None,
        *,
        zone: tzinfo = UTC,
    ) -> None:
        self._engine = engine
        self._on_gap = on_gap
        self._zone = zone
        self._ledger = Ledger(engine)
        self._presence = PresenceBook(engine)
        self._attendance = Attendance(zone)
        self._heard_at = _now()
        self._begun = asyncio.Event()
        self._tailer: Tailer | None = None
        self._queue_log = queue_log
        self._account = account
        self._live: asyncio.Queue[Event] = asyncio.Queue(ROUND_EVENTS)
        self._snapshot: Snapshot | None = None
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Write what has come, and end."""
        self._stopped.set()

    async def run(self) -> None:
        """Listen and write until `stop`."""
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(self._listen(), name="listen")
            await self._write()
            listening.cancel()

    async def _listen(self) -> None:
        await self._begun.wait()
        while True:
            decoder = EventDecoder()
            try:
                async with Client(self._account) as client:
                    async for item in client.events():
                        await self._take(item, decoder)
            except LoginRefusedError as error:
                log.error("manager login refused", error=str(error))  # noqa: TRY400 - its trace tells nothing
                await asyncio.sleep(REFUSED_PAUSE_SECONDS)

    async def _take(self, item: Item, decoder: EventDecoder) -> None:
        match item:
            case Message():
                for event in decoder.decode(item):
                    await self._live.put(event)
                if seen := member(item):
                    self._attendance.see(seen)
            case Snapshot():
                self._snapshot = item
                self._attendance.picture(members(item), item.at)
                log.info("manager snapshot", calls=len(item.call_ids), malformed=decoder.malformed.total())
            case Connected(gap=gap):
                log.info("manager connected", gap=gap)
                self._on_gap()
            case Disconnected(reason=reason):
                self._attendance.miss(_now())
                log.warning("manager disconnected", reason=reason)
            case Overflowed(dropped=dropped):
                self._attendance.miss(self._heard_at)
                log.warning("live events dropped", dropped=dropped)

    async def _write(self) -> None:
        """Write round after round; after the last one nothing is left that had come before `stop`."""
        told: list[Event] = []
        pause_seconds = FIRST_PAUSE_SECONDS
        while True:
            ending = self._stopped.is_set()
            snapshot = self._snapshot
            self._heard_at = self._heard_at if self._live.full() else _now()  # when full, more waits to be heard
            if ending:
                self._attendance.miss(self._heard_at)
            while len(told) < ROUND_EVENTS and not self._live.empty():
                told.append(self._live.get_nowait())
            stretches = self._attendance.unwritten(self._heard_at)
            try:
                full = await self._write_all(told, stretches, snapshot)
            except _UNAVAILABLE as error:
                self._attendance.put_back(stretches)
                log.error("cannot write the ledger", error=str(error), waiting=len(told), again_in=pause_seconds)  # noqa: TRY400 - as above
                if ending:
                    return
                await self._pause(pause_seconds)
                pause_seconds = min(2 * pause_seconds, LONGEST_PAUSE_SECONDS)
                continue
            told.clear()
            pause_seconds = FIRST_PAUSE_SECONDS
            if full:
                continue
            if snapshot is self._snapshot:
                self._snapshot = None
            if ending:
                return
            await self._pause(ROUND_SECONDS)

    async def _write_all(self, told: list[Event], stretches: list[Stretch], snapshot: Snapshot | None) -> bool:
        """Write what was told and the next lines of the log; return whether there is more at once."""
        if self._tailer is None:
            self._tailer = await asyncio.to_thread(self._begin)
            self._begun.set()
        batch = await asyncio.to_thread(self._round, self._tailer, tuple(told))
        if stretches:
            await asyncio.to_thread(self._attend, stretches)
        full = max(len(told), len(batch.events) + len(batch.faults)) >= ROUND_EVENTS // 2
        if snapshot and not full:
            await asyncio.to_thread(self._close_vanished, snapshot)
        return full

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
        except TimeoutError:
            pass

    def _begin(self) -> Tailer:
        """Bring the tables to their newest form, and go on in the log where the ledger is."""
        upgrade(self._engine)
        last = self._presence.at(_now())
        self._attendance = Attendance(self._zone, last.members if last else ())
        reached = self._ledger.position(LOG_NAME)
        return Tailer(self._queue_log, None if reached is None else Position(**json.loads(reached.position)))

    def _round(self, tailer: Tailer, told: Sequence[Event]) -> Batch:
        """Write the live events `told` and the next lines of the log, all or nothing."""
        before = tailer.position
        batch = tailer.read(ROUND_EVENTS)
        if not told and batch.position == before:
            return batch
        try:
            self._ledger.apply((*batch.events, *told), _stored(batch.position))
        except _UNAVAILABLE:
            tailer.position = before
            raise
        if batch.place_lost:
            log.error("the place in queue_log is gone, lines may be missing", before=before and before.offset)
        for fault in batch.faults:
            log.warning("damaged line", file=fault.file, line=fault.line, reason=fault.damage.reason)
        return batch

    def _attend(self, stretches: list[Stretch]) -> None:
        """Write what advisers did, and leave in `stretches` what could not be written."""
        while stretches:
            self._presence.write(stretches[0])
            del stretches[0]

    def _close_vanished(self, snapshot: Snapshot) -> None:
        """Record that calls without an end are no longer there. The log has been read since: it does not know it."""
        alive = snapshot.call_ids | {channel.get("Uniqueid") for channel in snapshot.channels}
        second = snapshot.at.replace(microsecond=0)  # the log rounds down: what began in this one may be younger
        gone = [
            CallVanished(at=snapshot.at, call_id=call.call_id, channel_id=call.call_id, source=Source.INFERRED)
            for call in self._ledger.open_calls()
            if call.started_at < second and not alive & {call.call_id, *call.channel_ids}
        ]
        if gone:
            self._ledger.apply(gone)
            log.warning("calls vanished", calls=[event.call_id for event in gone])


def _now() -> datetime:
    return datetime.now(UTC)


def _stored(position: Position | None) -> LogPosition | None:
    return None if position is None else LogPosition(name=LOG_NAME, position=json.dumps(asdict(position)))


async def run_listener(settings: Settings) -> None:
    """Listen for the line of `settings` until SIGTERM or SIGINT."""
    account = accounts.read(settings.secrets_file)
    engine = connect(settings.ledger_url)
    reconciler = Reconciler(
        Ledger(engine), settings.queue_log, time.fromisoformat(settings.reconcile_at), ZoneInfo(settings.timezone)
    )
    listener = Listener(
        engine,
        settings.queue_log,
        Account(
            host=LOCALHOST, port=settings.manager_port, username=account.manager_user, secret=account.manager_secret
        ),
        reconciler.after_gap,
        zone=ZoneInfo(settings.timezone),
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, listener.stop)
    async with asyncio.TaskGroup() as tasks:
        reconciling = tasks.create_task(reconciler.run(), name="reconcile")
        await listener.run()
        reconciling.cancel()
    engine.dispose()
