"""Asterisk's side of one AGI call, scripted: what it sends first, and what it answers to each command.

The forms of the answers, and how commands are split into words, follow Asterisk 22's res/res_agi.c.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from telephony.agi import Channel

CALL_ID = "1795400226.1"


def environment(script: str = "entrada", caller_name: bytes = b"unknown") -> bytes:
    return (
        b"agi_network: yes\nagi_network_script: %b\nagi_request: agi://127.0.0.1/%b\nagi_channel: PJSIP/trunk-01\n"
        b"agi_uniqueid: %b\nagi_callerid: +573001234567\nagi_calleridname: %b\nagi_context: linea\n"
        b"agi_extension: s\nagi_priority: 7\nagi_accountcode: \n\n"
    ) % (script.encode(), script.encode(), CALL_ID.encode(), caller_name)


def words(line: bytes) -> list[str]:
    """Split a command as Asterisk's parse_args does."""
    out: list[bytearray] = []
    quoted = escaped = False
    between = True
    for byte in line:
        char = bytes([byte])
        if char == b'"' and not escaped:
            quoted = not quoted
            if quoted and between:
                out.append(bytearray())
                between = False
        elif char in b" \t" and not quoted and not escaped:
            between = True
        elif char == b"\\" and not escaped:
            escaped = True
        else:
            if between:
                out.append(bytearray())
                between = False
            out[-1] += char
            escaped = False
    return [word.decode("utf-8", "replace") for word in out]


class Replies:
    """The two streams of a channel: each read gives the next of `chunks`, then the end; what is written is kept."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = deque(chunks)
        self.written = b""

    def read1(self, _size: int, /) -> bytes:
        return self.chunks.popleft() if self.chunks else b""

    def write(self, data: bytes, /) -> object:
        self.written += data
        return len(data)

    @property
    def commands(self) -> list[list[str]]:
        return [words(line) for line in self.written.splitlines()]


def answering(*replies: bytes) -> tuple[Channel, Replies]:
    """Return a channel whose commands are answered with `replies`, one after the other, and its other end."""
    streams = Replies(environment(), *replies)
    return Channel(streams, streams), streams


@dataclass
class Call:
    """A call whose caller presses `keys`: one for each time they are listened to, '' for silence; at the end they hang
    up. `during` are keys pressed while a prompt is only said, by its id. `missing` prompts do not exist.
    """

    keys: Iterable[str]
    during: dict[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    heard: list[str] = field(default_factory=list)
    queue_log: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    hung_up: bool = False

    def __post_init__(self) -> None:
        self._keys = iter(self.keys)

    def answer(self, line: bytes) -> bytes:
        reply = b"510 Invalid or unknown command"
        match words(line):
            case ["SET", "VARIABLE", name, value]:
                self.variables[name] = value
                reply = b"200 result=1"
            case ["EXEC", "QueueLog", data]:
                self.queue_log.append(data)
                reply = b"200 result=0"
            case _ if self.hung_up:
                reply = b"511 Command Not Permitted on a dead channel or intercept routine"
            case ["SAY", "ALPHA", "", ""]:
                reply = b"200 result=0"
            case ["STREAM", "FILE", prompt, _, "0"]:
                key = self.during.get(prompt.removeprefix("contesta/"), "")
                reply = b"200 result=%d endpos=8000" % (ord(key) if key else 0)
                if not self._says(prompt):
                    reply = b"200 result=-1 endpos=0"
            case ["GET", "DATA", prompt, _, "1"]:
                reply = b"200 result=-1"
                if self._says(prompt):
                    reply = self._listen(b"200 result=%b", b"200 result= (timeout)")
            case ["WAIT", "FOR", "DIGIT", _]:
                reply = self._listen(b"200 result=%d", b"200 result=0", code=True)
        return reply + b"\n"

    def _says(self, prompt: str) -> bool:
        name = prompt.removeprefix("contesta/")
        if name in self.missing:
            return False
        self.heard.append(name)
        return True

    def _listen(self, pressed: bytes, silence: bytes, *, code: bool = False) -> bytes:
        key = next(self._keys, None)
        if key is None:
            self.hung_up = True
            return b"200 result=-1\nHANGUP"
        if not key:
            return silence
        return pressed % (ord(key) if code else key.replace("#", "").encode())


class CallStreams:
    """The two streams of a channel whose other end is a `Call`."""

    def __init__(self, call: Call, script: str = "entrada") -> None:
        self._call = call
        self._unread = environment(script)

    def read1(self, _size: int, /) -> bytes:
        unread, self._unread = self._unread, b""
        return unread

    def write(self, data: bytes, /) -> object:
        self._unread += self._call.answer(data.removesuffix(b"\n"))
        return len(data)


def channel_of(call: Call) -> Channel:
    streams = CallStreams(call)
    return Channel(streams, streams)
