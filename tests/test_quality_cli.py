"""`contesta quality` over the ledger: matrices loaded, samples drawn, and the month's figures."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from contesta.auditing.commands import app
from contesta.settings import Settings
from core.errors import ConfigurationError
from quality.matrix.lifecycle import Actor, Step
from quality.matrix.matrix_text import ART_2019
from storage.ledger import Ledger
from storage.quality_audits import Audits, NewAudit
from tests.audits import LINE, september
from tests.stories import events_of, log_of, uid

NOW = datetime(2019, 10, 3, 13, 0, tzinfo=UTC)


@pytest.fixture
def settings(sqlite_engine: Engine, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=sqlite_engine.url.render_as_string())


def run(settings: Settings, *words: str | Path) -> str:
    result = CliRunner().invoke(
        app, [str(word) for word in words], obj=settings, env={"COLUMNS": "140"}, catch_exceptions=False
    )
    return result.stdout


@pytest.fixture
def audited(settings: Settings, sqlite_engine: Engine) -> Settings:
    """ART-2019's September, audited in the ledger."""
    audits = Audits(sqlite_engine)
    for one in september():
        actor = Actor(login=one.auditor, audits=True)
        new = NewAudit(
            matrix=one.matrix,
            setting=one.setting,
            call_id=one.call,
            agent=one.agent,
            at=datetime(2019, 9, one.day.day, 15, tzinfo=UTC),
            day=one.day,
            auditor=one.auditor,
        )
        number = audits.start(new, NOW)
        evidence = {
            key: type(found)(mark=found.mark, seconds=1.0, note="Se oye") for key, found in one.findings.items()
        }
        audits.save(number, actor, evidence, "", 0)
        audits.step(number, Step.DELIVER, actor, NOW)
    return settings


def test_month_of_the_ledger_is_that_of_the_report(audited: Settings) -> None:
    told = json.loads(run(audited, "score", "--month", "2019-09", "--line", LINE.line, "--by", "agent", "--json"))
    assert told["audits"] == 20
    assert told["business_critical"]["complies"] is True
    assert (told["non_critical"]["numerator"], told["non_critical"]["denominator"]) == (311, 320)
    assert told["items"]["7"]["failures"] == 4
    assert {agent: card["audits"] for agent, card in told["by"].items()} == {"Andrés Gil": 10, "Laura Peña": 10}
    assert json.loads(run(audited, "score", "--month", "2019-10", "--json"))["audits"] == 0
    assert "2019-09, línea 018000910123" in run(audited, "score", "--month", "2019-09", "--line", LINE.line)


def test_matrix_is_loaded_once(settings: Settings) -> None:
    assert run(settings, "check", ART_2019).startswith("Correcta: art-2019, versión 1. 10 ítems y 27 subítems")
    assert run(settings, "load", ART_2019).startswith("Cargada: art-2019, versión 1")
    assert run(settings, "load", ART_2019).startswith("Ya estaba, igual")


def test_sample_is_drawn_of_what_may_be_heard(settings: Settings, sqlite_engine: Engine) -> None:
    Ledger(sqlite_engine).apply(events_of(log_of(range(64))))
    settings.recordings_dir.mkdir()
    for number in range(57):
        (settings.recordings_dir / f"{uid(number)}.wav").touch()
    asked = ("sample", "--line", LINE.line, "--month", "2026-01", "--per-agent", "4", "--seed", "enero")
    told = json.loads(run(settings, *asked, "--json"))
    assert (len(told["drawn"]), told["population"], told["seed"]) == (4, {"Ana Ruiz": 15}, "enero")
    assert [one["reason"] for one in told["excluded"]] == ["file_missing"]
    shown = run(settings, *asked)
    assert "4 de 11 conversaciones, 4 por asesor. Semilla: enero." in shown
    assert "Por fuera, 4: ya está en una muestra o tiene auditoría." in shown
    by_margin = run(settings, "sample", "--line", LINE.line, "--month", "2026-01", "--margin", "20 %")
    assert "margen de error 20 %" in by_margin


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sample", "--line", "x", "--month", "2026-01"), "no hay conversaciones que auditar en la línea x"),
        (("sample", "--line", "x", "--margin", "x"), "margen no válido"),
        (("sample", "--line", "x", "--margin", "5", "--per-agent", "3"), "no los dos"),
        (("score", "f.json", "--month", "2019-09"), "con un archivo no van"),
        (("score", "--matrix", "m.yaml"), "--matrix es de un archivo"),
        (("score", "--month", "septiembre"), "mes no válido"),
    ],
)
def test_what_cannot_be_asked_is_said(settings: Settings, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        run(settings, *words)
