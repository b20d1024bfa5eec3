"""The listener between a manager interface, a queue_log that grows, and a ledger; each of them fails in turn."""

import asyncio
import contextlib
import os
import random
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url

from contesta.accounts import ensure
from contesta.comparison import differences
from contesta.listener import Listener
from quality.metrics.history import Outcome, Reason
from storage.database import connect
from storage.ledger import Ledger
from storage.migrate import upgrade
from telephony.ami.connection import Account
from tests.fake_manager import SECRET, USER, FakeManager, fake_manager
from tests.stories import KINDS, START, lines, log_of, restart, uid

PATIENCE_SECONDS = 60


async def eventually(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < deadline, f"did not happen: {what}"
        await asyncio.sleep(0.05)


def grow(log: Path, more: list[str]) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in more)


def message(event: str, call: int, second: float, **headers: object) -> bytes:
    """An event of the manager interface about one of the calls of the stories."""
    told = {
        "Event": event,
        "Timestamp": f"{START + 3 * call + second:.6f}",
        "Uniqueid": uid(call),
        "Linkedid": uid(call),
    }
    return "".join(f"{name}: {value}\r\n" for name, value in (told | headers).items()).encode() + b"\r\n"


def waiting(call: int) -> bytes:
    """A caller enters the queue and an agent's telephone rings; not if he hangs up in the menu."""
    if KINDS[call % len(KINDS)] == "menu_only":
        return b""
    joined = message("QueueCallerJoin", call, 4.2, Queue="atencion", Position=1)
    return joined + message("AgentCalled", call, 5.1, Queue="atencion", MemberName="Ana Ruiz")


@asynccontextmanager
async def listening(engine: Engine, log: Path, fake: FakeManager, secret: str = SECRET) -> AsyncIterator[Listener]:
    """Listen while the block runs, then stop as SIGTERM does it."""
    listener = Listener(engine, log, Account(port=fake.port, username=USER, secret=secret))
    running = asyncio.create_task(listener.run())
    try:
        yield listener
    finally:
        listener.stop()
        await asyncio.wait_for(running, PATIENCE_SECONDS)


def scene(play: Callable[[FakeManager], Awaitable[None]]) -> None:
    """Play with a manager interface."""

    async def run() -> None:
        async with fake_manager() as fake:
            await play(fake)

    asyncio.run(run())


def test_log_and_live_feed_make_one_ledger(engine: Engine, tmp_path: Path) -> None:
    ledger, log = Ledger(engine), tmp_path / "queue_log"

    async def play(fake: FakeManager) -> None:
        async with listening(engine, log, fake):
            await eventually(lambda: fake.logins == 1, "login")
            for first in range(0, 16, 4):
                calls = range(first, first + 4)
                await fake.send(b"".join(map(waiting, calls)))
                grow(log, log_of(calls))
            grow(log, [restart(200)])
            await eventually(lambda: len(ledger.every_call()) == 16 and not ledger.open_calls(), "all calls ended")
            await eventually(lambda: differences(ledger, [log]) == [], "equal to the log")

    scene(play)
    call = ledger.call(uid(0))
    assert call is not None
    assert [event.source for event in call.events if type(event).__name__ == "AgentRang"] == ["ami"]


def test_what_came_before_the_end_is_written(engine: Engine, tmp_path: Path) -> None:
    log = tmp_path / "queue_log"

    async def play(fake: FakeManager) -> None:
        async with listening(engine, log, fake):
            await eventually(lambda: fake.logins == 1, "login")
            grow(log, log_of(range(300), restart(2000)))

    scene(play)
    assert differences(Ledger(engine), [log]) == []


def test_connection_is_cut_while_calls_come_and_go(engine: Engine, tmp_path: Path) -> None:
    ledger, log = Ledger(engine), tmp_path / "queue_log"
    ends, vanishes, stays = 0, 8, 16

    async def play(fake: FakeManager) -> None:
        fake.channels = [uid(stays)]
        async with listening(engine, log, fake):
            await eventually(lambda: fake.logins == 1, "login")
            for call in (ends, vanishes, stays):
                grow(log, lines(call)[:3])
            await fake.send(b"".join(map(waiting, (ends, vanishes, stays))))
            await eventually(lambda: len(ledger.every_call()) == 3, "three calls")
            fake.cut()
            grow(log, lines(ends)[3:])
            await eventually(lambda: [call.call_id for call in ledger.open_calls()] == [uid(stays)], "two are over")

    scene(play)
    calls = {call.call_id: call for call in ledger.every_call()}
    assert calls[uid(ends)].visits[0].result is Outcome.ANSWERED
    assert not calls[uid(ends)].lost
    assert calls[uid(vanishes)].visits[0].reason is Reason.VANISHED
    assert calls[uid(vanishes)].lost
    assert calls[uid(stays)].visits[0].result is Outcome.WAITING
    grow(log, lines(vanishes)[3:] + lines(stays)[3:])
    scene(lambda fake: _once(engine, log, fake))
    assert differences(ledger, [log]) == []


def test_call_that_began_in_the_second_of_the_snapshot_is_not_taken_for_gone(engine: Engine, tmp_path: Path) -> None:
    ledger, log = Ledger(engine), tmp_path / "queue_log"
    second = 1_795_399_406  # the fake's answer to Ping says .146884 of it
    grow(log, [f"{at}|{at}.1|NONE|NONE|LLAMADA|{at}.1|018000910123|anonymous" for at in (second - 1, second)])

    async def play(fake: FakeManager) -> None:
        async with listening(engine, log, fake):
            await eventually(lambda: any(call.lost for call in ledger.every_call()), "the older is gone")

    scene(play)
    assert [call.call_id for call in ledger.open_calls()] == [f"{second}.1"]


