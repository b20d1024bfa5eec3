"""An SMS gateway over SMPP 3.4, on the library smpp34.

The library acknowledges what comes in by itself, at once: a receipt that arrives while we are killed is lost, and its
message stays without confirmation. It tells a broken connection and a missing answer (30 s) by an exception, a refusal
by a status.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import smpp34

from callback_queue.sms.gateway import Answer, Delivery, Fate, Receipt, Reply, Segment
from core.errors import NotAvailableError
from core.numbers import normalise
from core.sms import Encoding, decode, encode

INTERNATIONAL, NATIONAL, ALPHANUMERIC, ABBREVIATED = 1, 2, 5, 6
_ISDN = 1
_HAS_HEADER, _IS_RECEIPT = 0x40, 0x04
_JOINED: Final = b"\x05\x00\x03"
_LONGEST_SHORT_CODE = 8
_UCS2, _LATIN_1, _DEFAULT, _ASCII = 8, 3, 0, 1
_NO_ANSWER_SECONDS = 45.0

_BUSY = frozenset({0x08, 0x14, 0x58})  # system error, queue full, throttled (SMPP 3.4, 5.1.3)
_RECEIPTED_MESSAGE_ID, _MESSAGE_PAYLOAD, _MESSAGE_STATE = 0x001E, 0x0424, 0x0427  # optional parameters (5.3.2)

_STATES: Mapping[str, Delivery] = {
    "DELIVRD": Delivery.DELIVERED,
    "EXPIRED": Delivery.FAILED,
    "DELETED": Delivery.FAILED,
    "UNDELIV": Delivery.FAILED,
    "REJECTD": Delivery.FAILED,
    "ACCEPTD": Delivery.ON_ITS_WAY,
    "ENROUTE": Delivery.ON_ITS_WAY,
    "UNKNOWN": Delivery.ON_ITS_WAY,
}
_STATE_NUMBERS = ("", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD")
_RECEIPT = re.compile(r"\bid:(\S{1,65}).*?\bstat:([A-Z]{7})(?:.*?\berr:(\w{1,8}))?", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmppGateway:
    """An operator's gateway. `window` is how many segments may wait for their answers at once."""

    host: str
    port: int
    system_id: str
    password: str
    now: Callable[[], datetime]
    tls: bool = False
    window: int = 10
    connect_seconds: float = 10.0

    async def connect(self) -> "SmppSession":
        """Bind as transceiver.

        Raises:
            NotAvailableError: it cannot be reached, or does not let us in.
        """
        client = smpp34.Client(
            self.host,
            self.port,
            self.system_id,
            self.password,
            bind_type="TRX",
            tls=self.tls,
            window_size=self.window,
            connect_timeout_ms=round(self.connect_seconds * 1000),
        )
        try:
            async with asyncio.timeout(_NO_ANSWER_SECONDS):
                smsc = await client.connect()
        except (smpp34.SmppError, OSError, TimeoutError) as error:
            raise NotAvailableError(f"la puerta de SMS {self.host}:{self.port} no recibe: {error}") from error
        return SmppSession(client, smsc, self.now, self.window)


class SmppSession:
    """One bound connection."""

    def __init__(self, client: smpp34.Client, smsc: smpp34.Smsc, now: Callable[[], datetime], window: int) -> None:
        self._client, self._smsc, self._now = client, smsc, now
        self._window = asyncio.Semaphore(window)

    async def send(self, segment: Segment) -> Answer:
        """Submit one segment. Whatever is no answer leaves it unknown."""
        ton, npi = _kind(segment.sender)
        octets = encode(segment.text, segment.encoding)
        if segment.total > 1:
            octets = _JOINED + bytes([segment.reference % 256, segment.total, segment.position]) + octets
        async with self._window:
            try:
                async with asyncio.timeout(_NO_ANSWER_SECONDS):
                    answer = await self._smsc.submit_sm(
                        segment.number.removeprefix("+"),
                        octets,
                        source_addr=segment.sender,
                        source_addr_ton=ton,
                        source_addr_npi=npi,
                        dest_addr_ton=INTERNATIONAL,
                        dest_addr_npi=_ISDN,
                        esm_class=_HAS_HEADER if segment.total > 1 else 0,
                        registered_delivery=1,
                        data_coding=_UCS2 if segment.encoding is Encoding.UCS2 else _DEFAULT,
                    )
            except (smpp34.SmppError, TimeoutError):
                return Answer(fate=Fate.UNKNOWN)
        if answer.is_success:
            return Answer(fate=Fate.ACCEPTED, gateway_id=answer.message_id or "")
        busy = answer.command_status in _BUSY
        return Answer(fate=Fate.BUSY if busy else Fate.REFUSED, status=answer.command_status)

    async def heard(self) -> AsyncIterator[Receipt | Reply]:
        """Yield receipts and replies until the connection is over. What means nothing is passed over."""
        while isinstance(event := await self._smsc.next(), smpp34.DeliverSmEvent):
            if found := read(event, self._now()):
                yield found

    async def close(self) -> None:
        """Unbind and let go."""
        with suppress(smpp34.SmppError, TimeoutError):
            async with asyncio.timeout(5):
                await self._smsc.unbind()
        with suppress(smpp34.SmppError):
            await self._client.stop()


def read(event: smpp34.DeliverSmEvent, at: datetime) -> Receipt | Reply | None:
    """Make sense of what a gateway delivered, or of nothing in it."""
    return _receipt(event, at) if event.esm_class & _IS_RECEIPT else _reply(event, at)


def _receipt(event: smpp34.DeliverSmEvent, at: datetime) -> Receipt | None:
    tlvs = {tlv.tag: tlv.value for tlv in event.tlvs}
    found = _RECEIPT.search(event.short_message.decode("latin-1"))
    gateway_id, state, error = (found[1], found[2], found[3] or "") if found else ("", "", "")
    if named := tlvs.get(_RECEIPTED_MESSAGE_ID):
        gateway_id = named.rstrip(b"\0").decode("latin-1")[:65]
    if (number := tlvs.get(_MESSAGE_STATE)) and number[0] < len(_STATE_NUMBERS):
        state = _STATE_NUMBERS[number[0]]
    if not gateway_id.isprintable() or not gateway_id or state not in _STATES:
        return None
    return Receipt(gateway_id=gateway_id, delivery=_STATES[state], detail=f"{state} {error}".strip(), at=at)


def _reply(event: smpp34.DeliverSmEvent, at: datetime) -> Reply:
    octets = event.short_message or next((tlv.value for tlv in event.tlvs if tlv.tag == _MESSAGE_PAYLOAD), b"")
    if event.esm_class & _HAS_HEADER and octets:
        octets = octets[octets[0] + 1 :]
    if event.data_coding == _UCS2:
        text = decode(octets, Encoding.UCS2)
    elif event.data_coding in {_ASCII, _LATIN_1}:
        text = octets.decode("latin-1")
    else:
        text = decode(octets, Encoding.GSM7)
    international = event.source_addr_ton == INTERNATIONAL and not event.source_addr.startswith("+")
    return Reply(number=normalise(("+" if international else "") + event.source_addr), text=text, at=at)


def _kind(sender: str) -> tuple[int, int]:
    """Give type of number and numbering plan of a sender."""
    if not sender.isascii() or not sender.isdecimal():
        return ALPHANUMERIC, 0
    return (ABBREVIATED, 0) if len(sender) <= _LONGEST_SHORT_CODE else (NATIONAL, _ISDN)
