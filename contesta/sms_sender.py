"""Sends the text messages that wait in the outbox, for as long as it runs, and listens to what comes back.

What a gateway is offered is committed first. Whatever breaks in between leaves a segment uncertain: it is never
offered again.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from callback_queue.sms.gateway import Answer, Fate, Gateway, Receipt, Session
from callback_queue.sms.rules import asks_to_stop
from core.errors import NotAvailableError
from core.numbers import ANONYMOUS
from storage.sms import Ready, SmsOutbox

_EXPIRY = timedelta(seconds=20)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast: segments a second, segments that may wait for their answers, and seconds between looks and attempts."""

    per_second: float = 10.0
    window: int = 10
    idle_seconds: float = 1.0
    first_pause_seconds: float = 1.0
    longest_pause_seconds: float = 60.0


class Sender:
    """One sender over one outbox. `lines_open` gives the lines that may send at a moment."""

    def __init__(
        self,
        outbox: SmsOutbox,
        gateway: Gateway,
        *,
        now: Callable[[], datetime],
        lines_open: Callable[[datetime], Collection[str]],
        pace: Pace | None = None,
    ) -> None:
        self._outbox, self._gateway, self._now, self._lines_open = outbox, gateway, now, lines_open
        self._pace = pace or Pace()
        self._pause_seconds = 0.0
        self._expired_at: datetime | None = None
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Begin nothing new."""
        self._stopping.set()

    async def run(self) -> None:
        """Send until stopped. What a sender that died left is settled first."""
        if uncertain := await asyncio.to_thread(self._outbox.recover, self._now()):
            log.warning("segments uncertain: whether the gateway took them is not known", count=uncertain)
        pause = self._pace.first_pause_seconds
        while not self._stopping.is_set():
            try:
                session = await self._gateway.connect()
            except NotAvailableError as error:
                log.warning("no gateway", error=str(error), again_in_seconds=pause)
                await self._rest(pause)
                pause = min(pause * 2, self._pace.longest_pause_seconds)
                continue
            pause = self._pace.first_pause_seconds
            log.info("gateway connected")
            await self._serve(session)

    async def _serve(self, session: Session) -> None:
        """Send and listen over one connection, until it is over or we are."""
        over = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(self._listen(session, over), name="sms listen")
            await self._send(session, over)
            await session.close()
            with suppress(asyncio.CancelledError):
                listening.cancel()

    async def _send(self, session: Session, over: asyncio.Event) -> None:
        slots = asyncio.Semaphore(self._pace.window)
        async with asyncio.TaskGroup() as tasks:
            while not (over.is_set() or self._stopping.is_set()):
                if self._pause_seconds:
                    await self._rest(self._pause_seconds, over)
                await slots.acquire()
                ready = None if over.is_set() or self._stopping.is_set() else await self._next()
                if ready is None:
                    slots.release()
                    await self._rest(self._pace.idle_seconds, over)
                    continue
                tasks.create_task(self._offer(session, ready, slots), name="sms offer")
                await asyncio.sleep(1 / self._pace.per_second)

    async def _next(self) -> Ready | None:
        now = self._now()
        if self._expired_at is None or now - self._expired_at >= _EXPIRY:
            await asyncio.to_thread(self._outbox.expire, now)
            self._expired_at = now
        return await asyncio.to_thread(self._outbox.next, now, self._lines_open(now))

    async def _offer(self, session: Session, ready: Ready, slots: asyncio.Semaphore) -> None:
        answer = Answer(fate=Fate.UNKNOWN)
        try:
            answer = await session.send(ready.segment)
        finally:
            await asyncio.shield(asyncio.to_thread(self._outbox.answered, ready, answer, self._now()))
            slots.release()
        if answer.fate is Fate.BUSY:
            first, longest = self._pace.first_pause_seconds, self._pace.longest_pause_seconds
            self._pause_seconds = min(max(self._pause_seconds * 2, first), longest)
            log.warning("gateway busy", status=answer.status, pause_seconds=self._pause_seconds)
        elif answer.fate is Fate.ACCEPTED:
            self._pause_seconds = 0.0
        else:
            log.warning("segment not taken", fate=answer.fate, status=answer.status, sms=ready.sms_id)

    async def _listen(self, session: Session, over: asyncio.Event) -> None:
        async for heard in session.heard():
            if isinstance(heard, Receipt):
                await asyncio.to_thread(self._outbox.told, heard)
            elif asks_to_stop(heard.text) and heard.number != ANONYMOUS:
                await asyncio.to_thread(self._outbox.opt_out, heard.number, "citizen", heard.at)
        over.set()
        log.info("gateway connection over")

    async def _rest(self, seconds: float, over: asyncio.Event | None = None) -> None:
        """Wait, but not longer than the connection lasts or we may go on."""
        waits = [asyncio.create_task(event.wait()) for event in (self._stopping, over) if event]
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()
