"""`contesta calls` as somebody types it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from contesta.calls import app
from contesta.settings import Settings
from core.errors import ContestaError
from storage.database import connect
from storage.ledger import Ledger
from storage.migrate import upgrade
from tests.stories import events_of, log_of, number_of, uid

CALLS = 16


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A line with calls in its ledger and in its queue_log."""
    settings = Settings(data_dir=tmp_path)
    engine = connect(settings.ledger_url)
    upgrade(engine)
    Ledger(engine).apply(events_of(log_of(range(CALLS))))
    engine.dispose()
    settings.queue_log.parent.mkdir(parents=True)
    settings.queue_log.write_text("".join(f"{line}\n" for line in log_of(range(CALLS))), encoding="utf-8")
    return settings


def typed(settings: Settings, *words: str) -> Result:
    result = CliRunner().invoke(app, words, obj=settings, env={"COLUMNS": "200"})
    if isinstance(result.exception, ContestaError):
        raise result.exception
    return result


def test_list_shows_the_calls_with_masked_numbers(settings: Settings) -> None:
    shown = typed(settings).stdout
    for call in range(CALLS):
        assert uid(call) in shown
        assert number_of(call) not in shown
    for said in ("300 *** **00", "contestada", "abandonada", "fantasma", "A. Ruiz", "atencion → segunda", "10:06:40"):
        assert said in shown


def test_list_in_json_goes_on_where_it_said(settings: Settings) -> None:
    seen, after = [], None
    while True:
        page = json.loads(typed(settings, "--json", "--size", "5", *(["--after", after] if after else [])).stdout)
        seen += [call["call_id"] for call in page["calls"]]
        after = page["next"]
        if after is None:
            break
    assert seen == [uid(call) for call in reversed(range(CALLS))]
    assert all(call["number"].count("*") == 5 for call in page["calls"])


def test_list_is_filtered(settings: Settings) -> None:
    def ids(*words: str) -> list[str]:
        return [call["call_id"] for call in json.loads(typed(settings, "--json", *words).stdout)["calls"]]

    assert ids("--outcome", "fantasma") == [uid(11), uid(3)]
    assert ids("--queue", "segunda") == [uid(13), uid(5)]
    assert len(ids("--from", "2026-01-01", "--to", "2026-01-01")) == CALLS
    assert ids("--from", "2026-01-02") == []
    assert "No hay llamadas" in typed(settings, "--to", "2025-12-31").stdout
    assert ids("--talk-known") == [uid(9), uid(8), uid(1), uid(0)]
    assert ids("--wait-more-than", "29") == ids("--wait-at-most", "30", "--wait-more-than", "29") == [uid(13), uid(5)]
    assert len(ids("--line", "018000910123")) == CALLS
    assert ids("--question", "p1,p2", "--answer", "3", "--attended", "si") == [uid(8), uid(0)]
    assert ids("--question", "p1", "--answer", "3") == []
    assert len(ids("--did", "eligió", "--stage", "menú", "--place", "principal", "--key", "1")) == CALLS
    assert ids("--did", "eligió", "--key", "2") == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--from", "ayer"), "fecha no válida: «ayer»"),
        (("--outcome", "feliz"), "resultado desconocido: «feliz»"),
        (("--did", "bailó"), "--did: no conozco «bailó»"),
        (("--answer", "mucho"), "respuesta no válida: «mucho»"),
        (("--after", "x"), "'x'"),
        (("show", "7.7"), "no hay ninguna llamada «7.7»"),
    ],
)
def test_mistakes_are_told(settings: Settings, words: tuple[str, ...], says: str) -> None:
    with pytest.raises(ContestaError, match=says):
        typed(settings, *words)


def test_show_tells_one_call(settings: Settings) -> None:
    shown = typed(settings, "show", uid(0)).stdout
    assert "Esperó 0:07, habló 0:20 con A. Ruiz; colgó el asesor." in shown
    for said in ("jueves 1 de enero de 2026", "+00:31", "Colgó tras hablar 0:20", "queue_log", "300 *** **00"):
        assert said in shown


def test_show_in_json(settings: Settings) -> None:
    told = json.loads(typed(settings, "show", uid(0), "--json").stdout)
    assert told["sentence"].startswith("Esperó 0:07")
    assert told["timeline"][2]["fact"] == "Entró a la cola atencion, puesto 1"
    assert told["visits"][0]["legs"][0]["talk_ms"] == 20_000
    assert told["number"] == "300 *** **00"
