"""Commands where they cannot print, where nobody reads, and where disk or database cannot be used: never a trace."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError, OperationalError

from contesta import cli, terminal, troubles
from contesta.cli import COMMANDS
from tests.stories import log_of

READING = {
    "calls": ((), ("show", "1.1")),
    "callbacks": ((), ("show", "1")),
    "users": ((),),
    "stats": ((),),
    "survey": (("results",),),
    "funnel": ((),),
    "import": (("FILE",),),
    "sla": (("verdicts",), ("close", "--month", "2020-01")),
    "campaign": (("list",), ("results", "1")),
    "sms": (("bill", "--month", "2020-01"),),
    "privacy": (("expire", "--dry-run"), ("holds",), ("requests",)),
    "quality": (("score",), ("sample", "--line", "anm")),
    "knowledge": (("results",),),
    "training": (("list",),),
    "reconcile": (("FILE",),),
}
"""Commands that open the ledger, with what they are asked; FILE is a queue_log."""

WITHOUT_LEDGER = {"line", "prompts", "audio", "doctor", "stop"}
OF_A_LINE = {"run", "call", "demo", "live", "replay"}
SERVICES = {"agi", "listen", "web", "measure", "messenger", "callbacks-worker"}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("log") / "queue_log"
    file.write_text("\n".join(log_of(range(40))) + "\n")
    return file


def started(words: Sequence[str], output: int, **environment: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "contesta", *words]
    return subprocess.Popen(command, stdout=output, stderr=subprocess.PIPE, env=os.environ | environment)


def test_whoever_stops_reading_ends_a_command_in_silence_as_a_shell_expects(log: Path, tmp_path: Path) -> None:
    end, output = os.pipe()
    os.close(end)
    environment = {"CONTESTA_DATA_DIR": str(tmp_path)}
    running = [
        started(words, output, **environment)
        for words in (
            ("stats", "--queue-log", str(log)),
            ("stats", "--queue-log", str(log), "--json"),
        )
    ]
    os.close(output)
    ended = [(each.communicate(timeout=120)[1], each.returncode) for each in running]
    assert ended == [(b"", -signal.SIGPIPE)] * len(running)


def test_a_terminal_without_accents_shows_what_it_can_and_programs_lose_no_letter(log: Path, tmp_path: Path) -> None:
    named = tmp_path / "queue_log"
    named.write_text(log.read_text().replace("Ana Ruiz", "Ñañá 😀"))
    environment = {"CONTESTA_DATA_DIR": str(tmp_path), "PYTHONIOENCODING": "ascii"}
    running = [
        started(("stats", "--queue-log", str(named), *words), subprocess.PIPE, **environment)
        for words in ((), ("--json",))
    ]
    (shown, told), (for_programs, _) = [each.communicate(timeout=120) for each in running]
    assert ([each.returncode for each in running], told) == ([0, 0], b"")
    assert "Ñañá 😀" in json.loads(for_programs)["by_agent"]
    assert b"Atencion" in shown
    assert b"Nana ?" in shown


def test_letters_give_way_to_the_nearest() -> None:
    said = "«Atención» ▲ 3 − 2 ≤ 1 · 95,76\N{NO-BREAK SPACE}% Ñ … 李"  # noqa: RUF001  as we write them
    assert said.encode("ascii", terminal.NEAREST) == b"<<Atencion>> ! 3 - 2 <= 1 - 95,76 % N ... ?"
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", terminal.NEAREST)


@settings(max_examples=25)
@given(st.text())
def test_what_programs_read_is_the_same_in_any_encoding(said: str) -> None:
    told = json.dumps([said], ensure_ascii=False)
    assert json.loads(told.encode("ascii", terminal.ESCAPED)) == [said]


def sentence(
    words: Sequence[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> tuple[object, str]:
    """Run a command; its exit code, and what it said instead of doing what it was asked to."""
    monkeypatch.setattr(sys, "argv", ["contesta", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    structlog.reset_defaults()  # some commands send logs to what is standard error now
    return ended.value.code, " ".join(capfd.readouterr().err.split())


def test_every_command_is_known_here() -> None:
    assert READING.keys() | WITHOUT_LEDGER | OF_A_LINE | SERVICES == COMMANDS.keys()


@pytest.mark.parametrize("damage", ["newer", "missing", "damaged", "a file"])
def test_each_command_says_in_a_sentence_why_it_cannot_use_its_database(
    damage: str,
    log: Path,
    migrated_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "var"
    monkeypatch.setenv("CONTESTA_DATA_DIR", str(folder))
    database = folder / "contesta.db"
    match damage:
        case "newer":
            folder.mkdir()
            database.write_bytes(migrated_file.read_bytes())
            with contextlib.closing(sqlite3.connect(database)) as connection, connection:
                connection.execute("UPDATE alembic_version SET version_num = '9999'")
            why = "es de una versión más nueva de Contesta: su forma es la 9999"
        case "damaged":
            folder.mkdir()
            database.write_text("no es una base de datos, y es más larga que una cabecera de cien bytes" * 9)
            why = f"No puedo usar la base de datos {database}: el archivo no es una base de datos, o está dañado."
        case "a file":
            folder.write_text("")
            why = f"No puedo usar la base de datos {database}: no existe su carpeta"
        case _:
            why = f"No puedo usar la base de datos {database}: no existe su carpeta"
    for name, asked in READING.items():
        for words in asked:
            code, said = sentence([name, *(str(log) if each == "FILE" else each for each in words)], monkeypatch, capfd)
            assert (code, said.startswith("Error: "), why in said) == (1, True, True), (name, words, said)
            assert "Traceback" not in said
    if damage == "newer":
        with contextlib.closing(sqlite3.connect(database)) as connection:
            assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_what_only_reads_can_use_a_database_that_lets_nobody_write_and_what_writes_says_so(
    log: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONTESTA_DATABASE_URL", f"sqlite:///file:{migrated_file}?mode=ro&uri=true")
    assert sentence(["calls"], monkeypatch, capfd) == (0, "")
    code, said = sentence(["import", str(log)], monkeypatch, capfd)
    assert (code, "no hay permiso para escribir en ella, o en su carpeta." in said) == (1, True), said


def test_what_is_no_matter_of_disk_or_database_keeps_its_trace(tmp_path: Path) -> None:
    url = "postgresql+psycopg://contesta:clave@db/contesta"
    gone = OperationalError("SELECT 1", {}, Exception("connection refused\nIs the server running?"))
    told = troubles.told(gone, url)
    assert told is not None
    assert "db/contesta: connection refused. Revise" in told
    assert "clave" not in told
    assert troubles.told(IntegrityError("INSERT", {}, Exception("duplicate key (+573001234567)")), url) is None
    assert troubles.told(KeyError("x"), url) is None
    assert troubles.told(ConnectionResetError(104, "reset by peer"), url) is None
    full = OSError(28, "No space left on device", str(tmp_path))
    assert troubles.told(ExceptionGroup("jobs", [full, full]), url) == (
        f"No puedo usar {tmp_path}: el disco está lleno. Revise sus permisos y CONTESTA_DATA_DIR."
    )
    assert troubles.told(ExceptionGroup("jobs", [full, KeyError("x")]), url) is None
