"""`contesta live` and `contesta replay` as they are typed, and what feeds them."""

import asyncio
import contextlib
import gzip
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from contesta import accounts
from contesta.listener import LOG_NAME
from contesta.live_feed import Begun, LiveFeed, begin
from contesta.live_table import as_json, screen
from contesta.replay import play
from contesta.settings import Settings
from core.events import CallStarted, QueueEntered, Source
from quality.metrics.agents import Member, Telephone
from quality.metrics.live import LiveEngine
from storage.database import connect
from storage.ledger import Ledger, LogPosition
from storage.migrate import upgrade
from telephony.ami.connection import Account
from telephony.queue_log.tailer import Tailer
from tests.fake_manager import SECRET, USER, FakeManager, fake_manager
from tests.ports import free_port
from tests.stories import START, at, events_of, lines, log_of, restart, uid

ZONE = ZoneInfo("America/Bogota")
PATIENCE_SECONDS = 60
LOG = log_of(range(16), restart(200))
SUM = "Recibidas 16 = contestadas 4 + abandonadas 2 + fantasmas 2 + otras 8 + en espera 0 · Cuadra"


def written(path: Path, told: Sequence[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{line}\n" for line in told).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


@contextlib.contextmanager
def on_a_terminal(folder: Path, *words: str) -> Iterator[Callable[[str], str]]:
    """Type a command on a terminal; gives a function that reads until something is shown. Ctrl-C ends it."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"CONTESTA_DATA_DIR": str(folder), "COLUMNS": "140", "LINES": "60", "TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-m", "contesta", *words], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    shown = ""

    def read_until(text: str) -> str:
        nonlocal shown
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text not in shown:
            assert time.monotonic() < deadline, shown
            try:
                shown += os.read(ours, 65536).decode(errors="replace")
            except OSError:  # the other side is closed
                assert text in shown, shown
        return shown

    try:
        yield read_until
    finally:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):
            while os.read(ours, 65536):
                pass
        code = process.wait(PATIENCE_SECONDS)
        os.close(ours)
    assert code == 0


def typed(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "contesta", *words],
        env=os.environ | {"CONTESTA_DATA_DIR": str(folder), "COLUMNS": "140"},
        capture_output=True,
        text=True,
        check=False,
    )


# ── contesta replay


@pytest.mark.parametrize("name", ["queue_log", "queue_log.gz"])
def test_replay_as_fast_as_possible(tmp_path: Path, name: str) -> None:
    log = written(tmp_path / name, [*LOG, "damaged"])
    done = typed(tmp_path, "replay", str(log), "--speed", "0")
    assert done.returncode == 0, done.stderr
    assert SUM in done.stdout
    assert "1/01/2026 · fin del repaso" in done.stdout
    assert "Ana Ruiz" in done.stdout
    assert "Líneas dañadas: 1" in done.stdout


def test_replay_of_nothing(tmp_path: Path) -> None:
    assert "no tiene ningún hecho" in typed(tmp_path, "replay", str(written(tmp_path / "empty", []))).stdout
    missing = typed(tmp_path, "replay", str(tmp_path / "missing"))
    assert missing.returncode == 1
    assert "No puedo leer" in missing.stderr


def test_replay_shows_the_past_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    log = written(tmp_path / "queue_log", LOG)
    with on_a_terminal(tmp_path, "replay", str(log), "--speed", "2") as read_until:
        shown = read_until("En espera")
        assert "repaso de queue_log a 2 veces el reloj" in shown
        read_until("Cuadra")


def test_replay_tells_nothing_before_its_time() -> None:
    events = events_of(LOG)
    engine = LiveEngine(ZONE)
    looks = []
    for now in play(iter(events), engine, speed=100):
        snapshot = engine.snapshot(now)
        assert snapshot.balances
        assert all(one.wait_ms >= 0 and one.entered_at <= now for one in snapshot.waiting)
        looks.append((now, snapshot.total.offered))
    assert looks == sorted(looks)
    assert len(looks) > 4
    assert looks[0][1] < looks[-1][1] == 16
    assert looks[-1][0] >= events[-1].at


# ── The table


def test_table_of_a_moment() -> None:
    engine = LiveEngine(ZONE)
    for call in range(12):
        of_call = {"call_id": uid(call), "channel_id": uid(call), "source": Source.QUEUE_LOG}
        engine.take(CallStarted(at=at(0), line="l", number="+573001234567", **of_call))  # type: ignore[arg-type]
        engine.take(QueueEntered(at=at(call), queue="atencion", **of_call))  # type: ignore[arg-type]
    told = {"at": at(0), "queue": "atencion", "agent": "Ana Ruiz", "telephone": Telephone.FREE}
    engine.agents.see(Member(**told, paused=True, reason="almuerzo"))  # type: ignore[arg-type]
    snapshot = engine.snapshot(at(130))
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(screen(snapshot, ZONE, "prueba"))
    shown = console.export_text()
    for said in (
        "2:10",
        "300 *** **67",
        "y 2 más",
        "‖ en pausa: almuerzo",
        "0 de 0",
        "en espera 12 · Cuadra",
        "10:08:50",
    ):
        assert said in shown
    assert "3001234567" not in shown
    data = json.loads(json.dumps(as_json(snapshot, connected=True)))
    assert data["queues"]["atencion"] == {
        "waiting": 12,
        "longest_wait_seconds": 130.0,
        "expected_wait_seconds": None,
        "free": 0,
        "present": 0,
    }
    assert data["agents_by_state"]["paused"] == 1
    assert data["waiting"][0]["number"] == "300 *** **67"
    assert data["today"]["totals"]["waiting"] == 12


# ── contesta live


def begun() -> Begun:
    return Begun(engine=LiveEngine(ZONE), position=None)


@contextlib.asynccontextmanager
async def feeding(log: Path, fake: FakeManager) -> AsyncIterator[LiveFeed]:
    feed = LiveFeed(begun(), begun, lambda: Account(port=fake.port, username=USER, secret=SECRET), log)
    running = asyncio.create_task(feed.run())
    try:
        yield feed
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def eventually(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"did not happen: {what}"
        await asyncio.sleep(0.02)


def test_feed_through_a_gap_of_the_manager_interface(tmp_path: Path) -> None:
    log = written(tmp_path / "queue_log", [*lines(0)[:3], *lines(8)[:3]])

    async def play_scene() -> None:
        async with fake_manager() as fake:
            fake.channels = [uid(0), uid(8)]
            async with feeding(log, fake) as feed:
                now = at(60)
                await asyncio.wait_for(feed.connected.wait(), PATIENCE_SECONDS)
                assert len(feed.engine.snapshot(now).waiting) == 2
                fake.channels = [uid(8)]
                fake.cut()
                await eventually(lambda: not feed.connected.is_set(), "the cut is seen")
                await eventually(lambda: len(feed.engine.snapshot(now).waiting) == 1, "one is gone")
                assert feed.engine.snapshot(now).total.lost == 1
                with log.open("a", encoding="utf-8") as file:
                    file.writelines(f"{line}\n" for line in lines(0)[3:])
                await eventually(lambda: feed.engine.snapshot(now).total.answered == 1, "the log knows better")
                assert feed.engine.snapshot(now).total.lost == 0

    asyncio.run(play_scene())


def set_up(folder: Path) -> Settings:
    """A line that was used today, and whose Asterisk is not running."""
    settings = Settings(data_dir=folder, manager_port=free_port())
    accounts.ensure(settings.secrets_file)
    engine = connect(settings.ledger_url)
    upgrade(engine)
    begun = int(time.time()) - 5
    log = [line.replace(str(START), str(begun)) for line in lines(0)[:3]]
    written(settings.queue_log, log)
    events = events_of(log)
    position = Tailer(settings.queue_log).read().position
    assert position
    fields = {name: getattr(position, name) for name in ("inode", "offset", "fingerprint", "line", "second", "order")}
    Ledger(engine).apply(events, LogPosition(name=LOG_NAME, position=json.dumps(fields)))
    engine.dispose()
    return settings


def test_begins_from_what_the_ledger_knows(tmp_path: Path) -> None:
    feed = begin(set_up(tmp_path), datetime.now(UTC))
    snapshot = feed.engine.snapshot(datetime.now(UTC) + timedelta(seconds=1))
    assert [one.number for one in snapshot.waiting] == ["+573000000000"]
    assert snapshot.open_calls == 1


def test_live_in_json_says_that_asterisk_is_not_there(tmp_path: Path) -> None:
    settings = set_up(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "contesta", "live", "--json"],
        env=os.environ | settings.as_child_environment(),
        capture_output=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert told["connected"] is False
    assert len(told["waiting"]) == 1


def test_live_on_a_terminal_ends_with_ctrl_c(tmp_path: Path) -> None:
    set_up(tmp_path)
    with on_a_terminal(tmp_path, "live") as read_until:
        shown = read_until("Cuadra")
    assert "sin conexión a la central desde las" in shown


def test_live_where_no_line_was_ever_started(tmp_path: Path) -> None:
    done = typed(tmp_path, "live", "--json")
    assert done.returncode == 1
    assert "Inicie la línea" in done.stderr
