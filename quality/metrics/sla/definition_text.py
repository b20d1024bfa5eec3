"""Definitions as people write them, in YAML, and as the ledger keeps them: the same form, one definition, as JSON.

`docs/sla.md` describes the form.
"""

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from core import calendar_text, document
from core.calendar import Calendar
from core.document import Section, Value
from core.errors import ConfigurationError

from .definition import Comparison, Definition, Goal, Indicator, check_versions

ART_2019: Final = Path(__file__).parent / "art_2019.yaml"

_ALL_HOURS = "all"
_ID = re.compile(r"[a-z][a-z0-9-]{0,62}")
_KEYS = (
    *("id", "version", "title", "clause", "indicator"),
    *Comparison,
    *("ghost_seconds", "within_seconds", "calendar", "valid_from", "valid_to"),
)


def load(path: Path) -> tuple[Definition, ...]:
    """Read a file of definitions.

    Raises:
        ConfigurationError: it is missing or wrong; names file, line, key and the mend.
    """
    return _definitions(document.read(path))


def parse(source: str, file: str) -> tuple[Definition, ...]:
    """Read definitions; `file` is the source's name in messages.

    Raises:
        ConfigurationError: as `load`.
    """
    return _definitions(document.parse(source, file))


def write(definition: Definition) -> str:
    """Give one line of JSON that `parse` makes the same definition of; equal definitions give equal texts."""
    said: dict[str, Any] = {
        "id": definition.id,
        "version": definition.version,
        "title": definition.title,
        "clause": definition.clause,
        "indicator": str(definition.indicator),
        "ghost_seconds": definition.ghost_seconds,
        "valid_from": definition.valid_from.isoformat(),
        "calendar": _ALL_HOURS if definition.calendar is None else "hours",
    }
    if goal := definition.goal:
        said[goal.comparison] = threshold_text(definition.indicator, goal.threshold)
    if definition.within_seconds is not None:
        said["within_seconds"] = definition.within_seconds
    if definition.valid_to:
        said["valid_to"] = definition.valid_to.isoformat()
    whole: dict[str, Any] = {"definitions": [said]}
    if definition.calendar:
        whole["calendars"] = {"hours": calendar_text.write(definition.calendar)}
    return json.dumps(whole, ensure_ascii=False, sort_keys=True)


def threshold_text(indicator: Indicator, threshold: Fraction) -> str:
    """Write a threshold as in a file, exactly: "97.5 %", "40 s"."""
    if indicator.is_time:
        return f"{int(threshold) // 1000} s"
    percent = threshold * 100
    return f"{(Decimal(percent.numerator) / Decimal(percent.denominator)).normalize():f} %"


def _definitions(root: Section) -> tuple[Definition, ...]:
    root.refuse_others(("calendars", "definitions"))
    calendars: dict[str, Calendar] = {}
    if written := root.get("calendars"):
        calendars = {value.key: calendar_text.read(value.section()) for value in written.section()}
    definitions: list[Definition] = []
    for section in root["definitions"].sections():
        definitions.append(_definition(section, calendars))
        try:
            check_versions(definitions)
        except ConfigurationError as error:
            raise section["version"].fault(str(error)) from error
    return tuple(definitions)


def _definition(section: Section, calendars: dict[str, Calendar]) -> Definition:
    section.refuse_others(_KEYS)
    indicator = section["indicator"].one_of(Indicator)
    valid_from = section["valid_from"].day()
    valid_to = None
    if ends := section.get("valid_to"):
        valid_to = ends.day()
        if valid_to < valid_from:
            raise ends.fault(f"termina antes de comenzar ({valid_from}); corrija uno de los dos días")
    return Definition(
        id=_id(section["id"]),
        version=section["version"].whole(1, 9999),
        title=section["title"].text(),
        clause=section["clause"].text(),
        indicator=indicator,
        goal=_goal(section, indicator),
        ghost_seconds=section["ghost_seconds"].whole(0, 60),
        within_seconds=_within_seconds(section, indicator),
        calendar=_calendar(section["calendar"], calendars),
        valid_from=valid_from,
        valid_to=valid_to,
    )


def _id(value: Value) -> str:
    said = value.text()
    if not _ID.fullmatch(said):
        raise value.fault(f"use minúsculas sin tilde, cifras y guion, como «tiempo-de-atencion»; no «{said}»")
    return said


def _goal(section: Section, indicator: Indicator) -> Goal | None:
    """Read the one comparison there may be."""
    written = [value for value in section if value.key in set(Comparison)]
    if not written:
        return None
    value, *others = written
    if others:
        raise others[0].fault(f"ya hay una meta en «{value.key}»; deje una sola")
    comparison = Comparison(value.key)
    if comparison.wants_more is not indicator.better_when_higher:
        fitting = [word for word in Comparison if word.wants_more is indicator.better_when_higher]
        raise value.fault(f"con «{indicator}» use {' o '.join(fitting)}")
    threshold = value.milliseconds() if indicator.is_time else value.share()
    if threshold in _beyond(comparison) or (threshold > 1 and not indicator.is_time):
        raise value.fault(f"con «{value.text()}» la meta no pide nada o no se puede cumplir; corrija el valor")
    return Goal(comparison=comparison, threshold=threshold)


def _beyond(comparison: Comparison) -> Iterable[Fraction]:
    """Give the ends of a share that every period meets, or none can."""
    match comparison:
        case Comparison.AT_LEAST:
            return (Fraction(0),)
        case Comparison.AT_MOST:
            return (Fraction(1),)
        case _:
            return (Fraction(0), Fraction(1))


def _within_seconds(section: Section, indicator: Indicator) -> int | None:
    value = section.get("within_seconds")
    if indicator.is_service_level:
        return section["within_seconds"].whole(1, 3600)
    if value:
        raise value.fault(f"«{indicator}» no la usa; quítela")
    return None


def _calendar(value: Value, calendars: dict[str, Calendar]) -> Calendar | None:
    said = value.text()
    if said == _ALL_HOURS:
        return None
    if said not in calendars:
        raise value.fault(f"escriba «{_ALL_HOURS}» o uno de los «calendars» de este archivo; no hay «{said}»")
    return calendars[said]
