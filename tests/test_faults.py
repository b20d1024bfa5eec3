"""Parts of a running line are killed, stopped, filled and cut while real calls come and go.

No caller is dropped by us, nothing is lost, nothing is counted twice: at the end of each test the ledger is held
against queue_log. How long things take is measured in bench/faults.py, not asserted here.
"""

import asyncio
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile as sf

from contesta import processes
from contesta.comparison import Difference, differences
from quality.metrics.history import Outcome
from tests.people import Fate, advisers_at_work, call_until_queued, callers_phone, choose_an_adviser, random_mobile
from tests.running import RunningLine, eventually, start_line

SETTLES_SECONDS = 60
MORE_THAN_A_SECOND_BYTES = 40_000  # 8 kHz, 16 bits, and what is not yet on the disk


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLine]:
    with start_line(tmp_path_factory.mktemp("f")) as running:
        yield running


_told: set[Difference] = set()
"""What a test failed for: those after it, on the same line, look for more."""


def settled(line: RunningLine) -> None:
    """Wait until the ledger has everything that queue_log has, and equals a ledger made from it alone."""
    deadline = time.monotonic() + SETTLES_SECONDS
    while left := set(differences(line.ledger(), [line.settings.queue_log])) - _told:
        if time.monotonic() > deadline:
            _told.update(left)
            pytest.fail(f"the ledger is not what queue_log says: {sorted(map(str, left))}")
        time.sleep(0.5)


async def _calls(line: RunningLine, count: int, per_second: float, *, press_within: float = 3.0) -> list[Fate]:
    chance = random.Random(count)
    async with callers_phone(line) as phone, asyncio.TaskGroup() as calls:
        tasks = []
        for number in {random_mobile(chance) for _ in range(count)}:
            task = call_until_queued(line, phone, number, press_after=chance.uniform(0.2, press_within))
            tasks.append(calls.create_task(task))
            await asyncio.sleep(1 / per_second)
        await asyncio.gather(*tasks)
    return [task.result() for task in tasks]


def nobody_dropped(fates: list[Fate], count: int) -> None:
    assert len(fates) == count
    assert [fate for fate in fates if not fate.reached_queue] == []


