"""RTP (RFC 3550) with G.711 and digits as events (RFC 4733): packets, and the stream of one call."""

import asyncio
import secrets
import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from core.errors import ProtocolError

from .audio import FRAME_SAMPLES, FROM_ALAW, RATE_HZ, SILENCE, TO_ALAW
from .pacer import Pacer
from .sdp import TELEPHONE_EVENT, Description, Direction, Law

DIGITS = "0123456789*#ABCD"
FRAME_MS = 20
LONGEST_HEARD_SECONDS = 600

_HEADER = struct.Struct("!BBHII")
_EVENT = struct.Struct("!BBH")
_LOUDNESS = 10  # of a digit, in -dBm0
_END = 0x80
_LAST_PACKETS = 3  # the end of a digit is sent three times
_JITTER_SAMPLES = RATE_HZ // 10  # a gap below this is jitter, not silence
_VERSION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One RTP packet."""

    payload_type: int
    sequence: int
    timestamp: int
    source: int
    payload: bytes
    marker: bool = False

    def encode(self) -> bytes:
        """Return the datagram."""
        second = self.payload_type | (0x80 if self.marker else 0)
        return _HEADER.pack(_VERSION << 6, second, self.sequence, self.timestamp, self.source) + self.payload

    @classmethod
    def parse(cls, datagram: bytes) -> "Packet":
        """Decode a datagram; header extension and padding are taken off.

        Raises:
            ProtocolError: it is not RTP.
        """
        if len(datagram) < _HEADER.size or datagram[0] >> 6 != _VERSION:
            raise ProtocolError("not an RTP packet")
        first, second, sequence, timestamp, source = _HEADER.unpack_from(datagram)
        start = _HEADER.size + 4 * (first & 0x0F)
        if first & 0x10 and len(datagram) >= start + 4:
            start += 4 + 4 * int.from_bytes(datagram[start + 2 : start + 4])
        padding = datagram[-1] if first & 0x20 else 0
        if start + padding > len(datagram):
            raise ProtocolError("an RTP packet shorter than its header says")
        return cls(
            payload_type=second & 0x7F,
            marker=bool(second & 0x80),
            sequence=sequence,
            timestamp=timestamp,
            source=source,
            payload=datagram[start : len(datagram) - padding],
        )


def digit_payloads(digit: str, frames: int) -> Iterator[bytes]:
    """Yield the payloads of one digit, 20 ms each, the last one three times with the end bit.

    Raises:
        ValueError: not a digit of a telephone.
    """
    event = DIGITS.index(digit)
    for frame in range(1, frames + _LAST_PACKETS):
        last = frame >= frames
        yield _EVENT.pack(event, _LOUDNESS | (_END if last else 0), min(frame, frames) * FRAME_SAMPLES)


class Stream(asyncio.DatagramProtocol):
    """What one call says and hears. Sends a frame each 20 ms once it knows where to; `Pacer` gives the time."""

    def __init__(self, pacer: Pacer, law: Law = Law.MU) -> None:
        self.digits_heard = ""
        self._law = law
        self._pacer = pacer
        self._transport: asyncio.DatagramTransport | None = None
        self._remote: tuple[str, int] | None = None
        self._telephone_event: int | None = TELEPHONE_EVENT
        self._receives = True
        self._sound = b""
        self._position = 0
        self._repeats = False
        self._mute = False
        self._events: deque[tuple[bytes, bool]] = deque()  # payload (empty: a pause) and whether a digit begins
        self._event_timestamp = 0
        self._closed = False
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._source = secrets.randbits(32)
        self._sequence = secrets.randbits(15)
        self._timestamp = secrets.randbits(31)
        self._heard = bytearray()
        self._heard_since: float | None = None
        self._last_digit_timestamp: int | None = None

    @classmethod
    async def open(cls, host: str, pacer: Pacer, law: Law = Law.MU) -> "Stream":
        """Bind a free port."""
        loop = asyncio.get_running_loop()
        _, stream = await loop.create_datagram_endpoint(lambda: cls(pacer, law), local_addr=(host, 0))
        return stream

    @property
    def port(self) -> int:
        """The UDP port audio is expected at."""
        if self._transport is None:
            return 0
        return int(self._transport.get_extra_info("sockname")[1])

    @property
    def heard(self) -> bytes:
        """Mu-law of what was heard since the first packet; what did not come is silence (at most 10 min)."""
        return bytes(self._heard)

    def connect(self, remote: Description, ours: Direction) -> None:
        """Talk to `remote` from now on, in the direction `ours`."""
        self._telephone_event = remote.telephone_event
        self._receives = ours in {Direction.BOTH, Direction.RECEIVE}
        sends = ours in {Direction.BOTH, Direction.SEND} and remote.port
        self._remote = (remote.host, remote.port) if sends else None
        self._pacer.add(self.tick)

    def play(self, sound: bytes, *, repeat: bool = False) -> None:
        """Say `sound` (mu-law) from now on, then silence."""
        self._sound, self._position, self._repeats = sound, 0, repeat

    def mute(self) -> None:
        """Send no sound any more, not even silence."""
        self._mute = True

    async def send_digits(self, digits: str, on_ms: int, off_ms: int) -> None:
        """Press digits, and return when the last one is sent.

        Raises:
            ValueError: not digits of a telephone.
            ProtocolError: the other side takes no RFC 4733 digits.
        """
        if self._closed:
            return
        if self._telephone_event is None:
            raise ProtocolError("the other side takes no digits as telephone events")
        for digit in digits:
            payloads = digit_payloads(digit, max(on_ms // FRAME_MS, 1))
            self._events.extend((payload, number == 0) for number, payload in enumerate(payloads))
            self._events.extend([(b"", False)] * (off_ms // FRAME_MS))
        if self._events:
            self._quiet.clear()
        await self._quiet.wait()

    def close(self) -> None:
        """Stop, and let go of the port."""
        self._closed = True
        self._pacer.remove(self.tick)
        self._events.clear()
        self._quiet.set()
        if self._transport is not None:
            self._transport.close()

    def tick(self) -> None:
        """Send what belongs to the next 20 ms."""
        payload, begins = self._events.popleft() if self._events else (b"", False)
        if not self._events:
            self._quiet.set()
        if begins:
            self._event_timestamp = self._timestamp
        is_event = bool(payload)
        timestamp = self._event_timestamp if is_event else self._timestamp
        payload = payload or self._next_frame()
        self._timestamp = (self._timestamp + FRAME_SAMPLES) & 0xFFFF_FFFF
        if self._remote is None or self._transport is None or (self._mute and not is_event):
            return
        self._sequence = (self._sequence + 1) & 0xFFFF
        packet = Packet(
            payload_type=cast("int", self._telephone_event) if is_event else self._law,
            sequence=self._sequence,
            timestamp=timestamp,
            source=self._source,
            payload=payload,
            marker=begins,
        )
        self._transport.sendto(packet.encode(), self._remote)

    def _next_frame(self) -> bytes:
        frame = self._sound[self._position : self._position + FRAME_SAMPLES]
        self._position += FRAME_SAMPLES
        if self._repeats and self._position >= len(self._sound):
            self._position = 0
        frame = frame.ljust(FRAME_SAMPLES, SILENCE)
        return frame.translate(TO_ALAW) if self._law is Law.A else frame

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def error_received(self, exc: Exception) -> None:
        """Go on: the other side closed its port, its BYE is on the way."""

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002  # asyncio's signature
        """Hear a packet; what is not RTP is passed over."""
        try:
            packet = Packet.parse(data)
        except ProtocolError:
            return
        if packet.payload_type == self._law:
            if self._receives:
                self._hear(packet.payload.translate(FROM_ALAW) if self._law is Law.A else packet.payload)
        elif packet.payload_type == self._telephone_event and len(packet.payload) >= _EVENT.size:
            event, flags, _ = _EVENT.unpack_from(packet.payload)
            if flags & _END and packet.timestamp != self._last_digit_timestamp and event < len(DIGITS):
                self._last_digit_timestamp = packet.timestamp
                self.digits_heard += DIGITS[event]

    def _hear(self, payload: bytes) -> None:
        now = asyncio.get_running_loop().time()
        if self._heard_since is None:
            self._heard_since = now
        missing = int((now - self._heard_since) * RATE_HZ) - len(self._heard)
        if missing > _JITTER_SAMPLES:
            self._heard += SILENCE * missing
        if len(self._heard) < LONGEST_HEARD_SECONDS * RATE_HZ:
            self._heard += payload
