"""When a line attends: hours by weekday, Colombian public holidays, and days that are unlike the others.

An hour that the clock skips or passes twice is read as RFC 5545 does (3.3.5): with the offset before the change, and as
the first of the two.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from holidays import country_holidays

BOGOTA: Final = ZoneInfo("America/Bogota")

_DAY_MINUTES = 24 * 60
_LOOK_AHEAD_DAYS = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From `opens` until `closes`, in minutes of the local day; the minute of closing is no longer in it."""

    opens: int
    closes: int

    def __post_init__(self) -> None:
        if not 0 <= self.opens < self.closes <= _DAY_MINUTES:
            raise ValueError(f"not a part of a day: {self.opens} to {self.closes} minutes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The hours of a line. `weekly` goes by weekday from Monday, 0; a weekday that is not in it is closed.

    `special_days` have their own hours, none when closed, and come before everything else.

    Raises:
        ValueError: the spans of a day overlap or are not in order.
    """

    weekly: Mapping[int, tuple[Span, ...]]
    closed_on_holidays: bool = True
    special_days: Mapping[date, tuple[Span, ...]]
    zone: ZoneInfo = BOGOTA

    def __post_init__(self) -> None:
        for spans in (*self.weekly.values(), *self.special_days.values()):
            if any(after.opens < before.closes for before, after in pairwise(spans)):
                raise ValueError("hours of a day overlap or are not in order")

    def spans(self, day: date) -> tuple[Span, ...]:
        """Return the hours of a local day."""
        if day in self.special_days:
            return self.special_days[day]
        if self.closed_on_holidays and is_holiday(day):
            return ()
        return self.weekly.get(day.weekday(), ())

    def openings(self, first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
        """Yield when the line opens and closes from the first local day to the last, in UTC and in order."""
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            for span in self.spans(day):
                yield self._moment(day, span.opens), self._moment(day, span.closes)

    def is_open(self, moment: datetime) -> bool:
        """Tell whether the line attends at an aware moment."""
        day = moment.astimezone(self.zone).date()
        return any(opens <= moment < closes for opens, closes in self.openings(day, day))

    def next_opening(self, moment: datetime) -> datetime | None:
        """Return when the line attends next, in UTC: `moment` itself if it does then, None if it does not in a year."""
        day = moment.astimezone(self.zone).date()
        ahead = self.openings(day, day + timedelta(days=_LOOK_AHEAD_DAYS))
        return next((max(opens, moment.astimezone(UTC)) for opens, closes in ahead if moment < closes), None)

    def _moment(self, day: date, minutes: int) -> datetime:
        wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
        return wall.replace(tzinfo=self.zone).astimezone(UTC)


LEGAL_HOURS: Final = Calendar(
    weekly={**dict.fromkeys(range(5), (Span(opens=7 * 60, closes=19 * 60),)), 5: (Span(opens=8 * 60, closes=15 * 60),)},
    special_days={},
)
"""When citizens may be contacted unasked (Ley 2300 of 2023, article 3): never on a Sunday or a public holiday."""


def is_holiday(day: date) -> bool:
    """Tell whether a day is a Colombian public holiday (Ley 51 of 1983 and Ley 2578 of 2026)."""
    return day in _holidays(day.year)


@cache
def _holidays(year: int) -> frozenset[date]:
    return frozenset(country_holidays("CO", years=year))
