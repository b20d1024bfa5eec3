"""`contesta stats` as its user runs it: on files, on the ledger, and with mistakes."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from contesta.settings import Settings
from contesta.stats import stats
from core.errors import ConfigurationError
from storage.database import connect
from storage.ledger import Ledger
from storage.migrate import upgrade
from telephony.queue_log.reader import Reader

# 2026-03-04 in Bogotá: answered at 07:59, ghost and abandoned at 8, overflow, full, waiting; answered on the 5th.
LOG = """\
1772629140|NONE|NONE|NONE|QUEUESTART|
1772629140|1.1|voz|NONE|ENTERQUEUE||+573001234567|1
1772629150|1.1|voz|Ana Ruiz|CONNECT|10|x|3
1772629270|1.1|voz|Ana Ruiz|COMPLETEAGENT|10|120|1
1772629300|1.2|voz|NONE|ENTERQUEUE||anonymous|1
1772629305|1.2|voz|NONE|ABANDON|1|1|5
1772629400|1.3|voz|NONE|ENTERQUEUE||anonymous|1
1772629420|1.3|voz|José|RINGNOANSWER|15000
1772629430|1.3|voz|NONE|ABANDON|1|1|30
basura
1772629500|1.4|voz|NONE|ENTERQUEUE||anonymous|1
1772629560|1.4|voz|NONE|EXITWITHTIMEOUT|1|1|60
1772629560|1.4|chat|NONE|RECHAZADA|FULL
1772629600|1.5|voz|NONE|ENTERQUEUE||anonymous|1
1772715600|1.6|chat|NONE|ENTERQUEUE||anonymous|1
1772715630|1.6|chat|José|CONNECT|30|x|3
1772715690|1.6|chat|José|BLINDTRANSFER|700|ctx|30|60|1
"""


def run(folder: Path, *arguments: str) -> Result:
    app = typer.Typer()

    @app.callback()
    def settings(ctx: typer.Context) -> None:
        ctx.obj = Settings(data_dir=folder)

    app.command("stats")(stats)
    return CliRunner().invoke(app, ["stats", *arguments])


def figures(folder: Path, *arguments: str) -> dict[str, Any]:
    result = run(folder, *arguments, "--json")
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.output)
    return told


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "queue_log"
    path.write_text(LOG)
    return path


def test_json_is_the_contract(tmp_path: Path, log: Path) -> None:
    told = figures(tmp_path, "--queue-log", str(log))
    assert told["totals"] == {
        "offered": 7,
        "answered": 2,
        "abandoned": 1,
        "ghost": 1,
        "overflow": 1,
        "closed": 1,
        "lost": 0,
        "waiting": 1,
        "answer_rate": 2 / 6,
        "abandonment_rate": 1 / 6,
        "asa_seconds": 20.0,
        "tmo_seconds": 90.0,
        "talk_unknown": 0,
        "work_seconds": 0.0,
        "disposed": 0,
        "solved": 0,
        "first_contact_resolution": None,
        "service_level": {"answered": 1 / 2, "offered": 1 / 6, "inclusive": 1 / 6},
    }
    assert list(told) == [
        *("totals", "by_day", "by_queue", "by_hour", "by_disposition", "by_agent"),
        *("damaged_lines", "unwatched_seconds", "repeat_contacts"),
    ]
    assert {day: of["offered"] for day, of in told["by_day"].items()} == {"2026-03-04": 6, "2026-03-05": 1}
    assert {queue: of["answered"] for queue, of in told["by_queue"].items()} == {"chat": 1, "voz": 1}
    assert {hour: of["offered"] for hour, of in told["by_hour"].items()} == {"07": 1, "08": 6}
    assert told["by_queue"]["voz"].keys() == told["totals"].keys()
    assert told["by_agent"]["José"] == {
        "answered": 1,
        "asa_seconds": 30.0,
        "tmo_seconds": 60.0,
        "talk_seconds": 60.0,
        "hold_seconds": 0.0,
        "talk_unknown": 0,
        "transferred": 1,
        "rings_unanswered": 1,
        "logged_in_seconds": 0.0,
        "paused_seconds": 0.0,
        "work_seconds": 0.0,
        "occupancy": None,
    }
    assert told["damaged_lines"] == 1


def test_days_are_those_of_the_zone_and_both_ends_belong_to_the_period(tmp_path: Path, log: Path) -> None:
    on = ("--queue-log", str(log))
    assert figures(tmp_path, *on, "--from", "2026-03-04", "--to", "2026-03-04")["totals"]["offered"] == 6
    assert figures(tmp_path, *on, "--from", "2026-03-05")["totals"]["offered"] == 1
    assert figures(tmp_path, *on, "--to", "2026-03-03")["totals"]["answer_rate"] is None
    assert list(figures(tmp_path, *on, "--tz", "Asia/Tokyo")["by_hour"]) == ["21", "22"]


def test_thresholds_are_options(tmp_path: Path, log: Path) -> None:
    told = figures(tmp_path, "--queue-log", str(log), "--ghost-seconds", "4", "--service-level-seconds", "30")["totals"]
    assert (told["ghost"], told["abandoned"], told["answer_rate"]) == (0, 2, 2 / 7)
    assert told["service_level"] == {"answered": 1.0, "offered": 2 / 7, "inclusive": 4 / 7}


def test_several_files_after_one_option_and_one_of_them_twice(tmp_path: Path, log: Path) -> None:
    older = tmp_path / "queue_log.1"
    older.write_text("1772500000|0.1|voz|NONE|ENTERQUEUE||anonymous|1\n1772500009|0.1|voz|NONE|ABANDON|1|1|9\n")
    told = figures(tmp_path, "--queue-log", str(log), str(older), str(log))
    assert (told["totals"]["offered"], told["totals"]["abandoned"]) == (8, 2)


def test_ledger_gives_what_the_log_gives(tmp_path: Path, log: Path) -> None:
    engine = connect(Settings(data_dir=tmp_path).ledger_url)
    upgrade(engine)
    Ledger(engine).apply(Reader([log]))
    engine.dispose()
    for arguments in ((), ("--from", "2026-03-05"), ("--to", "2026-03-04", "--ghost-seconds", "30")):
        of_ledger = figures(tmp_path, *arguments)
        of_log = figures(tmp_path, "--queue-log", str(log), *arguments)
        for table in ("totals", "by_day", "by_queue", "by_hour", "by_agent"):
            assert of_ledger[table] == of_log[table]


def test_tables_say_what_they_are_made_of_and_what_was_damaged(tmp_path: Path, log: Path) -> None:
    said = run(tmp_path, "--queue-log", str(log)).output
    for words in (
        "33,33\N{NO-BREAK SPACE}% (2/6)",
        "0:20",
        "1:30",
        "2026-03-04",
        "José",
        "Líneas dañadas: 1",
        "línea 10",
    ):
        assert words in said
    assert "N/A" in run(tmp_path, "--queue-log", str(log), "--to", "2020-01-01").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--queue-log", "/no/hay"), "/no/hay"),
        (("--queue-log", "/"), "/"),
        (("--from", "ayer"), "--from ayer"),
        (("--to", "2026-02-30"), "--to 2026-02-30"),
        (("--from", "2026-03-05", "--to", "2026-03-04"), "anterior"),
        (("--tz", "Bogotá"), "--tz Bogotá"),
        (("--tz", "../etc/passwd"), "--tz"),
        (("queue_log",), "--queue-log queue_log"),
    ],
)
def test_mistakes_are_told_with_their_mend(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    error = run(tmp_path, *arguments).exception
    assert isinstance(error, ConfigurationError)
    assert said in str(error)
