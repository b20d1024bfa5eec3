"""The bridge: what is told on the bus, and the outbox's events, handed on to an MQTT broker.

The broker may be away for as long as it likes. Of each state the newest waits for it, call events wait in the ledger,
and whatever else there may be waits in a bounded buffer whose losses are counted. After each connect all states are
told again, since a broker that was started anew may have forgotten them.
"""

import asyncio
import contextlib
import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from aiomqtt import Client, MqttError, Will
from sqlalchemy.exc import InterfaceError, OperationalError

from contesta.bus import topics
from contesta.bus.bus import Bus, Message, Subscription
from contesta.bus.outbox import Batch, Outbox
from contesta.bus.topics import Presence, Status
from core.errors import ContestaError

BUFFER_MESSAGES = 1000
UNCONFIRMED_MESSAGES = 20
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
STEADY_SECONDS = 10.0
LOOK_SECONDS = 0.1
DATABASE_PAUSE_SECONDS = 1.0
KEEPALIVE_SECONDS = 15
ANSWER_SECONDS = 5.0

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Broker:
    """Where the broker is and who we are there. `tls` None: in clear. An empty `user` is nobody."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = None


class Bridge:
    """Keeps one line's bus connected to one broker. `failure` says why there is no connection, "" if there is one."""

    def __init__(self, bus: Bus, broker: Broker, line: str, outbox: Outbox, clock: Callable[[], datetime]) -> None:
        self.connected = False
        self.connections = 0
        self.published = 0
        self._broker = broker
        self._line = line
        self._outbox = outbox
        self._clock = clock
        self._waiting: Subscription = bus.subscribe(topics.EVERYTHING, size=BUFFER_MESSAGES)
        self._held: Message | None = None
        self.failure = ""

    @property
    def dropped(self) -> int:
        """How many messages the buffer has lost."""
        return self._waiting.dropped

    async def run(self) -> None:
        """Hand on what is told until cancelled, and take leave of the broker then."""
        pause_seconds = FIRST_PAUSE_SECONDS
        clock = asyncio.get_running_loop().time
        with self._waiting:
            while True:
                began = clock()
                try:
                    await self._connection()
                except* MqttError as group:
                    self._say(_reason(group))
                _be_cancelled()
                if clock() - began > STEADY_SECONDS:
                    pause_seconds = FIRST_PAUSE_SECONDS
                await asyncio.sleep(pause_seconds * random.uniform(0.5, 1))
                pause_seconds = min(2 * pause_seconds, LONGEST_PAUSE_SECONDS)

    async def _connection(self) -> None:
        """Connect, and hand on until the connection is lost.

        Raises:
            MqttError: alone or in a group: there is no connection, or no longer.
        """
        since = self._clock()
        async with self._client(since) as client:
            self.connected = True
            self.connections += 1
            self.failure = ""
            log.info("broker connected", host=self._broker.host, port=self._broker.port)
            try:
                await self._publish(client, self._status(Presence.ONLINE, since))
                self._waiting.renew()
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._tell(client), name="mqtt: states")
                    tasks.create_task(self._empty_outbox(client), name="mqtt: call events")
                    await _until_lost(client)  # in no task: 3.11's group would leave a cancellation behind in ours
            except asyncio.CancelledError:
                with contextlib.suppress(MqttError):
                    await self._publish(client, self._status(Presence.OFFLINE, since))
                raise
            finally:
                self.connected = False

    def _say(self, reason: str) -> None:
        """Log why there is no connection, once."""
        if reason != self.failure:
            self.failure = reason
            log.warning("broker not connected", reason=reason)

    def _client(self, since: datetime) -> Client:
        will = self._status(Presence.OFFLINE, since)
        client = Client(
            self._broker.host,
            self._broker.port,
            username=self._broker.user or None,
            password=self._broker.password or None,
            will=Will(will.topic, will.payload, will.qos, will.retain),
            timeout=ANSWER_SECONDS,
            keepalive=KEEPALIVE_SECONDS,
            max_concurrent_outgoing_calls=UNCONFIRMED_MESSAGES,
            tls_context=self._broker.tls,
        )
        client.pending_calls_threshold = UNCONFIRMED_MESSAGES
        return client

    def _status(self, status: Presence, since: datetime) -> Message:
        told = Status(line=self._line, status=status, since=since)
        return Message(topic=topics.STATUS, payload=told.model_dump_json().encode(), retain=True, qos=1)

    async def _publish(self, client: Client, message: Message) -> None:
        await client.publish(message.topic, message.payload, message.qos, message.retain)
        self.published += 1
        _be_cancelled()

    async def _tell(self, client: Client) -> None:
        while True:
            if self._held is None:
                self._held = await anext(self._waiting)
            message = self._held
            await self._publish(client, message)
            self._held = None

    async def _empty_outbox(self, client: Client) -> None:
        while True:
            try:
                batch = await asyncio.to_thread(self._outbox.next)
                if batch is not None:
                    await self._deliver(client, batch)
                    await asyncio.to_thread(self._outbox.done, batch)
            except (OperationalError, InterfaceError, ContestaError) as error:
                log.error("cannot read the outbox", error=str(error))  # noqa: TRY400 - its trace tells nothing
                await asyncio.sleep(DATABASE_PAUSE_SECONDS)
            else:
                if batch is None:
                    await asyncio.sleep(LOOK_SECONDS)

    async def _deliver(self, client: Client, batch: Batch) -> None:
        """Publish a batch in its order, and wait until the broker has confirmed each."""
        async with asyncio.TaskGroup() as tasks:
            for message in batch.messages:
                tasks.create_task(self._publish(client, message))


def _be_cancelled() -> None:
    """End the task if that was asked for and got lost: in Python 3.11's `wait_for`, or behind an error of the client.

    Raises:
        CancelledError: it was.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _until_lost(client: Client) -> None:
    """Wait until the connection is lost; nothing is subscribed to.

    Raises:
        MqttError: it is lost.
    """
    async for _ in client.messages:
        pass


def _reason(error: BaseException) -> str:
    """Say the first reason of a group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)
