"""The text messages of a line, as values: who sends them, when they may be sent, and what they say.

A text may name, in braces, what differs from one message to the next; `Template.kind` says which names it knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.calendar import LEGAL_HOURS, Calendar


class Kind(StrEnum):
    """What a message is for; also its key in the line's file."""

    SURVEY_INVITATION = "survey_invitation"
    APPOINTMENT_CONFIRMATION = "appointment_confirmation"
    APPOINTMENT_REMINDER = "appointment_reminder"


_OF_LINE = {"linea": "la línea", "entidad": "la entidad"}
_OF_APPOINTMENT = {"fecha": "30/11/2026", "hora": "10:30 a. m.", "radicado": "2611300001", "codigo": "ACEFHJ"}

NAMES: Final[Mapping[Kind, Mapping[str, str]]] = {
    Kind.SURVEY_INVITATION: _OF_LINE,
    Kind.APPOINTMENT_CONFIRMATION: _OF_LINE | _OF_APPOINTMENT,
    Kind.APPOINTMENT_REMINDER: _OF_LINE | _OF_APPOINTMENT,
}
"""What the text of each kind may name, with an example of its greatest length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text with names in braces."""

    kind: Kind
    text: str

    def filled(self, values: Mapping[str, str]) -> str:
        """Put values in the place of their names."""
        said = self.text
        for name in NAMES[self.kind]:
            said = said.replace(f"{{{name}}}", values[name])
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Callers who hung up first are invited to the survey, `after_minutes`, unless they had one in `quiet_days`."""

    template: Template
    after_minutes: int = 10
    within_hours: int = 48
    quiet_days: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """An appointment is remembered `hours_before` it."""

    template: Template
    hours_before: int = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """What a line sends. `sender` is a short code, a number, or a name of 11 characters. None is not sent."""

    sender: str = ""
    hours: Calendar = LEGAL_HOURS
    survey_invitation: Invitation | None = None
    appointment_confirmation: Template | None = None
    appointment_reminder: Reminder | None = None

    @property
    def templates(self) -> tuple[Template, ...]:
        """The texts there are."""
        wrapped = (self.survey_invitation, self.appointment_reminder)
        return tuple(
            template
            for template in (*(one and one.template for one in wrapped), self.appointment_confirmation)
            if template
        )
