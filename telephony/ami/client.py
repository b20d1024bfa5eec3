"""The live feed of the manager interface, kept up across cut connections.

    async with Client(Account(username="contesta", secret=secret)) as client:
        async for item in client.events():
            match item:
                case Message(): ...       # an event, for decode.EventDecoder
                case Snapshot(): ...      # what goes on now: whatever else was open is gone
                case Connected(gap=gap): ...
                case Disconnected(reason=reason): ...
                case Overflowed(dropped=dropped): ...

The interface repeats nothing: what happens while it is cut is lost here and comes from queue_log. Asterisk cuts a
reader that does not take its events, so they are read at once into a buffer of ours. When the consumer is so late
that it is full, everything is dropped until the consumer has caught up; then follow Overflowed, Connected(gap=True)
and a Snapshot, as after a cut.
"""

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from core.errors import ContestaError, NotAvailableError
from telephony.ami.codec import Message
from telephony.ami.connection import Account, Connection, LoginRefusedError, Snapshot

STREAM_LIMIT_BYTES = 1024 * 1024
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """Events arrive from now on; a Snapshot follows. After a `gap`, events before it may have been missed."""

    gap: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected:
    """No events arrive; `reason`, in Spanish, is for a person. The connection is being tried again."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overflowed:
    """The consumer was too late: `dropped` items are missing here, Connected and Disconnected perhaps among them."""

    dropped: int


Item = Message | Snapshot | Connected | Disconnected | Overflowed


class Client:
    """See the module. `dropped` counts the items that the consumer was too late for, over the client's life."""

    def __init__(
        self,
        account: Account,
        *,
        buffered_items: int = 20_000,
        ping_seconds: float = 10.0,
        answer_seconds: float = 5.0,
    ) -> None:
        self.dropped = 0
        self._account = account
        self._buffered_items, self._ping_seconds, self._answer_seconds = buffered_items, ping_seconds, answer_seconds
        self._items: deque[Item] = deque()
        self._missing = 0
        self._arrived = asyncio.Event()
        self._caught_up = asyncio.Event()
        self._connection: Connection | None = None
        self._was_connected = False
        self._leaving = False
        self._pause_seconds = FIRST_PAUSE_SECONDS

    async def __aenter__(self) -> Self:
        self._runner = asyncio.create_task(self._run(), name="ami: keep connected")
        self._runner.add_done_callback(lambda _: self._arrived.set())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leaving = True
        self._runner.cancel()
        await asyncio.wait([self._runner])
        failure = None if self._runner.cancelled() else self._runner.exception()
        if failure and error is None:
            raise failure

    async def events(self) -> AsyncIterator[Item]:
        """Yield what happens, until the client is left. For one consumer.

        Raises:
            LoginRefusedError: the user or the secret is wrong.
        """
        while True:
            while self._items:
                yield self._items.popleft()
            if self._missing:
                missing, self._missing = self._missing, 0
                self._caught_up.set()
                yield Overflowed(dropped=missing)
            elif self._runner.done():
                if not self._runner.cancelled():
                    self._runner.result()
                return
            else:
                self._arrived.clear()
                await self._arrived.wait()

    async def action(self, name: str, *headers: tuple[str, str]) -> Message:
        """Do one action and return its response; a header may come more than once.

        Raises:
            NotAvailableError: no connection now, no answer in time, or Asterisk refused.
            ProtocolError: a header cannot be sent (see codec.encode).
        """
        return await self._connected().action(name, headers)

    async def collect(self, name: str, *headers: tuple[str, str]) -> tuple[Message, ...]:
        """Do an action that answers with a list, and return the list's events. Raises: as `action`."""
        return await self._connected().collect(name, headers)

    def _connected(self) -> Connection:
        if self._connection is None:
            raise NotAvailableError("No hay conexión con el manager de Asterisk en este momento")
        return self._connection

    def _put(self, item: Item) -> None:
        if self._missing or len(self._items) >= self._buffered_items:
            self._missing += 1
            self.dropped += 1
            return
        self._items.append(item)
        self._arrived.set()

    async def _run(self) -> None:
        while True:
            refused: Exception | None = None
            try:
                await self._stay_connected()
            except* LoginRefusedError as group:
                refused = group.exceptions[0]
            except* ContestaError as group:
                self._put(Disconnected(reason="; ".join(str(error) for error in group.exceptions)))
            if refused:
                raise refused
            if self._leaving:  # a task group that already ends swallows the cancellation
                return
            await asyncio.sleep(self._pause_seconds * random.uniform(0.5, 1.0))
            self._pause_seconds = min(2 * self._pause_seconds, LONGEST_PAUSE_SECONDS)

    async def _stay_connected(self) -> None:
        """Connect, and stay until the connection ends, which is always an error."""
        account = self._account
        try:
            async with asyncio.timeout(self._answer_seconds):
                reader, writer = await asyncio.open_connection(account.host, account.port, limit=STREAM_LIMIT_BYTES)
        except OSError as error:
            raise NotAvailableError(
                f"No responde el manager de Asterisk en {account.host}:{account.port}: ¿está Asterisk en marcha?"
            ) from error
        connection = Connection(reader, writer, deliver=self._put, answer_seconds=self._answer_seconds)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(connection.read(), name="ami: read")
                await connection.login(account)
                await self._resynchronise(connection)
                self._connection, self._pause_seconds = connection, FIRST_PAUSE_SECONDS
                tasks.create_task(self._keep_alive(connection), name="ami: keep alive")
                tasks.create_task(self._heal(connection), name="ami: heal")
                await connection.closed.wait()
                raise NotAvailableError("Asterisk cortó la conexión del manager")
        finally:
            self._connection = None
            connection.abort()

    async def _resynchronise(self, connection: Connection) -> None:
        self._caught_up.clear()
        self._put(Connected(gap=self._was_connected))
        self._was_connected = True
        self._put(await connection.snapshot())

    async def _keep_alive(self, connection: Connection) -> None:
        while True:
            await asyncio.sleep(self._ping_seconds)
            await connection.action("Ping")

    async def _heal(self, connection: Connection) -> None:
        """Resynchronise whenever the consumer has caught up after an overflow."""
        while True:
            await self._caught_up.wait()
            await self._resynchronise(connection)
