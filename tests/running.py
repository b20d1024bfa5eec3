"""A whole line under test: `contesta run` as a process of its own, on free ports and in a folder of its own."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from contesta import accounts, lines, processes
from contesta.settings import Settings
from ivr.line.model import SPANISH, Line
from storage.database import connect
from storage.ledger import Ledger
from telephony import asterisk
from tests.ports import AUDIO_PORTS, audio_ports, free_port

STARTED = "La línea contesta"
T = TypeVar("T")


def eventually(probe: Callable[[], T], seconds: float = 60, what: str = "") -> T:
    """Wait until `probe` gives something true, and return it."""
    deadline = time.monotonic() + seconds
    while not (value := probe()):
        if time.monotonic() > deadline:
            pytest.fail(f"did not happen within {seconds} s: {what or probe}")
        time.sleep(0.05)
    return value


@dataclass
class RunningLine:
    """A line that takes calls. Its parts are reached as an operator would reach them: by process id and console."""

    settings: Settings
    process: subprocess.Popen[bytes]
    output: Path
    asterisk: asterisk.Asterisk

    @property
    def line(self) -> Line:
        """The first of its lines, as published."""
        return lines.current(self.settings)[0]

    @property
    def number(self) -> str:
        """What callers dial."""
        return self.line.numbers[0]

    @property
    def queue(self) -> str:
        """Where they wait."""
        return self.line.queue.name

    @property
    def prompts(self) -> Path:
        """The folder of what it says in Spanish."""
        return self.settings.sounds_dir / SPANISH / self.line.sounds

    @property
    def accounts(self) -> accounts.Accounts:
        """SIP accounts and secrets."""
        return accounts.read(self.settings.secrets_file)

    def pid(self, service: str) -> int:
        """Process id of `listen`, `agi`, `web` or `run`, waiting for it to be there."""
        return eventually(lambda: processes.holder(self.settings.run_dir, service) or 0, what=service)

    def kill(self, service: str) -> int:
        """End a service as a crash would; return the process id it had."""
        pid = self.pid(service)
        os.kill(pid, signal.SIGKILL)
        return pid

    def ledger(self) -> Ledger:
        """Open the line's ledger."""
        return Ledger(connect(self.settings.ledger_url))

    def restart(self) -> None:
        """Start `contesta run` again in the same folder."""
        self.process = _launch(self.settings, self.output)
        _wait_started(self)

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=60)


def _launch(settings: Settings, output: Path) -> subprocess.Popen[bytes]:
    with output.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "contesta", "run"],
            env=settings.as_child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_started(line: RunningLine) -> None:
    def started() -> bool:
        shown = line.output.read_text(encoding="utf-8", errors="replace")
        if line.process.poll() is not None:
            pytest.fail(f"contesta run ended with {line.process.returncode}:\n{shown}")
        return STARTED in shown

    eventually(started, seconds=150, what="contesta run")


@contextlib.contextmanager
def start_line(report_dir: Path, **changes: object) -> Iterator[RunningLine]:
    """Run a line with free ports; `changes` are settings. Its folder is short, for the sake of Asterisk's socket."""
    with audio_ports() as first_audio_port:
        folder = Path(tempfile.mkdtemp(prefix="contesta-", dir="/tmp"))
        values: dict[str, object] = {
            "data_dir": folder,
            "sip_port": free_port(),
            "manager_port": free_port(),
            "agi_port": free_port(),
            "web_port": free_port(),
            "rtp_first_port": first_audio_port,
            "rtp_ports": AUDIO_PORTS,
        }
        with _started(Settings.model_validate(values | changes), report_dir / "run.txt") as line:
            yield line


@contextlib.contextmanager
def _started(settings: Settings, output: Path) -> Iterator[RunningLine]:
    process = _launch(settings, output)
    installation = asterisk.find(settings.cache_dir)
    if installation is None:
        eventually(lambda: asterisk.find(settings.cache_dir), seconds=150, what="Asterisk provisioned")
        installation = asterisk.find(settings.cache_dir)
    assert installation is not None
    config = settings.asterisk_dir / "etc" / "asterisk.conf"
    line = RunningLine(
        settings=settings,
        process=process,
        output=output,
        asterisk=asterisk.Asterisk(installation, config, settings.log_dir / "asterisk.log"),
    )
    try:
        _wait_started(line)
        yield line
    finally:
        line.stop()
        for service in ("run", "callbacks-worker", "measure", "listen", "agi", "web"):
            processes.end(settings.run_dir, service)
        if line.asterisk.pid is not None:
            line.asterisk.stop()
        shutil.rmtree(settings.data_dir, ignore_errors=True)
