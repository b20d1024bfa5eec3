"""What Contesta asks of whoever carries text messages, whatever the wire: a protocol, and the values it speaks in."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from core.sms import Encoding


class Fate(StrEnum):
    """What a gateway did with a segment."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """It will never take this one."""
    BUSY = "busy"
    """It did not take it now; the same segment may be offered again, later."""
    UNKNOWN = "unknown"
    """The connection broke before the answer: it may have been taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One segment to send. `number` is E.164. `position` counts from 1 to `total`; `reference` joins the segments."""

    number: str
    sender: str
    text: str
    encoding: Encoding
    position: int = 1
    total: int = 1
    reference: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A gateway's answer to a segment: `gateway_id` is its own name for it; `status` a number of its protocol."""

    fate: Fate
    gateway_id: str = ""
    status: int = 0


class Delivery(StrEnum):
    """What became of a segment on its way to the telephone."""

    DELIVERED = "delivered"
    FAILED = "failed"
    ON_ITS_WAY = "on_its_way"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the network tells of a segment, perhaps before the gateway has answered to it."""

    gateway_id: str
    delivery: Delivery
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A text message that came in. `number` is E.164, or "anonymous"."""

    number: str
    text: str
    at: datetime


class Session(Protocol):
    """A connection to a gateway."""

    async def send(self, segment: Segment) -> Answer:
        """Offer one segment, and wait for the answer. Several may be on their way at once."""
        ...

    def heard(self) -> AsyncIterator[Receipt | Reply]:
        """Yield what comes in, until the connection is over."""
        ...

    async def close(self) -> None:
        """Say goodbye."""
        ...


class Gateway(Protocol):
    """Whoever carries text messages."""

    async def connect(self) -> Session:
        """Open a connection.

        Raises:
            NotAvailableError: there is none to be had now.
        """
        ...
