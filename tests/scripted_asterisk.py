"""Asterisk's side of one AGI call, scripted: what it sends first, and what it answers to each command.

The forms of the answers, and how commands are split into words, follow Asterisk 22's res/res_agi.c.
"""

import re
from collections import deque
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ivr.line.exchange import MESSAGES
from telephony.agi import Channel

CALL_ID = "1795400226.1"
CALLER = "+573001234567"
KEYS = "0123456789*#"


def prompt_in(file: str) -> str:
    """Return the prompt that a command of the scripts names, without the folder of its line."""
    return re.sub(r"^contesta/(\w+/[0-9a-f]{12}/)?", "", file)


def environment(
    script: str = "entrada", caller_name: bytes = b"unknown", *, number: str = CALLER, args: Iterable[str] = ()
) -> bytes:
    told = (
        b"agi_network: yes\nagi_network_script: %b\nagi_request: agi://127.0.0.1/%b\nagi_channel: PJSIP/trunk-01\n"
        b"agi_uniqueid: %b\nagi_callerid: %b\nagi_calleridname: %b\nagi_context: linea\n"
        b"agi_extension: s\nagi_priority: 7\nagi_accountcode: \n"
    ) % (script.encode(), script.encode(), CALL_ID.encode(), number.encode(), caller_name)
    return told + b"".join(b"agi_arg_%d: %b\n" % (place, arg.encode()) for place, arg in enumerate(args, 1)) + b"\n"


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


SILENCE_TAIL_SAMPLES = 8_000  # of the silence that ended it, Asterisk leaves a second in a recording


class Actions:
    """What a caller does, one after the other, written with blanks between.

    1, *, #…  a key, when the line waits for one; 3001234567# is so many
    -         keeps silent while the line waits
    1@2.5     presses 1 when 2.5 s of what is said have been heard; 1@menu while the prompt `menu` is said
    ~7        speaks for 7 s; ~7# ends it with a key
    [word]    for whoever plays what lies between the scripts
    The end   hangs up; who never does begins anew.
    """

    def __init__(self, written: str, *, never_hangs_up: bool = False) -> None:
        self._ahead: deque[str] = deque()
        for action in written.split():
            self._ahead += action if action.strip(KEYS) == "" else [action]
        self._again = tuple(self._ahead) if never_hangs_up else ()

    def while_said(self, prompt: str) -> tuple[str, float]:
        """Take the next action if it cuts a prompt short; return the key and when, '' if it does not."""
        key, during, when = self._ahead[0].partition("@") if self._ahead else ("", "", "")
        timed = when.replace(".", "").isdecimal()
        if not during or not (timed or when == prompt):
            return "", 1.0
        self.next()
        return key, float(when) if timed else 1.0

    def between_scripts(self) -> str | None:
        """Take the next action if it is for whoever plays what lies between the scripts."""
        return self.next() if self._ahead and self._ahead[0].startswith("[") else None

    def next(self) -> str | None:
        """Take the next action; None if the caller hangs up instead."""
        action = self._ahead.popleft() if self._ahead else None
        if not self._ahead:
            self._ahead += self._again
        return action


