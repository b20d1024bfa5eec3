"""Opening hours, Colombian public holidays, days unlike the others, and days on which the clock changes."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.calendar import BOGOTA, Calendar, Span, is_holiday

OFFICE = (Span(opens=8 * 60, closes=12 * 60), Span(opens=13 * 60, closes=17 * 60))
WEEK = dict.fromkeys(range(5), OFFICE)
LINE = Calendar(
    weekly=WEEK, special_days={date(2019, 9, 26): (), date(2019, 12, 8): (Span(opens=9 * 60, closes=10 * 60),)}
)
NEW_YORK = ZoneInfo("America/New_York")
NIGHT = Calendar(
    weekly=dict.fromkeys(range(7), (Span(opens=90, closes=180),)),
    closed_on_holidays=False,
    special_days={},
    zone=NEW_YORK,
)


def local(text: str, zone: ZoneInfo = BOGOTA) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2019-09-02 07:59:59", False),
        ("2019-09-02 08:00:00", True),
        ("2019-09-02 11:59:59.999", True),
        ("2019-09-02 12:00:00", False),
        ("2019-09-02 13:00:00", True),
        ("2019-09-02 17:00:00", False),
        ("2019-09-07 10:00:00", False),  # Saturday
        ("2019-10-14 10:00:00", False),  # the Monday that 12 October is moved to
        ("2019-09-26 10:00:00", False),  # closed beyond the ordinary
        ("2019-12-08 09:30:00", True),  # a Sunday and a holiday, opened beyond the ordinary
    ],
)
def test_hours_weekends_holidays_and_special_days(moment: str, is_open: bool) -> None:  # noqa: FBT001  a parameter
    assert LINE.is_open(local(moment)) is is_open
    assert LINE.is_open(local(moment).astimezone(UTC)) is is_open


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2019-09-02 09:15:30", "2019-09-02 09:15:30"),
        ("2019-09-02 12:30:00", "2019-09-02 13:00:00"),
        ("2019-09-06 17:00:00", "2019-09-09 08:00:00"),
        ("2019-10-11 18:00:00", "2019-10-15 08:00:00"),  # a weekend and a holiday
        ("2019-09-25 17:00:00", "2019-09-27 08:00:00"),
        ("2019-12-31 23:59:59", "2020-01-02 08:00:00"),
    ],
)
def test_next_opening(moment: str, opens: str) -> None:
    assert LINE.next_opening(local(moment)) == local(opens)


def test_a_line_that_never_opens_has_no_next_opening() -> None:
    assert Calendar(weekly={}, special_days={}).next_opening(local("2019-09-02 09:00")) is None


@pytest.mark.parametrize(
    ("day", "is_one"),
    [
        (date(2026, 7, 13), True),  # Virgen de Chiquinquirá, Ley 2578 of 2026
        (date(2027, 7, 12), True),
        (date(2025, 7, 7), False),  # the Monday that the new holiday would have been on
        (date(2019, 4, 19), True),  # Good Friday
        (date(2019, 8, 15), False),  # Assumption, moved
        (date(2019, 8, 19), True),
        (date(2019, 9, 16), False),
    ],
)
def test_colombian_public_holidays(day: date, is_one: bool) -> None:  # noqa: FBT001  a parameter
    assert is_holiday(day) is is_one


def test_the_hour_the_clock_skips() -> None:
    skipped = date(2026, 3, 8)  # 02:00 is 03:00 in New York
    assert list(NIGHT.openings(skipped, skipped)) == [(utc("2026-03-08 06:30"), utc("2026-03-08 07:00"))]
    within_it = (Span(opens=150, closes=300),)
    late = Calendar(weekly={6: within_it}, closed_on_holidays=False, special_days={}, zone=NEW_YORK)
    assert late.next_opening(local("2026-03-08 00:00", NEW_YORK)) == utc("2026-03-08 07:30")


def test_the_hour_the_clock_passes_twice_is_open_both_times() -> None:
    again = date(2026, 11, 1)  # 02:00 is 01:00 again in New York
    ((opens, closes),) = NIGHT.openings(again, again)
    assert closes - opens == timedelta(minutes=90 + 60)
    for fold in (0, 1):
        assert NIGHT.is_open(datetime.combine(again, time(1, 45), NEW_YORK).replace(fold=fold))


@settings(max_examples=30, deadline=None)
@given(st.datetimes(datetime(2018, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001  given its zone below
def test_next_opening_has_nothing_open_before_it(naive: datetime) -> None:
    moment = naive.replace(second=0, microsecond=0, tzinfo=UTC)
    opens = LINE.next_opening(moment)
    assert opens is not None
    assert LINE.is_open(opens)
    steps = int((opens - moment) / timedelta(minutes=30))
    assert not any(LINE.is_open(moment + timedelta(minutes=30 * step)) for step in range(steps))


@pytest.mark.parametrize(("opens", "closes"), [(-1, 5), (60, 60), (0, 1441)])
def test_a_span_lies_within_its_day(opens: int, closes: int) -> None:
    with pytest.raises(ValueError, match="not a part of a day"):
        Span(opens=opens, closes=closes)


def test_hours_of_a_day_do_not_overlap() -> None:
    with pytest.raises(ValueError, match="overlap"):
        Calendar(weekly={0: (Span(opens=0, closes=60), Span(opens=59, closes=70))}, special_days={})
