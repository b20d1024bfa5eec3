"""The caller's channel, spoken to in pyst2's vocabulary over a transport of our own.

pyst2's `AGI` gives the call scripts their words (`stream_file`, `get_data`, `set_variable`…). What it does on the wire
is replaced here: arguments are quoted so that no text becomes a command, answers are read strictly, and a script sees
only three errors:

CallEndedError      the caller hung up: end of file, reset, 511, or -1 from a command that plays or listens
ProtocolError       the other end does not speak the protocol, or a text cannot be said in it
NotAvailableError   the command failed with the caller still there: a prompt is missing, or an application

No message repeats an argument or an answer: they may be personal data, and messages are logged.
Source of the answers' forms: Asterisk 22, res/res_agi.c.
"""

import math
import re
from time import monotonic
from typing import NamedTuple, NoReturn, Protocol

import asterisk.agi

from core.errors import CallEndedError, NotAvailableError, ProtocolError

COMMAND_BYTES = 8191  # with its line end; Asterisk reads commands into 8192 bytes and splits what is longer
LINE_BYTES = 65_536
READ_BYTES = 4096
ENVIRONMENT_LINES = 256  # Asterisk sends some 25 and up to 128 arguments
USAGE_LINES = 100
MARGIN_SECONDS = 3.0
LONGEST_PROMPT_SECONDS = 60.0
DEFAULT_TIMEOUT_MS = 2_000
DEFAULT_RECORD_MS = 20_000
ASTERISK_WAITS_MS = 6_000  # for a key, where the command leaves it to Asterisk

Answer = dict[str, tuple[str, str]]

_ANSWER = re.compile(rb"200 result=([^\s(]*)(?: \((.*)\))?(?: endpos=(-?\d{1,18}))?", re.DOTALL)
_OPEN_ANSWER = re.compile(rb"200 result=[^\s(]* \(")
_ENVIRONMENT_LINE = re.compile(rb"(agi_\w+): ?(.*)", re.DOTALL)
_INTEGER = re.compile(r"-?[0-9]{1,9}")
_DIGITS = re.compile(r"-1|[0-9A-D*#]*")
_EMPTY = object()
_LINE_END = frozenset("\r\n\0")
_KEY_CODES = frozenset(map(str, range(-1, 128)))
_PLAIN_ANSWERS: dict[bytes, Answer] = {
    b"200 result=%b\n" % code.encode(): {"result": (code, "")} for code in _KEY_CODES
}

_PLAYS = {"STREAM FILE", "CONTROL STREAM FILE", "GET OPTION", "GET DATA", "RECORD FILE", "EXEC"} | {
    f"SAY {what}" for what in ("ALPHA", "DATE", "DATETIME", "DIGITS", "NUMBER", "PHONETIC", "TIME")
}
_ANSWERS_A_KEY = (_PLAYS | {"WAIT FOR DIGIT"}) - {"GET DATA", "RECORD FILE", "EXEC"}
_FAILS_WHEN_CALL_ENDS = (_PLAYS | {"WAIT FOR DIGIT", "ANSWER"}) - {"RECORD FILE"}


class Reader(Protocol):
    """Where answers come from: sys.stdin.buffer, or a socket's."""

    def read1(self, size: int, /) -> bytes:
        """Wait for bytes and return those that are there, b"" at the end."""


class Writer(Protocol):
    """Where commands go."""

    def write(self, data: bytes, /) -> object:
        """Take all of `data` and hand it on at once."""


class Keys(NamedTuple):
    """What a caller pressed. `timed_out` tells waiting in vain (True) from ending with # or the last digit."""

    digits: str
    timed_out: bool


class Recording(NamedTuple):
    """How a recording ended: `reason` is dtmf, timeout, hangup, writefile, waitfor or randomerror.

    `key` is the key that ended it, or empty; `samples` is its length at 8000 samples a second.
    """

    key: str
    reason: str
    samples: int


def _unusable(name: str) -> property:
    def refuse(_: "Channel") -> NoReturn:
        raise AttributeError(f"{name} does not work over a telephone line")

    return property(refuse)


