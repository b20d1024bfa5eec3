"""The bus inside one process. Publishing never waits: a slow reader loses its own messages, and knows how many.

Topics and filters are MQTT's: levels parted by `/`, `+` for one level, `#` for all that follow. As in MQTT, the last
message of a retained topic is kept and is the first that a new subscriber gets.

A `Bus` belongs to one event loop: publish, subscribe and read from there only.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from types import MappingProxyType, TracebackType
from typing import Self

from pydantic import BaseModel


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What was published: a topic and its JSON in UTF-8."""

    topic: str
    payload: bytes
    retain: bool = False
    qos: int = 0


class Bus:
    """Takes messages from any part of the process and hands them to those who asked for their topics."""

    def __init__(self) -> None:
        self.published = 0
        self._retained: dict[str, Message] = {}
        self._subscriptions: dict[Subscription, None] = {}

    @property
    def retained(self) -> Mapping[str, Message]:
        """The last message of each retained topic."""
        return MappingProxyType(self._retained)

    def publish(self, topic: str, payload: BaseModel, *, retain: bool = False, qos: int = 0) -> None:
        """Hand a payload to all who read the topic now. It never waits, and no reader can make it fail."""
        message = Message(topic=topic, payload=payload.model_dump_json().encode(), retain=retain, qos=qos)
        if retain:
            self._retained[topic] = message
        self._hand(message)

    def clear(self, topic: str, qos: int = 0) -> None:
        """Keep nothing more of a retained topic, and tell so: by no payload at all, as in MQTT."""
        self._retained.pop(topic, None)
        self._hand(Message(topic=topic, payload=b"", retain=True, qos=qos))

    def _hand(self, message: Message) -> None:
        self.published += 1
        for subscription in self._subscriptions:
            subscription.offer(message)

    def subscribe(self, *filters: str, size: int = 64) -> "Subscription":
        """Ask for the topics of some filters, from the moment the subscription is entered.

        `size` bounds how many messages of topics not retained may wait to be read.
        """
        return Subscription(self, filters, size)

    def join(self, subscription: "Subscription") -> None:
        """Hand the retained messages to a subscription, and from now on what is published."""
        self._subscriptions[subscription] = None
        for message in self._retained.values():
            subscription.offer(message)

    def leave(self, subscription: "Subscription") -> None:
        """Hand nothing more to a subscription."""
        self._subscriptions.pop(subscription, None)


class Subscription:
    """Messages of some topics in the order of publishing: a context manager to iterate over, for one reader.

    Of a retained topic a slow reader gets only the newest message. Of the others the oldest are dropped when more than
    `size` wait, and `dropped` counts them.
    """

    def __init__(self, bus: Bus, filters: tuple[str, ...], size: int) -> None:
        self.dropped = 0
        self._bus = bus
        self._filters = filters
        self._size = size
        self._pending: OrderedDict[str | int, Message] = OrderedDict()  # by topic if retained, else by number
        self._droppable: deque[int] = deque()
        self._numbers = count()
        self._arrived = asyncio.Event()

    def __enter__(self) -> Self:
        self._bus.join(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bus.leave(self)

    def __len__(self) -> int:
        return len(self._pending)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        while not self._pending:
            self._arrived.clear()
            await self._arrived.wait()
        key, message = self._pending.popitem(last=False)
        if isinstance(key, int):
            self._droppable.popleft()
        return message

    def renew(self) -> None:
        """Get the retained messages once more."""
        self._bus.join(self)

    def offer(self, message: Message) -> None:
        """Take a message if it is of our topics."""
        if not any(matches(wanted, message.topic) for wanted in self._filters):
            return
        if message.retain:
            self._pending[message.topic] = message
        else:
            number = next(self._numbers)
            self._pending[number] = message
            self._droppable.append(number)
            if len(self._droppable) > self._size:
                del self._pending[self._droppable.popleft()]
                self.dropped += 1
        self._arrived.set()


@lru_cache(maxsize=4096)
def matches(wanted: str, topic: str) -> bool:
    """Tell whether a filter takes in a topic (MQTT 3.1.1, section 4.7)."""
    asked, given = wanted.split("/"), topic.split("/")
    for place, level in enumerate(asked):
        if level == "#":
            return True
        if place >= len(given) or level not in {"+", given[place]}:
            return False
    return len(asked) == len(given)
