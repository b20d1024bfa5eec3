"""What a day is held against: the file of thresholds with its faults, agreements before it, and exact sightings."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from contesta.board.goals import Goals
from contesta.board.notices import notices
from contesta.board.targets import Targets, targets
from contesta.board.thresholds import SHIPPED, load, parse
from core.errors import ConfigurationError
from quality.metrics.aggregate import Aggregate, Period
from quality.metrics.alerts import Sighting
from quality.metrics.batch import Batch
from quality.metrics.history import Outcome
from quality.metrics.limits import Level, Limit, Limits, Metric
from quality.metrics.rows import Row
from quality.metrics.sla import definition_text
from quality.metrics.sla.definition import Definition, Indicator
from storage.agreements import Agreements

ZONE = ZoneInfo("America/Bogota")
DAY = date(2019, 9, 2)  # a Monday
MORNING = datetime(2019, 9, 2, 8, tzinfo=ZONE)

FILE = """\
service_level:
  formula: service_level_answered
  within_seconds: 30
figures:
  waiting:
    warn: 4
    bad: 9
    clear: 1
  longest_wait:
    warn: 60 s
    bad: 120 s
  service_level:
    warn: 85 %
    bad: 80 %
    least_calls: 5
queues:
  atencion:
    waiting:
      warn: 1
      bad: 2
"""

AGREEMENTS = """\
calendars:
  oficina:
    hours:
      monday-friday: 08:00-12:00
    public_holidays: closed
  cuartos:
    hours:
      monday-friday: 08:10-12:00
    public_holidays: closed
definitions:
  - {id: eficacia, version: 1, title: Eficacia, clause: c, indicator: answer_rate, at_least: 90 %,
     ghost_seconds: 5, calendar: all, valid_from: 2019-01-01}
