"""Programs that write the ledger are killed at random moments, and race each other: the ledger equals the log."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

from contesta.comparison import differences
from storage.ledger import Ledger
from tests.killed_writers import follow
from tests.stories import log_of, restart

CALLS = 120
KILLS = {"sqlite": 200, "postgresql": 60}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of many calls and several restarts of the telephone system."""
    path = tmp_path / "queue_log"
    lines = [
        line for first in range(0, CALLS, 40) for line in log_of(range(first, first + 40), restart(3 * first + 90))
    ]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def assert_equal_to_the_log(ledger: Ledger, log: Path) -> None:
    assert differences(ledger, [log]) == []
    calls = ledger.every_call()
    assert len(calls) == CALLS
    assert any(call.lost for call in calls)
    told = sum(len(history.events) for call in calls if (history := ledger.call(call.call_id)))
    lines = log.read_text(encoding="utf-8").splitlines()
    assert told == len([line for line in lines if "QUEUESTART" not in line])


def test_killed_hundreds_of_times(engine: Engine, log: Path) -> None:
    url = engine.url.render_as_string(hide_password=False)
    kills = KILLS[engine.dialect.name]
    subprocess.run([sys.executable, "-m", "tests.killed_writers", url, log, str(kills)], check=True, timeout=150)
    follow(engine, log, lines_at_once=1000)
    assert_equal_to_the_log(Ledger(engine), log)


def test_two_programs_at_once(engine: Engine, log: Path) -> None:
    url = engine.url.render_as_string(hide_password=False)
    program = "import sys, pathlib; from storage.database import connect; from tests.killed_writers import follow; "
    program += "follow(connect(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], 37)"
    both = [subprocess.Popen([sys.executable, "-c", program, url, log, name]) for name in ("one", "other")]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    assert_equal_to_the_log(Ledger(engine), log)