@contextlib.contextmanager
def supervisor_looking_away(line: RunningLine) -> Iterator[None]:
    """Nothing is started again and nothing hung is killed while the block runs."""
    supervisor = line.pid("run")
    eventually(lambda: _listening(line.settings.agi_port), what="the server of call scripts is back")
    os.kill(supervisor, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(supervisor, signal.SIGCONT)


def _kill_unwatched(line: RunningLine, service: str) -> None:
    pid = line.kill(service)
    # its stopped parent does not collect it, but a dead process holds no lock
    eventually(lambda: processes.holder(line.settings.run_dir, service) != pid)


def test_scripts_server_killed_at_any_moment_of_200_calls(faulty: RunningLine) -> None:
    async def scenario() -> list[Fate]:
        async def killing() -> None:
            while True:
                await asyncio.sleep(0.9)
                await asyncio.to_thread(faulty.kill, "agi")

        killer = asyncio.create_task(killing())
        fates = await _calls(faulty, 200, per_second=8)
        killer.cancel()
        await asyncio.wait([killer])
        return fates

    nobody_dropped(asyncio.run(scenario()), 200)
    settled(faulty)


def test_scripts_server_absent(faulty: RunningLine) -> None:
    with supervisor_looking_away(faulty):
        _kill_unwatched(faulty, "agi")
        nobody_dropped(asyncio.run(_calls(faulty, 12, per_second=6)), 12)
    settled(faulty)


def test_scripts_server_stopped(faulty: RunningLine) -> None:
    os.kill(faulty.pid("agi"), signal.SIGSTOP)
    nobody_dropped(asyncio.run(_calls(faulty, 12, per_second=6)), 12)
    settled(faulty)


@pytest.fixture
def broken_scripts(faulty: RunningLine) -> Iterator[RunningLine]:
    """In place of the line's own server, one whose scripts raise and hang in turn; at most eight at once."""
    with supervisor_looking_away(faulty):
        _kill_unwatched(faulty, "agi")
        code = Path(__file__).parent / "broken_scripts.py"
        server = subprocess.Popen([sys.executable, str(code), str(faulty.settings.agi_port)])
        eventually(lambda: _listening(faulty.settings.agi_port))
        yield faulty
        server.kill()
        server.wait()


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_script_that_raises_or_hangs_and_a_full_server(broken_scripts: RunningLine) -> None:
    nobody_dropped(asyncio.run(_calls(broken_scripts, 24, per_second=12)), 24)
    settled(broken_scripts)


def test_manager_connection_cut_again_and_again(faulty: RunningLine) -> None:
    cuts = 0

    async def scenario() -> list[Fate]:
        async def cutting() -> None:
            nonlocal cuts
            while True:
                await asyncio.sleep(1)
                shown = await asyncio.to_thread(faulty.asterisk.console, "manager show connected")
                for fields in map(str.split, shown.splitlines()):
                    if fields[:1] == [faulty.accounts.manager_user]:
                        await asyncio.to_thread(faulty.asterisk.console, f"manager kick session {fields[4]}")
                        cuts += 1

        async with advisers_at_work(faulty, talk_seconds=1):
            cutter = asyncio.create_task(cutting())
            fates = await _calls(faulty, 30, per_second=3)
            cutter.cancel()
        return fates

    nobody_dropped(asyncio.run(scenario()), 30)
    assert cuts > 1
    settled(faulty)


def test_listener_stalled_for_ten_seconds(faulty: RunningLine) -> None:
    async def scenario() -> list[Fate]:
        async with advisers_at_work(faulty, talk_seconds=1):
            os.kill(faulty.pid("listen"), signal.SIGSTOP)
            fates = await _calls(faulty, 30, per_second=3)
            os.kill(faulty.pid("listen"), signal.SIGCONT)
        return fates

    nobody_dropped(asyncio.run(scenario()), 30)
    settled(faulty)


def test_listener_killed_again_and_again(faulty: RunningLine) -> None:
    async def scenario() -> list[Fate]:
        async def killing() -> None:
            while True:
                await asyncio.sleep(1.7)
                await asyncio.to_thread(faulty.kill, "listen")

        async with advisers_at_work(faulty, talk_seconds=1):
            killer = asyncio.create_task(killing())
            fates = await _calls(faulty, 40, per_second=3)
            killer.cancel()
        return fates

    nobody_dropped(asyncio.run(scenario()), 40)
    settled(faulty)


def test_web_application_killed(faulty: RunningLine) -> None:
    before = faulty.kill("web")
    nobody_dropped(asyncio.run(_calls(faulty, 5, per_second=5)), 5)
    eventually(lambda: faulty.pid("web") != before)


def test_supervisor_killed_with_calls_in_progress_and_started_again(faulty: RunningLine) -> None:
    async def scenario() -> None:
        async with advisers_at_work(faulty, talk_seconds=120) as advisers, callers_phone(faulty) as phone:
            call = await phone.dial(faulty.number, from_number="3004445566")
            await choose_an_adviser(faulty, call)
            await asyncio.to_thread(eventually, lambda: any(adviser.calls for adviser in advisers))
            asterisk_pid = faulty.asterisk.pid
            await asyncio.to_thread(faulty.kill, "run")
            await asyncio.to_thread(faulty.process.wait)
            await asyncio.to_thread(faulty.restart)
            assert faulty.asterisk.pid == asterisk_pid, "the calls' Asterisk was not kept"
            assert any(adviser.calls for adviser in advisers), "the conversation was cut"
            call.hang_up()
            await call.wait_ended(60)

    asyncio.run(scenario())
    settled(faulty)
    (history,) = (call for call in faulty.ledger().every_call() if call.number == "+573004445566")
    assert [visit.result for visit in history.visits] == [Outcome.ANSWERED]
    assert history.visits[0].legs[0].talk_ms is not None


def _recordings(line: RunningLine) -> set[Path]:
    return set(line.settings.recordings_dir.rglob("*.raw"))


def test_asterisk_killed_with_callers_waiting_and_talking(faulty: RunningLine) -> None:
    recordings = _recordings(faulty)
    logged = faulty.settings.queue_log.read_text()

    def recorded_bytes() -> int:
        return max((raw.stat().st_size for raw in _recordings(faulty) - recordings), default=0)

    async def before() -> None:
        async with advisers_at_work(faulty, talk_seconds=60, count=1), callers_phone(faulty) as phone:
            for number in ("3001112233", "3001112244", "3001112255"):
                call = await phone.dial(faulty.number, from_number=number)
                await choose_an_adviser(faulty, call)
            log = faulty.settings.queue_log
            await asyncio.to_thread(
                eventually, lambda: log.read_text().count("ENTERQUEUE") == logged.count("ENTERQUEUE") + 3
            )
            await asyncio.to_thread(eventually, lambda: log.read_text().count("|CONNECT|") > logged.count("|CONNECT|"))
            await asyncio.to_thread(eventually, lambda: recorded_bytes() > MORE_THAN_A_SECOND_BYTES)
            pid = faulty.asterisk.pid
            await asyncio.to_thread(faulty.asterisk.kill)
            await asyncio.to_thread(eventually, lambda: faulty.asterisk.pid not in {None, pid})
            await asyncio.to_thread(eventually, faulty.asterisk.running)

    asyncio.run(before())
    nobody_dropped(asyncio.run(_calls(faulty, 3, per_second=3)), 3)
    settled(faulty)
    histories = {call.number: call for call in faulty.ledger().every_call()}
    ours = [histories[f"+57{number}"] for number in ("3001112233", "3001112244", "3001112255")]
    assert sorted(call.visits[0].result for call in ours) == [Outcome.ANSWERED, Outcome.LOST, Outcome.LOST]
    assert all(h.ended_at is not None for h in histories.values()), "a call that is over was left open"
    answered = next(call for call in ours if call.visits[0].result is Outcome.ANSWERED)
    assert answered.visits[0].legs[0].talk_ms is None
    (recording,) = answered.recordings
    audio = sf.info(faulty.settings.recordings_dir / recording.file)
    assert (audio.channels, audio.duration > 1) == (2, True), "what was recorded before the cut is kept"
