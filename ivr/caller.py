"""The person on the line, as the dialogs see them, over the telephone system's channel.

Prompts are the files contesta/<id> of the channel's language. A prompt that is missing is logged and passed over: the
call goes on. What the caller did is written to queue_log, the durable record, at the moment it happens.
"""

import signal
from collections.abc import Callable
from contextlib import suppress

import structlog

from core.errors import CallEndedError, NotAvailableError
from core.events import StepResult
from telephony.agi import Channel

KEYS = "0123456789*#"
DESTINATION_VARIABLE = "CONTESTA_DESTINO"


class LineCaller:
    """Implements `ivr.dialog.Caller`."""

    def __init__(self, channel: Channel) -> None:
        """Speak to the caller on `channel`."""
        self._channel = channel
        self._call_id = channel.env.get("agi_uniqueid", "")
        self._log = structlog.get_logger("caller").bind(call=self._call_id)

    def play(self, prompt: str) -> str:
        """Say a prompt; return the key that cut it short, or ''."""
        try:
            return str(self._channel.stream_file(f"contesta/{prompt}", KEYS))
        except NotAvailableError:
            self._log.warning("prompt_missing", prompt=prompt)
            return ""

    def ask(self, prompt: str, silence_seconds: float) -> str:
        """Say a prompt and wait after it; return the key pressed (# included), or '' for silence."""
        wait_ms = round(silence_seconds * 1000)
        try:
            digits, timed_out = self._channel.get_data(f"contesta/{prompt}", wait_ms, max_digits=1)
        except NotAvailableError:
            self._log.warning("prompt_missing", prompt=prompt)
            return self._channel.wait_for_digit(wait_ms)
        return digits or ("" if timed_out else "#")

    def menu_stepped(self, menu: str, key: str, result: StepResult) -> None:
        """Note what was done in a menu."""
        self._write("MENU", f"{menu}|{key}|{result}")

    def survey_answered(self, question: str, answer: int | None) -> None:
        """Note an answer, or that the question was asked in vain (None)."""
        self._write("ENCUESTA", f"{question}|{'' if answer is None else answer}")

    def send_to(self, destination: str) -> None:
        """Tell the dialplan where the call goes. The last act of a script: without it, the dialplan takes over."""
        self._channel.set_variable(DESTINATION_VARIABLE, destination)

    def _write(self, event: str, data: str) -> None:
        try:
            self._channel.exec_command("QueueLog", "NONE", self._call_id, "NONE", event, data)
        except NotAvailableError:
            self._log.warning("queue_log_missing", fact=event)


def run_program(script: Callable[[Channel], None]) -> None:
    """Run a script as a program that Asterisk started: AGI(…/agi_scripts/entrada.py)."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # Asterisk's notice of a hang-up; the channel tells it as well
    with (
        open(0, "rb", closefd=False) as stdin,
        open(1, "wb", buffering=0, closefd=False) as stdout,  # nothing is left to write when it is closed
        suppress(CallEndedError),
    ):
        script(Channel(stdin, stdout))
