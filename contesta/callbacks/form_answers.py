"""What citizens fill in on the public page: which fields a line's form has, and what is wrong in what was said. Pure.

What was said is kept as it was typed, so that nothing is lost; `understood` reads what has no faults.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from callback_queue.policy import may_ring
from callback_queue.request import Person, Window
from core import numbers
from ivr.dialogs import keyed
from ivr.line.model import FieldKind, Line, Mailbox, Subject
from ivr.line.web import WebForm

SOON: Final = "pronto"
LONGEST: Final = 4000
"""Characters of one answer that are kept at all."""


class Part(StrEnum):
    """A field of the form, by its name in it."""

    NAME = "nombre"
    TELEPHONE = "telefono"
    DOCUMENT_TYPE = "tipo"
    DOCUMENT = "documento"
    COMPANY = "empresa"
    NIT = "nit"
    SUBJECT = "asunto"
    DESCRIPTION = "descripcion"
    WHEN = "cuando"
    CONSENT = "autorizo"


STEPS: Final[Sequence[tuple[Part, ...]]] = (
    (Part.NAME, Part.TELEPHONE),
    (Part.DOCUMENT_TYPE, Part.DOCUMENT, Part.COMPANY, Part.NIT, Part.SUBJECT, Part.DESCRIPTION),
    (Part.WHEN,),
    (Part.CONSENT,),
)

DOCUMENT_TYPES: Final[Mapping[str, str]] = {
    "CC": "Cédula de ciudadanía",
    "CE": "Cédula de extranjería",
    "TI": "Tarjeta de identidad",
    "PPT": "Permiso por protección temporal",
    "PA": "Pasaporte",
}
_DOCUMENTS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "CC": (re.compile(r"[1-9][0-9]{2,9}", re.ASCII), "de 3 a 10 cifras"),
    "CE": (re.compile(r"[1-9][0-9]{2,9}", re.ASCII), "de 3 a 10 cifras"),
    "TI": (re.compile(r"[1-9][0-9]{9,10}", re.ASCII), "de 10 u 11 cifras"),
    "PPT": (re.compile(r"[1-9][0-9]{4,14}", re.ASCII), "de 5 a 15 cifras"),
    "PA": (re.compile(r"[A-Z0-9]{4,20}", re.ASCII), "de 4 a 20 letras y cifras"),
}
_MOST: Mapping[Part, int] = {Part.NAME: 80, Part.COMPANY: 100, Part.DESCRIPTION: 1000}
_PUNCTUATION = re.compile(r"[\s.,\-\u2010-\u2015]")
_BETWEEN_DIGITS = re.compile(r"[\s/\u2010-\u2015]+")
_WORD = re.compile(r"\w")

Said = Mapping[str, str]
Faults = Mapping[Part, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What a form without faults says. `telephone` is E.164, `nit` digits with the check digit."""

    telephone: str
    person: Person
    subject: str
    description: str
    window: Window


def mailbox_of(line: Line) -> Mailbox | None:
    """Give the mailbox whose questions the form asks too."""
    chosen = line.web.mailbox if line.web else ""
    return line.mailboxes.get(chosen) or next(iter(line.mailboxes.values()), None)


def subjects_of(line: Line) -> tuple[Subject, ...]:
    """Give what a request may be about."""
    mailbox = mailbox_of(line)
    return tuple(mailbox.subjects.values()) if mailbox else ()


def queue_of(line: Line) -> str:
    """Give the queue that attends what the form brings."""
    return (line.web.queue if line.web else "") or line.queue.name


def form_of(line: Line) -> WebForm:
    """Give the public page of a line that has one."""
    if line.web is None:
        raise ValueError(f"{line.name} has no public page")
    return line.web


def required(line: Line, part: Part) -> bool:
    """Tell whether a field must be filled in: as in the mailbox, where it is asked for there."""
    mailbox = mailbox_of(line)
    asked = {field.kind: not field.optional for field in mailbox.fields} if mailbox else {}
    match part:
        case Part.DOCUMENT | Part.DOCUMENT_TYPE:
            return asked.get(FieldKind.DOCUMENT, False)
        case Part.SUBJECT:
            return asked.get(FieldKind.SUBJECT, False) and bool(subjects_of(line))
        case Part.DESCRIPTION:
            return asked.get(FieldKind.DESCRIPTION, False)
        case Part.COMPANY | Part.NIT:
            return False
        case _:
            return True


def faults(line: Line, step: int, said: Said, free: Sequence[Window]) -> Faults:
    """Say what is wrong in a step, from 1 on, by field; nothing if all is well. `free` are the windows left."""
    found = {part: _fault(line, part, said, free) for part in STEPS[step - 1]}
    return {part: fault for part, fault in found.items() if fault}


def telephone_of(said: str) -> str:
    """Understand a telephone number however it is written; "anonymous" if it is none.

    Numbers copied from a telephone's contacts come with marks of direction that nobody sees, or with wide digits.
    """
    seen = "".join(each for each in unicodedata.normalize("NFKC", said) if unicodedata.category(each) != "Cf")
    return numbers.normalise(_BETWEEN_DIGITS.sub(" ", seen).strip().removeprefix("tel:"))


