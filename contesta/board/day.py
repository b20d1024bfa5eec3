"""The day by quarter hours, beside the same weekday one week before."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from contesta.format import UNKNOWN, long_date, percentage
from quality.metrics.aggregate import QUARTER_HOUR_SECONDS, Aggregate
from quality.metrics.figures import Tally
from quality.metrics.why import sum_of

from .links import OFFERED, Links
from .view import DayChart, DayLine, Quarter

WEEK: Final = timedelta(days=7)
_OF_AN_HOUR: Final = 4
_QUARTER: Final = timedelta(seconds=QUARTER_HOUR_SECONDS)

_Table = Mapping[int, Tally]
"""Figures by quarter hour of the clock, counted from midnight."""


def chart(today: Aggregate, before: Aggregate, day: date, now: datetime, zone: tzinfo) -> DayChart:
    """Draw `day` and the day one week before, from the first quarter hour in which anybody called to the last.

    Both have the same hours of the clock. Quarter hours that begin after `now` have no counts.
    """
    table, table_before = _by_clock(today, zone), _by_clock(before, zone)
    places = _places([*table, *table_before])
    return DayChart(day=_line(day, places, table, now, zone), before=_line(day - WEEK, places, table_before, now, zone))


def _by_clock(aggregate: Aggregate, zone: tzinfo) -> _Table:
    """Add up a day; an hour that the clock runs through twice counts as one."""
    found: dict[int, list[Tally]] = {}
    for begins_at, tally in aggregate.by_quarter_hour().items():
        local = begins_at.astimezone(zone)
        found.setdefault((local.hour * 60 + local.minute) * 60 // QUARTER_HOUR_SECONDS, []).append(tally)
    return {place: sum_of(tallies) for place, tallies in found.items()}


def _places(told: Iterable[int]) -> range:
    """Return the whole hours from the first quarter told to the last; nothing if nothing was told."""
    known = sorted(told)
    return (
        range(known[0] // _OF_AN_HOUR * _OF_AN_HOUR, (known[-1] // _OF_AN_HOUR + 1) * _OF_AN_HOUR)
        if known
        else range(0)
    )


def _line(day: date, places: Iterable[int], table: _Table, now: datetime, zone: tzinfo) -> DayLine:
    return DayLine(
        day=day.isoformat(),
        title=long_date(datetime.combine(day, time(12), zone), zone),
        quarters=list(_quarters(day, places, table, now, zone)),
    )


def _quarters(day: date, places: Iterable[int], table: _Table, now: datetime, zone: tzinfo) -> Iterator[Quarter]:
    links = Links(day=day, zone=zone)
    midnight = datetime.combine(day, time())
    for place in places:
        begins = midnight + place * _QUARTER
        begins_at = begins.replace(tzinfo=zone)
        tally = table.get(place, Tally())
        numerator, denominator = tally.answer_rate
        come = begins_at <= now
        yield Quarter(
            begins_at=begins_at.astimezone(UTC),
            hour=f"{begins:%H:%M}",
            offered=tally.offered if come else None,
            answered=tally.answered if come else None,
            abandoned=tally.abandoned if come else None,
            answer_rate=numerator / denominator if denominator else None,
            answer_rate_shown=percentage(numerator, denominator) if denominator else UNKNOWN,
            calls=links.between(begins_at, (begins + _QUARTER).replace(tzinfo=zone), OFFERED) if tally.offered else "",
        )
