"""Lines on a real Asterisk of their own, without the rest of the program: what the dialplan does by itself, and with
scripts that a test writes."""

import asyncio
import contextlib
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import ivr
from contesta import accounts, publish
from contesta.settings import LOCALHOST, Settings
from ivr.line.model import Line
from ivr.server import Script, Server
from telephony import asterisk
from telephony.phone import Account, Call, Phone
from tests.ports import AUDIO_PORTS, audio_ports, free_port
from tests.running import eventually

EXAMPLES = Path(ivr.__file__).parent / "lines"
_HOURS = "\n  hours:\n"


@dataclass
class Stage:
    """A telephone system whose lines are the files of `folder`, in which nothing but Asterisk runs."""

    settings: Settings
    asterisk: asterisk.Asterisk
    lines: tuple[Line, ...]

    @property
    def folder(self) -> Path:
        return Path(self.settings.lines_dir)

    @property
    def server(self) -> tuple[str, int]:
        return LOCALHOST, self.settings.sip_port

    def line(self, name: str) -> Line:
        return next(line for line in self.lines if line.name == name)

    def rows(self) -> list[list[str]]:
        """Rows of queue_log, split: second, channel, queue, agent, event, data…"""
        if not self.settings.queue_log.exists():
            return []
        return [row.split("|") for row in self.settings.queue_log.read_text(encoding="utf-8").splitlines()]

    def facts(self, event: str, call: str = "") -> list[list[str]]:
        """Rows of queue_log that tell one event, of one call or of all."""
        return [row for row in self.rows() if row[4] == event and call in {"", row[1]}]

    def call_of(self, number: str) -> str:
        """The telephone system's id of the call from a mobile number."""
        rows = eventually(
            lambda: [row for row in self.facts("LLAMADA") if row[7] == f"+57{number}"], what=f"call from {number}"
        )
        return rows[-1][1]

    async def until(self, event: str, call: str) -> list[str]:
        """Wait until queue_log tells a fact of a call."""
        return (await asyncio.to_thread(eventually, lambda: self.facts(event, call), 30, f"{event} of {call}"))[-1]

    def reload(self) -> subprocess.CompletedProcess[str]:
        """`contesta line reload`, as an administrator gives it."""
        return subprocess.run(
            [sys.executable, "-m", "contesta", "line", "reload"],
            env=self.settings.as_child_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def change(self, file: str, old: str, new: str) -> None:
        """Change a line's file."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        path.write_text(text.replace(old, new), encoding="utf-8")

    @contextlib.contextmanager
    def scripts(self, scripts: Mapping[str, Script]) -> Iterator[None]:
        """Answer Asterisk's requests for scripts meanwhile."""
        server = Server(LOCALHOST, self.settings.agi_port, scripts)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.stop()
            thread.join()

    def caller(self) -> Phone:
        """A telephone outside, for any number of callers."""
        return Phone(Account(user="troncal"), self.server)

    def adviser(self, index: int, on_call: Callable[[Call], Awaitable[None]]) -> Phone:
        """The telephone of one of the scripted advisers."""
        who = accounts.read(self.settings.secrets_file).scripted[index]
        return Phone(Account(user=who.account, secret=who.secret, name=who.name), self.server, on_call=on_call)


def open_now(source: str) -> str:
    """Let a line of the examples be open at all hours."""
    return _with_hours(source, "monday-sunday: 00:00-24:00", "open")


def closed_now(source: str) -> str:
    """Let a line of the examples be closed today and tomorrow."""
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    day = days[(datetime.now(UTC).weekday() + 3) % 7]
    return _with_hours(source, f"{day}: 08:00-17:00", "closed")


def _with_hours(source: str, hours: str, holidays: str) -> str:
    before, rest = source.split("\ncalendar:\n")
    after = rest[rest.index("\nclosed:") :]
    return f"{before}\ncalendar:{_HOURS}    {hours}\n  public_holidays: {holidays}\n{after}"


def brief(source: str) -> str:
    """Let what the dialplan says by itself be short, so that tests need not hear it out."""
    rows = [row for row in source.splitlines() if not row.startswith("    cerrado: ")]
    return "\n".join((*rows, "    cerrado: Cerrado.", "    buzon_sin_guion: Hable.", "    respaldo: Siga.", ""))


@contextlib.contextmanager
def telephone_system(files: Mapping[str, str], *, in_full: bool = False, **changes: object) -> Iterator[Stage]:
    """Run an Asterisk whose lines are these files, by name; what the dialplan says is made short unless `in_full`."""
    folder = Path(tempfile.mkdtemp(prefix="contesta-", dir="/tmp"))
    lines = folder / "lines"
    lines.mkdir()
    for name, source in files.items():
        (lines / name).write_text(source if in_full else brief(source), encoding="utf-8")
    stack = contextlib.ExitStack()
    settings = Settings.model_validate(
        {
            "data_dir": folder / "var",
            "lines_dir": str(lines),
            "sip_port": free_port(),
            "manager_port": free_port(),
            "agi_port": free_port(),
            "web_port": free_port(),
            "rtp_first_port": stack.enter_context(audio_ports()),
            "rtp_ports": AUDIO_PORTS,
        }
        | changes
    )
    installation = asterisk.find(settings.cache_dir)
    assert installation is not None, "make run provisions Asterisk"
    made = accounts.ensure(settings.secrets_file)
    found = publish.publish(settings, made, installation, datetime.now(UTC), lambda _: None)
    config = settings.asterisk_dir / "etc" / "asterisk.conf"
    system = asterisk.Asterisk(installation, config, settings.log_dir / "asterisk.log")
    try:
        system.start()
        yield Stage(settings=settings, asterisk=system, lines=found)
    finally:
        system.stop()
        shutil.rmtree(folder, ignore_errors=True)
        stack.close()
