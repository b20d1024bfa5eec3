"""A calendar as people write it, for example in a file of YAML.

time_zone: America/Bogota            optional
hours:
  monday-friday: 08:00-12:00, 13:00-17:00
  saturday: 08:00-12:00
public_holidays: closed              or open
special_days:                        optional; before everything else
  2019-12-24: 08:00-12:00
  2019-12-31: closed
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.calendar import BOGOTA, Calendar, Span
from core.document import Section, Value

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CLOSED = "closed"
_SPAN = re.compile(r"(\d\d):([0-5]\d)-(\d\d):([0-5]\d)", re.ASCII)


class _Holidays(StrEnum):
    CLOSED = _CLOSED
    OPEN = "open"


def read(section: Section) -> Calendar:
    """Read a calendar.

    Raises:
        ConfigurationError: it is wrong; names file, line, key and the mend.
    """
    section.refuse_others(("time_zone", "hours", "public_holidays", "special_days"))
    weekly: dict[int, tuple[Span, ...]] = {}
    for value in section["hours"].section():
        with value.noting():
            for weekday in _weekdays(value):
                if weekday in weekly:
                    raise value.fault(f"el día {_WEEKDAYS[weekday]} ya tiene horas; deje una sola clave para él")
                weekly[weekday] = _spans(value)
    days = section.get("special_days")
    return Calendar(
        weekly=weekly,
        closed_on_holidays=section["public_holidays"].one_of(_Holidays) is _Holidays.CLOSED,
        special_days=dict(_special_days(days.section())) if days else {},
        zone=_zone(section.get("time_zone")),
    )


def write(calendar: Calendar) -> dict[str, Any]:
    """Give what `read` makes the same calendar of, always in the same form."""
    special = sorted(calendar.special_days.items())
    return {
        "time_zone": calendar.zone.key,
        "hours": {_WEEKDAYS[weekday]: _said(spans) for weekday, spans in sorted(calendar.weekly.items())},
        "public_holidays": str(_Holidays.CLOSED if calendar.closed_on_holidays else _Holidays.OPEN),
        "special_days": {day.isoformat(): _said(spans) for day, spans in special},
    }


def _special_days(section: Section) -> Iterator[tuple[date, tuple[Span, ...]]]:
    for value in section:
        with value.noting():
            yield value.key_as_day(), _spans(value)


def _weekdays(value: Value) -> Iterable[int]:
    first, _, last = value.key.partition("-")
    if first in _WEEKDAYS and (last or first) in _WEEKDAYS:
        numbers = range(_WEEKDAYS.index(first), _WEEKDAYS.index(last or first) + 1)
        if numbers:
            return numbers
    raise value.fault("escriba un día o varios seguidos, como «saturday» o «monday-friday»")


def _spans(value: Value) -> tuple[Span, ...]:
    said = value.text()
    if said == _CLOSED:
        return ()
    spans = []
    for part in said.split(","):
        if not (found := _SPAN.fullmatch(part.strip())):
            raise value.fault(f"escriba horas como «08:00-12:00, 13:00-17:00» o «{_CLOSED}», no «{said}»")
        opens_hour, opens_minute, closes_hour, closes_minute = map(int, found.groups())
        try:
            spans.append(Span(opens=60 * opens_hour + opens_minute, closes=60 * closes_hour + closes_minute))
        except ValueError as error:
            raise value.fault(f"«{part.strip()}» no cabe en un día; use horas de 00:00 a 24:00, en orden") from error
    if any(after.opens < before.closes for before, after in pairwise(spans)):
        raise value.fault(f"las horas se cruzan o no están en orden: «{said}»")
    return tuple(spans)


def _said(spans: Iterable[Span]) -> str:
    return ", ".join(f"{_clock(span.opens)}-{_clock(span.closes)}" for span in spans) or _CLOSED


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _zone(value: Value | None) -> ZoneInfo:
    if value is None:
        return BOGOTA
    try:
        return ZoneInfo(value.text())
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise value.fault("no es una zona horaria; escriba, por ejemplo, America/Bogota") from error
