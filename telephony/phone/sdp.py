"""The two lines of SDP that a telephone of G.711 needs (RFC 4566, RFC 3264)."""

import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from core.errors import ProtocolError

PCMU = 0
TELEPHONE_EVENT = 96


class Law(IntEnum):
    """What a telephone speaks, the one or the other, by its payload type."""

    MU = PCMU
    A = 8


class Direction(StrEnum):
    """Which way audio flows, seen from whoever wrote it."""

    BOTH = "sendrecv"
    SEND = "sendonly"
    RECEIVE = "recvonly"
    NONE = "inactive"

    def answered(self) -> "Direction":
        """Return the direction that answers this one."""
        return {Direction.SEND: Direction.RECEIVE, Direction.RECEIVE: Direction.SEND}.get(self, self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """One stream of G.711 with RFC 4733 digits under the payload type `telephone_event`, None without them."""

    host: str
    port: int
    direction: Direction = Direction.BOTH
    telephone_event: int | None = TELEPHONE_EVENT
    law: Law = Law.MU


def encode(description: Description, version: int) -> bytes:
    """Encode an offer or answer; `version` grows with each one of a call."""
    digits = description.telephone_event
    lines = [
        "v=0",
        f"o=- 1 {version} IN IP4 {description.host}",
        "s=-",
        f"c=IN IP4 {description.host}",
        "t=0 0",
        f"m=audio {description.port} RTP/AVP {description.law:d}" + ("" if digits is None else f" {digits}"),
        f"a=rtpmap:{description.law:d} PCM{'A' if description.law is Law.A else 'U'}/8000",
        *([] if digits is None else [f"a=rtpmap:{digits} telephone-event/8000", f"a=fmtp:{digits} 0-15"]),
        "a=ptime:20",
        f"a={description.direction}",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()


def parse(body: bytes, law: Law = Law.MU) -> Description:
    """Decode what the other side offers or answers to a telephone that speaks `law`.

    Raises:
        ProtocolError: there is no audio stream with it.
    """
    text = body.decode("utf-8", "replace")
    audio = re.search(r"^m=audio ([0-9]{1,5}) RTP/AVP ([0-9 ]+?)\s*$", text, re.MULTILINE)
    if not audio or f"{law:d}" not in audio[2].split():
        raise ProtocolError(f"SDP without audio of {law.name}-law: {text[:200]!r}")
    section = text[audio.end() :].split("\nm=")[0]
    hosts = re.findall(r"^c=IN IP4 ([0-9.]+)", text[: audio.start()] + section, re.MULTILINE)
    if not hosts:
        raise ProtocolError("SDP without an address")
    digits = re.search(r"^a=rtpmap:([0-9]{1,3}) telephone-event/8000", section, re.MULTILINE | re.IGNORECASE)
    directions = re.findall(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$", text, re.MULTILINE)
    return Description(
        host=hosts[-1],
        port=int(audio[1]),
        direction=Direction(directions[-1]) if directions else Direction.BOTH,
        telephone_event=int(digits[1]) if digits else None,
        law=law,
    )
