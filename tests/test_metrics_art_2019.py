"""ART-2019: the 21 days of its table 6, made into calls, come out as its tables 4 to 7."""

from datetime import date
from zoneinfo import ZoneInfo

from quality.metrics.aggregate import Aggregate, Period
from quality.metrics.batch import Batch
from quality.metrics.figures import Ratio
from quality.metrics.rows import Row, Share
from quality.metrics.visits import Outcome

BOGOTA = ZoneInfo("America/Bogota")

# Day of September 2019: answered, abandoned, answer rate in %, time to answer in s, TMO.
TABLE_6 = {
    2: (10, 1, 91, 2, "02:54"),
    3: (10, 0, 100, 2, "03:35"),
    4: (15, 2, 88, 3, "03:51"),
    5: (12, 0, 100, 2, "03:07"),
    6: (7, 0, 100, 7, "02:32"),
    9: (6, 1, 86, 3, "05:08"),
    10: (7, 0, 100, 2, "02:33"),
    11: (6, 0, 100, 2, "02:17"),
    12: (4, 0, 100, 2, "06:00"),
    13: (13, 1, 93, 2, "02:50"),
    16: (7, 1, 88, 2, "04:17"),
    17: (10, 0, 100, 2, "03:51"),
    18: (11, 1, 92, 3, "03:53"),
    19: (4, 0, 100, 2, "03:37"),
    20: (7, 1, 88, 8, "03:06"),
    23: (6, 0, 100, 2, "04:07"),
    24: (11, 0, 100, 2, "04:09"),
    25: (6, 1, 86, 3, "03:39"),
    26: (8, 0, 100, 7, "02:44"),
    27: (7, 0, 100, 2, "02:54"),
    30: (5, 0, 100, 2, "02:42"),
}


def seconds(printed: str) -> int:
    minutes, rest = printed.split(":")
    return int(minutes) * 60 + int(rest)


def visits() -> list[Row]:
    rows = []
    for day, (answered, abandoned, _, wait_seconds, tmo) in TABLE_6.items():
        morning = int(Period(first=date(2019, 9, day)).seconds(BOGOTA)[0]) + 8 * 3600
        talk_ms = seconds(tmo) * 1000
        rows += [
            Row(
                entered=morning + number * 600,
                line="018000",
                queue="voz",
                result=Outcome.ANSWERED,
                wait_ms=wait_seconds * 1000,
                talk_ms=talk_ms,
                shares=(Share("Ana", talk_ms),),
            )
            for number in range(answered)
        ]
        rows += [
            Row(entered=morning + 12 * 3600 - 1, line="018000", queue="voz", result=Outcome.ABANDONED, wait_ms=30_000)
            for _ in range(abandoned)
        ]
    return rows


def september() -> Aggregate:
    aggregate = Aggregate(BOGOTA)
    aggregate.add(Batch.of(visits()))
    return aggregate


def rounded(ratio: Ratio, unit: int = 1) -> int:
    assert ratio.value is not None
    return round(ratio.value / unit)


def test_tables_4_and_5_the_month() -> None:
    total = september().total()
    assert (total.answered, total.abandoned, total.ghost, total.offered) == (172, 9, 0, 181)
    assert total.answer_rate == Ratio(172, 181)
    assert round(100 * 172 / 181) == 95
    assert rounded(total.asa_ms, 1000) == 3
    assert rounded(total.tmo_ms, 1000) == seconds("03:28")


def test_table_6_each_day() -> None:
    by_day = september().by_day()
    assert list(by_day) == [date(2019, 9, day) for day in TABLE_6]
    for day, (answered, abandoned, rate, wait, tmo) in TABLE_6.items():
        tally = by_day[date(2019, 9, day)]
        assert (tally.answered, tally.abandoned) == (answered, abandoned)
        assert round(100 * tally.answered / (tally.offered - tally.ghost)) == rate
        assert (rounded(tally.asa_ms, 1000), rounded(tally.tmo_ms, 1000)) == (wait, seconds(tmo))


def test_table_7_each_week_with_its_own_answer_rate() -> None:
    weeks = september().by_week_of_month()
    assert [(week, tally.answered, tally.abandoned) for (_, _, week), tally in weeks.items()] == [
        (1, 54, 3),
        (2, 36, 2),
        (3, 39, 3),
        (4, 38, 1),
        (5, 5, 0),
    ]
    assert [rounded(tally.asa_ms, 1000) for tally in weeks.values()] == [3, 2, 3, 3, 2]
    assert [round(100 * tally.answered / tally.offered) for tally in weeks.values()] == [95, 95, 93, 97, 100]


def test_every_table_adds_up_to_the_month() -> None:
    aggregate = september()
    total = aggregate.total()
    for table in (aggregate.by_day(), aggregate.by_hour(), aggregate.by_quarter_hour(), aggregate.by_month()):
        assert sum(tally.talk_ms for tally in table.values()) == total.talk_ms
        assert sum(tally.offered for tally in table.values()) == total.offered
