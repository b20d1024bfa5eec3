"""Reads the public page of a line's file."""

import re
from collections.abc import Mapping
from dataclasses import fields

from core.document import Value
from ivr.line.fields import Places, matching, name, optional, required, title, whole
from ivr.line.web import WebConsent, WebForm

WEB_KEYS = tuple(field.name for field in fields(WebForm))
WEB_CONSENT_KEYS = tuple(field.name for field in fields(WebConsent))

_POLICY = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]+)?(/[\w~:/?#@!$&()*+,;=%.-]*)?", re.ASCII)
_LONGEST_TEXT = 1500
_WHOLE: Mapping[str, tuple[int, int]] = {
    "window_minutes": (10, 480),
    "per_window": (1, 1000),
    "lead_minutes": (0, 10_080),
    "days": (1, 60),
}


def web(value: Value, places: Places) -> WebForm:
    """Read a line's public page; what is not written is as usual."""
    section, usual = value.section(), WebForm()
    section.refuse_others(WEB_KEYS)
    for each in section:
        places.note(("web", each.key), each)
    numbers = {key: optional(section, key, whole(*limits), getattr(usual, key)) for key, limits in _WHOLE.items()}
    return WebForm(
        title=optional(section, "title", title, usual.title),
        intro=optional(section, "intro", _text, usual.intro),
        consent=optional(section, "consent", _consent, usual.consent),
        policy=optional(section, "policy", _policy, usual.policy),
        queue=optional(section, "queue", name, usual.queue),
        mailbox=optional(section, "mailbox", name, usual.mailbox),
        **numbers,
    )


def _consent(value: Value) -> WebConsent:
    section = value.section()
    section.refuse_others(WEB_CONSENT_KEYS)
    return WebConsent(version=required(section, "version", title, ""), text=required(section, "text", _text, ""))


def _text(value: Value) -> str:
    said = value.text()
    if len(said) > _LONGEST_TEXT or not said.isprintable():
        raise value.fault(f"escriba un texto de {_LONGEST_TEXT} caracteres o menos, sin caracteres de control")
    return said


def _policy(value: Value) -> str:
    return matching(value, _POLICY, "una dirección que comience por https://, como https://www.entidad.gov.co/datos")
