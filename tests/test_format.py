"""Colombian forms of numbers, durations, times and telephone numbers; and the story of a call in words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from contesta.format import clock, duration, elapsed, long_date, percentage, phone, short_date, whole

BOGOTA = ZoneInfo("America/Bogota")
MOMENT = datetime(2025, 6, 3, 19, 5, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("number", "said"), [(1142, "1.142"), (0, "0"), (-1234567, "\u22121.234.567"), (None, "\u2013")]
)
def test_whole(number: int | None, said: str) -> None:
    assert whole(number) == said


@pytest.mark.parametrize(
    ("numerator", "denominator", "said"),
    [(2869, 2996, "95,76\u00a0%"), (172, 181, "95,03\u00a0%"), (0, 4, "0,00\u00a0%"), (0, 0, "N/A")],
)
def test_percentage(numerator: int, denominator: int, said: str) -> None:
    assert percentage(numerator, denominator) == said


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [
        (0, "0:00"),
        (499, "0:00"),
        (500, "0:01"),
        (130_400, "2:10"),
        (3_599_499, "59:59"),
        (3_730_000, "1:02:10"),
        (None, "\u2013"),
    ],
)
def test_duration(milliseconds: int | None, said: str) -> None:
    assert duration(milliseconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "+00:00"), (130, "+02:10"), (3_730, "+1:02:10"), (90_000, "+1 día"), (7_776_000, "+90 días")],
)
def test_elapsed(seconds: int, said: str) -> None:
    assert elapsed(timedelta(seconds=seconds)) == said


def test_times_and_days_are_those_of_the_line() -> None:
    assert clock(MOMENT, BOGOTA) == "14:05:07"
    assert short_date(MOMENT, BOGOTA) == "3/06/2025"
    assert long_date(MOMENT, BOGOTA) == "martes 3 de junio de 2025"
    assert short_date(MOMENT + timedelta(hours=9), BOGOTA) == "3/06/2025"
    assert short_date(MOMENT + timedelta(hours=10), BOGOTA) == "4/06/2025"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("+573001234567", "300 123 4567"),
        ("+576011234567", "601 123 4567"),
        ("+12025550123", "+12025550123"),
        ("anonymous", "Anónimo"),
    ],
)
def test_phone(number: str, said: str) -> None:
    assert phone(number) == said
