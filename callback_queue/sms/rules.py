"""Which messages follow from what happened. Pure: from facts to messages.

Only to Colombian mobiles, only with consent, only within the line's hours for messages; the same fact never makes a
second one, because its key is the fact's own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from callback_queue.sms.message import Message
from core.numbers import Origin, origin
from ivr.line.messages import Kind, Template
from ivr.line.model import Line

_OPT_OUT = frozenset({"BAJA", "PARAR", "PARE", "STOP", "SALIR", "QUITAR", "RETIRAR"})
_OPT_OUT_PHRASES = ("NO MAS ", "DE BAJA ", "DAR DE BAJA ", "DARME DE BAJA ", "NO ME ESCRIBA", "NO QUIERO MAS ")
_MARKS = re.compile(r"[^\w\s]+")
_NEWS = timedelta(hours=72)
_ACCENTS = str.maketrans("ÁÉÍÓÚ", "AEIOU")


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedCall:
    """A call that is over. `hung_up_first`: the caller ended the conversation, so that no survey followed it.

    `authorised` is what was answered to the request for consent; `survey_answers` counts the questions answered.
    """

    call_id: str
    number: str
    ended_at: datetime
    hung_up_first: bool
    authorised: bool
    survey_answers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """A call that is promised for a certain time. `at` is that time, `asked_at` when the citizen chose it.

    `id` is the promised call's, `request` the filing number that the citizen knows.
    """

    id: str
    request: str
    number: str
    at: datetime
    asked_at: datetime
    code: str
    authorised: bool


def invitation(call: EndedCall, line: Line) -> Message | None:
    """Invite to the survey whoever hung up first after talking, and has answered nothing (ANM-2025)."""
    rule = line.messages.survey_invitation
    if not (rule and call.hung_up_first and call.survey_answers == 0):
        return None
    if not may_be_sent(call.number, authorised=call.authorised):
        return None
    return _message(
        line,
        rule.template,
        key=f"survey:{call.call_id}",
        number=call.number,
        wanted_at=call.ended_at + timedelta(minutes=rule.after_minutes),
        expires_at=call.ended_at + timedelta(hours=rule.within_hours),
        values={},
        about=call.call_id,
    )


def confirmation(appointment: Appointment, line: Line) -> Message | None:
    """Confirm an appointment, from when it was asked for until it is due, or no news any more."""
    template = line.messages.appointment_confirmation
    if not (template and may_be_sent(appointment.number, authorised=appointment.authorised)):
        return None
    key = f"confirmation:{appointment.request}:{appointment.at:%Y%m%dT%H%M}"
    asked_at = appointment.asked_at
    return _of_appointment(appointment, line, template, key, asked_at, until=asked_at + _NEWS)


def reminder(appointment: Appointment, line: Line) -> Message | None:
    """Remember an appointment; nothing if it was asked for so late that the confirmation has done it."""
    rule = line.messages.appointment_reminder
    if not (rule and may_be_sent(appointment.number, authorised=appointment.authorised)):
        return None
    wanted_at = appointment.at - timedelta(hours=rule.hours_before)
    if wanted_at <= appointment.asked_at:
        return None
    key = f"reminder:{appointment.request}:{appointment.at:%Y%m%dT%H%M}"
    return _of_appointment(appointment, line, rule.template, key, wanted_at)


def may_be_sent(number: str, *, authorised: bool) -> bool:
    """Tell whether a number may have messages at all."""
    return authorised and origin(number) is Origin.MOBILE


def asks_to_stop(text: str) -> bool:
    """Tell whether a reply asks for no more messages: its first word says so, or it begins with what people write.

    «CANCELAR» does not: it may be meant of the appointment that the message tells of.
    """
    words = _MARKS.sub(" ", text.upper().translate(_ACCENTS)).split()
    return bool(words) and (words[0] in _OPT_OUT or f"{' '.join(words)} ".startswith(_OPT_OUT_PHRASES))


def _of_appointment(
    appointment: Appointment,
    line: Line,
    template: Template,
    key: str,
    wanted_at: datetime,
    until: datetime | None = None,
) -> Message | None:
    local = appointment.at.astimezone(line.calendar.zone)
    values = {
        "fecha": f"{local.day}/{local:%m/%Y}",
        "hora": f"{local.hour % 12 or 12}:{local:%M} {'a' if local.hour < 12 else 'p'}. m.",  # noqa: PLR2004  noon
        "radicado": appointment.request,
        "codigo": appointment.code,
    }
    return _message(
        line,
        template,
        key=key,
        number=appointment.number,
        wanted_at=wanted_at,
        expires_at=min(until or appointment.at, appointment.at),
        values=values,
        about=appointment.id,
        appointment_at=appointment.at,
    )


def _message(  # noqa: PLR0913  what a message is made of
    line: Line,
    template: Template,
    *,
    key: str,
    number: str,
    wanted_at: datetime,
    expires_at: datetime,
    values: Mapping[str, str],
    about: str,
    appointment_at: datetime | None = None,
) -> Message | None:
    """Make a message for the first moment within hours; None if that is too late."""
    not_before = line.messages.hours.next_opening(wanted_at)
    if not_before is None or not_before >= expires_at:
        return None
    return Message(
        key=key,
        line=line.name,
        purpose=Kind(template.kind),
        number=number,
        sender=line.messages.sender,
        text=template.filled({"linea": line.title, "entidad": line.entity, **values}),
        not_before=not_before,
        expires_at=expires_at,
        about=about,
        appointment_at=appointment_at,
    )
