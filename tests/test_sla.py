"""Agreements on service levels: the file, which version is in force, and verdicts by exact arithmetic."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from itertools import count, takewhile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contesta.sla_text import details, heading
from core.calendar import BOGOTA
from core.errors import ConfigurationError
from quality.metrics.figures import Ratio, Tally
from quality.metrics.history import Outcome
from quality.metrics.rows import Row
from quality.metrics.sla import definition_text
from quality.metrics.sla.assessment import Assessment
from quality.metrics.sla.definition import Comparison, Definition, Goal, Indicator, Stint, in_force
from quality.metrics.sla.verdict import Verdict, judge

FIRST, LAST = date(2019, 9, 1), date(2019, 9, 30)
SHARES = [indicator for indicator in Indicator if not indicator.is_time]

# ART-2019, table 6: day of September, answered, abandoned, time to answer in seconds, TMO in seconds
ART_DAYS = """
2 10 1 2 174; 3 10 0 2 215; 4 15 2 3 231; 5 12 0 2 187; 6 7 0 7 152; 9 6 1 3 308; 10 7 0 2 153; 11 6 0 2 137;
12 4 0 2 360; 13 13 1 2 170; 16 7 1 2 257; 17 10 0 2 231; 18 11 1 3 233; 19 4 0 2 217; 20 7 1 8 186; 23 6 0 2 247;
24 11 0 2 249; 25 6 1 3 219; 26 8 0 7 164; 27 7 0 2 174; 30 5 0 2 162
"""

FILE = """\
calendars:
  oficina:
    hours:
      monday-friday: 08:00-12:00, 13:00-17:00
      saturday: 09:00-12:00
    public_holidays: closed
    special_days:
      2019-09-26: closed
definitions:
  - id: servicio
    version: 1
    title: Nivel de servicio
    clause: Anexo 2, numeral 4
    indicator: service_level_offered
    at_least: 97,5 %
    within_seconds: 20
    ghost_seconds: 5
    calendar: oficina
    valid_from: 2019-01-01
    valid_to: 2019-12-31
