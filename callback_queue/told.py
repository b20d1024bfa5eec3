"""What an adviser hears of a promised call before he talks: where it comes from, who it is, and why. Pure.

A list of prompts; the telephone system plays those that have a sound, and passes over the others.
"""

import unicodedata
from itertools import islice
from typing import Final

from callback_queue.request import CallbackRequest
from core.numbers import COUNTRY_CODE
from ivr import speech
from ivr.line.callbacks import Mode
from ivr.line.exchange import NAME
from ivr.line.model import Line

LONGEST_NAME: Final = 60
"""Letters and spaces: it is said in some five seconds."""


def national(request: CallbackRequest) -> str:
    """Give the ten digits of a Colombian telephone."""
    return request.telephone.removeprefix(f"+{COUNTRY_CODE}")


def told_to_adviser(request: CallbackRequest, line: Line, mode: Mode, name: str = "") -> tuple[str, ...]:
    """Name the prompts that an adviser hears; `name` is what the sound of the citizen's name is kept as, "" if none.

    Who is rung first takes the call, and hears the number too; another has the citizen waiting.
    """
    subjects = (
        mailbox.subject_prompt(subject)
        for mailbox in line.mailboxes.values()
        for subject in mailbox.subjects.values()
        if subject.name == request.subject
    )
    who_and_why = (*([f"{NAME}/{name}"] if name else []), *islice(subjects, 1))
    told = ("asesor_devolucion", f"asesor_{request.source}", *who_and_why)
    if mode is Mode.CITIZEN_FIRST:
        return told
    return (*told, *map(speech.prompt, speech.telephone(national(request))), "asesor_aceptar")


def name_text(name: str) -> str:
    """Say a citizen's name as a sentence, "" if nothing of it can be said: Latin letters and spaces, and not too many.

    Names come from a public page: whatever else they hold is nobody's name, and is not for the voice.
    """
    letters = "".join(each if _is_latin(each) else " " for each in unicodedata.normalize("NFC", name[:1000]))
    words = letters.split()
    while words and len(" ".join(words)) > LONGEST_NAME:
        words.pop()
    return f"Se llama {' '.join(words).title()}." if words else ""


def _is_latin(character: str) -> bool:
    return character.isalpha() and unicodedata.name(character, "").startswith("LATIN ")
