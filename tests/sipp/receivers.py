"""What SIPp's callers hear.

SIPp gives each caller a port of its own for audio ([auto_media_port]) and only sends from it, so the test can listen
there: one thread for all of them.
"""

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Self

from core.errors import ProtocolError
from telephony.phone.audio import RATE_HZ, SILENCE
from telephony.phone.rtp import Packet
from telephony.phone.sdp import PCMU
from tests.ports import free_port

PORTS_APART = 4
_LOOK_EVERY_SECONDS = 0.05
_BUFFER_BYTES = 1 << 20  # seconds of audio, should the thread not get its turn
_LONGEST_WAIT_SAMPLES = 60 * RATE_HZ
_LONGEST_HICCUP_SAMPLES = 2 * RATE_HZ  # callers keep silent for longer
_LARGEST_PACKET = 2_000


class _Receiver:
    """One caller's: mu-law since the first packet.

    Where sound belongs is told by the sender's clock; by ours where that leaps, as when somebody else begins to speak.
    A sender on a machine under load stops for a moment in mid word, or sends in a burst: that is put together again.
    """

    def __init__(self, port: int) -> None:
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self.heard = bytearray()
        self._source: int | None = None
        self._since = 0.0
        self._zero = 0  # the sender's time at our first sample
        self._until = 0  # of the last packet, as told

    def take_all(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                with contextlib.suppress(ProtocolError):
                    self._take(Packet.parse(self.socket.recv(_LARGEST_PACKET)))

    def _take(self, packet: Packet) -> None:
        if packet.payload_type != PCMU:
            return
        now = time.monotonic()
        if self._source is None:
            self._since = now
        at = (packet.timestamp - self._zero) & 0xFFFF_FFFF
        if packet.source != self._source or abs(at - self._until) > _LONGEST_WAIT_SAMPLES:
            at = max(len(self.heard), int((now - self._since) * RATE_HZ))
            self._source, self._zero = packet.source, packet.timestamp - at
        if at - self._until > _LONGEST_HICCUP_SAMPLES:
            self.heard += SILENCE * (at - len(self.heard))
        self.heard += packet.payload
        self._until = at + len(packet.payload)


class Receivers:
    """The receivers of so many callers, in their order, while it is entered. `port` is SIPp's own for audio."""

    def __init__(self, count: int) -> None:
        self.port = free_port(PORTS_APART * (count + 1))
        self._receivers = [_Receiver(self.port + PORTS_APART * order) for order in range(1, count + 1)]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="receivers")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        for receiver in self._receivers:
            receiver.socket.close()

    def heard(self, order: int) -> bytes:
        """Return what the caller that began in this order, from 0, heard: mu-law at 8 kHz since the first sound."""
        return bytes(self._receivers[order].heard)

    def _listen(self) -> None:
        while not self._over.wait(_LOOK_EVERY_SECONDS):
            for receiver in self._receivers:
                receiver.take_all()
