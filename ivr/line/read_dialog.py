"""Reads what callers hear and press: menus, languages, consent, mailboxes, surveys.

A destination is one key: `queue`, `area`, `menu`, `mailbox` or `survey` with a name, `say` or `hangup` with the id of a
text; or the word `back` or `hangup` alone.
"""

from collections.abc import Callable, Mapping

import yaml

from core.document import Section, Value
from ivr.line.fields import Path, Places, listed, name, named, optional, prompt, required, title, whole, yes_no
from ivr.line.model import (
    OPERATOR_KEY,
    Back,
    Closed,
    Consent,
    Destination,
    FieldKind,
    HangUp,
    Language,
    Languages,
    Mailbox,
    MailboxField,
    Menu,
    Option,
    Question,
    Retries,
    Say,
    Scale,
    Subject,
    Survey,
    ToArea,
    ToMailbox,
    ToMenu,
    ToQueue,
    ToSurvey,
)

DESTINATION_KEYS = ("queue", "area", "menu", "mailbox", "survey", "say", "hangup")
RETRY_KEYS = ("wrong", "silent")
MENU_KEYS = ("title", "prompt", "options", *RETRY_KEYS, "give_up")
LANGUAGES_KEYS = ("prompt", "choices", *RETRY_KEYS)
LANGUAGE_KEYS = ("title", "key", "voice")
CONSENT_KEYS = ("version", "core", "question", "accept_key", "decline_key", "accepted", "declined", *RETRY_KEYS)
CLOSED_KEYS = ("prompt", "to")
MAILBOX_KEYS = ("title", "intro", "fields", "subjects", "done", *RETRY_KEYS)
FIELD_KEYS = ("kind", "prompt", "optional", "longest_seconds")
SUBJECT_KEYS = ("name", "title")
SURVEY_KEYS = ("title", "intro", "questions", "thanks", "extension", *RETRY_KEYS)
NOWHERE: Destination = HangUp()
QUESTION_KEYS = ("title", "prompt", "scale", "follow_up_at_most", "longest_seconds")
VOICES = ("es-ES", "en-US", "en-GB", "fr-FR", "de-DE", "it-IT")

_BACK = "back"
_HANG_UP = "hangup"
_BACK_TITLE = "Volver"
_DIGITS = "0123456789"
_MOST_THEN = 3
_NAMED: Mapping[str, Callable[[str], Destination]] = {
    "queue": lambda said: ToQueue(queue=said),
    "area": lambda said: ToArea(area=said),
    "menu": lambda said: ToMenu(menu=said),
    "mailbox": lambda said: ToMailbox(mailbox=said),
    "survey": lambda said: ToSurvey(survey=said),
}


def destination(value: Value, deep: int = 0) -> Destination:
    """Read where something leads."""
    if isinstance(value.node, yaml.ScalarNode):
        said = value.text()
        if said == _BACK:
            return Back()
        if said == _HANG_UP:
            return HangUp()
        raise value.fault(f"escriba a dónde lleva, como «queue: atencion», o «{_BACK}» o «{_HANG_UP}»")
    section = value.section()
    section.refuse_others((*DESTINATION_KEYS, "then"))
    return _destination(section, deep)


def _destination(section: Section, deep: int = 0) -> Destination:
    kinds = [kind for kind in DESTINATION_KEYS if section.get(kind)]
    if len(kinds) != 1:
        raise section.of.fault(f"escriba uno, y solo uno, de: {', '.join(DESTINATION_KEYS)}")
    kind = kinds[0]
    then = section.get("then")
    if kind == "say":
        if deep == _MOST_THEN:
            raise section.of.fault(f"hay más de {_MOST_THEN} textos seguidos; únalos")
        return Say(prompt=prompt(section["say"]), then=destination(then, deep + 1) if then else None)
    if then:
        raise then.fault("va solo después de «say»")
    return HangUp(prompt=prompt(section[kind])) if kind == _HANG_UP else _NAMED[kind](name(section[kind]))