async def _once(engine: Engine, log: Path, fake: FakeManager) -> None:
    async with listening(engine, log, fake):
        await eventually(lambda: fake.logins == 1, "login")


def test_login_is_refused_and_the_log_is_read_all_the_same(engine: Engine, tmp_path: Path) -> None:
    ledger, log = Ledger(engine), tmp_path / "queue_log"

    async def play(fake: FakeManager) -> None:
        async with listening(engine, log, fake, secret="another"):
            grow(log, log_of(range(8)))
            await eventually(lambda: len(ledger.every_call()) == 8, "the log is read")

    scene(play)


def test_more_comes_at_once_than_fits(engine: Engine, tmp_path: Path) -> None:
    ledger, log = Ledger(engine), tmp_path / "queue_log"

    async def play(fake: FakeManager) -> None:
        async with listening(engine, log, fake):
            await eventually(lambda: fake.logins == 1, "login")
            grow(log, log_of(range(640), restart(3000)))
            await fake.send(b"".join(map(waiting, range(640))) * 4)
            await eventually(lambda: len(ledger.every_call()) == 640, "all calls are there")
            await eventually(lambda: differences(ledger, [log]) == [], "equal to the log")

    scene(play)


@asynccontextmanager
async def door(port: int) -> AsyncIterator[Callable[[bool], Awaitable[int]]]:
    """A way to a database server that a test opens and closes; it gives the port that leads there."""
    open_ways: list[asyncio.StreamWriter] = []
    server: asyncio.Server | None = None
    address = 0

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def enter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        open_ways.extend((writer, there_writer))
        with contextlib.suppress(asyncio.CancelledError):  # the end of the test
            await asyncio.gather(carry(reader, there_writer), carry(there_reader, writer))

    async def set_open(is_open: bool) -> int:  # noqa: FBT001 - the door has no other state
        nonlocal server, address
        if is_open:
            server = await asyncio.start_server(enter, "127.0.0.1", address)
            address = server.sockets[0].getsockname()[1]
        elif server:
            server.close()
            while open_ways:
                open_ways.pop().transport.abort()
            await server.wait_closed()
        return address

    try:
        yield set_open
    finally:
        await set_open(False)


def test_database_goes_away_and_comes_back(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url, log = make_url(request.getfixturevalue("postgresql").empty_database()), tmp_path / "queue_log"
    direct = connect(url.render_as_string(hide_password=False))
    upgrade(direct)
    ledger = Ledger(direct)

    async def play(fake: FakeManager) -> None:
        assert url.port
        async with door(url.port) as set_open:
            behind = connect(url.set(port=await set_open(True)).render_as_string(hide_password=False))
            async with listening(behind, log, fake):
                grow(log, log_of(range(8)))
                await eventually(lambda: len(ledger.every_call()) == 8, "first calls")
                await set_open(False)
                grow(log, log_of(range(8, 40), restart(300)))
                await eventually(lambda: fake.logins == 1, "login")
                await fake.send(b"".join(map(waiting, range(8, 40))))
                await asyncio.sleep(1)
                assert len(ledger.every_call()) == 8
                await set_open(True)
                await eventually(lambda: len(ledger.every_call()) == 40, "the others, later")
                await eventually(lambda: differences(ledger, [log]) == [], "equal to the log")
            behind.dispose()

    scene(play)
    call = ledger.call(uid(9))
    assert call is not None
    assert any(type(event).__name__ == "AgentRang" for event in call.events), "live events waited too"
    direct.dispose()


def test_process_is_killed_again_and_again_while_calls_come(tmp_path: Path) -> None:
    """The real command, killed at random moments; each next one goes on from where the ledger is."""
    log = tmp_path / "asterisk" / "log" / "queue_log"
    log.parent.mkdir(parents=True)
    secrets = tmp_path / "secretos.json"
    made = ensure(secrets).manager_secret
    secrets.write_text(secrets.read_text(encoding="utf-8").replace(made, SECRET), encoding="utf-8")
    chance, calls = random.Random(7), 0

    async def play(fake: FakeManager) -> None:
        nonlocal calls
        environment = os.environ | {"CONTESTA_DATA_DIR": str(tmp_path), "CONTESTA_MANAGER_PORT": str(fake.port)}

        async def start() -> asyncio.subprocess.Process:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", "contesta", "listen", env=environment, stderr=asyncio.subprocess.DEVNULL
            )

        for _ in range(4):
            logins = fake.logins
            process = await start()
            await eventually(lambda before=logins: fake.logins > before, "the command is there")  # type: ignore[misc]
            for _ in range(chance.randint(1, 12)):
                grow(log, log_of(range(calls, calls + 8)))
                await fake.send(b"".join(map(waiting, range(calls, calls + 8))))
                calls += 8
                await asyncio.sleep(chance.uniform(0, 0.1))
            process.kill()
            await process.wait()
        process = await start()
        grow(log, [restart(5000)])
        await eventually(lambda: len(ledger.every_call()) == calls and not ledger.open_calls(), "the whole log")
        process.terminate()
        assert await asyncio.wait_for(process.wait(), PATIENCE_SECONDS) == 0

    engine = connect(f"sqlite:///{tmp_path / 'contesta.db'}")
    upgrade(engine)
    ledger = Ledger(engine)
    scene(play)
    assert differences(ledger, [log]) == []
    engine.dispose()
