"""Survey results and funnel from a log to whoever reads them: the figures of a published report, end to end."""

import json
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from contesta.lines import SHIPPED, examine_files
from contesta.survey_results import By, LineResults, results_of
from contesta.told_calls import Span, of_ledger, of_queue_log
from ivr.line.model import Line
from storage.ledger import Ledger
from telephony.queue_log.reader import Reader

ZONE = ZoneInfo("America/Bogota")
ANM = SHIPPED.parent / "anm.yaml"
FIRST = 1_762_182_000  # 2025-11-03 10:00 in Bogota
# Agencia Nacional de Minería, November 2025, by telephone: top-two answers and answers; February 2024: 799 attended.
ANSWERED = {"satisfaccion": (285, 310), "percepcion": (243, 285), "confianza": (220, 259)}
ATTENDED = 799


def lines_of(number: int, queue: str, agent: str, answers: list[str]) -> Iterator[str]:
    at, channel = FIRST + 60 * number, f"{FIRST + 60 * number}.{number}"
    own = f"|{channel}|NONE|NONE|"
    yield f"{at}{own}LLAMADA|{channel}|anm|+573001234567"
    yield f"{at}{own}MENU|principal|1|chosen"
    yield f"{at + 1}|{channel}|{queue}|NONE|ENTERQUEUE||+573001234567|1"
    yield f"{at + 5}|{channel}|{queue}|{agent}|CONNECT|4|{channel}9|2"
    yield f"{at + 20}|{channel}|{queue}|{agent}|BLINDTRANSFER|encuesta-anm_servicio|asesores|4|15|1"
    yield from (f"{at + 22}{own}ENCUESTA|{answer}" for answer in answers)
    yield f"{at + 30}{own}FIN|caller|16"


def answers_of(number: int) -> Iterator[str]:
    for question, (top, answered) in ANSWERED.items():
        if number < answered:
            yield f"{question}|{5 - number % 2 if number < top else 1 + number % 3}|anm_servicio|"


@pytest.fixture(scope="module")
def anm() -> Line:
    (examined,) = examine_files([ANM])
    assert examined.line, examined.faults
    return examined.line


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """799 calls that advisers passed on to the survey, one that a menu led to it, one that another survey was asked."""
    told = [
        line
        for number in range(ATTENDED)
        for line in lines_of(number, "anm_atencion", ("Ana", "Luis")[number % 2], list(answers_of(number)))
    ]
    alone = f"{FIRST}.9999|NONE|NONE|"
    told.append(f"{FIRST}|{alone}LLAMADA|{FIRST}.9999|anm|anonymous")
    told.append(f"{FIRST + 9}|{alone}ENCUESTA|satisfaccion|1|anm_servicio|")
    told.append(f"{FIRST + 19}|{alone}COLGO|survey|percepcion")
    told.append(f"{FIRST + 20}|{alone}FIN|caller|16")
    file = tmp_path_factory.mktemp("log") / "queue_log"
    file.write_text("".join(f"{line}\n" for line in told), encoding="utf-8")
    return file


def of_line(log: Path, anm: Line, by: By = By.AGENT) -> LineResults:
    span = Span(zone=ZONE)
    (found,) = results_of(of_queue_log([log], span), [anm], span, by).lines
    return found


def test_published_figures_come_out_of_a_log(log: Path, anm: Line) -> None:
    found = of_line(log, anm)
    assert found.attended == ATTENDED
    assert {one.question: (one.top.numerator, one.top.denominator) for one in found.questions} == ANSWERED
    assert {one.question: one.response_rate.denominator for one in found.questions} == dict.fromkeys(ANSWERED, ATTENDED)
    (consolidated,) = found.consolidated
    assert (consolidated.top.numerator, consolidated.top.denominator) == (285 + 243 + 220, 310 + 285 + 259)
    assert consolidated.mean is None
    satisfaction = found.questions[0]
    assert sum(one.count for one in satisfaction.distribution) == 310
    assert satisfaction.mean == pytest.approx(
        sum(one.answer * one.count for one in satisfaction.distribution) / 310, abs=1e-9
    )
    assert satisfaction.top.low is not None
    assert satisfaction.top.low < 285 / 310


def test_survey_without_an_adviser_is_kept_apart(log: Path, anm: Line) -> None:
    alone = of_line(log, anm).without_adviser[0]
    assert (alone.asked, alone.top.denominator) == (1, 1)
    assert alone.response_rate.value is None


@pytest.mark.parametrize("by", By)
def test_rows_add_up_to_the_whole(log: Path, anm: Line, by: By) -> None:
    found = of_line(log, anm, by)
    assert sum(row.attended for row in found.rows) == found.attended
    for place, whole in enumerate(found.questions):
        assert sum(row.questions[place].top.numerator for row in found.rows) == whole.top.numerator
        assert sum(row.questions[place].top.denominator for row in found.rows) == whole.top.denominator
    assert [row.name for row in of_line(log, anm).rows] == ["Ana", "Luis"]


def test_without_contacts_nothing_is_zero_percent(anm: Line) -> None:
    span = Span(zone=ZONE)
    (found,) = results_of([], [anm], span, By.DAY).lines
    assert {one.top.value for one in found.questions} == {one.response_rate.value for one in found.questions} == {None}


def test_question_that_the_file_no_longer_has_keeps_its_answers(log: Path) -> None:
    span = Span(zone=ZONE)
    (found,) = results_of(of_queue_log([log], span), [], span, By.DAY).lines
    assert (found.line, [one.question for one in found.questions]) == ("anm", sorted(ANSWERED))
    assert all(one.top.value is None and one.distribution for one in found.questions)


def test_ledger_and_log_tell_the_same(log: Path, anm: Line, sqlite_engine: Engine) -> None:
    ledger = Ledger(sqlite_engine)
    ledger.apply(Reader([log]))
    span = Span(zone=ZONE, line="anm")
    from_ledger = results_of(of_ledger(ledger, span), [anm], span, By.DAY)
    assert from_ledger == results_of(of_queue_log([log], span), [anm], span, By.DAY)
    assert json.loads(from_ledger.model_dump_json())["lines"][0]["attended"] == ATTENDED
