"""One line of queue_log, from bytes to fields: `second|channel|queue|agent|EVENT|data|data…`.

The five leading fields come from the telephone system itself and are read strictly. What follows may hold text of a
caller's (ENTERQUEUE carries his number as it came), so nothing in it can make a line into another.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

LONGEST_LINE_BYTES = 16_384

_SHOWN_CHARACTERS = 120
_LEADING_FIELDS = 5
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_SECOND = re.compile(rb"[0-9]{1,10}")


class Damage(StrEnum):
    """What is wrong with a line."""

    TOO_LONG = "too long"
    TOO_FEW_FIELDS = "too few fields"
    NO_TIME = "no time"
    EMPTY_FIELD = "no channel or no event"
    CONTROL_CHARACTERS = "control characters"
    BAD_VALUE = "a value that cannot be"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The fields of a line. `data` is what follows the event's name, without the empty field of a stray last `|`."""

    second: int
    channel_id: str
    queue: str
    agent: str
    event: str
    data: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DamagedLine:
    """A line that tells nothing. `text` is its beginning, printable, for whoever looks into it."""

    reason: Damage
    text: str


def parse(raw: bytes) -> Line | DamagedLine:
    """Read one line, with or without its line end. Never raises."""
    raw = raw.rstrip(b"\r\n")
    if len(raw) > LONGEST_LINE_BYTES:
        return damaged(raw, Damage.TOO_LONG)
    fields = raw.split(b"|")
    if len(fields) < _LEADING_FIELDS:
        return damaged(raw, Damage.TOO_FEW_FIELDS)
    leading = fields[:_LEADING_FIELDS]
    if not _SECOND.fullmatch(leading[0]):
        return damaged(raw, Damage.NO_TIME)
    if any(map(_CONTROL.search, leading)):
        return damaged(raw, Damage.CONTROL_CHARACTERS)
    if not leading[1] or not leading[4]:
        return damaged(raw, Damage.EMPTY_FIELD)
    data = fields[_LEADING_FIELDS:]
    if data and not data[-1]:
        data.pop()
    return Line(
        second=int(leading[0]),
        channel_id=text_of(leading[1]),
        queue=text_of(leading[2]),
        agent=text_of(leading[3]),
        event=text_of(leading[4]),
        data=tuple(map(text_of, data)),
    )


def text_of(field: bytes) -> str:
    """Read a field as UTF-8, or as Latin-1 where it is not: old systems write agents' names so."""
    try:
        return field.decode()
    except UnicodeDecodeError:
        return field.decode("latin-1")


def damaged(raw: bytes, reason: Damage) -> DamagedLine:
    """Describe a line that cannot be read."""
    text = raw[:_SHOWN_CHARACTERS].decode(errors="replace")
    return DamagedLine(reason=reason, text="".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text))
