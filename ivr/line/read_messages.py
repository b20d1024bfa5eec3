"""Reads the text messages of a line's file."""

import re

from core import calendar_text, sms
from core.calendar import LEGAL_HOURS
from core.document import Section, Value
from core.errors import ConfigurationError
from ivr.line.fields import Places, matching, optional, required, whole
from ivr.line.messages import NAMES, Invitation, Kind, Messages, Reminder, Template

SMS_KEYS = ("sender", "hours", *Kind)
INVITATION_KEYS = ("text", "after_minutes", "within_hours", "quiet_days")
REMINDER_KEYS = ("text", "hours_before")

_SENDER = re.compile(r"[0-9]{3,15}|[A-Za-z][A-Za-z0-9 ]{0,10}", re.ASCII)
_NAME = re.compile(r"\{([^{}]*)\}")
_MOST_SEGMENTS = 6


def messages(value: Value, places: Places) -> Messages:
    """Read what a line sends."""
    section = value.section()
    section.refuse_others(SMS_KEYS)
    for each in section:
        places.note(("sms", each.key), each)
    return Messages(
        sender=required(section, "sender", _sender, ""),
        hours=optional(section, "hours", lambda each: calendar_text.read(each.section()), LEGAL_HOURS),
        survey_invitation=optional(section, Kind.SURVEY_INVITATION, _invitation, None),
        appointment_confirmation=optional(section, Kind.APPOINTMENT_CONFIRMATION, _confirmation, None),
        appointment_reminder=optional(section, Kind.APPOINTMENT_REMINDER, _reminder, None),
    )


def example(template: Template, **of_line: str) -> str:
    """Fill a text with values of their greatest length, and with those of a line."""
    return template.filled({**NAMES[template.kind], **of_line})


def _sender(value: Value) -> str:
    return matching(value, _SENDER, "un código corto, un número o un nombre de 11 letras y cifras sin tilde")


def _invitation(value: Value) -> Invitation:
    section, usual = _section(value, INVITATION_KEYS), {"after_minutes": 10, "within_hours": 48, "quiet_days": 30}
    limits = {"after_minutes": (0, 1440), "within_hours": (1, 168), "quiet_days": (1, 366)}
    read = {key: optional(section, key, whole(*limits[key]), usual[key]) for key in usual}
    return Invitation(template=_template(section, Kind.SURVEY_INVITATION), **read)


def _confirmation(value: Value) -> Template:
    return _template(_section(value, ("text",)), Kind.APPOINTMENT_CONFIRMATION)


def _reminder(value: Value) -> Reminder:
    section = _section(value, REMINDER_KEYS)
    hours = optional(section, "hours_before", whole(1, 168), 24)
    return Reminder(template=_template(section, Kind.APPOINTMENT_REMINDER), hours_before=hours)


def _section(value: Value, keys: tuple[str, ...]) -> Section:
    section = value.section()
    section.refuse_others(keys)
    return section


def _template(section: Section, kind: Kind) -> Template:
    def read(value: Value) -> Template:
        template = Template(kind=kind, text=value.text())
        for name in _NAME.findall(template.text):
            if name not in NAMES[kind]:
                raise value.fault(f"no se conoce {{{name}}}; este mensaje puede nombrar: {', '.join(NAMES[kind])}")
        if "{" in _NAME.sub("", template.text) or "}" in _NAME.sub("", template.text):
            raise value.fault("hay una llave sin cerrar o sin abrir; escriba nombres como {linea}")
        try:
            segments = len(sms.compose(example(template, linea="x" * 40, entidad="x" * 40)).segments)
        except ConfigurationError as long:
            raise value.fault(str(long)) from long
        if segments > _MOST_SEGMENTS:
            raise value.fault(f"ocupa {segments} segmentos; acórtelo hasta {_MOST_SEGMENTS} o menos")
        return template

    return required(section, "text", read, Template(kind=kind, text=""))