def window_of(said: str) -> Window | None:
    """Read what was chosen: a window by both its ends, open for as soon as possible; None if it is neither."""
    if said == SOON:
        return Window()
    try:
        begins, ends = (datetime.fromisoformat(part) for part in said.split("/"))
        return Window(not_before=begins.astimezone(UTC), not_after=ends.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def written(window: Window) -> str:
    """Write a window as `window_of` reads it."""
    if window.not_before is None or window.not_after is None:
        return SOON
    return f"{window.not_before:%Y-%m-%dT%H:%MZ}/{window.not_after:%Y-%m-%dT%H:%MZ}"


def understood(said: Said) -> Understood:
    """Read a form that has no faults."""
    return Understood(
        telephone=telephone_of(said.get(Part.TELEPHONE, "")),
        person=Person(
            name=_plain(said, Part.NAME),
            document_type=said.get(Part.DOCUMENT_TYPE, "") if said.get(Part.DOCUMENT) else "",
            document=_bare(said.get(Part.DOCUMENT, "")),
            company=_plain(said, Part.COMPANY),
            nit=_nit(said.get(Part.NIT, "")) or "",
        ),
        subject=said.get(Part.SUBJECT, ""),
        description=said.get(Part.DESCRIPTION, "").strip(),
        window=window_of(said.get(Part.WHEN, SOON)) or Window(),
    )


def _fault(line: Line, part: Part, said: Said, free: Sequence[Window]) -> str:
    text = said.get(part, "").strip()
    if len(text) > _MOST.get(part, 100):
        return f"Escriba máximo {_MOST.get(part, 100)} caracteres; ahora son {len(text)}."
    if part in {Part.WHEN, Part.TELEPHONE, Part.DOCUMENT_TYPE, Part.DOCUMENT, Part.NAME}:
        return _CHECKS[part](line, said, free)
    if not text:
        return _MISSING[part] if required(line, part) else ""
    if part is Part.NIT and _nit(text) is None:
        return "Ese NIT no coincide con su dígito de verificación. Revíselo; por ejemplo, 900123456-8."
    if part is Part.SUBJECT and text not in {subject.name for subject in subjects_of(line)}:
        return _MISSING[part]
    return ""


_MISSING: Mapping[Part, str] = {
    Part.SUBJECT: "Elija el asunto de su llamada.",
    Part.DESCRIPTION: "Cuéntenos en pocas palabras qué necesita.",
    Part.CONSENT: "Para llamarle necesitamos su autorización. Marque la casilla si está de acuerdo.",
}


def _name(_line: Line, said: Said, _free: Sequence[Window]) -> str:
    return "" if _WORD.search(said.get(Part.NAME, "")) else "Escriba su nombre."


def _telephone(line: Line, said: Said, _free: Sequence[Window]) -> str:
    text = said.get(Part.TELEPHONE, "").strip()
    if not text:
        return "Escriba el teléfono al que le llamamos."
    if not may_ring(line.callbacks, telephone_of(text)):
        return "Escriba un celular o un fijo de Colombia, con sus 10 cifras. Por ejemplo, 300 123 4567 o 601 123 4567."
    return ""


def _document_type(line: Line, said: Said, _free: Sequence[Window]) -> str:
    chosen = said.get(Part.DOCUMENT_TYPE, "")
    if chosen in DOCUMENT_TYPES:
        return ""
    needed = required(line, Part.DOCUMENT_TYPE) or said.get(Part.DOCUMENT, "").strip() or chosen
    return "Elija el tipo de su documento." if needed else ""


def _document(line: Line, said: Said, _free: Sequence[Window]) -> str:
    number = _bare(said.get(Part.DOCUMENT, ""))
    if not number:
        return "Escriba el número de su documento." if required(line, Part.DOCUMENT) else ""
    pattern, form = _DOCUMENTS.get(said.get(Part.DOCUMENT_TYPE, ""), _DOCUMENTS["PA"])
    return "" if pattern.fullmatch(number) else f"Escriba el número {form}, sin otros signos."


def _when(_line: Line, said: Said, free: Sequence[Window]) -> str:
    text = said.get(Part.WHEN, "")
    window = window_of(text) if text else None
    if window is None:
        return "Elija cuándo quiere que le llamemos."
    if window != Window() and window not in free:
        return "Esa hora ya no está libre. Elija otra."
    return ""


_CHECKS: Mapping[Part, Callable[[Line, Said, Sequence[Window]], str]] = {
    Part.NAME: _name,
    Part.TELEPHONE: _telephone,
    Part.DOCUMENT_TYPE: _document_type,
    Part.DOCUMENT: _document,
    Part.WHEN: _when,
}


def _plain(said: Said, part: Part) -> str:
    return " ".join(said.get(part, "").split())


def _bare(text: str) -> str:
    return _PUNCTUATION.sub("", text).upper()


def _nit(text: str) -> str | None:
    """Understand a NIT; a company's nine digits without the check digit are completed."""
    digits = _bare(text)
    return keyed.nit(digits) if digits.isdecimal() and digits.isascii() else None
