"""Agreements in the ledger, on both databases, and `contesta sla` as somebody types it."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from typer.testing import CliRunner

from contesta.settings import Settings
from contesta.sla import app
from core.calendar import BOGOTA
from core.errors import ConfigurationError
from quality.metrics.figures import Ratio
from quality.metrics.sla.definition import Definition, Stint
from quality.metrics.sla.definition_text import ART_2019, load
from quality.metrics.sla.verdict import judge
from storage.agreements import Agreements, ClosedMonth
from storage.ledger import Ledger
from storage.visits import visits
from tests.stories import events_of

NOW = datetime(2019, 10, 3, 13, 12, 5, tzinfo=UTC)
CHANGED = ART_2019.read_text(encoding="utf-8").replace("at_least: 90 %", "at_least: 99 %")
SECOND = CHANGED.replace("version: 1", "version: 2").replace("2018-11-29", "2019-09-01")


def calls(first: int, answered: int, abandoned: int, day: str = "2019-09-10 10:00") -> Iterable[str]:
    """Lines of calls one after the other, numbered from `first`; all wait 18 s, and talk for 208 s if answered."""
    start = int(datetime.fromisoformat(day).replace(tzinfo=BOGOTA).timestamp())
    for number in range(first, first + answered + abandoned):
        at, uid = start + number, f"{start + number}.{number}"
        yield f"{at}|{uid}|atencion|NONE|ENTERQUEUE||300|1"
        if number < first + answered:
            yield f"{at + 18}|{uid}|atencion|Ana Ruiz|CONNECT|18|{uid}1|3"
            yield f"{at + 226}|{uid}|atencion|Ana Ruiz|COMPLETECALLER|18|208|1"
        else:
            yield f"{at + 18}|{uid}|atencion|NONE|ABANDON|1|1|18"


@pytest.fixture
def agreements(engine: Engine) -> Agreements:
    agreements = Agreements(engine)
    assert agreements.load(load(ART_2019), NOW) == 3
    return agreements


@pytest.fixture
def settings(tmp_path: Path, database_url: str, ledger: Ledger) -> Settings:
    """A line with the calls of September 2019, on each kind of database in turn."""
    ledger.apply(events_of(calls(0, 172, 9)))
    return Settings(data_dir=tmp_path, database_url=database_url)


def typed(settings: Settings, *words: str) -> str:
    result = CliRunner().invoke(app, words, obj=settings, env={"COLUMNS": "100"}, catch_exceptions=False)
    return result.stdout


def verdicts(settings: Settings, *words: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(typed(settings, "verdicts", *(words or ("--month", "2019-09")), "--json"))
    return told


def written(folder: Path, text: str) -> str:
    path = folder / "ans.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_versions_are_added_once_and_never_changed(agreements: Agreements, tmp_path: Path) -> None:
    known = agreements.definitions()
    assert set(known) == set(load(ART_2019))
    assert agreements.load(load(ART_2019), NOW) == 0
    with pytest.raises(ConfigurationError, match="«eficacia», versión 1: ya está cargada y aquí cambia «at_least»"):
        agreements.load(load(Path(written(tmp_path, CHANGED))), NOW)
    assert agreements.definitions() == known


def test_a_version_whose_validity_crosses_another_is_refused_and_nothing_is_loaded(agreements: Agreements) -> None:
    known = agreements.definitions()
    second = [replace(one, version=2, valid_from=date(2019, 9, 1), valid_to=date(2019, 9, 30)) for one in known]
    assert agreements.load(second, NOW) == 3
    third = replace(second[0], version=3, valid_from=date(2019, 9, 30), valid_to=None)
    other = replace(third, id="otra")
    with pytest.raises(ConfigurationError, match="ponga «valid_from: 2019-10-01» o posterior"):
        agreements.load([other, third], NOW)
    assert set(agreements.definitions()) == {*known, *second}


def test_a_closed_month_is_read_as_it_was_written(agreements: Agreements) -> None:
    definitions = agreements.definitions()
    month = closed(definitions)
    agreements.close(month)
    assert agreements.closed("2019-09") == month
    assert agreements.closed("2019-10") is None
    with pytest.raises(ConfigurationError, match="2019-09 ya está cerrado"):
        agreements.close(closed(definitions[:1]))
    assert agreements.closed("2019-09") == month


def test_a_month_is_not_closed_by_versions_the_ledger_does_not_have(agreements: Agreements) -> None:
    unknown = [replace(agreements.definitions()[0], version=9)]
    with pytest.raises(IntegrityError):
        agreements.close(closed(unknown))
    assert agreements.closed("2019-09") is None


def closed(definitions: Iterable[Definition]) -> ClosedMonth:
    stints = [Stint(definition, date(2019, 9, 1), date(2019, 9, 30)) for definition in definitions]
    judged = tuple(judge(stint, Ratio(2**40 + place, 7 * place)) for place, stint in enumerate(stints))
    return ClosedMonth(month="2019-09", closed_at=NOW, verdicts=judged)


def test_visits_of_a_period_are_read_once_each_to_its_edges(ledger: Ledger, engine: Engine) -> None:
    day = datetime(2019, 9, 10, tzinfo=BOGOTA).astimezone(UTC)
    for begin in ("2019-09-09 23:59:50", "2019-09-10 00:00:00", "2019-09-10 23:59:54", "2019-09-11 00:00:10"):
        ledger.apply(events_of(calls(0, 4, 2, begin)))
    read = [row for part in visits(engine, day, day + timedelta(days=1)) for row in part]
    entered = sorted(datetime.fromtimestamp(row.entered, BOGOTA) for row in read)
    assert [f"{at:%d %H:%M:%S}" for at in entered] == [
        *(f"10 00:00:0{second}" for second in range(6)),
        *(f"10 23:59:5{second}" for second in range(4, 10)),
    ]


def test_verdicts_in_json(settings: Settings) -> None:
    typed(settings, "load", str(ART_2019))
    told = verdicts(settings)
    assert (told["from"], told["to"], told["closed_at"], told["notes"]) == ("2019-09-01", "2019-09-30", None, [])
    answer_rate, asa, tmo = told["verdicts"]
    assert answer_rate == {
        "id": "eficacia",
        "version": 1,
        "title": "Eficacia, telefónico o voz",
        "clause": "AMP CCE-595-1-AMP-2017, nivel Plata, eficacia",
        "indicator": "answer_rate",
        "ghost_seconds": 5,
        "within_seconds": None,
        "hours": "all",
        "from": "2019-09-01",
        "to": "2019-09-30",
        "unit": "fraction",
        "comparison": "at_least",
        "threshold": "90 %",
        "numerator": 172,
        "denominator": 181,
        "value": 172 / 181,
        "verdict": "Cumple",
        "missing": None,
        "to_spare": 10,
        "margin": "Puede abandonar 10 más y cumplir",
    }
    assert (asa["value"], asa["unit"], asa["verdict"], asa["to_spare"]) == (18_000, "ms", "Cumple", 22_000)
    assert (tmo["value"], tmo["threshold"], tmo["verdict"]) == (208_000, None, "N/A")


def test_verdicts_of_any_days_are_those_of_the_same_calls(settings: Settings) -> None:
    typed(settings, "load", str(ART_2019))
    of_month = verdicts(settings)["verdicts"]
    of_days = verdicts(settings, "--from", "2019-09-10", "--to", "2019-09-10")["verdicts"]
    days = {"from": "2019-09-10", "to": "2019-09-10"}
    assert of_days == [one | days for one in of_month]
    (answer_rate, *_) = verdicts(settings, "--from", "2019-09-11", "--to", "2019-09-30")["verdicts"]
    assert (answer_rate["denominator"], answer_rate["verdict"]) == (0, "N/A")


def test_verdicts_for_people(settings: Settings) -> None:
    assert "No rige ningún ANS en el periodo" in typed(settings, "verdicts", "--month", "2019-09")
    typed(settings, "load", str(ART_2019))
    shown = typed(settings, "verdicts", "--month", "2019-09")
    for said in (
        "ANS, 1/09/2019 a 30/09/2019",
        "Calculado ahora; el periodo no está cerrado.",
        "● Cumple · Eficacia, telefónico o voz · versión 1",
        "95,03\N{NO-BREAK SPACE}% = 172/181",
        "Puede abandonar 10 más y cumplir.",
        "00:18 = 3.096 s/172",
        "◌ N/A · Tiempo medio de operación",
    ):
        assert said in shown


def test_a_closed_month_stays_whatever_changes(settings: Settings, ledger: Ledger, tmp_path: Path) -> None:
    typed(settings, "load", str(ART_2019))
    open_month = verdicts(settings)
    assert "Mes cerrado el" in typed(settings, "close", "--month", "2019-09")
    assert verdicts(settings)["verdicts"] == open_month["verdicts"]
    assert verdicts(settings)["closed_at"] is not None
    assert verdicts(settings)["notes"] == []

    ledger.apply(events_of(calls(500, 0, 30)))
    told = verdicts(settings)
    assert told["verdicts"] == open_month["verdicts"]
    days = "(1/09/2019 a 30/09/2019)"
    (note,) = told["notes"]
    was = f"«eficacia», versión 1: al cerrar, Cumple con 172/181 {days}"
    assert note == f"{was}; recalculado, No cumple con 172/211 {days}."

    typed(settings, "load", written(tmp_path, SECOND))
    told = verdicts(settings)
    assert told["verdicts"] == open_month["verdicts"]
    assert told["notes"][:2] == [
        f"{was}; recalculado, no regía.",
        f"«eficacia», versión 2: al cerrar, no regía; recalculado, No cumple con 172/211 {days}.",
    ]
    shown = typed(settings, "verdicts", "--month", "2019-09")
    assert "172/181" in shown
    assert "Mes cerrado el" in shown
    assert "▲ «eficacia», versión 2" in shown
    recomputed = verdicts(settings, "--from", "2019-09-01", "--to", "2019-09-30")
    assert recomputed["verdicts"][0]["missing"] == 209 - 172  # 99 % of 211 is 208.89


def test_what_cannot_be_closed(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="no rige ningún ANS"):
        typed(settings, "close", "--month", "2019-09")
    typed(settings, "load", str(ART_2019))
    month = f"{datetime.now(BOGOTA):%Y-%m}"
    with pytest.raises(ConfigurationError, match="no ha terminado"):
        typed(settings, "close", "--month", month)
    typed(settings, "close", "--month", "2019-09")
    with pytest.raises(ConfigurationError, match="ya está cerrado"):
        typed(settings, "close", "--month", "2019-09")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--month", "septiembre"), "mes no válido: «septiembre»"),
        (("--month", "2019-09", "--from", "2019-09-01"), "use --month, o --from y --to"),
        (("--from", "2019-09-01"), "un periodo necesita --from y --to"),
        (("--from", "2019-09-31", "--to", "2019-10-01"), "fecha no válida: «2019-09-31»"),
        (("--from", "2019-09-01", "--to", "9999-12-31"), "fecha no válida: «9999-12-31»"),
        (("--from", "2019-09-02", "--to", "2019-09-01"), "cámbielos de lugar"),
    ],
)
def test_periods_that_are_none(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        typed(Settings(data_dir=tmp_path), "verdicts", *words)
