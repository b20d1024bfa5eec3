"""From the facts that the call scripts and the adviser's desk tell to entries of queue_log, which `decode` reads back.

Fields are separated by | and the arguments of QueueLog() by commas: in a text, such a character becomes _. The desk
tells its own through the manager interface, which knows no arguments.
"""

import re
from typing import NamedTuple

from core.events import (
    CallbackOffered,
    ConsentAnswered,
    Event,
    LanguageChosen,
    MailboxStepped,
    MenuStepped,
    SurveyAnswered,
    TextChosen,
    WorkEnded,
)

from .decode import NOBODY

_UNFIT = re.compile(r"[^\w .:*#/+-]")
_UNFIT_OF_DESK = re.compile(r"[|\x00-\x1f\x7f\ud800-\udfff]")
_LONGEST = 200


class Entry(NamedTuple):
    """What QueueLog() is given beside the channel: a queue, the event's name, its data."""

    queue: str
    event: str
    data: str


def encode(event: Event) -> Entry:
    """Write a fact as an entry of queue_log.

    Raises:
        TypeError: no script tells such a fact.
    """
    queue, name, fields = _written(event)
    return Entry(_field(queue), name, "|".join(map(_field, fields)))


def encode_work(event: WorkEnded) -> Entry:
    """Write the end of an adviser's work as an entry of queue_log."""
    said = event.disposition, event.title, event.resolution, event.by, str(event.limit_seconds)
    return _of_desk(event.queue, "TIPIFICACION", *said, _second(event))


def encode_typed(event: SurveyAnswered, queue: str) -> Entry:
    """Write an answer that an adviser typed as an entry of queue_log."""
    return _of_desk(queue, "ENCUESTA", event.question, _answer(event), event.survey, "", event.by, _second(event))


def _of_desk(queue: str, name: str, *said: str) -> Entry:
    data = "|".join(_UNFIT_OF_DESK.sub("_", text)[:_LONGEST] for text in said)
    return Entry(_UNFIT_OF_DESK.sub("_", queue), name, data)


def _second(event: Event) -> str:
    return str(int(event.at.timestamp()))


def _answer(event: SurveyAnswered) -> str:
    return "" if event.answer is None else str(event.answer)


def _field(text: str) -> str:
    return _UNFIT.sub("_", text)[:_LONGEST]


def _written(event: Event) -> tuple[str, str, tuple[str, ...]]:
    written: tuple[str, str, tuple[str, ...]]
    match event:
        case LanguageChosen():
            written = NOBODY, "IDIOMA", (event.language,)
        case ConsentAnswered():
            written = NOBODY, "CONSENTIMIENTO", (event.version, event.answer)
        case MenuStepped(heard_seconds=None):
            written = NOBODY, "MENU", (event.menu, event.key, event.result)
        case MenuStepped():
            written = NOBODY, "MENU", (event.menu, event.key, event.result, f"{event.heard_seconds:.1f}")
        case TextChosen():
            written = NOBODY, "TEXTO", (event.text,)
        case CallbackOffered():
            written = event.queue, "OFERTA", (event.result,)
        case MailboxStepped():
            written = NOBODY, "BUZON", (event.request, event.step)
        case SurveyAnswered():
            written = NOBODY, "ENCUESTA", (event.question, _answer(event), event.survey, event.file)
        case _:
            raise TypeError(f"no script tells {type(event).__name__}")
    return written