"""


def agreement(indicator: Indicator, goal: Goal | None, **more: object) -> Definition:
    of = Definition(
        id="x",
        version=1,
        title="X",
        clause="1",
        indicator=indicator,
        goal=goal,
        ghost_seconds=5,
        within_seconds=20 if indicator.is_service_level else None,
        calendar=None,
        valid_from=date(2019, 1, 1),
        valid_to=None,
    )
    return replace(of, **more)  # type: ignore[arg-type]  # fields of Definition


def verdict(indicator: Indicator, comparison: Comparison, threshold: Fraction, figure: Ratio) -> Verdict:
    return judge(Stint(agreement(indicator, Goal(comparison=comparison, threshold=threshold)), FIRST, LAST), figure)


def meets(comparison: Comparison, numerator: int, denominator: int, threshold: Fraction) -> bool:
    """Compare as at school: cross-multiplied."""
    left, right = numerator * threshold.denominator, threshold.numerator * denominator
    match comparison:
        case Comparison.AT_LEAST:
            return left >= right
        case Comparison.MORE_THAN:
            return left > right
        case Comparison.AT_MOST:
            return left <= right
        case Comparison.LESS_THAN:
            return left < right


def rows(day: int, answered: int, abandoned: int, asa: int, tmo: int) -> Iterator[Row]:
    entered = int(datetime(2019, 9, day, 10, tzinfo=BOGOTA).timestamp())
    for _ in range(answered):
        yield Row(entered, "linea", "atencion", Outcome.ANSWERED, asa * 1000, tmo * 1000)
    for _ in range(abandoned):
        yield Row(entered, "linea", "atencion", Outcome.ABANDONED, 30_000)


def september() -> list[Row]:
    days = [map(int, day.split()) for day in ART_DAYS.split(";")]
    return [row for day in days for row in rows(*day)]


def assess(definitions: tuple[Definition, ...], visits: list[Row]) -> list[Verdict]:
    assessment = Assessment(in_force(definitions, FIRST, LAST), BOGOTA)
    for start in range(0, len(visits), 50):
        assessment.add(visits[start : start + 50])
    return list(assessment.verdicts())


def test_september_2019_meets_its_contract() -> None:
    answer_rate, asa, tmo = assess(definition_text.load(definition_text.ART_2019), september())
    assert (answer_rate.figure, answer_rate.met, answer_rate.to_spare) == (Ratio(172, 181), True, 10)
    assert heading(answer_rate) == "● Cumple · Eficacia, telefónico o voz · versión 1"
    assert details(answer_rate)[:2] == (
        "95,03\N{NO-BREAK SPACE}% = 172/181 (contestadas / ofrecidas sin fantasmas); meta ≥ 90 %",
        "Puede abandonar 10 más y cumplir.",
    )
    assert (asa.figure.denominator, asa.met, asa.missing) == (172, True, None)
    assert details(asa)[0].startswith("00:03 = ")
    assert (tmo.met, tmo.missing, tmo.to_spare) == (None, None, None)
    assert details(tmo)[0].startswith("03:28 = ")
    assert details(tmo)[1] == "La entidad no ha fijado la meta."


def test_the_formula_can_flip_the_verdict() -> None:
    """The published figures of one operator: 10 623 calls, 382 abandoned, 9 162 answered within 20 s, goal 88 %."""
    tally = Tally(offered=10_623, answered=10_623 - 382, abandoned=382, answered_within=9162)
    goal = Fraction(88, 100)
    found = {
        indicator: verdict(indicator, Comparison.AT_LEAST, goal, indicator.figure(tally))
        for indicator in (Indicator.SERVICE_LEVEL_ANSWERED, Indicator.SERVICE_LEVEL_OFFERED)
    }
    of_answered, of_offered = found.values()
    assert (details(of_answered)[0][:4], of_answered.met) == ("89,4", True)
    assert of_answered.figure == Ratio(9162, 10_241)
    assert (details(of_offered)[0][:4], of_offered.met) == ("86,2", False)
    assert of_offered.missing == 9349 - 9162  # 88 % of 10 623 is 9 348.24
    assert details(of_offered)[1] == "Faltó contestar en 20 s 187 más."


@pytest.mark.parametrize(
    ("comparison", "answered", "met"),
    [
        (Comparison.AT_LEAST, 8996, False),
        (Comparison.AT_LEAST, 8999, False),
        (Comparison.AT_LEAST, 9000, True),
        (Comparison.MORE_THAN, 9000, False),
        (Comparison.MORE_THAN, 9001, True),
    ],
)
def test_ratios_are_compared_and_not_percentages(comparison: Comparison, answered: int, met: bool) -> None:  # noqa: FBT001  a parameter
    found = verdict(Indicator.ANSWER_RATE, comparison, Fraction(9, 10), Ratio(answered, 10_000))
    assert found.met is met


def test_nothing_to_measure_is_no_verdict() -> None:
    found = verdict(Indicator.ANSWER_RATE, Comparison.AT_LEAST, Fraction(9, 10), Ratio(0, 0))
    assert (found.met, found.missing, found.to_spare) == (None, None, None)
    assert heading(found).startswith("◌ N/A")
    assert details(found)[1] == "No hay llamadas que medir."


@given(
    indicator=st.sampled_from(SHARES),
    strict=st.booleans(),
    percent=st.integers(1, 99),
    denominator=st.integers(1, 40),
    share=st.integers(0, 40),
)
def test_what_is_missing_or_to_spare_of_a_share_is_what_trying_out_gives(
    indicator: Indicator,
    strict: bool,  # noqa: FBT001  drawn
    percent: int,
    denominator: int,
    share: int,
) -> None:
    numerator, threshold = min(share, denominator), Fraction(percent, 100)
    comparison = next(
        one for one in Comparison if one.wants_more is indicator.better_when_higher and one.is_strict is strict
    )
    found = verdict(indicator, comparison, threshold, Ratio(numerator, denominator))
    assert found.met is meets(comparison, numerator, denominator, threshold)
    good = 1 if comparison.wants_more else -1
    if found.met:
        bad = 0 if comparison.wants_more else 1
        worse = takewhile(lambda n: meets(comparison, numerator + bad * n, denominator + n, threshold), count())
        assert (found.missing, found.to_spare) == (None, max(worse))
    else:
        tried = (n for n in count() if meets(comparison, numerator + good * n, denominator, threshold))
        assert (found.missing, found.to_spare) == (next(tried), None)
        assert found.missing is not None
        assert 0 < found.missing <= (denominator - numerator if comparison.wants_more else numerator)


@given(strict=st.booleans(), total=st.integers(0, 400), calls=st.integers(1, 9), threshold=st.integers(1, 40))
def test_what_is_missing_or_to_spare_of_a_mean_is_what_trying_out_gives(
    strict: bool,  # noqa: FBT001  drawn
    total: int,
    calls: int,
    threshold: int,
) -> None:
    comparison = Comparison.LESS_THAN if strict else Comparison.AT_MOST
    found = verdict(Indicator.ASA, comparison, Fraction(threshold), Ratio(total, calls))
    if found.met:
        worse = takewhile(lambda n: meets(comparison, total + n * calls, calls, Fraction(threshold)), count())
        assert (found.missing, found.to_spare) == (None, max(worse))
    else:
        tried = (n for n in count() if meets(comparison, total - n * calls, calls, Fraction(threshold)))
        assert (found.missing, found.to_spare) == (next(tried), None)


def test_amounts_of_time_are_told_to_the_millisecond() -> None:
    found = verdict(Indicator.ASA, Comparison.AT_MOST, Fraction(40_000), Ratio(121_000, 3))
    assert found.missing == 334
    assert details(found)[:2] == (
        "00:40 = 121 s/3 (espera de las contestadas / contestadas); meta ≤ 40 s",
        "La media debía bajar 0,334 s.",
    )


def test_only_visits_within_the_hours_count() -> None:
    (service,) = definition_text.parse(FILE, "f")
    moments = ["02 08:00", "02 12:30", "07 10:00", "07 12:00", "08 10:00", "26 10:00", "30 16:59"]
    entered = [datetime.strptime(f"2019 09 {text}", "%Y %m %d %H:%M").replace(tzinfo=BOGOTA) for text in moments]
    visits = [Row(int(at.timestamp()), "linea", "atencion", Outcome.ANSWERED, 1000) for at in entered]
    (found,) = assess((service,), visits)
    assert found.figure == Ratio(3, 3)
    (always,) = assess((replace(service, calendar=None),), visits)
    assert always.figure == Ratio(7, 7)


def test_visits_belong_to_the_days_on_which_a_version_was_in_force() -> None:
    at_first = agreement(Indicator.ANSWER_RATE, None, id="eficacia")
    later = replace(at_first, version=2, valid_from=date(2019, 9, 16))
    before, after = assess((later, at_first), september())
    assert (before.definition, before.last, before.figure) == (at_first, date(2019, 9, 15), Ratio(90, 95))
    assert (after.definition, after.first, after.figure) == (later, date(2019, 9, 16), Ratio(82, 86))


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ([("2018-01-01", None)], [(1, 1, 30)]),
        ([("2018-01-01", "2019-08-31")], []),
        ([("2019-09-10", "2019-09-12")], [(1, 10, 12)]),
        ([("2018-01-01", None), ("2019-09-01", None)], [(2, 1, 30)]),
        ([("2018-01-01", "2019-09-10"), ("2019-09-20", None)], [(1, 1, 10), (2, 20, 30)]),
        ([("2019-09-05", None), ("2019-09-05", None)], [(2, 5, 30)]),  # put right before it was used
        ([("2018-01-01", None), ("2018-06-01", "2018-12-31")], []),
    ],
)
def test_versions_in_force(versions: list[tuple[str, str | None]], expected: list[tuple[int, int, int]]) -> None:
    definitions = [
        agreement(
            Indicator.ASA,
            None,
            version=number,
            valid_from=date.fromisoformat(begins),
            valid_to=date.fromisoformat(ends) if ends else None,
        )
        for number, (begins, ends) in enumerate(versions, start=1)
    ]
    stints = in_force(definitions, FIRST, LAST)
    assert [(stint.definition.version, stint.first.day, stint.last.day) for stint in stints] == expected


def test_a_definition_is_read_and_written_without_loss() -> None:
    (service,) = definition_text.parse(FILE, "f")
    assert service.goal == Goal(comparison=Comparison.AT_LEAST, threshold=Fraction(975, 1000))
    assert (service.within_seconds, service.valid_to) == (20, date(2019, 12, 31))
    for definition in (service, *definition_text.load(definition_text.ART_2019)):
        written = definition_text.write(definition)
        assert definition_text.parse(written, "f") == (definition,)
        assert definition_text.write(*definition_text.parse(written, "f")) == written


SECOND = FILE[FILE.index("  - id") :].replace("version: 1", "version: 2")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "indicator: service_level_offered",
            "indicator: eficacia",
            "línea 14, clave «indicator»: escriba uno de: asa,",
        ),
        ("97,5 %", "97,5", "línea 15, clave «at_least»: escriba un porcentaje como «90 %»"),
        ("97,5 %", "101 %", "línea 15, clave «at_least»: con «101 %» la meta no pide nada o no se puede cumplir"),
        ("97,5 %", "0 %", "línea 15, clave «at_least»: con «0 %» la meta"),
        ("at_least: 97,5 %", "more_than: 100 %", "línea 15, clave «more_than»: con «100 %» la meta"),
        ("at_least:", "at_most:", "línea 15, clave «at_most»: con «service_level_offered» use at_least o more_than"),
        ("at_least: 97,5 %", "at_least: 9 %\n    more_than: 8 %", "línea 16, clave «more_than»: ya hay una meta"),
        ("within_seconds: 20", "within_seconds: veinte", "línea 16, clave «within_seconds»: escriba un número entero"),
        ("    within_seconds: 20\n", "", "línea 10, clave «definitions»: falta «within_seconds»"),
        ("ghost_seconds: 5", "ghost_second: 5", "línea 17, clave «ghost_second»: no se conoce"),
        ("calendar: oficina", "calendar: casa", "línea 18, clave «calendar»: escriba «all» o uno de los «calendars»"),
        ("2019-01-01", "01/01/2019", "línea 19, clave «valid_from»: escriba un día como 2019-09-30"),
        ("2019-12-31", "2018-12-31", "línea 20, clave «valid_to»: termina antes de comenzar"),
        ("id: servicio", "id: Nivel de servicio", "línea 10, clave «id»: use minúsculas"),
        ("version: 1", "version: 1\n    version: 2", "línea 12, clave «version»: está repetida"),
        ("title: Nivel de servicio", "title:", "línea 12, clave «title»: falta el valor"),
        ("monday-friday", "friday-monday", "línea 4, clave «friday-monday»: escriba un día o varios"),
        ("saturday:", "monday:", "línea 5, clave «monday»: el día monday ya tiene horas"),
        ("13:00-17:00", "11:00-17:00", "línea 4, clave «monday-friday»: las horas se cruzan"),
        ("13:00-17:00", "13:00-25:00", "línea 4, clave «monday-friday»: «13:00-25:00» no cabe en un día"),
        ("13:00-17:00", "1 a 5", "línea 4, clave «monday-friday»: escriba horas como"),
        ("2019-09-26:", "26 de septiembre:", "línea 8, clave «26 de septiembre»: escriba un día"),
        ("public_holidays: closed", "public_holidays: no", "línea 6, clave «public_holidays»: escriba uno de: closed"),
        ("    hours:", "    time_zone: Bogotá\n    hours:", "línea 3, clave «time_zone»: no es una zona horaria"),
        ("definitions:", "definiciones:", "línea 9, clave «definiciones»: no se conoce"),
        ("definitions:", "definitions: [", "línea 10: no es YAML"),
        (FILE, "", "clave «(todo el archivo)»: se esperan claves"),
        (FILE, FILE + SECOND, "línea 22, clave «version»: definición «servicio», versión 2: su vigencia se cruza"),
        (FILE, FILE + SECOND.replace("version: 2", "version: 1"), "línea 22, clave «version»: definición «servicio»"),
    ],
)
def test_faults_of_the_file_name_line_key_and_mend(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in FILE
    path = tmp_path / "ans.yaml"
    path.write_text(FILE.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        definition_text.load(path)
    assert str(caught.value).startswith("ans.yaml, línea ")
    assert said in str(caught.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no se puede leer"):
        definition_text.load(tmp_path / "no.yaml")
    (tmp_path / "latin.yaml").write_bytes("título: España".encode("latin-1"))
    with pytest.raises(ConfigurationError, match="UTF-8"):
        definition_text.load(tmp_path / "latin.yaml")


def test_the_example_in_the_docs_is_a_file_of_definitions() -> None:
    page = (Path(__file__).parent.parent / "docs" / "sla.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    (service,) = definition_text.parse(example, "docs/sla.md")
    assert service.calendar is not None
