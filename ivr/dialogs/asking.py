"""The caller, and how anything is asked: what is said, how long is waited, how often.

The rules of the voice: a key pressed while something is said ends it and answers what is asked next; * says it again;
wrong keys and silence share the tries, and after each the caller is told what happened and asked anew.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Protocol, TypeAlias

from core.events import Event, Stage
from ivr.line.model import END_KEY, REPEAT_KEY, Retries, Voice

FREE_REPEATS = 5  # beyond, a repetition costs a try, so that every dialog ends
LAST_KEY_SECONDS = 2.0  # for # after as many digits as there can be

Fact: TypeAlias = Callable[..., Event]
"""An event of core.events that still lacks when, and in which call: `partial(MenuStepped, menu=…, …)`."""


class Pressed(NamedTuple):
    """A key (# and * included), '' for silence, and how much had been said before it: None is all of it."""

    key: str
    heard_seconds: float | None = None


class Spoken(NamedTuple):
    """How long a caller spoke, and the key that ended it, '' if silence or the limit did."""

    seconds: float
    key: str = ""


class Keyed(NamedTuple):
    """Digits that were keyed in. Without any, `ended` tells # from silence."""

    digits: str
    ended: bool


class Caller(Protocol):
    """The person on the line. Every method but `note` raises CallEndedError once they have hung up."""

    def say(self, *prompts: str) -> None:
        """Say prompts. A key cuts them short and is what the next `ask` is answered with."""

    def tell(self, *prompts: str) -> None:
        """Say prompts to their end; keys pressed meanwhile, or before, mean nothing."""

    def ask(self, prompts: Sequence[str], silence_seconds: float) -> Pressed:
        """Say prompts and wait after them for a key."""

    def next_key(self, silence_seconds: float) -> str:
        """Wait for one more key; '' for silence."""

    def message_file(self, what: str) -> str:
        """Return the name of the file for something that the caller is to say."""

    def record(self, file: str, longest_seconds: int) -> Spoken:
        """Sound a tone and record until a key, some seconds of silence or the limit."""

    def note(self, fact: Fact) -> None:
        """Write a fact to the call's durable record."""

    def stands(self, where: str) -> None:
        """Tell the dialplan what the caller is hearing, '' for nothing in particular."""


@contextmanager
def within(caller: Caller, stage: Stage, name: str = "") -> Iterator[None]:
    """Have a hang-up told as one within this stage. Whoever hung up stays there: that is how the dialplan knows."""
    caller.stands(f"{stage}|{name}")
    yield
    caller.stands("")


def tries(
    caller: Caller,
    prompts: Sequence[str],
    retries: Retries,
    voice: Voice,
    repeated: Callable[[Pressed], None] = lambda _: None,
) -> Iterator[Pressed]:
    """Ask, and yield what was pressed, as often as callers are asked; who takes it for an answer asks for no more.

    `repeated` is told of each free repetition.
    """
    said, wrongs, silences, repeats = tuple(prompts), 0, 0, FREE_REPEATS
    for count in range(voice.tries):
        silence_seconds = voice.next_silence_seconds if count else voice.first_silence_seconds
        pressed = caller.ask(said, silence_seconds)
        while pressed.key == REPEAT_KEY and repeats:
            repeats -= 1
            repeated(pressed)
            pressed = caller.ask(prompts, silence_seconds)
        yield pressed
        if pressed.key:
            wrongs += 1
            said = (_at(retries.wrong, wrongs), *prompts)
        else:
            silences += 1
            said = (_at(retries.silent, silences), *prompts)


def key_in(caller: Caller, prompts: Sequence[str], most: int, first_seconds: float, voice: Voice) -> Keyed:
    """Ask for up to `most` digits and #, or a pause after them; * begins anew."""
    pressed = caller.ask(prompts, first_seconds).key
    digits, repeats = "", FREE_REPEATS
    while pressed and pressed != END_KEY:
        if pressed == REPEAT_KEY and repeats:
            repeats -= 1
            digits = ""
            pressed = caller.ask(prompts, first_seconds).key
        elif pressed == REPEAT_KEY or len(digits) == most:
            return Keyed("", ended=True)
        else:
            digits += pressed
            whole = len(digits) == most
            pressed = caller.next_key(LAST_KEY_SECONDS if whole else voice.between_digits_seconds)
    return Keyed(digits, ended=pressed == END_KEY)


def _at(texts: Sequence[str], times: int) -> str:
    """Return what is said the first time, the second…; the last one stays."""
    return texts[min(times, len(texts)) - 1]
