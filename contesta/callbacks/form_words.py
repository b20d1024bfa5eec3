"""What the public page says of when: windows by day, and when a call may come. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import groupby

from callback_queue.policy import Rules, next_allowed
from callback_queue.request import Window
from contesta.callbacks.form_answers import written
from contesta.format import long_date, public_hour

_SOON = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One window to choose: `value` as the form sends it, `words` such as "de 8:00 a. m. a 8:30 a. m."."""

    value: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The free windows of one day."""

    words: str
    choices: Sequence[Choice]


def days(windows: Iterable[Window], zone: tzinfo) -> list[Day]:
    """Give free windows by day."""
    begun = [(window.not_before, window) for window in windows if window.not_before]
    return [
        Day(words=day, choices=[Choice(value=written(window), words=hours(window, zone)) for _, window in of_day])
        for day, of_day in groupby(begun, key=lambda one: long_date(one[0], zone))
    ]


def hours(window: Window, zone: tzinfo) -> str:
    """Say the hours of a window that has both ends."""
    if window.not_before is None or window.not_after is None:
        return "lo antes posible"
    return f"de {public_hour(window.not_before, zone)} a {public_hour(window.not_after, zone)}"


def when(window: Window, rules: Rules, now: datetime, zone: tzinfo) -> str:
    """Say when the call may come: in the window, or as soon as possible and from when on that is."""
    if window.not_before is not None and window.not_after is not None:
        return f"El {long_date(window.not_before, zone)}, {hours(window, zone)}"
    first = next_allowed(rules, now)
    if first is None:
        return "Lo antes posible"
    if first - now < _SOON:
        return "Lo antes posible, desde ahora"
    day = "hoy" if _day(first, zone) == _day(now, zone) else f"el {long_date(first, zone)}"
    return f"Lo antes posible, desde {day} a las {public_hour(first, zone)}"


def _day(moment: datetime, zone: tzinfo) -> object:
    return moment.astimezone(zone).date()
