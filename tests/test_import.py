from pathlib import Path

import pytest
from typer.testing import CliRunner

from contesta.cli import app
from contesta.comparison import differences
from storage.database import connect
from storage.ledger import Ledger

FIRST_HALF = """\
1569938400|1569938400.1|NONE|NONE|LLAMADA|1569938400.1|ciudadanos|+573001234567
1569938401|1569938400.1|atencion|NONE|ENTERQUEUE||+573001234567|1
1569938404|1569938400.1|atencion|Ana Ruiz|CONNECT|3|1569938401.2|2
"""
SECOND_HALF = """\
1569938404|1569938400.1|atencion|Ana Ruiz|CONNECT|3|1569938401.2|2
not a line of a log
1569938464|1569938400.1|atencion|Ana Ruiz|COMPLETECALLER|3|60|1
1569938465|1569938400.1|NONE|NONE|FIN|caller|16
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    monkeypatch.setenv("CONTESTA_DATA_DIR", str(tmp_path))
    older, newer = tmp_path / "queue_log.1", tmp_path / "queue_log"
    older.write_text(FIRST_HALF)
    newer.write_text(SECOND_HALF)
    return [newer, older]


def test_overlapping_files_come_in_once_however_often_they_are_imported(files: list[Path], tmp_path: Path) -> None:
    for _ in range(2):
        result = CliRunner().invoke(app, ["import", *map(str, files)])
        assert result.exit_code == 0, result.output
        assert "queue_log, línea 2: faltan campos" in result.output
    ledger = Ledger(connect(f"sqlite:///{tmp_path / 'contesta.db'}"))
    (call,) = ledger.every_call()
    assert call.visits[0].wait_ms == 3000
    assert call.visits[0].legs[0].talk_ms == 60_000
    assert differences(ledger, files) == []


def test_an_interrupted_import_is_finished_by_the_next(files: list[Path], tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["import", str(files[1])]).exit_code == 0
    ledger = Ledger(connect(f"sqlite:///{tmp_path / 'contesta.db'}"))
    assert len(ledger.open_calls()) == 1
    assert CliRunner().invoke(app, ["import", *map(str, files)]).exit_code == 0
    assert ledger.open_calls() == ()
    assert differences(ledger, files) == []


def test_a_file_that_is_not_there_is_named(files: list[Path]) -> None:
    result = CliRunner().invoke(app, ["import", str(files[0]) + ".no"])
    assert result.exit_code == 1
    assert "queue_log.no" in str(result.exception)
