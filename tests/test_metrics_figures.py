"""Each figure by its definition, and each visit in its interval."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import AgentPresence, PresenceChange, Source
from quality.metrics.aggregate import Aggregate, Period, week_of_month
from quality.metrics.batch import Batch
from quality.metrics.figures import Ratio, Tally, Thresholds
from quality.metrics.presence import Presence, Presences
from quality.metrics.rows import Row, Share
from quality.metrics.visits import Outcome

BOGOTA = ZoneInfo("America/Bogota")
NOON = int(datetime(2026, 3, 4, 17, tzinfo=UTC).timestamp())


def row(result: Outcome, wait: float = 0, talk: float | None = None, *, entered: int = NOON, work: int = 0) -> Row:
    talk_ms = None if talk is None else round(talk * 1000)
    shares = (Share("Ana", talk_ms),) if result is Outcome.ANSWERED else ()
    return Row(entered, "018000", "voz", result, round(wait * 1000), talk_ms, 0, work * 1000, shares)


def added(rows: Sequence[Row], thresholds: Thresholds | None = None) -> Aggregate:
    aggregate = Aggregate(BOGOTA, thresholds)
    aggregate.add(Batch.of(rows))
    return aggregate


def test_nothing_has_no_rate_and_no_mean() -> None:
    total = added([]).total()
    assert total == Tally()
    assert (total.answer_rate.value, total.abandonment_rate.value) == (None, None)
    assert (total.asa_ms.value, total.tmo_ms.value, total.service_level_answered.value) == (None, None, None)


def test_ghosts_only_leave_no_denominator() -> None:
    total = added([row(Outcome.ABANDONED, 5)]).total()
    assert (total.ghost, total.abandoned) == (1, 0)
    assert total.answer_rate == Ratio(0, 0)
    assert total.answer_rate.value is None


def test_service_level_in_its_three_forms() -> None:
    """A published operator: 10 623 calls, 382 abandoned, 9 162 answered within 20 s: 89.5 % and 86.2 %."""
    rows = [row(Outcome.ANSWERED, 20)] * 9162 + [row(Outcome.ANSWERED, 20.001)] * 1079
    rows += [row(Outcome.ABANDONED, 20)] * 100 + [row(Outcome.ABANDONED, 21)] * 282
    total = added(rows).total()
    assert total.service_level_answered == Ratio(9162, 10241)
    assert total.service_level_offered == Ratio(9162, 10623)
    assert total.service_level_inclusive == Ratio(9262, 10623)
    assert [
        round(1000 * ratio.numerator / ratio.denominator)
        for ratio in (total.service_level_answered, total.service_level_offered)
    ] == [895, 862]


def test_waits_of_the_answered_and_of_the_abandoned_are_two_figures() -> None:
    total = added(
        [
            row(Outcome.ANSWERED, 4, 60),
            row(Outcome.ANSWERED, 8, 60),
            row(Outcome.ABANDONED, 40),
            row(Outcome.ABANDONED, 3),
        ]
    ).total()
    assert total.asa_ms == Ratio(12_000, 2)
    assert total.abandoned_mean_wait_ms == Ratio(40_000, 1)
    assert total.longest_wait_ms == 40_000


def test_tmo_has_talk_with_its_holds_and_after_call_work_and_leaves_out_what_nobody_saw_end() -> None:
    held = row(Outcome.ANSWERED, 4, 100, work=20)._replace(hold_ms=30_000)
    total = added([held, row(Outcome.ANSWERED, 4, 60), row(Outcome.ANSWERED, 4, None)]).total()
    assert total.tmo_ms == Ratio(180_000, 2)
    assert total.talk_unknown == 1
    assert total.hold_mean_ms == Ratio(30_000, 2)


def test_thresholds_decide_what_is_a_ghost() -> None:
    rows = [row(Outcome.ABANDONED, seconds) for seconds in range(10)]
    for ghost_seconds in (0, 5, 9):
        total = added(rows, Thresholds(ghost_seconds=ghost_seconds)).total()
        assert (total.ghost, total.abandoned) == (ghost_seconds + 1, 9 - ghost_seconds)


def test_a_call_that_enters_before_midnight_belongs_to_that_day_though_it_ends_after() -> None:
    entered = int(datetime(2026, 3, 4, 23, 59, 50, tzinfo=BOGOTA).timestamp())
    aggregate = added(
        [row(Outcome.ANSWERED, 30, 600, entered=entered), row(Outcome.ABANDONED, 30, entered=entered + 10)]
    )
    assert {day: tally.offered for day, tally in aggregate.by_day().items()} == {
        date(2026, 3, 4): 1,
        date(2026, 3, 5): 1,
    }
    assert list(aggregate.by_hour_of_day()) == [23, 0]


def test_period_takes_its_first_and_its_last_second_and_no_other() -> None:
    first, last = date(2026, 3, 4), date(2026, 3, 5)
    begin = int(datetime(2026, 3, 4, tzinfo=BOGOTA).timestamp())
    end = int(datetime(2026, 3, 6, tzinfo=BOGOTA).timestamp())
    aggregate = Aggregate(BOGOTA, period=Period(first=first, last=last))
    aggregate.add(Batch.of([row(Outcome.ANSWERED, 1, 1, entered=at) for at in (begin - 1, begin, end - 1, end)]))
    assert aggregate.total().offered == 2
    assert aggregate.by_agent["Ana"].answered == 2


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 1), 24)])
def test_days_of_23_and_25_hours_when_the_clock_changes(day: date, hours: int) -> None:
    madrid = ZoneInfo("Europe/Madrid")
    begin, end = Period(first=day, last=day).seconds(madrid)
    assert end - begin == hours * 3600
    aggregate = Aggregate(madrid, period=Period(first=day, last=day))
    aggregate.add(
        Batch.of(
            [row(Outcome.ANSWERED, 1, 1, entered=second) for second in range(int(begin) - 900, int(end) + 900, 900)]
        )
    )
    assert len(aggregate.by_hour()) == hours
    assert len(aggregate.by_quarter_hour()) == 4 * hours
    assert list(aggregate.by_day()) == [day]
    assert aggregate.by_hour_of_day().keys() == set(range(24)) - ({2} if hours == 23 else set())


@pytest.mark.parametrize(
    ("day", "week"),
    [
        (date(2019, 9, 1), 1),
        (date(2019, 9, 8), 1),
        (date(2019, 9, 9), 2),
        (date(2019, 9, 30), 5),
        (date(2026, 7, 1), 1),
        (date(2026, 7, 5), 1),
        (date(2026, 7, 6), 2),
        (date(2026, 8, 2), 1),
        (date(2026, 8, 3), 1),
        (date(2026, 8, 31), 5),
        (date(2024, 1, 1), 1),
        (date(2024, 1, 31), 5),
    ],
)
def test_week_of_month(day: date, week: int) -> None:
    assert week_of_month(day) == week


def test_transfers_count_for_the_visit_once_and_for_each_adviser() -> None:
    transferred = Row(
        NOON,
        "018000",
        "voz",
        Outcome.ANSWERED,
        4000,
        90_000,
        shares=(Share("Ana", 60_000, 0, "700"), Share("Beto", 30_000, work_ms=5000)),
        work_ms=5000,
    )
    aggregate = added([transferred, row(Outcome.ANSWERED, 2, 10)])
    assert aggregate.total().answered == 2
    assert aggregate.by_transfer_area().keys() == {"700"}
    assert aggregate.by_transfer_area()["700"].tmo_ms == Ratio(95_000, 1)
    ana, beto = aggregate.by_agent["Ana"], aggregate.by_agent["Beto"]
    assert (ana.answered, ana.talk_ms, ana.transferred, ana.work_ms) == (2, 70_000, 1, 0)
    assert (beto.answered, beto.talk_ms, beto.transferred, beto.work_ms) == (1, 30_000, 0, 5000)


def test_figures_by_disposition_leave_out_visits_that_have_none() -> None:
    solved = row(Outcome.ANSWERED, 1, 10)._replace(disposition="solucionado")
    aggregate = added([solved, solved, row(Outcome.ANSWERED, 1, 10)])
    assert {name: tally.answered for name, tally in aggregate.by_disposition().items()} == {"solucionado": 2}


def presence(minute: int, change: PresenceChange, queue: str = "voz") -> AgentPresence:
    at = datetime(2026, 3, 4, 8, minute, tzinfo=UTC)
    return AgentPresence(
        at=at, call_id="", channel_id="", source=Source.QUEUE_LOG, queue=queue, agent="Ana", change=change
    )


def minutes(told: Presence) -> tuple[float, float]:
    return told.logged_in_ms / 60_000, told.paused_ms / 60_000


def test_occupancy_is_talk_and_work_of_the_time_there_and_not_paused() -> None:
    presences = Presences()
    for minute, change in (
        (0, PresenceChange.LOGGED_IN),
        (10, PresenceChange.PAUSED),
        (10, PresenceChange.PAUSED),
        (15, PresenceChange.UNPAUSED),
        (5, PresenceChange.PAUSED),
        (30, PresenceChange.LOGGED_OUT),
    ):
        presences.take(presence(minute, change))
    told = presences.until(datetime(2026, 3, 4, 9, tzinfo=UTC).timestamp())
    assert minutes(told["Ana"]) == (30, 5)
    aggregate = added([row(Outcome.ANSWERED, 1, 600)])
    aggregate.add_presence(told)
    assert aggregate.by_agent["Ana"].occupancy == Ratio(600_000, 25 * 60_000)


def test_presence_counts_within_the_period_and_as_far_as_the_log_goes() -> None:
    begin, end = (datetime(2026, 3, 4, 8, minute, tzinfo=UTC).timestamp() for minute in (10, 20))
    presences = Presences(begin, end)
    presences.take(presence(0, PresenceChange.LOGGED_IN))
    presences.take(presence(5, PresenceChange.PAUSED, queue=""))
    assert minutes(presences.until(begin + 300)["Ana"]) == (5, 5)
    assert minutes(presences.until(end + 9999)["Ana"]) == (10, 10)


def test_paused_in_one_of_two_queues_is_still_there_for_the_other() -> None:
    presences = Presences()
    presences.take(presence(0, PresenceChange.LOGGED_IN))
    presences.take(presence(0, PresenceChange.LOGGED_IN, queue="chat"))
    presences.take(presence(10, PresenceChange.PAUSED))
    presences.take(presence(20, PresenceChange.PAUSED, queue="chat"))
    assert minutes(presences.until(datetime(2026, 3, 4, 8, 30, tzinfo=UTC).timestamp())["Ana"]) == (30, 10)


ROWS = st.lists(
    st.builds(
        Row,
        entered=st.integers(NOON, NOON + 90 * 86_400),
        line=st.sampled_from(["", "018000"]),
        queue=st.sampled_from(["voz", "chat"]),
        result=st.sampled_from([outcome for outcome in Outcome if outcome is not Outcome.GHOST]),
        wait_ms=st.integers(0, 90_000),
        talk_ms=st.none() | st.integers(0, 10**7),
        hold_ms=st.integers(0, 1000),
        work_ms=st.integers(0, 1000),
        inferred=st.booleans(),
        shares=st.just(()),
        rings=st.just(()),
        disposition=st.just(""),
        adopting=st.just(False),
    ),
    max_size=60,
)


@given(ROWS, st.integers(0, 60), st.integers(0, 60))
@settings(deadline=None)
def test_identity_holds_and_every_table_adds_up_to_the_total(rows: list[Row], cut: int, ghost_seconds: int) -> None:
    aggregate = Aggregate(BOGOTA, Thresholds(ghost_seconds=ghost_seconds))
    aggregate.add(Batch.of(rows[:cut]))
    aggregate.add(Batch.of(rows[cut:]))
    total = aggregate.total()
    assert total.offered == len(rows)
    assert total.remainder == 0
    tables = (
        aggregate.by_quarter_hour(),
        aggregate.by_hour(),
        aggregate.by_hour_of_day(),
        aggregate.by_day(),
        aggregate.by_week_of_month(),
        aggregate.by_month(),
        aggregate.by_queue(),
        aggregate.by_line(),
    )
    for table in tables:
        assert all(tally.remainder == 0 for tally in table.values())
        for figure in fields(Tally):
            whole = max if figure.name == "longest_wait_ms" else sum
            assert whole([0, *(getattr(tally, figure.name) for tally in table.values())]) == getattr(total, figure.name)
