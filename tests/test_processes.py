import subprocess
import sys
from pathlib import Path

import pytest

from contesta import processes
from core.errors import NotAvailableError

HOLD = (
    "import sys, pathlib, signal; from contesta.processes import only_one\n"
    "with only_one(pathlib.Path(sys.argv[1]), 'agi'):\n"
    "    print('held', flush=True); signal.pause()"
)


def _holder_process(folder: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_one_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    with _holder_process(tmp_path) as process:
        assert processes.holder(tmp_path, "agi") == process.pid
        with pytest.raises(NotAvailableError, match=str(process.pid)), processes.only_one(tmp_path, "agi"):
            pass
        process.kill()


def test_a_dead_holder_holds_nothing(tmp_path: Path) -> None:
    with _holder_process(tmp_path) as process:
        process.kill()
    assert processes.holder(tmp_path, "agi") is None
    assert processes.end(tmp_path, "agi") is False
    with _holder_process(tmp_path) as another:
        assert processes.holder(tmp_path, "agi") == another.pid
        another.kill()


def test_ending_waits_until_it_is_gone(tmp_path: Path) -> None:
    with _holder_process(tmp_path) as process:
        assert processes.end(tmp_path, "agi") is True
        assert processes.holder(tmp_path, "agi") is None
        process.wait(timeout=10)