def retries(section: Section, otherwise: Retries) -> Retries:
    """Read what is said after wrong keys and silence."""
    many = listed(prompt)
    read = Retries(
        wrong=optional(section, "wrong", many, otherwise.wrong),
        silent=optional(section, "silent", many, otherwise.silent),
    )
    for key in RETRY_KEYS:
        if not getattr(read, key):
            section.of.complain(section[key].fault("falta al menos un texto"))
    return read


def menus(value: Value, places: Places) -> Mapping[str, Menu]:
    """Read the menus."""

    def menu(called: str, section: Section) -> Menu:
        section.refuse_others(MENU_KEYS)
        path = ("menus", called)
        none: Mapping[str, Option] = {}
        options = required(section, "options", lambda value: _options(value, places, (*path, "options")), none)
        for key in ("prompt", "give_up", "options"):
            if found := section.get(key):
                places.note((*path, key), found)
        operator = options.get(OPERATOR_KEY)
        return Menu(
            name=called,
            title=required(section, "title", title, ""),
            prompt=required(section, "prompt", prompt, ""),
            options=options,
            retries=retries(section, Retries()),
            give_up=optional(section, "give_up", destination, operator.to if operator else NOWHERE),
        )

    return named(value, places, ("menus",), menu)


def _options(value: Value, places: Places, path: Path) -> Mapping[str, Option]:
    options: dict[str, Option] = {}
    for each in value.section():
        places.note((*path, each.key), each)
        with each.noting():
            if len(each.key) != 1 or each.key not in f"{_DIGITS}#":
                raise each.fault("escriba una tecla: 0 a 9 o «#»; la tecla * repite el menú")
            options[each.key] = _option(each)
    return options


def _option(value: Value) -> Option:
    if isinstance(value.node, yaml.ScalarNode):
        to = destination(value)
        return Option(title=_BACK_TITLE if to == Back() else "Terminar", to=to)
    section = value.section()
    section.refuse_others(("title", *DESTINATION_KEYS, "then"))
    return Option(title=required(section, "title", title, ""), to=_destination(section))


def languages(value: Value, places: Places) -> Languages:
    """Read the languages."""
    section = value.section()
    section.refuse_others(LANGUAGES_KEYS)

    def language(called: str, written: Section) -> Language:
        written.refuse_others(LANGUAGE_KEYS)
        return Language(
            code=called,
            title=required(written, "title", title, ""),
            key=optional(written, "key", _key, ""),
            voice=optional(written, "voice", _voice, None),
        )

    none: Mapping[str, Language] = {}
    every = required(section, "choices", lambda value: named(value, places, ("languages",), language), none)
    return Languages(
        all=tuple(every.values()),
        prompt=optional(section, "prompt", prompt, "idioma"),
        retries=retries(section, Retries()),
    )


def consent(value: Value) -> Consent:
    """Read the consent."""
    section, usual = value.section(), Consent(version="")
    section.refuse_others(CONSENT_KEYS)
    read = Consent(
        version=required(section, "version", title, ""),
        core=optional(section, "core", prompt, usual.core),
        question=optional(section, "question", prompt, usual.question),
        accept_key=optional(section, "accept_key", _key, usual.accept_key),
        decline_key=optional(section, "decline_key", _key, usual.decline_key),
        accepted=optional(section, "accepted", prompt, usual.accepted),
        declined=optional(section, "declined", prompt, usual.declined),
        retries=retries(section, usual.retries),
    )
    if read.accept_key == read.decline_key:
        raise value.fault(f"la tecla {read.accept_key} acepta y rechaza a la vez; use dos")
    return read


def closed(value: Value) -> Closed:
    """Read what happens outside hours."""
    section = value.section()
    section.refuse_others(CLOSED_KEYS)
    return Closed(prompt=required(section, "prompt", prompt, ""), to=optional(section, "to", destination, NOWHERE))


def mailboxes(value: Value, places: Places) -> Mapping[str, Mailbox]:
    """Read the callback mailboxes."""

    def mailbox(called: str, section: Section) -> Mailbox:
        section.refuse_others(MAILBOX_KEYS)
        if fields := section.get("fields"):
            places.note(("mailboxes", called, "fields"), fields)
        return Mailbox(
            name=called,
            title=required(section, "title", title, ""),
            intro=optional(section, "intro", prompt, "buzon_intro"),
            fields=required(section, "fields", listed(_field), ()),
            subjects=optional(section, "subjects", _subjects, {}),
            retries=retries(section, Retries()),
            done=optional(section, "done", prompt, "buzon_listo"),
        )

    return named(value, places, ("mailboxes",), mailbox)