class Channel(asterisk.agi.AGI):  # type: ignore[misc]  # pyst2 has no types
    """One caller, from the environment that Asterisk sends first to the end of the stream.

    `due_at` is the monotonic time by which the party whose turn it is must have acted: Asterisk while a command runs,
    the script between commands. Nothing here enforces it; the server's watchdog does.
    """

    def __init__(
        self,
        stdin: Reader,
        stdout: Writer,
        *,
        received: bytes = b"",
        thinking_seconds: float = math.inf,
    ) -> None:
        """Read the environment from `stdin`, of which `received` was read before.

        Raises:
            CallEndedError: the stream ended first.
            ProtocolError: what came is not an AGI environment.
        """
        self.stdin = stdin
        self.stdout = stdout
        self.env: dict[str, str] = {}
        self.hung_up = False
        self.due_at = math.inf
        self._thinking_seconds = thinking_seconds
        self._command = "the first command"
        self._unread = received
        self._get_agi_env()
        self.due_at = monotonic() + thinking_seconds

    # -- the wire

    def _get_agi_env(self) -> None:
        for count in range(ENVIRONMENT_LINES):
            line = self._read_line()
            if not line and count:
                return
            if pair := _ENVIRONMENT_LINE.fullmatch(line):
                # The first of a name counts: a line end inside a caller's name cannot replace what came before it.
                self.env.setdefault(_text(pair[1]), _text(pair[2]).strip())
            elif not count:
                raise ProtocolError("not an AGI environment")
        raise ProtocolError(f"the AGI environment has more than {ENVIRONMENT_LINES} lines")

    def _read_line(self) -> bytes:
        line, end, rest = self._unread.partition(b"\n")
        while not end:
            if len(line) > LINE_BYTES:
                raise ProtocolError(f"a line of more than {LINE_BYTES} bytes")
            self._unread = line + self._receive()
            line, end, rest = self._unread.partition(b"\n")
        self._unread = rest
        return line

    def _receive(self) -> bytes:
        try:
            received = self.stdin.read1(READ_BYTES)
        except (OSError, ValueError) as gone:
            raise CallEndedError("the connection broke") from gone
        if not received:
            raise CallEndedError("the connection ended")
        return received

    def _quote(self, value: object) -> object:
        """Say that an argument is there even if it is empty; `send_command` puts the quotation marks."""
        return _EMPTY if value is None or value == "" else value

    def send_command(self, command: str, *args: object) -> None:
        """Write one command. Every argument is quoted; an empty one that pyst2 did not quote means that it is absent.

        Raises:
            CallEndedError: nobody reads any more.
            ProtocolError: a line end or NUL in an argument, too long a command, or an answer nobody asked for is there.
        """
        self._command = command
        if self._unread:
            self._refuse_unasked()
        text = command
        for arg in args:
            if arg is _EMPTY:
                text += ' ""'
            elif arg != "":
                word = str(arg)
                if '"' in word or "\\" in word:
                    word = word.replace("\\", "\\\\").replace('"', '\\"')
                text += f' "{word}"'
        if not text.isprintable() and not _LINE_END.isdisjoint(text):
            raise ProtocolError(f"{command}: an argument contains a line end or NUL")
        line = text.encode("utf-8", "replace") + b"\n"
        if len(line) > COMMAND_BYTES:
            raise ProtocolError(f"{command}: longer than {COMMAND_BYTES} bytes")
        try:
            self.stdout.write(line)
        except (OSError, ValueError) as gone:
            raise CallEndedError("the connection broke") from gone

    def _refuse_unasked(self) -> None:
        while self._unread.startswith(b"HANGUP\n"):
            self.hung_up = True
            self._unread = self._unread[7:]
        if self._unread and not b"HANGUP\n".startswith(self._unread):
            raise ProtocolError(f"before {self._command}: an answer nobody asked for")

    def get_result(self) -> Answer:
        """Read the answer to the last command: `{"result": (value, data)}`, and `"endpos": (samples, "")` if told.

        Raises:
            CallEndedError: end of file, reset or 511.
            ProtocolError: any other code than 200, or no answer at all.
        """
        if not self._unread:
            received = self._receive()
            if answer := _PLAIN_ANSWERS.get(received):
                return answer
            self._unread = received
        line = self._read_line()
        while line == b"HANGUP" or line.startswith(b"100"):
            self.hung_up |= line == b"HANGUP"
            line = self._read_line()
        parts = _ANSWER.fullmatch(line)
        if not parts and _OPEN_ANSWER.match(line):
            parts = _ANSWER.fullmatch(self._rest_of_value(line))
        if not parts:
            self._raise_refusal(line)
        answer = {"result": (_text(parts[1]), _text(parts[2] or b""))}
        if parts[3]:
            answer["endpos"] = (_text(parts[3]), "")
        return answer

    def _rest_of_value(self, line: bytes) -> bytes:
        """Read on to the closing bracket: a variable's value may contain line ends."""
        lines = [line]
        size = len(line)
        while not lines[-1].endswith(b")"):
            if size > LINE_BYTES:
                raise ProtocolError(f"{self._command}: an answer of more than {LINE_BYTES} bytes")
            lines.append(self._read_line())
            size += len(lines[-1]) + 1
        return b"\n".join(lines)

    def _raise_refusal(self, line: bytes) -> NoReturn:
        if line.startswith(b"511"):
            self.hung_up = True
            raise CallEndedError("the caller has hung up")
        if line.startswith(b"510"):
            raise ProtocolError(f"Asterisk does not know the command {self._command}")
        if line.startswith(b"520"):
            more = USAGE_LINES if line.startswith(b"520-") else 0
            while more and not self._read_line().startswith(b"520 "):
                more -= 1
            raise ProtocolError(f"Asterisk does not accept the arguments of {self._command}")
        raise ProtocolError(f"{self._command}: not an AGI answer")

    def execute(self, command: str, *args: object, seconds: float = 0) -> Answer:
        """Send a command and read its answer; `seconds` is the time-out the command itself has.

        Raises:
            CallEndedError, ProtocolError: as `send_command` and `get_result`.
            NotAvailableError: it answered -1, and the caller is still there.
        """
        playing = LONGEST_PROMPT_SECONDS if command in _PLAYS else 0
        self.due_at = monotonic() + seconds + playing + MARGIN_SECONDS
        self.send_command(command, *args)
        answer = self.get_result()
        value = answer["result"][0]
        if value not in _KEY_CODES and not _may_answer(command, value):
            raise ProtocolError(f"{command}: not its kind of answer")
        if value == "-1" and command in _FAILS_WHEN_CALL_ENDS:
            self._raise_failure(command)
        self.due_at = monotonic() + self._thinking_seconds
        return answer

    def _raise_failure(self, command: str) -> NoReturn:
        """Tell a caller who hung up from a prompt that does not exist: both are answered with -1.

        To say no letters at all is refused (511), after a HANGUP notice, only on a channel that is hung up.
        """
        if not self.hung_up:
            self.send_command("SAY ALPHA", _EMPTY, _EMPTY)
            self.hung_up |= self.get_result()["result"][0] == "-1"
        if self.hung_up:
            raise CallEndedError("the caller has hung up")
        self.due_at = monotonic() + self._thinking_seconds
        raise NotAvailableError(f"{command} failed: the prompt is missing, or the application")

    # -- the words whose answers pyst2 loses or damages

    def test_hangup(self) -> None:
        """Raise CallEndedError if Asterisk has announced a hang-up."""
        if self.hung_up:
            raise CallEndedError("the caller has hung up")

    def wait_for_digit(self, timeout: int = DEFAULT_TIMEOUT_MS) -> str:
        """Return the key pressed within `timeout` ms (-1: no limit), or ''."""
        code = int(self.execute("WAIT FOR DIGIT", timeout, seconds=_seconds(timeout))["result"][0])
        return chr(code) if code else ""

    def get_data(self, filename: str, timeout: int = DEFAULT_TIMEOUT_MS, max_digits: int = 255) -> Keys:
        """Play a file and collect keys, up to `max_digits`, # or `timeout` ms without one."""
        seconds = _seconds(timeout or ASTERISK_WAITS_MS) * max_digits
        digits, data = self.execute("GET DATA", filename, timeout, max_digits, seconds=seconds)["result"]
        return Keys(digits, data == "timeout")

    def get_option(self, filename: str, escape_digits: str = "", timeout: int = DEFAULT_TIMEOUT_MS) -> str:
        """Play a file and return the one key of `escape_digits` pressed until `timeout` ms after its end, or ''."""
        args = (filename, self._process_digit_list(escape_digits), timeout)
        code = int(self.execute("GET OPTION", *args, seconds=_seconds(timeout))["result"][0])
        return chr(code) if code else ""

    def record_file(  # the words and their order are pyst2's
        self,
        filename: str,
        format: str = "gsm",  # noqa: A002  pyst2's word
        escape_digits: str = "#",
        timeout: int = DEFAULT_RECORD_MS,
        offset: int = 0,
        beep: str = "beep",
        silence: int = 0,
    ) -> Recording:
        """Record until a key of `escape_digits`, `timeout` ms (-1: no limit) or `silence` s of silence.

        A caller who hangs up ends it as well: the recording is kept, and the next command raises CallEndedError.
        """
        args = (filename, format, self._process_digit_list(escape_digits), timeout, offset, beep, f"s={silence}")
        answer = self.execute("RECORD FILE", *args, seconds=_seconds(timeout))
        value, reason = answer["result"]
        key = chr(int(value)) if reason == "dtmf" and value in _KEY_CODES - {"-1", "0"} else ""
        return Recording(key, reason or "randomerror", max(0, int(answer.get("endpos", ("0", ""))[0])))

    def say_datetime(self, seconds: int, escape_digits: str = "", format: str = "", zone: str = "") -> str:  # noqa: A002  pyst2's word
        """Say a moment given in seconds since 1970; `format` as in voicemail.conf, needed for `zone` to count."""
        args = [seconds, self._process_digit_list(escape_digits), *filter(None, (format, zone if format else ""))]
        code = int(self.execute("SAY DATETIME", *args)["result"][0])
        return chr(code) if code else ""

    def channel_status(self, channel: str = "") -> int:
        """Return the state of this or the named channel: 0 down … 6 up, 7 busy, -1 not there."""
        return int(self.execute("CHANNEL STATUS", channel)["result"][0])

    def appexec(self, application: str, options: str = "") -> str:
        """Run a dialplan application and return what it returned; raises as `exec_command`."""
        return self.exec_command(application, options)["result"][0]

    def exec_command(self, command: str, *args: object) -> Answer:
        """Run a dialplan application with arguments that will be separated by commas.

        Raises:
            NotAvailableError: Asterisk has no such application.
        """
        answer = self.execute("EXEC", command, ",".join(map(str, args)))
        if answer["result"][0] == "-2":
            raise NotAvailableError(f"Asterisk has no application {command}")
        return answer

    def get_variable(self, name: str) -> str:
        """Return a channel variable, '' if it is not set; Asterisk cuts it at 1023 bytes."""
        return self.execute("GET VARIABLE", self._quote(name))["result"][1]

    def get_full_variable(self, name: str, channel: str | None = None) -> str:
        """Return an expression like `${CHANNEL(language)}` evaluated on this or the named channel."""
        return self.execute("GET FULL VARIABLE", self._quote(name), channel or "")["result"][1]

    def database_get(self, family: str, key: str) -> str | None:
        """Return an entry of Asterisk's database, None if there is none."""
        found, value = self.execute("DATABASE GET", self._quote(family), self._quote(key))["result"]
        return value if found == "1" else None

    def database_put(self, family: str, key: str, value: str) -> None:
        """Write an entry of Asterisk's database.

        Raises:
            NotAvailableError: Asterisk could not.
        """
        args = (self._quote(family), self._quote(key), self._quote(value))
        if self.execute("DATABASE PUT", *args)["result"][0] != "1":
            raise NotAvailableError("Asterisk could not write its database")

    def database_del(self, family: str, key: str) -> bool:
        """Delete an entry of Asterisk's database and tell whether there was one."""
        return self.execute("DATABASE DEL", self._quote(family), self._quote(key))["result"][0] == "1"

    def database_deltree(self, family: str, key: str = "") -> bool:
        """Delete a family, or a subtree of it, and tell whether there was one (Asterisk answers 0 if there was)."""
        return self.execute("DATABASE DELTREE", self._quote(family), key)["result"][0] == "0"

    receive_char = _unusable("receive_char")
    send_image = _unusable("send_image")
    send_text = _unusable("send_text")
    tdd_mode = _unusable("tdd_mode")


def _may_answer(command: str, value: str) -> bool:
    """Whether a value other than a key's code can be the answer to a command."""
    if command == "GET DATA":
        return _DIGITS.fullmatch(value) is not None
    return command not in _ANSWERS_A_KEY and _INTEGER.fullmatch(value) is not None


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _seconds(timeout_ms: int) -> float:
    return math.inf if timeout_ms < 0 else timeout_ms / 1000
