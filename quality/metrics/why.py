"""Why a share of the day is below its goal: when it was lost, who was there then, and what would bring it back."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime, timedelta
from math import ceil, floor

import numpy as np

from .aggregate import QUARTER_HOUR_SECONDS
from .erlang import agents_needed
from .figures import Ratio, Tally, add_up
from .limits import Limit
from .sla.definition import Indicator

_QUARTER = timedelta(seconds=QUARTER_HOUR_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked: an indicator that is a share, its threshold, and how soon calls are to be answered."""

    indicator: Indicator
    limit: Limit
    within_seconds: int
    answered_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Quarter hours in a row, from `begins_at` until `ends_at`: of the calls counted, how many missed.

    `handle_ms` is the mean time a call takes an agent, in the span or else in the day. `needed` agents would have met
    what is asked; both are None where nothing tells.
    """

    begins_at: datetime
    ends_at: datetime
    counted: int
    missed: int
    handle_ms: float | None
    needed: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The figure, how many missed, when most of them did (None: nobody), and what it would take.

    `to_recover`: so many calls in a row must be attended as asked; 0 if it is as asked, None if nothing would do.
    """

    figure: Ratio
    missed: int
    worst: Span | None
    to_recover: int | None


def sum_of(tallies: Iterable[Tally]) -> Tally:
    """Return the tally of all visits together."""
    total = np.zeros(len(fields(Tally)), np.int64)
    for tally in tallies:
        total = add_up(total, np.array(astuple(tally), np.int64))
    return Tally.of(total)


def explain(quarters: Sequence[tuple[datetime, Tally]], asked: Asked, now: datetime) -> Why:
    """Explain a share from the day's quarter hours until `now`, which are in order and named by their beginnings."""
    day = sum_of(tally for _, tally in quarters)
    figure = asked.indicator.figure(day)
    return Why(
        figure=figure,
        missed=missed(asked.indicator, figure),
        worst=_worst(quarters, day, asked, now),
        to_recover=to_recover(figure, asked.indicator, asked.limit),
    )


def missed(indicator: Indicator, figure: Ratio) -> int:
    """Return how many calls of a share were not as they should be."""
    return figure.denominator - figure.numerator if indicator.better_when_higher else figure.numerator


def to_recover(figure: Ratio, indicator: Indicator, limit: Limit) -> int | None:
    """Return how many calls in a row, attended as asked, bring a share back within its threshold; None if none do."""
    numerator, denominator = figure
    if indicator.better_when_higher:
        lacking = denominator * limit.value - numerator
        gained = 1 - limit.value
    else:
        lacking = numerator - denominator * limit.value
        gained = limit.value
    if lacking < 0 or (lacking == 0 and not limit.strict):
        return 0
    if gained == 0:
        return None
    calls = lacking / gained
    return floor(calls) + 1 if limit.strict else ceil(calls)


def _worst(quarters: Sequence[tuple[datetime, Tally]], day: Tally, asked: Asked, now: datetime) -> Span | None:
    """Find the quarter hour in which most missed, and those beside it that are not as asked either."""

    def lost(place: int) -> int:
        return missed(asked.indicator, asked.indicator.figure(quarters[place][1]))

    def continues(place: int, beside: int) -> bool:
        (begins_at, tally), (other, _) = quarters[place], quarters[beside]
        is_next = abs(begins_at - other) == _QUARTER
        return is_next and to_recover(asked.indicator.figure(tally), asked.indicator, asked.limit) != 0

    if not quarters:
        return None
    first = last = max(range(len(quarters)), key=lambda place: (lost(place), place))
    if lost(first) == 0:
        return None
    while first > 0 and continues(first - 1, first):
        first -= 1
    while last < len(quarters) - 1 and continues(last + 1, last):
        last += 1
    return _span(quarters[first : last + 1], day, asked, now)


def _span(quarters: Sequence[tuple[datetime, Tally]], day: Tally, asked: Asked, now: datetime) -> Span:
    tally = sum_of(of_quarter for _, of_quarter in quarters)
    figure = asked.indicator.figure(tally)
    handle_ms = tally.tmo_ms.value if tally.tmo_ms.denominator else day.tmo_ms.value
    begins_at, ends_at = quarters[0][0], quarters[-1][0] + _QUARTER
    seconds = (min(ends_at, now) - begins_at).total_seconds()
    return Span(
        begins_at=begins_at,
        ends_at=ends_at,
        counted=figure.denominator,
        missed=missed(asked.indicator, figure),
        handle_ms=handle_ms,
        needed=agents_needed(
            tally.offered - tally.ghost, seconds, handle_ms / 1000, asked.within_seconds, asked.answered_share
        )
        if handle_ms
        else None,
    )
