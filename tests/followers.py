"""Another system that follows the call events as docs/bus.md says: the numbers show it a gap, the ledger fills it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from aiomqtt import Client, MqttError
from aiomqtt import Message as Received

from tests.mosquitto import Mosquitto

Refill = Callable[[int], Awaitable[list[dict[str, Any]]]]
"""Gives the events that follow a number, all or a part of them."""


@dataclass
class Follower:
    """What it knows. `events` are in their order; `repeated` and `refilled` count, `unfilled` is what it never got."""

    refill: Refill
    last: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    states: dict[str, Any] = field(default_factory=dict)
    messages: list[Received] = field(default_factory=list)
    repeated: int = 0
    refilled: int = 0
    connected: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def unfilled(self) -> int:
        """How many links of the chain are missing."""
        return sum(after["previous"] != before["sequence"] for before, after in pairwise(self.events))

    async def take(self, message: Received) -> None:
        """Take a message as it comes."""
        self.messages.append(message)
        if not message.payload:  # what was kept of this topic is over
            self.states.pop(str(message.topic), None)
            return
        told = json.loads(bytes(message.payload))
        if "/calls/" not in str(message.topic):
            self.states[str(message.topic)] = told
        elif told["sequence"] <= self.last:
            self.repeated += 1
        else:
            while self.last < told["previous"]:
                await self._fill(told["previous"])
            if told["kind"] == "gap":
                await self._fill(told["sequence"])
            else:
                self._know(told)

    async def _fill(self, until: int) -> None:
        while self.last < until:
            missing = [event for event in await self.refill(self.last) if event["sequence"] <= until]
            if not missing:
                return
            self._fill_with(missing)

    def _fill_with(self, missed: list[dict[str, Any]]) -> None:
        for event in missed:
            self._know(event)
        self.refilled += len(missed)

    def _know(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        self.last = event["sequence"]

    async def follow(self, broker: Mosquitto, identifier: str | None = None, *filters: str) -> None:
        """Read until cancelled, and connect again whenever the broker is back."""
        while True:
            with contextlib.suppress(MqttError):
                async with broker.client(identifier=identifier) as client:
                    await self._read(client, filters or ("contesta/#",))
            await asyncio.sleep(0.05)

    async def _read(self, client: Client, filters: tuple[str, ...]) -> None:
        for one in filters:
            await client.subscribe(one, qos=1)
        self.connected.set()
        while missed := await self.refill(self.last):
            self._fill_with(missed)
        async for message in client.messages:
            await self.take(message)


@contextlib.asynccontextmanager
async def following(
    broker: Mosquitto, refill: Refill, identifier: str | None = None, last: int = 0
) -> AsyncIterator[Follower]:
    """Follow while the block runs."""
    follower = Follower(refill, last=last)
    task = asyncio.create_task(follower.follow(broker, identifier), name="follow")
    async with asyncio.timeout(30):
        await follower.connected.wait()
    yield follower
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
