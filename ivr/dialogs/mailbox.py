"""The callback mailbox: a caller leaves what the line asks for, each thing confirmed and kept before the next.

Numbers are keyed in and read back; names and descriptions are spoken. Whoever cannot give something is not held up:
the request is kept without it, marked incomplete. At the end the caller hears the filing number and a code for asking.
"""

from collections.abc import Container
from enum import Enum
from functools import partial
from typing import Protocol

from core.events import MailboxStep, MailboxStepped, Stage
from ivr import speech
from ivr.dialogs.asking import Caller, key_in, tries, within
from ivr.dialogs.keyed import KINDS, can_be_called
from ivr.line.model import REPEAT_KEY, FieldKind, Mailbox, MailboxField, Voice

YES_KEY = "1"
CORRECT_KEY = "2"
MOST_CORRECTIONS = 3
LEAST_SPOKEN_SECONDS = 0.4
FREE_HEARINGS = 3
MESSAGE_SECONDS = 120
MESSAGE = "message"
"""What somebody says who could not key in a number to be called at."""


class Request(Protocol):
    """A request that is being left. What a method was told is durable when it returns.

    Every method raises NotAvailableError if it cannot be kept.
    """

    @property
    def number(self) -> str:
        """The filing number, in digits."""

    @property
    def code(self) -> str:
        """What whoever asks for the request later has to know."""

    def confirm(self, what: str, value: str) -> None:
        """Keep a field that the caller confirmed."""

    def speaking(self, what: str, file: str) -> None:
        """Keep where something is being recorded that the caller says."""

    def spoke(self, what: str, file: str, seconds: float) -> None:
        """Keep that it was said; 0 s, that nothing was."""

    def finish(self, *, complete: bool) -> None:
        """Keep that the caller came to the end; `complete` if nothing required is missing."""


class Left(Enum):
    """How a caller came out of the mailbox."""

    REQUEST = "request"
    """Their request is kept, and they know its number."""
    NOTHING = "nothing"
    """There is no way to call them."""


def take_request(
    caller: Caller, mailbox: Mailbox, voice: Voice, request: Request, *, caller_number: str, may_keep_speech: bool
) -> Left:
    """Ask for everything the mailbox wants; `caller_number` is normalised, where the caller calls from.

    Raises:
        NotAvailableError: it cannot be kept.
    """
    caller.note(partial(MailboxStepped, request=request.number, step=MailboxStep.BEGUN))
    with within(caller, Stage.MAILBOX, mailbox.name):
        caller.say(mailbox.intro)
        asking = _Asking(caller, mailbox, voice, request, caller_number)
        missing = {
            field.kind
            for field in mailbox.fields
            if (may_keep_speech or not field.kind.spoken) and not asking.field(field) and not field.optional
        }
        reachable = FieldKind.PHONE not in missing or can_be_called(caller_number)
        if not reachable and not (may_keep_speech and asking.message()):
            return Left.NOTHING
    request.finish(complete=not missing)
    caller.note(partial(MailboxStepped, request=request.number, step=MailboxStep.FINISHED))
    caller.say(mailbox.done)
    _tell_number(caller, request, voice)
    return Left.REQUEST


class _Asking:
    """What one caller is asked in one mailbox. Each method tells whether there is an answer."""

    def __init__(self, caller: Caller, mailbox: Mailbox, voice: Voice, request: Request, caller_number: str) -> None:
        self._caller, self._mailbox, self._voice, self._request = caller, mailbox, voice, request
        self._caller_number = caller_number

    def field(self, field: MailboxField) -> bool:
        if field.kind is FieldKind.SUBJECT:
            return self._subject(field)
        if field.kind.spoken:
            return self._spoken(field.kind, field.prompt, field.longest_seconds, optional=field.optional)
        return self._number(field)

    def message(self) -> bool:
        return self._spoken(MESSAGE, "buzon_sin_numero", MESSAGE_SECONDS)

    def _subject(self, field: MailboxField) -> bool:
        subjects = self._mailbox.subjects
        key = self._choose((field.prompt,), subjects)
        if key:
            self._request.confirm(field.kind, subjects[key].name)
        return bool(key)

    def _number(self, field: MailboxField) -> bool:
        """Ask for a number until it is confirmed; first, whether it is the one that the caller calls from."""
        calls_from = self._caller_number if field.kind is FieldKind.PHONE else ""
        known = calls_from if can_be_called(calls_from) else ""
        for _ in range(1 + MOST_CORRECTIONS):
            number = known or self._keyed(field)
            if not number:
                return False
            before, after = ("buzon_llama_desde", "buzon_llamar_ahi") if known else ("buzon_marco", "buzon_confirmar")
            read_back = speech.prompts(KINDS[field.kind].read_back(number))
            key = self._choose((before, *read_back, after), (YES_KEY, CORRECT_KEY))
            if key == YES_KEY:
                self._request.confirm(field.kind, number)
            if key != CORRECT_KEY:
                return bool(key)
            known = ""
        return False

    def _keyed(self, field: MailboxField) -> str | None:
        kind, voice = KINDS[field.kind], self._voice
        first_seconds = (
            voice.first_digit_seconds if field.kind is FieldKind.PHONE else voice.first_document_digit_seconds
        )
        said: tuple[str, ...] = (field.prompt,)
        for count in range(voice.tries):
            keyed = key_in(self._caller, said, kind.most_digits, first_seconds, voice)
            if keyed.digits and (number := kind.understand(keyed.digits)):
                return number
            if field.optional and not keyed.digits:
                return None
            silent = self._mailbox.retries.silent
            silence = silent[min(count, len(silent) - 1)]
            said = (f"buzon_{field.kind}_no" if keyed.digits or keyed.ended else silence, field.prompt)
        return None

    def _spoken(self, what: str, prompt: str, longest_seconds: int, *, optional: bool = False) -> bool:
        """Record what the caller says; it is kept as soon as it is said, and what is said again takes its place."""
        said = False
        for count in range(1 + MOST_CORRECTIONS):
            self._caller.say(prompt)
            file = self._caller.message_file(f"{what}-{count + 1}")
            self._request.speaking(what, file)
            spoken = self._caller.record(file, longest_seconds)
            heard = spoken.seconds >= LEAST_SPOKEN_SECONDS
            self._request.spoke(what, file, spoken.seconds if heard else 0.0)
            if heard:
                said = True
                if self._caller.ask(("buzon_grabado",), self._voice.first_silence_seconds).key != CORRECT_KEY:
                    break
            elif optional and spoken.key:
                break
            else:
                self._caller.say("buzon_no_oimos")
        return said

    def _choose(self, prompts: tuple[str, ...], keys: Container[str]) -> str:
        """Ask for one of some keys; '' if none comes."""
        asked = tries(self._caller, prompts, self._mailbox.retries, self._voice)
        return next((pressed.key for pressed in asked if pressed.key and pressed.key in keys), "")


def _tell_number(caller: Caller, request: Request, voice: Voice) -> None:
    """Say filing number and code, again and again on *."""
    number, code = speech.digits(request.number, groups=(3, 3, 4)), speech.code(request.code)
    said = ("buzon_radicado", *speech.prompts(number), "buzon_codigo", *speech.prompts(code), "buzon_repetir")
    for _ in range(FREE_HEARINGS):
        if caller.ask(said, voice.first_silence_seconds).key != REPEAT_KEY:
            return
