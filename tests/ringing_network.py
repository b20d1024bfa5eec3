"""A telephone network behind a manager interface: citizens who are busy, machines, and some who talk; it counts rings.

What the dialplan would write into queue_log goes into the ledger, late as by a tailer, and in its order.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.exc import InterfaceError, OperationalError

from core.events import (
    CallEnded,
    CallStarted,
    Completed,
    Connected,
    EndedBy,
    Event,
    LanguageChosen,
    MenuStepped,
    QueueEntered,
    Source,
    StepResult,
)
from storage.ledger import Ledger
from tests.fake_manager import FakeManager

CAUSES = {"busy": 17, "refused": 21}


@dataclass(frozen=True, slots=True, kw_only=True)
class Citizen:
    """What happens at each ring, the last again and again: "busy", "refused", "machine", "talks"."""

    does: tuple[str, ...]


class RingingNetwork(FakeManager):
    """Rings the citizens that it is told to. `twice_at_once` are numbers that rang while they rang."""

    def __init__(self, ledger: Ledger, citizens: dict[str, Citizen], seed: int, advisers: int = 8) -> None:
        super().__init__()
        self.members = [(f"Asesora {number}", 1, "") for number in range(advisers)]
        self.rings: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.twice_at_once: list[str] = []
        self.lines: asyncio.Queue[Event] = asyncio.Queue()
        self._ringing: set[str] = set()
        self._ledger = ledger
        self._citizens = citizens
        self._chance = random.Random(seed)
        self._calls: set[asyncio.Task[None]] = set()

    async def tail(self) -> None:
        """Bring what was written into the ledger, as the listener does."""
        while True:
            lines = [await self.lines.get()]
            await asyncio.sleep(self._chance.uniform(0, 0.2))
            while not self.lines.empty():
                lines.append(self.lines.get_nowait())
            while not await asyncio.to_thread(self._applied, lines):  # noqa: ASYNC110  nobody tells when it is back
                await asyncio.sleep(0.5)

    def _applied(self, lines: list[Event]) -> bool:
        try:
            self._ledger.apply(lines)
        except (OperationalError, InterfaceError):  # the database is down: the listener waits, too
            return False
        return True

    def answer(self, headers: dict[str, str]) -> str:
        """Answer as Asterisk does, and do it."""
        ok, refused = "Response: Success\r\nActionID\r\n", "Response: Error\r\nActionID\r\n"
        if headers["Action"] == "Originate":
            channel_id = headers["ChannelId"]
            if channel_id in self.channels:
                return f"{refused}Message: Channel ID already in use\r\n\r\n"
            self.channels.append(channel_id)
            number = headers["Channel"].removeprefix("Local/").partition("@")[0]
            task = asyncio.get_running_loop().create_task(self._ring(number, channel_id), name=channel_id)
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)
            return f"{ok}Message: Originate successfully queued\r\n\r\n"
        if headers["Action"] == "QueueLog":
            self._write(CallEnded, headers["Uniqueid"], by=EndedBy.SYSTEM, cause=0)
            return f"{ok}Message: Event added successfully\r\n\r\n"
        return super().answer(headers)

    async def _ring(self, number: str, channel_id: str) -> None:
        self.ids[channel_id] += 1
        does = self._citizens[number].does
        does_now = does[min(self.rings[number], len(does) - 1)]
        self.rings[number] += 1
        if number in self._ringing:
            self.twice_at_once.append(number)
        self._ringing.add(number)
        self._write(CallStarted, channel_id, line="ciudadanos", number=f"+57{number}")
        await asyncio.sleep(self._chance.uniform(0, 0.8))
        cause = CAUSES.get(does_now, 16)
        if does_now in {"machine", "talks"}:
            self._write(LanguageChosen, channel_id, language="es")
            await asyncio.sleep(self._chance.uniform(0, 0.4))
        if does_now == "talks":
            self._write(MenuStepped, channel_id, menu="devolucion", key="1", result=StepResult.CHOSEN)
            self._write(QueueEntered, channel_id, queue="atencion")
            await asyncio.sleep(self._chance.uniform(0, 0.4))
            self._write(Connected, channel_id, queue="atencion", agent="Asesora 1", wait_seconds=0)
            await asyncio.sleep(self._chance.uniform(0, 1.0))
            told = {"wait_seconds": 0, "talk_seconds": 1, "by": EndedBy.AGENT}
            self._write(Completed, channel_id, queue="atencion", agent="Asesora 1", **told)
        self._write(CallEnded, channel_id, by=EndedBy.SYSTEM, cause=cause)
        self._ringing.discard(number)
        self.channels.remove(channel_id)

    def _write(self, kind: type[Event], channel_id: str, **fields: Any) -> None:  # noqa: ANN401  of any event
        at = datetime.now(UTC).replace(microsecond=0)
        self.lines.put_nowait(
            kind(
                at=at,
                call_id=channel_id,
                channel_id=channel_id,
                source=Source.QUEUE_LOG,
                order=(datetime.now(UTC) - at) // timedelta(microseconds=1),
                **fields,
            )
        )
