"""Reads how a line calls citizens back."""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from core import calendar_text
from core.calendar import Calendar
from core.document import Value
from ivr.line.callbacks import RESULTS, SOURCES, CallbackPolicy, Caps, Mode, Retry
from ivr.line.fields import Places, listed, matching, optional, required, whole, yes_no

RETRY_KEYS = ("limit", "after_minutes")
CAP_KEYS = tuple(field.name for field in fields(Caps))
CALLBACK_KEYS = tuple(field.name for field in fields(CallbackPolicy))

_NUMBER = re.compile(r"[0-9]{3,15}", re.ASCII)
_RANGE = re.compile(r"3[0-9]{0,9}|60[0-9]{0,8}", re.ASCII)
_MOST_RETRIES = 20
_WHOLE: Mapping[str, tuple[int, int]] = {
    "abandoned_after_seconds": (0, 3600),
    "abandoned_delay_seconds": (0, 86_400),
    "follow_up_delay_minutes": (0, 10_080),
    "ring_seconds": (10, 120),
    "confirm_seconds": (5, 60),
    "longest_call_seconds": (60, 14_400),
    "reserve": (0, 1000),
    "attempts": (1, _MOST_RETRIES),
    "expiry_hours": (1, 720),
}


def callbacks(value: Value, places: Places) -> CallbackPolicy:
    """Read how a line calls back; what is not written is as usual."""
    section, usual = value.section(), CallbackPolicy()
    section.refuse_others(CALLBACK_KEYS)
    for each in section:
        places.note(("callbacks", each.key), each)
    numbers = {key: optional(section, key, whole(*limits), getattr(usual, key)) for key, limits in _WHOLE.items()}
    return CallbackPolicy(
        enabled=optional(section, "enabled", yes_no, usual.enabled),
        mode=optional(section, "mode", lambda value: value.one_of(Mode), usual.mode),
        abandoned=optional(section, "abandoned", yes_no, usual.abandoned),
        caller_id=optional(section, "caller_id", _number, usual.caller_id),
        legal_hours=optional(section, "legal_hours", _calendar, usual.legal_hours),
        retries={**usual.retries, **optional(section, "retries", _by(RESULTS, _retry), {})},
        priorities={**usual.priorities, **optional(section, "priorities", _by(SOURCES, whole(0, 9)), {})},
        ranges=optional(section, "ranges", _ranges, usual.ranges),
        caps=optional(section, "caps", _caps, usual.caps),
        **numbers,
    )


def _by(names: tuple[str, ...], read: Callable[[Value], Any]) -> Callable[[Value], dict[str, Any]]:
    """Make a reader of keys, each one of `names`."""

    def read_all(value: Value) -> dict[str, Any]:
        section = value.section()
        section.refuse_others(names)
        found = {}
        for each in section:
            with each.noting():
                found[each.key] = read(each)
        return found

    return read_all


def _retry(value: Value) -> Retry:
    section = value.section()
    section.refuse_others(RETRY_KEYS)
    usual: tuple[int, ...] = (30,)
    minutes = optional(section, "after_minutes", listed(whole(1, 10_080)), usual)
    if not minutes:
        raise section["after_minutes"].fault("escriba al menos un tiempo en minutos, como [5, 15]")
    return Retry(limit=required(section, "limit", whole(1, _MOST_RETRIES), 1), after_minutes=minutes)


def _caps(value: Value) -> Caps:
    section, usual = value.section(), Caps()
    section.refuse_others(CAP_KEYS)
    read = {key: optional(section, key, whole(0, 100_000_000), getattr(usual, key)) for key in CAP_KEYS}
    if read["pesos_per_day"] is not None and not (read["mobile_pesos_per_minute"] and read["fixed_pesos_per_minute"]):
        raise section["pesos_per_day"].fault(
            "escriba también «mobile_pesos_per_minute» y «fixed_pesos_per_minute»: sin ellos no se sabe cuánto cuesta"
        )
    return Caps(**read)


def _calendar(value: Value) -> Calendar:
    return calendar_text.read(value.section())


def _number(value: Value) -> str:
    return matching(value, _NUMBER, "un número telefónico solo con cifras, de 3 a 15")


def _ranges(value: Value) -> tuple[str, ...]:
    if not list(value.items()):
        raise value.fault('escriba al menos un comienzo, como "3"; para no llamar a nadie escriba «enabled: no»')
    return listed(_range)(value)


def _range(value: Value) -> str:
    return matching(value, _RANGE, "el comienzo de números móviles (3…) o fijos (60…) de Colombia")