"""


def agreement(**changes: str) -> Definition:
    """An agreement about the service level, changed as told; a change to "" leaves a key out."""
    said = {
        "id": "servicio",
        "version": "1",
        "title": "Nivel de servicio",
        "clause": "c",
        "indicator": "service_level_offered",
        "at_least": "90 %",
        "within_seconds": "20",
        "ghost_seconds": "5",
        "calendar": "all",
        "valid_from": "2019-01-01",
    } | changes
    written = ", ".join(f"{key}: {value}" for key, value in said.items() if value)
    (_, found) = definition_text.parse(f"{AGREEMENTS}  - {{{written}}}\n", "prueba")
    return found


def of(*definitions: Definition, file: str = FILE) -> Targets:
    return targets(definitions, parse(file, "umbrales.yaml"), DAY, ghost_seconds=5)


def counted(*visits: tuple[float, Outcome, int], asked: Targets | None = None) -> Aggregate:
    """Visits by hours after eight, outcome and seconds waited."""
    figures = Aggregate(ZONE, (asked or of()).thresholds, Period(first=DAY, last=DAY))
    rows = [
        Row(int((MORNING + timedelta(hours=hours)).timestamp()), "l", "q", outcome, seconds * 1000)
        for hours, outcome, seconds in visits
    ]
    figures.add(Batch.of(rows))
    return figures


def answered(count: int, wait: int = 3, hours: float = 1) -> list[tuple[float, Outcome, int]]:
    return [(hours, Outcome.ANSWERED, wait)] * count


def abandoned(count: int) -> list[tuple[float, Outcome, int]]:
    return [(1, Outcome.ABANDONED, 30)] * count


def test_the_shipped_file_is_valid_and_holds_what_the_board_shows() -> None:
    assert set(load(SHIPPED).limits) == set(Metric)


def test_a_file_says_what_is_shown_and_what_a_queue_has_otherwise() -> None:
    asked = of()
    assert asked.service_level is Indicator.SERVICE_LEVEL_ANSWERED
    assert asked.thresholds.service_level_seconds == 30
    line, queue = asked.limits_of(Metric.WAITING), asked.limits_of(Metric.WAITING, "atencion")
    assert line
    assert queue
    assert (line.bad.value, queue.bad.value) == (Fraction(9), Fraction(2))
    assert asked.limits_of(Metric.LONGEST_WAIT, "atencion") == asked.limits_of(Metric.LONGEST_WAIT)
    assert asked.limits_of(Metric.WAITING, "otra") == line
    assert asked.limits_of(Metric.ABANDONMENT) is None


@pytest.mark.parametrize(
    ("line", "instead", "said"),
    [
        ("  formula: service_level_answered", "  formula: nivel", "línea 2, clave «formula»"),
        ("  within_seconds: 30", "  within_seconds: 0", "línea 3, clave «within_seconds»"),
        ("    warn: 4", "    warn: cuatro", "línea 6, clave «warn»"),
        ("    bad: 9", "    bad: 3", "línea 7, clave «bad»: «bad» es mejor que «warn»"),
        ("    bad: 120 s", "    bad: 2 min", "línea 11, clave «bad»"),
        ("    bad: 80 %", "    bad: 90 %", "línea 14, clave «bad»: «bad» es mejor que «warn»"),
        ("    least_calls: 5", "    least: 5", "línea 15, clave «least»"),
        ("    clear: 1", "    least_calls: 1", "línea 8, clave «least_calls»"),
        ("  longest_wait:", "  espera:", "línea 9, clave «espera»"),
        ("figures:", "cifras:", "clave «cifras»"),
        ("    waiting:\n      warn: 1", "    waiting:\n      bad: 1", "«bad»"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_place(line: str, instead: str, said: str) -> None:
    assert line in FILE
    with pytest.raises(ConfigurationError) as error:
        parse(FILE.replace(line, instead, 1), "umbrales.yaml")
    assert "umbrales.yaml" in str(error.value)
    assert said in str(error.value)


def test_an_own_file_that_is_wrong_is_told_on_the_board_and_the_shipped_one_taken(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    own = tmp_path / "mios.yaml"
    own.write_text("figures: {waiting: {warn: x, bad: 1}}")
    asked = Goals(sqlite_engine, str(own), ghost_seconds=5).of(DAY)
    assert asked.limits == load(SHIPPED).limits
    (said,) = notices(counted(), asked)
    assert "mios.yaml" in said
    own.write_text(FILE)
    assert Goals(sqlite_engine, str(own), ghost_seconds=5).of(DAY).thresholds.service_level_seconds == 30


def test_agreements_in_the_ledger_come_before_the_file_on_the_days_they_are_in_force(sqlite_engine: Engine) -> None:
    Agreements(sqlite_engine).load([agreement(within_seconds="25", valid_from="2019-09-02")], datetime.now(UTC))
    goals = Goals(sqlite_engine, "", ghost_seconds=5)
    assert goals.of(DAY).thresholds.service_level_seconds == 25
    assert goals.of(DAY).agreed[Metric.SERVICE_LEVEL].id == "servicio"
    assert goals.of(DAY - timedelta(days=1)).thresholds.service_level_seconds == 20


def test_an_agreements_goal_is_the_threshold_and_attention_keeps_its_distance() -> None:
    limits = of(agreement()).limits_of(Metric.SERVICE_LEVEL)
    assert limits
    assert (limits.bad, limits.warn.value) == (Limit(value=Fraction(9, 10)), Fraction(95, 100))
    limits = of(agreement(at_least="98 %")).limits_of(Metric.SERVICE_LEVEL)
    assert limits
    assert limits.warn.value == 1
    limits = of(agreement(at_least="", more_than="90 %")).limits_of(Metric.SERVICE_LEVEL)
    assert limits
    assert limits.bad.strict


def test_an_agreement_counts_where_the_file_has_no_thresholds() -> None:
    limits = of(agreement(indicator="abandonment_rate", at_least="", at_most="7 %", within_seconds="")).limits_of(
        Metric.ABANDONMENT
    )
    assert limits
    assert (limits.warn, limits.bad) == (Limit(value=Fraction(7, 100)),) * 2


@pytest.mark.parametrize(
    ("visits", "said"),
    [
        ([*answered(9), *abandoned(1)], "Hoy se cumple sin margen el ANS «Eficacia»."),
        ([*answered(45), *abandoned(1)], "Hoy puede abandonar 4 más y cumplir el ANS «Eficacia»."),
        ([*answered(8), *abandoned(2)], "Hoy no se cumple el ANS «Eficacia»; se cumplirá si contesta las próximas 10."),
        ([], None),
    ],
)
def test_what_is_to_spare_or_would_bring_it_back(visits: list[tuple[float, Outcome, int]], said: str | None) -> None:
    (eficacia, *_) = definition_text.parse(AGREEMENTS, "prueba")
    assert list(notices(counted(*visits), of(eficacia))) == ([] if said is None else [said])


@given(st.integers(0, 300), st.integers(0, 60), st.integers(50, 99))
def test_so_many_more_may_abandon_and_not_one_more(good: int, lost: int, goal: int) -> None:
    """The sentence is held against what the agreement says of the day after so many more have abandoned."""
    (known, *_) = definition_text.parse(AGREEMENTS, "prueba")
    assert known.goal
    definition = replace(known, goal=replace(known.goal, threshold=Fraction(goal, 100)))
    figures = counted(*answered(good), *abandoned(lost))
    complies = good + lost > 0 and 100 * good >= goal * (good + lost)
    said = list(notices(figures, of(definition)))
    if not complies:
        assert said == [] if good + lost == 0 else "no se cumple" in said[0]
        return
    spare = 0 if "sin margen" in said[0] else int(said[0].split("abandonar ")[1].split(" más")[0].replace(".", ""))
    assert 100 * good >= goal * (good + lost + spare)
    assert 100 * good < goal * (good + lost + spare + 1)


def test_an_agreement_of_office_hours_counts_only_the_calls_within_them() -> None:
    visits = [*answered(5, wait=30, hours=-1), *answered(20), *answered(3, wait=40, hours=2)]
    asked = of(agreement(calendar="oficina"))
    (said,) = notices(counted(*visits, asked=asked), asked)
    assert said == "Hoy no se cumple el ANS «Nivel de servicio»; se cumplirá si contesta en 20 s las próximas 7."


@pytest.mark.parametrize("change", [{"calendar": "cuartos"}, {"ghost_seconds": "3"}])
def test_an_agreement_that_counts_otherwise_is_not_judged_here_and_that_is_said(change: dict[str, str]) -> None:
    asked = of(agreement(**change))
    (said,) = notices(counted(*answered(5), asked=asked), asked)
    assert said == "El ANS «Nivel de servicio» se cuenta de otro modo; véalo con «contesta sla verdicts»."


def limits_of(metric: Metric) -> Iterator[Limits]:
    for warn, bad in ((Fraction(4), Fraction(9)), (Fraction(1, 2), Fraction(1, 2))):
        good, worse = (bad, warn) if metric.better_when_higher else (warn, bad)
        for clear in (Fraction(0), Fraction(1, 3)):
            for strict in (False, True):
                yield Limits(metric=metric, warn=Limit(value=good), bad=Limit(value=worse, strict=strict), clear=clear)


@pytest.mark.parametrize("metric", Metric)
def test_a_value_stands_on_exactly_one_side_of_a_threshold(metric: Metric) -> None:
    better = 1 if metric.better_when_higher else -1
    for limits in limits_of(metric):
        for level in (Level.WARN, Level.BAD):
            limit = limits.limit(level)
            tiny = Fraction(1, 10**9) * better
            assert limits.sight(level, limit.value - tiny) is Sighting.BREACH
            clear = limit.value + limits.clear * better
            edge = limits.sight(level, limit.value)
            if limit.strict:
                assert edge is Sighting.BREACH
            else:
                assert edge is (Sighting.NEAR if limits.clear else Sighting.OUT)
            assert limits.sight(level, clear + tiny) is Sighting.OUT
            if limits.clear:
                assert limits.sight(level, clear - tiny) is Sighting.NEAR


def test_thresholds_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValueError, match="not in order"):
        Limits(metric=Metric.WAITING, warn=Limit(value=Fraction(2)), bad=Limit(value=Fraction(1)))