@dataclass
class Call:
    """A call whose caller does what `actions` say. `missing` prompts do not exist, nor does a folder `messages` is not.

    `heard` are the prompts said to them, without the folder of their line; `story` are those, and the keys pressed;
    `cut` are those that a key cut short.
    A `careless` caller keeps silent where what they are to do makes no sense.
    """

    actions: Actions
    variables: dict[str, str] = field(default_factory=dict)
    missing: Container[str] = ()
    messages: Path | None = None
    heard: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    waited_ms: list[int] = field(default_factory=list)
    queue_log: list[str] = field(default_factory=list)
    careless: bool = False
    hung_up: bool = False
    _speaks_on: str = ""

    def __post_init__(self) -> None:
        if self.messages:
            self.variables[MESSAGES] = str(self.messages)

    def answer(self, line: bytes) -> bytes:
        if self.hung_up:
            return b""  # with AGIEXITONHANGUP=yes
        reply = b"510 Invalid or unknown command"
        match words(line):
            case ["SET", "VARIABLE", name, value]:
                self.variables[name] = value
                reply = b"200 result=1"
            case ["GET", "VARIABLE", name]:
                value = self.variables.get(name, "")
                reply = b"200 result=1 (%b)" % value.encode() if value else b"200 result=0"
            case ["EXEC", "QueueLog", data]:
                self.queue_log.append(data)
                reply = b"200 result=0"
            case ["SAY", "ALPHA", "", ""]:
                reply = b"200 result=0"
            case ["STREAM", "FILE", prompt, keys, "0"]:
                reply = self._say(prompt, keys)
            case ["WAIT", "FOR", "DIGIT", milliseconds]:
                self.waited_ms.append(int(milliseconds))
                reply = self._listen()
            case ["RECORD", "FILE", path, form, _, longest_ms, offset, _]:
                reply = self._record(Path(f"{path}.{form}"), int(longest_ms), int(offset))
        return reply + b"\n"

    def _say(self, file: str, keys: str) -> bytes:
        prompt = prompt_in(file)
        if prompt in self.missing:
            return b"200 result=-1 endpos=0"
        self.heard.append(prompt)
        key, second = self.actions.while_said(prompt) if keys else ("", 1.0)
        self.story += [prompt, *([f"<{key}>"] if key else [])]
        self.cut += [prompt] if key else []
        return b"200 result=%d endpos=%d" % (ord(key) if key else 0, second * 8_000)

    def _listen(self) -> bytes:
        action = self.actions.next()
        if action is None:
            self.hung_up = True
            return b"200 result=-1\nHANGUP"
        key = action.partition("@")[0]
        if self.careless and key not in KEYS:
            key = "-"
        assert key in {"-", *KEYS}, f"the line waits for a key, the caller is to do {action}"
        self.story.append(f"<{key}>")
        return b"200 result=%d" % (0 if key == "-" else ord(key))

    def _record(self, path: Path, longest_ms: int, offset: int) -> bytes:
        if not path.parent.is_dir():
            return b"200 result=-1 (writefile)"
        path.touch()
        action = self._speaks_on if offset else self.actions.next()
        if action is None:
            self.hung_up = True
            return b"200 result=-1 (hangup) endpos=24000\nHANGUP"
        if not action.startswith("~"):
            return b"200 result=%d (dtmf) endpos=800" % ord(action) if action in KEYS else self._after(0)
        seconds, key = float(action[1:].rstrip(KEYS[10:])), action[-1] if action[-1] in KEYS[10:] else ""
        if seconds * 1000 > longest_ms:
            self._speaks_on = f"~{seconds - longest_ms / 1000}{key}"
            return b"200 result=0 (timeout) endpos=%d" % (offset + longest_ms * 8)
        samples = offset + round(seconds * 8_000)
        return b"200 result=%d (dtmf) endpos=%d" % (ord(key), samples) if key else self._after(samples)

    def _after(self, samples: int) -> bytes:
        return b"200 result=0 (timeout) endpos=%d" % (samples + SILENCE_TAIL_SAMPLES)


class CallStreams:
    """The two streams of a channel whose other end is a `Call`."""

    def __init__(self, call: Call, script: str = "entrada", *args: str, number: str = CALLER) -> None:
        self._call = call
        self._unread = environment(script, number=number, args=args)

    def read1(self, _size: int, /) -> bytes:
        unread, self._unread = self._unread, b""
        return unread

    def write(self, data: bytes, /) -> object:
        self._unread += self._call.answer(data.removesuffix(b"\n"))
        return len(data)


def channel_of(call: Call, script: str = "entrada", *args: str, number: str = CALLER) -> Channel:
    streams = CallStreams(call, script, *args, number=number)
    return Channel(streams, streams)
