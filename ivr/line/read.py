"""Reads a line's file: the whole of it, so that every fault is told at once, each with file, line, key and mend."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from core import calendar_text, document
from core.calendar import Calendar
from core.document import Faults, Section, Value
from core.privacy.retention import FEWEST_DAYS, MOST_DAYS
from core.privacy.retention import Kind as Kept
from ivr.line import read_callbacks, read_dialog, read_messages, read_queues, read_web
from ivr.line.callbacks import CallbackPolicy
from ivr.line.fields import (
    NAME,
    PROMPT,
    Places,
    listed,
    matching,
    named,
    optional,
    prompt,
    required,
    title,
    whole,
    yes_no,
)
from ivr.line.messages import Messages
from ivr.line.model import (
    SPANISH,
    Area,
    Closed,
    Disposition,
    Language,
    Languages,
    Line,
    Queue,
    Recording,
    Voice,
)

LINE_KEYS = (
    *("name", "title", "entity", "numbers", "calendar", "closed", "languages", "consent", "recording", "welcome"),
    *(
        "start",
        "voice",
        "menus",
        "queues",
        "areas",
        "mailboxes",
        "surveys",
        "dispositions",
        "wrap_up_seconds",
        "texts",
        "sms",
        "callbacks",
        "web",
        "retention",
    ),
)
VOICE_KEYS = (
    *("tries", "first_silence_seconds", "next_silence_seconds"),
    *("first_digit_seconds", "first_document_digit_seconds", "between_digits_seconds"),
)
DISPOSITION_KEYS = ("title", "solved", "escalated", "wrong_number", "below")

_NUMBER = re.compile(r"[0-9]{3,15}", re.ASCII)
_EDITION_DIGITS = 12
_LEVELS = 4
_WRAP_UP_SECONDS = (10, 3600)
_ALWAYS = Calendar(weekly={}, special_days={})

Texts = Mapping[str, Mapping[str, str]]
"""Spoken texts by language and prompt id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A line as far as it could be read, where each thing of it is written, and what was wrong.

    `own_texts` are those of its file, `shared` those of all lines.
    """

    line: Line
    places: Places
    own_texts: Texts
    shared: Texts
    faults: Faults


def read(source: str, file: str, shared: Texts) -> Draft:
    """Read the text of a line's file. `file` is its name in messages, `shared` are the texts that all lines have.

    Raises:
        ConfigurationError: it is not YAML with keys; nothing else can be told then.
    """
    faults = Faults()
    section = document.parse(source, file, faults)
    section.refuse_others(LINE_KEYS)
    places = Places()
    places.note((), section.of)
    for value in section:
        places.note((value.key,), value)
    none: Texts = {}
    no_queues: Mapping[str, Queue] = {}
    no_areas: Mapping[str, tuple[Area, Queue | None]] = {}
    own = optional(section, "texts", lambda value: _texts(value, places), none)
    queues = required(section, "queues", lambda value: read_queues.queues(value, places), no_queues)
    areas = optional(section, "areas", lambda value: read_queues.areas(value, places), no_areas)
    texts = {language: {**shared.get(language, {}), **own.get(language, {})} for language in {SPANISH, *shared, *own}}
    line = Line(
        name=required(section, "name", lambda value: matching(value, NAME, "un nombre en minúsculas, como «anm»"), ""),
        edition=_edition(source, texts),
        title=required(section, "title", title, ""),
        entity=required(section, "entity", title, ""),
        numbers=required(section, "numbers", listed(_number), ()),
        calendar=required(section, "calendar", lambda value: calendar_text.read(value.section()), _ALWAYS),
        closed=required(section, "closed", read_dialog.closed, Closed(prompt="", to=read_dialog.NOWHERE)),
        languages=optional(section, "languages", lambda value: read_dialog.languages(value, places), _spanish_only()),
        consent=optional(section, "consent", read_dialog.consent, None),
        recording=required(section, "recording", lambda value: value.one_of(Recording), Recording.NEVER),
        welcome=required(section, "welcome", prompt, ""),
        start=required(section, "start", read_dialog.destination, read_dialog.NOWHERE),
        voice=optional(section, "voice", _voice, Voice()),
        menus=optional(section, "menus", lambda value: read_dialog.menus(value, places), {}),
        queues={**queues, **{name: queue for name, (_, queue) in areas.items() if queue}},
        areas={name: area for name, (area, _) in areas.items()},
        mailboxes=optional(section, "mailboxes", lambda value: read_dialog.mailboxes(value, places), {}),
        surveys=optional(section, "surveys", lambda value: read_dialog.surveys(value, places), {}),
        dispositions=optional(section, "dispositions", lambda value: _dispositions(value, places), ()),
        wrap_up_seconds=optional(section, "wrap_up_seconds", whole(*_WRAP_UP_SECONDS), 0),
        texts=texts,
        callbacks=optional(
            section, "callbacks", lambda value: read_callbacks.callbacks(value, places), CallbackPolicy()
        ),
        messages=optional(section, "sms", lambda value: read_messages.messages(value, places), Messages()),
        web=optional(section, "web", lambda value: read_web.web(value, places), None),
        retention=optional(section, "retention", _retention, {}),
    )
    return Draft(line=line, places=places, own_texts=own, shared=shared, faults=faults)


def _edition(source: str, texts: Texts) -> str:
    """Name this state of the file and of the texts that come with the program."""
    whole_text = repr([source, [sorted(spoken.items()) for _, spoken in sorted(texts.items())]])
    return hashlib.sha256(whole_text.encode("utf-8", "replace")).hexdigest()[:_EDITION_DIGITS]


def _spanish_only() -> Languages:
    return Languages(all=(Language(code=SPANISH, title="Español", voice="es-ES"),))


def _number(value: Value) -> str:
    return matching(value, _NUMBER, "un número telefónico solo con cifras, de 3 a 15")


def _voice(value: Value) -> Voice:
    section, usual = value.section(), Voice()
    section.refuse_others(VOICE_KEYS)
    limits = {"tries": (1, 5)}
    read = {key: optional(section, key, whole(*limits.get(key, (2, 60))), getattr(usual, key)) for key in VOICE_KEYS}
    return Voice(**read)


def _retention(value: Value) -> Mapping[Kept, int]:
    section = value.section()
    section.refuse_others(list(Kept))
    days: dict[Kept, int] = {}
    for each in section:
        if each.key in set(Kept):
            with each.noting():
                days[Kept(each.key)] = each.whole(FEWEST_DAYS, MOST_DAYS)
    return days


def _texts(value: Value, places: Places) -> Texts:
    def spoken(each: Value) -> Mapping[str, str]:
        texts: dict[str, str] = {}
        for text in each.section():
            places.note(("texts", each.key, text.key), text)
            with text.noting():
                if not PROMPT.fullmatch(text.key):
                    raise text.fault("use solo minúsculas sin tilde, cifras y _")
                texts[text.key] = text.text()
        return texts

    by_language: dict[str, Mapping[str, str]] = {}
    for each in value.section():
        with each.noting():
            by_language[each.key] = spoken(each)
    return by_language


def _dispositions(value: Value, places: Places, level: int = 1) -> tuple[Disposition, ...]:
    if level > _LEVELS:
        raise value.fault(f"el árbol tiene más de {_LEVELS} niveles; acórtelo")

    def disposition(called: str, section: Section) -> Disposition:
        section.refuse_others(DISPOSITION_KEYS)
        return Disposition(
            name=called,
            title=required(section, "title", title, ""),
            solved=optional(section, "solved", yes_no, otherwise=False),
            escalated=optional(section, "escalated", yes_no, otherwise=False),
            wrong_number=optional(section, "wrong_number", yes_no, otherwise=False),
            below=optional(section, "below", lambda value: _dispositions(value, places, level + 1), ()),
        )

    return tuple(named(value, places, ("dispositions",), disposition).values())
