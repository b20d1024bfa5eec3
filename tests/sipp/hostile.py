"""Callers whose bytes no telephone would send: INVITEs written by hand, so that nothing cleans them on the way."""

import contextlib
import re
import socket
import time
from dataclasses import dataclass
from typing import Self

from telephony.phone import sdp
from telephony.phone.dialog import branch
from telephony.phone.rtp import Packet, digit_payloads

ANSWER_SECONDS = 3.0
_OFFER = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio %d RTP/AVP 0 96\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:96 telephone-event/8000\r\n"
)


@dataclass
class RawCaller:
    """One call over a socket of its own. `sender` is the From header without its tag, `dialled` the user of the URI."""

    server: tuple[str, int]
    sender: bytes
    dialled: bytes

    def __enter__(self) -> Self:
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._audio = socket.socket(type=socket.SOCK_DGRAM)
        self._audio.bind(("127.0.0.1", 0))
        self._port = self._socket.getsockname()[1]
        self._id = branch().encode()
        self._to = b"<sip:%b@127.0.0.1>" % self.dialled
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._audio.close()

    def call(self) -> int:
        """Call, and return the final status; 0 if there was none, which is how a message beyond repair is treated."""
        self._send(b"INVITE", 1, _OFFER % self._audio.getsockname()[1])
        deadline = time.monotonic() + ANSWER_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            answer = b""
            with contextlib.suppress(TimeoutError):
                answer = self._socket.recv(65_535)
            if final := re.match(rb"SIP/2\.0 ([2-6]\d\d).*?\r\nTo: *([^\r]+).*?\r\n\r\n(.*)", answer, re.DOTALL):
                self._to = final[2]
                self._send(b"ACK", 1)
                self._line = sdp.parse(final[3]) if final[1] == b"200" else None
                return int(final[1])
        return 0

    def press(self, key: str) -> None:
        """Press a key, faster than a finger would."""
        if self._line is None:
            return
        for sequence, payload in enumerate(digit_payloads(key, 6)):
            packet = Packet(payload_type=96, sequence=sequence, timestamp=160, source=1, payload=payload)
            self._audio.sendto(packet.encode(), (self._line.host, self._line.port))
            time.sleep(0.02)

    def hang_up(self) -> None:
        """End the call."""
        self._send(b"BYE", 2)

    def _send(self, method: bytes, sequence: int, body: bytes = b"") -> None:
        lines = [
            b"%b sip:%b@%b:%d SIP/2.0" % (method, self.dialled, self.server[0].encode(), self.server[1]),
            b"Via: SIP/2.0/UDP 127.0.0.1:%d;branch=%b%b" % (self._port, self._id, method),
            b"From: %b;tag=hostile" % self.sender,
            b"To: " + self._to,
            b"Call-ID: " + self._id,
            b"CSeq: %d %b" % (sequence, method),
            b"Contact: <sip:hostile@127.0.0.1:%d>" % self._port,
            b"Max-Forwards: 70",
            *([b"Content-Type: application/sdp"] if body else []),
            b"Content-Length: %d" % len(body),
        ]
        self._socket.sendto(b"\r\n".join([*lines, b"", body]), self.server)
