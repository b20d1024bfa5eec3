"""The person on the line, as the dialogs see them, over the telephone system's channel.

A prompt is a file of the line's edition in the channel's language. One that is missing is logged and passed over: the
call goes on. What the caller did is written to queue_log, the durable record, at the moment it happens.
"""

import re
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import structlog

from core.errors import CallEndedError, NotAvailableError
from core.events import Source
from core.numbers import normalise
from ivr.dialogs.asking import Fact, Pressed, Spoken
from ivr.line.exchange import DESTINATION, MESSAGES, STANDS
from ivr.speech import TONE
from telephony.agi import Channel
from telephony.queue_log.encode import encode

KEYS = "0123456789*#"
SAMPLES_PER_SECOND = 8000  # the line is narrow-band
SPEECH_ENDS_SECONDS = 4  # of silence
SILENCE_KEPT_SECONDS = 1.0  # of it, that Asterisk leaves in the recording
STRETCH_SECONDS = 8  # of a recording, after which it is seen whether anything comes
LEAST_OF_STRETCH_SECONDS = 0.2
_UNFIT_FOR_A_FILE = re.compile(r"[^\w.-]", re.ASCII)


class LineCaller:
    """Implements `ivr.dialogs.asking.Caller`. `sounds` is the folder of the line's prompts, `now` gives aware time.

    `call_id` is the call's, where that is not the channel's.
    """

    def __init__(
        self,
        channel: Channel,
        sounds: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        call_id: str = "",
    ) -> None:
        """Speak to the caller on `channel`."""
        self._channel = channel
        self._sounds = sounds
        self._now = now
        self._pressed = ""  # while something was said before
        self.call_id = call_id or channel.env.get("agi_uniqueid", "")
        self.number = normalise(channel.env.get("agi_callerid", ""))
        self._log = structlog.get_logger("caller").bind(call=self.call_id)

    # -- what the dialogs use

    def say(self, *prompts: str) -> None:
        """Say prompts. A key cuts them short and is what the next `ask` is answered with."""
        self._pressed = self._said(prompts).key

    def tell(self, *prompts: str) -> None:
        """Say prompts to their end; keys pressed meanwhile, or before, mean nothing."""
        self._pressed = ""
        for prompt in prompts:
            try:
                self._channel.stream_file(self._file(prompt), "")
            except NotAvailableError:
                self._missing(prompt)

    def ask(self, prompts: Sequence[str], silence_seconds: float) -> Pressed:
        """Say prompts and wait after them for a key; one pressed just before is the answer."""
        key, self._pressed = self._pressed, ""
        if key:
            return Pressed(key, 0.0)
        pressed = self._said(prompts)
        return pressed if pressed.key or not silence_seconds else Pressed(self.next_key(silence_seconds))

    def next_key(self, silence_seconds: float) -> str:
        """Wait for one more key; '' for silence."""
        return self._channel.wait_for_digit(round(silence_seconds * 1000))

    def message_file(self, what: str) -> str:
        """Return the name of the file for something that the caller is to say, below the folder of messages."""
        return f"{self._now():%Y/%m/%d}/{_UNFIT_FOR_A_FILE.sub('_', f'{self.call_id}-{what}')}.wav"

    def record(self, file: str, longest_seconds: int) -> Spoken:
        """Sound a tone and record until a key, some seconds of silence or the limit.

        Asterisk knows silence from what a telephone sends. One that is mute may send nothing at all, and would be
        recorded to the limit; so it is recorded in stretches, one after the other into the same file.
        """
        self.tell(TONE)
        folder = self._channel.get_variable(MESSAGES)
        if not folder:
            self._log.error("no_folder_for_messages")
            return Spoken(0.0)
        path = Path(folder) / file
        with suppress(OSError):  # Asterisk tells that it cannot write
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        samples, left_seconds = 0, longest_seconds
        while True:
            stretch_seconds = min(left_seconds, STRETCH_SECONDS)
            begun = self._now()
            recording = self._channel.record_file(
                str(path.with_suffix("")),
                path.suffix[1:],
                KEYS,
                stretch_seconds * 1000,
                samples,
                "",
                SPEECH_ENDS_SECONDS,
            )
            came_seconds = (recording.samples - samples) / SAMPLES_PER_SECOND
            goes_on = recording.reason == "timeout" and (
                max(came_seconds, (self._now() - begun).total_seconds()) >= stretch_seconds
            )
            samples, left_seconds = recording.samples, left_seconds - stretch_seconds
            if not (goes_on and left_seconds and came_seconds >= LEAST_OF_STRETCH_SECONDS):
                break
        if recording.reason == "writefile":
            self._log.error("message_not_written")
        kept_seconds = 0.0 if recording.key or goes_on else SILENCE_KEPT_SECONDS
        return Spoken(max(0.0, samples / SAMPLES_PER_SECOND - kept_seconds), recording.key)

    def note(self, fact: Fact) -> None:
        """Write a fact to queue_log."""
        event = fact(at=self._now(), call_id=self.call_id, channel_id=self.call_id, source=Source.QUEUE_LOG)
        entry = encode(event)
        try:
            self._channel.exec_command("QueueLog", entry.queue, self.call_id, "NONE", entry.event, entry.data)
        except NotAvailableError:
            self._log.warning("queue_log_missing", fact=entry.event)

    # -- what the scripts tell the dialplan

    def stands(self, where: str) -> None:
        """Tell the dialplan what the caller is hearing, '' for nothing in particular."""
        self._channel.set_variable(STANDS, where)

    def get(self, variable: str) -> str:
        """Read a variable of the caller's channel, '' if it is not set."""
        return self._channel.get_variable(variable)

    def set(self, variable: str, value: str) -> None:
        """Set a variable of the caller's channel."""
        self._channel.set_variable(variable, value)

    def send_to(self, destination: str) -> None:
        """Tell the dialplan where the call goes. The last act of a script: without it, the dialplan takes over."""
        self._channel.set_variable(DESTINATION, destination)

    # --

    def _said(self, prompts: Sequence[str]) -> Pressed:
        heard_seconds = 0.0
        for prompt in prompts:
            try:
                answer = self._channel.execute("STREAM FILE", self._file(prompt), KEYS, 0)
            except NotAvailableError:
                self._missing(prompt)
                continue
            heard_seconds += max(0, int(answer.get("endpos", ("0", ""))[0])) / SAMPLES_PER_SECOND
            if code := int(answer["result"][0]):
                return Pressed(chr(code), round(heard_seconds, 1))
        return Pressed("")

    def _file(self, prompt: str) -> str:
        return f"{self._sounds}/{prompt}"

    def _missing(self, prompt: str) -> None:
        folder, slash, _ = prompt.partition("/")  # which values are said is the caller's own affair
        self._log.warning("prompt_missing", prompt=folder + slash)


def run_program(script: Callable[[Channel], None]) -> None:
    """Run a script as a program that Asterisk started: AGI(…/agi_scripts/entrada.py)."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # Asterisk's notice of a hang-up; the channel tells it as well
    with (
        open(0, "rb", closefd=False) as stdin,
        open(1, "wb", buffering=0, closefd=False) as stdout,  # nothing is left to write when it is closed
        suppress(CallEndedError),
    ):
        script(Channel(stdin, stdout))
