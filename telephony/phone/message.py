"""SIP messages (RFC 3261 section 7), without I/O: bytes to `Request` or `Response` and back.

Text is UTF-8; bytes that are not are kept as surrogates, so that what came in goes out unchanged.
"""

import re
from dataclasses import dataclass, replace
from typing import Self

from core.errors import ProtocolError

LONGEST_DATAGRAM_BYTES = 65_535

_VERSION = "SIP/2.0"
_COMPACT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "c": "content-type",
    "l": "content-length",
    "k": "supported",
    "r": "refer-to",
    "o": "event",
}
_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: (.*))?")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_FORBIDDEN = re.compile(r"[\r\n\0]")


def _canonical(name: str) -> str:
    lowered = name.strip().lower()
    return _COMPACT.get(lowered, lowered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What requests and responses share. `headers` are (name, value) in the order of the wire."""

    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return the first value of a header, or an empty string."""
        return next(iter(self.values(name)), "")

    def values(self, name: str) -> tuple[str, ...]:
        """Return every value of a header; a compact name counts as its long form."""
        wanted = _canonical(name)
        return tuple(value for key, value in self.headers if _canonical(key) == wanted)

    def adding(self, *headers: tuple[str, str]) -> Self:
        """Return the message with more headers at its end."""
        return replace(self, headers=self.headers + headers)

    @property
    def call_id(self) -> str:
        """The call this message belongs to."""
        return self.header("Call-ID")

    @property
    def sequence(self) -> tuple[int, str]:
        """Number and method of CSeq."""
        number, method = self.header("CSeq").split()
        return int(number), method

    @property
    def branch(self) -> str:
        """The transaction: the branch of the topmost Via."""
        return parameter(self.header("Via"), "branch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Message):
    """A request."""

    method: str
    uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Response(Message):
    """A response."""

    status: int
    reason: str = ""


def parse(datagram: bytes) -> Request | Response:
    """Decode one datagram.

    Raises:
        ProtocolError: it is not a SIP message, or it lacks Via, From, To, Call-ID or a sound CSeq.
    """
    head, _, body = datagram.partition(b"\r\n\r\n")
    first, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in {" ", "\t"} and headers:  # a folded line goes on with the one before
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.strip()}".strip())
            continue
        name, colon, value = line.partition(":")
        if not colon or not _TOKEN.fullmatch(name.strip()) or _FORBIDDEN.search(value):
            raise ProtocolError(f"SIP header expected, got {line[:60]!r}")
        headers.append((name.strip(), value.strip()))
    message = _start(first, tuple(headers))
    for required in ("Via", "From", "To", "Call-ID"):
        if not message.header(required):
            raise ProtocolError(f"SIP message without {required}")
    if not re.fullmatch(r"[0-9]{1,10}\s+[A-Z]+", message.header("CSeq"), re.ASCII):
        raise ProtocolError(f"SIP message with CSeq {message.header('CSeq')[:60]!r}")
    length = message.header("Content-Length")
    if length and not re.fullmatch("[0-9]{1,6}", length):
        raise ProtocolError(f"SIP message with Content-Length {length[:60]!r}")
    return replace(message, body=body[: int(length)] if length else body)


def _start(line: str, headers: tuple[tuple[str, str], ...]) -> Request | Response:
    if (status := _STATUS_LINE.fullmatch(line)) and not _FORBIDDEN.search(line):
        return Response(status=int(status[1]), reason=status[2] or "", headers=headers)
    match line.split(" "):
        case [method, uri, version] if (
            _TOKEN.fullmatch(method) and uri and version == _VERSION and not _FORBIDDEN.search(uri)
        ):
            return Request(method=method, uri=uri, headers=headers)
    raise ProtocolError(f"SIP start line expected, got {line[:60]!r}")


def encode(message: Request | Response) -> bytes:
    """Encode a message; Content-Length is written here.

    Raises:
        ValueError: a line end or NUL in a header, or too long for a datagram.
    """
    if isinstance(message, Request):
        first = f"{message.method} {message.uri} {_VERSION}"
    else:
        first = f"{_VERSION} {message.status} {message.reason}"
    kept = [(name, value) for name, value in message.headers if _canonical(name) != "content-length"]
    lines = [first, *(f"{name}: {value}" for name, value in kept), f"Content-Length: {len(message.body)}"]
    for line in lines:
        if _FORBIDDEN.search(line):
            raise ValueError(f"line end or NUL in a SIP header: {line[:60]!r}")
    data = "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + message.body
    if len(data) > LONGEST_DATAGRAM_BYTES:
        raise ValueError(f"a SIP message of {len(data)} bytes does not fit a datagram")
    return data


def parameter(value: str, name: str) -> str:
    """Return a parameter of a header such as `tag` of From or `branch` of Via; empty if it has none."""
    outside = re.sub(r"<[^>]*>", "<>", _QUOTED.sub('""', value)).split(",")[0]
    for part in outside.split(";")[1:]:
        key, _, content = part.partition("=")
        if key.strip().lower() == name:
            return content.strip()
    return ""


def uri_of(value: str) -> str:
    """Return the URI of a From, To, Contact or Refer-To header."""
    unquoted = _QUOTED.sub("", value)
    if bracketed := re.search(r"<([^>]*)>", unquoted):
        return bracketed[1]
    return unquoted.split(";")[0].strip()


def user_of(uri: str) -> str:
    """Return the user part of a SIP URI, empty if it has none."""
    user, at, _ = re.sub(r"^sips?:", "", uri).rpartition("@")
    return user if at else ""


def quoted(text: str) -> str:
    """Return text as a quoted string (RFC 3261 section 25.1)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
