"""Whose data something is, in words; a number and a document are masked."""

from core.numbers import masked
from core.privacy.subject import Subject, What

WHAT_WORDS = {
    What.TELEPHONE: "Teléfono",
    What.DOCUMENT: "Documento",
    What.CALL: "Llamada",
    What.REQUEST: "Devolución",
}
_SHOWN_DIGITS = 3


def subject_text(subject: Subject) -> str:
    """Name a subject as a list may show it: «Teléfono 300 *** **67»."""
    match subject.what:
        case What.TELEPHONE:
            shown = masked(subject.value)
        case What.DOCUMENT:
            shown = f"••• {subject.value[-_SHOWN_DIGITS:]}"
        case What.CALL | What.REQUEST:
            shown = subject.value
    return f"{WHAT_WORDS[subject.what]} {shown}"
