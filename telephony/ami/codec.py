"""The manager interface's wire format, without any input or output.

Bytes go in by chunks of any size, messages come out; actions go out as bytes. A message is kept as its text and its
headers are looked up when they are asked for: most events are dropped on their name alone, and of the thirty headers
of the others six matter.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import ProtocolError

BANNER = b"Asterisk Call Manager/"
END = b"\r\n\r\n"
STARTS = ("\r\nEvent: ", "\r\nResponse: ")
MAX_MESSAGE_BYTES = 128 * 1024
MAX_LINE_BYTES = 16 * 1024

# What Asterisk 22.10 reads whole. It answers an action beyond with an error that names no ActionID, and of one with a
# longer line it may take the rest for an action of its own.
MAX_ACTION_LINE_BYTES = 1024
MAX_ACTION_HEADERS = 128


@dataclass(slots=True)  # not frozen: that alone would cost half as much again as the parsing
class Message:
    """One message: an event if `event` (its name) is not empty, else the response to an action.

    `OriginateResponse` is an event that also has a `Response` header, so `event` is what tells them apart.
    Of a header that comes more than once, the first is the telephone system's own: what a dialplan adds to a
    UserEvent stands behind it. `text` is every line, each with a line end before and after it.
    """

    event: str
    text: str

    def get(self, name: str, default: str = "") -> str:
        """Value of the first header of that name (case as sent), or `default`."""
        text, key = self.text, f"\r\n{name}: "
        start = text.find(key)
        if start < 0:
            return default
        start += len(key)
        return text[start : text.find("\r\n", start)]

    def __contains__(self, name: str) -> bool:
        return f"\r\n{name}: " in self.text

    def __getitem__(self, name: str) -> str:
        if name not in self:
            raise KeyError(name)
        return self.get(name)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header that repeats (`ChanVariable`, `Output`), in order."""
        return tuple(value for key, value in self.pairs if key == name)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """All headers in order, repeated ones included; lines without a colon are left out."""
        lines = (line.partition(": ") for line in self.text.split("\r\n"))
        return tuple((name, value) for name, colon, value in lines if colon)


class Parser:
    """Turns one connection's bytes into messages.

    `version` is the interface's version once the banner has come, `garbage` counts what was skipped: messages that
    are neither event nor response, lie above the limits, or carry lines of another message before their own.
    """

    def __init__(self) -> None:
        self.version = ""
        self.garbage = 0
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[Message]:
        """Take the next bytes and return the messages that they complete.

        Raises:
            ProtocolError: the peer's first line is not the banner of Asterisk's manager interface.
        """
        data = self._rest + data
        if not self.version:
            data = self._take_banner(data)
        *blocks, self._rest = data.split(END)
        if self._skipping and blocks:
            self._skipping = False
            del blocks[0]
        if len(self._rest) >= MAX_MESSAGE_BYTES + len(END):
            self.garbage += not self._skipping
            self._skipping = True
        if self._skipping:
            self._rest = self._rest[1 - len(END) :]
        return [message for block in blocks if (message := self._message(block)) is not None]

    def _take_banner(self, data: bytes) -> bytes:
        line, end, rest = data.partition(b"\r\n")
        if not line.startswith(BANNER[: len(line)]) or len(line) > MAX_LINE_BYTES + (not end):
            raise ProtocolError(f"En ese puerto no responde el manager de Asterisk, sino {line[:60]!r}")
        if not end:
            return data
        self.version = line.removeprefix(BANNER).decode("utf-8", "replace") or "?"
        return rest

    def _message(self, block: bytes) -> Message | None:
        if len(block) > MAX_LINE_BYTES and _is_too_long(block):
            self.garbage += 1
            return None
        text = f"\r\n{block.decode('utf-8', 'replace')}\r\n"
        if not text.startswith(STARTS):
            starts = [start for key in STARTS if (start := text.find(key)) >= 0]
            before = text[: min(starts, default=len(text))]
            self.garbage += bool(before.strip("\r\n"))
            if not starts:
                return None
            text = text[len(before) :]
        event = text[len(STARTS[0]) : text.index("\r\n", 2)] if text.startswith(STARTS[0]) else ""
        return Message(event, text)


def _is_too_long(block: bytes) -> bool:
    return len(block) > MAX_MESSAGE_BYTES or any(len(line) > MAX_LINE_BYTES for line in block.split(b"\r\n"))


def encode(action: str, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    r"""Bytes of one action; a header may come more than once (`Variable`).

    Raises:
        ProtocolError: a name or value holds CR, LF or NUL, a name is no name, or Asterisk would cut the line.
    """
    lines = [_line(name, value) for name, value in (("Action", action), *headers)]
    if len(lines) > MAX_ACTION_HEADERS:
        raise ProtocolError(f"action {action} has {len(lines)} headers, Asterisk reads {MAX_ACTION_HEADERS}")
    return b"".join(lines) + b"\r\n"


def _line(name: str, value: str) -> bytes:
    if not name.replace("-", "").isalnum() or not name.isascii():
        raise ProtocolError(f"not the name of a header: {name!r}")
    if any(character in value for character in "\r\n\0"):
        raise ProtocolError(f"line end or NUL in the value of {name}: {value!r}")
    try:
        line = f"{name}: {value}\r\n".encode()
    except UnicodeEncodeError as error:
        raise ProtocolError(f"the value of {name} is not Unicode text: {value!r}") from error
    if len(line) > MAX_ACTION_LINE_BYTES:
        raise ProtocolError(f"the value of {name} is too long: {len(line)} bytes of {MAX_ACTION_LINE_BYTES}")
    return line