def _field(value: Value) -> MailboxField:
    if isinstance(value.node, yaml.ScalarNode):
        kind = value.one_of(FieldKind)
        return MailboxField(kind=kind, prompt=f"buzon_{kind}")
    section = value.section()
    section.refuse_others(FIELD_KEYS)
    kind = section["kind"].one_of(FieldKind)
    seconds = section.get("longest_seconds")
    if seconds and not kind.spoken:
        seconds.complain(seconds.fault(f"«{kind}» no se graba; quite esta clave"))
    return MailboxField(
        kind=kind,
        prompt=optional(section, "prompt", prompt, f"buzon_{kind}"),
        optional=optional(section, "optional", yes_no, otherwise=False),
        longest_seconds=optional(
            section, "longest_seconds", whole(5, 300), 120 if kind is FieldKind.DESCRIPTION else 15
        ),
    )


def _subjects(value: Value) -> Mapping[str, Subject]:
    subjects: dict[str, Subject] = {}
    for each in value.section():
        with each.noting():
            key = each.key
            if len(key) != 1 or key not in _DIGITS[1:]:
                raise each.fault("escriba una tecla de 1 a 9")
            section = each.section()
            section.refuse_others(SUBJECT_KEYS)
            subjects[key] = Subject(
                name=required(section, "name", name, ""), title=required(section, "title", title, "")
            )
    return subjects


def surveys(value: Value, places: Places) -> Mapping[str, Survey]:
    """Read the surveys."""

    def survey(called: str, section: Section) -> Survey:
        section.refuse_others(SURVEY_KEYS)
        usual = Survey(name=called, title="", questions=())
        path = ("surveys", called, "questions")
        none: Mapping[str, Question] = {}
        questions = required(section, "questions", lambda value: named(value, places, path, _question), none)
        if not questions:
            raise section.of.fault("falta al menos una pregunta en «questions»")
        if extension := section.get("extension"):
            places.note(("surveys", called, "extension"), extension)
        return Survey(
            name=called,
            title=required(section, "title", title, ""),
            questions=tuple(questions.values()),
            intro=optional(section, "intro", prompt, usual.intro),
            retries=retries(section, usual.retries),
            thanks=optional(section, "thanks", prompt, usual.thanks),
            extension=optional(section, "extension", dialled, ""),
        )

    return named(value, places, ("surveys",), survey)


def _question(called: str, section: Section) -> Question:
    section.refuse_others(QUESTION_KEYS)
    scale = optional(section, "scale", lambda value: value.one_of(Scale), Scale.FIVE)
    limit = section.get("follow_up_at_most")
    if limit and not scale.top:
        raise limit.fault("un comentario no tiene calificación; quite esta clave")
    return Question(
        name=called,
        title=required(section, "title", title, ""),
        prompt=required(section, "prompt", prompt, ""),
        scale=scale,
        follow_up_at_most=limit.whole(1, scale.top) if limit else None,
        longest_seconds=optional(section, "longest_seconds", whole(5, 300), 60),
    )


def dialled(value: Value) -> str:
    """Read what advisers dial."""
    said = value.text()
    if not 2 <= len(said) <= 6 or not set(said) <= set(_DIGITS):  # noqa: PLR2004  said in the message
        raise value.fault(f"escriba de 2 a 6 cifras, no «{said[:20]}»")
    return said


def _key(value: Value) -> str:
    said = value.text()
    if len(said) != 1 or said not in _DIGITS:
        raise value.fault(f"escriba una tecla de 0 a 9, no «{said[:20]}»")
    return said


def _voice(value: Value) -> str | None:
    said = value.text()
    if said == "none":
        return None
    if said not in VOICES:
        raise value.fault(f"escriba none, si solo hay grabaciones, o uno de: {', '.join(VOICES)}; no «{said[:20]}»")
    return said
