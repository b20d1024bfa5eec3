"""The feed of a service that runs for long: through refusals, unreadable logs and floods, and beside other work."""

import asyncio
import contextlib
import gc
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from contesta.from_ledger import present
from contesta.listener import LOG_NAME
from contesta.live_feed import Begun, LiveFeed
from core.errors import ConfigurationError
from quality.metrics.agents import AgentState
from quality.metrics.figures import Thresholds
from quality.metrics.live import LiveEngine
from storage.ledger import Ledger
from telephony.ami.connection import Account
from tests.fake_manager import SECRET, USER, FakeManager, fake_manager
from tests.stories import START, at, events_of, lines, log_of, uid
from tests.test_listener import waiting
from tests.test_live import tables

ZONE = ZoneInfo("America/Bogota")
PATIENCE_SECONDS = 60


def nothing() -> Begun:
    return Begun(engine=LiveEngine(ZONE), position=None)


@contextlib.asynccontextmanager
async def feeding(
    log: Path,
    fake: FakeManager,
    *,
    account: Callable[[], Account] | None = None,
    anew: Callable[[], Begun] = nothing,
    anew_seconds: float = 1000,
) -> AsyncIterator[LiveFeed]:
    known = Account(port=fake.port, username=USER, secret=SECRET)
    feed = LiveFeed(nothing(), anew, account or (lambda: known), log, anew_seconds=anew_seconds, refused_seconds=0.05)
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


def scene(play: Callable[[FakeManager], Awaitable[None]]) -> None:
    async def run() -> None:
        async with fake_manager() as fake:
            await play(fake)

    asyncio.run(run())


def test_an_account_that_is_refused_is_read_again_until_it_is_right(tmp_path: Path) -> None:
    async def play(fake: FakeManager) -> None:
        asked = 0

        def account() -> Account:
            nonlocal asked
            asked += 1
            if asked == 1:
                raise ConfigurationError("no hay secretos")
            return Account(port=fake.port, username=USER, secret=SECRET if asked > 2 else "otra")

        async with feeding(tmp_path / "queue_log", fake, account=account) as feed:
            await eventually(feed.connected.is_set, "the account is right")
            assert feed.trouble == ""
        assert asked == 3

    scene(play)


def test_why_it_is_not_connected_and_since_when(tmp_path: Path) -> None:
    async def play(fake: FakeManager) -> None:
        async with feeding(tmp_path / "queue_log", fake) as feed:
            assert feed.connected_since is None
            before = datetime.now(UTC)
            await eventually(feed.connected.is_set, "connected")
            assert feed.connected_since is not None
            assert before <= feed.connected_since <= datetime.now(UTC)
            connected_since = feed.connected_since
            fake.mute.add("Login")
            fake.cut()
            await eventually(lambda: not feed.connected.is_set(), "cut")
            assert feed.connected_since > connected_since
            await eventually(lambda: "manager" in feed.trouble, "it says why")

    scene(play)


def test_a_log_that_cannot_be_read_is_said_and_read_later(tmp_path: Path) -> None:
    log = tmp_path / "queue_log"
    log.mkdir()

    async def play(fake: FakeManager) -> None:
        async with feeding(log, fake) as feed:
            await eventually(lambda: "No se puede leer queue_log" in feed.trouble, "it is said")
            await fake.send(waiting(1))
            await eventually(lambda: feed.engine.snapshot(at(20)).total.waiting == 1, "who waits is known all the same")
            log.rmdir()
            log.write_text("".join(f"{line}\n" for line in lines(0)), encoding="utf-8")
            await eventually(lambda: feed.engine.snapshot(at(60)).total.answered == 1, "the log is read")
            assert feed.trouble == ""

    scene(play)


def test_changed_returns_once_for_news_and_waits_for_more(tmp_path: Path) -> None:
    async def play(fake: FakeManager) -> None:
        async with feeding(tmp_path / "queue_log", fake) as feed:
            await eventually(feed.connected.is_set, "connected")
            await feed.changed()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(feed.changed(), 0.3)
            next_one = asyncio.create_task(feed.changed())
            await fake.send(waiting(1))
            await asyncio.wait_for(next_one, PATIENCE_SECONDS)
            assert len(feed.engine.snapshot(at(20)).waiting) == 1

    scene(play)


def test_what_came_too_late_is_there_after_it_began_anew(engine: Engine, tmp_path: Path) -> None:
    """The log stops for long and then tells all; the listener has it in the ledger, and so has the feed."""
    ledger, log = Ledger(engine), tmp_path / "queue_log"
    now = datetime.now(UTC)
    shift = int(now.timestamp()) - START - 100

    def told(call: int) -> list[str]:
        return [f"{int(line.split('|')[0]) + shift}{line[line.index('|') :]}" for line in lines(call)]

    def anew() -> Begun:
        begun, _ = present(engine, ZONE, Thresholds(), datetime.now(UTC), LOG_NAME)
        return Begun(engine=begun, position=None)

    async def play(fake: FakeManager) -> None:
        async with feeding(log, fake, anew=anew, anew_seconds=0.2) as feed:
            await eventually(feed.connected.is_set, "connected")
            await fake.send_member("QueueMemberStatus", time.time(), "Eva", 1)
            first = feed.engine
            for _ in range(2):  # the second time, the call is forgotten already
                for event in events_of(told(2)):
                    first.take(event)
                first.settle(now + timedelta(hours=2))
            assert first.late > 0
            ledger.apply(events_of(told(0) + told(2)))
            await eventually(lambda: feed.engine is not first, "another engine")
            await eventually(lambda: feed.engine.snapshot(datetime.now(UTC)).total.answered == 1, "it has the ledger's")
            shown = feed.engine.snapshot(datetime.now(UTC))
            assert shown.total.abandoned == 1
            assert {one.agent: one.state for one in shown.agents}["Eva"] is AgentState.AVAILABLE

    scene(play)


def test_what_an_adviser_says_late_of_a_call_is_there_at_once(engine: Engine, tmp_path: Path) -> None:
    """The call is forgotten already, and the feed begins anew by itself but once in a long while."""
    ledger, log = Ledger(engine), tmp_path / "queue_log"
    shift = int(time.time()) - START - 300
    told = [f"{int(line.split('|')[0]) + shift}{line[line.index('|') :]}" for line in lines(0)]
    channel, queue, agent = next(line.split("|")[1:4] for line in told if "|CONNECT|" in line)
    now = int(time.time())
    word = f"{now}|{channel}|{queue}|{agent}|TIPIFICACION|rucom|RUCOM|solved|{agent}|0|{now}"
    log.write_text("".join(f"{line}\n" for line in told), encoding="utf-8")

    def anew() -> Begun:
        begun, _ = present(engine, ZONE, Thresholds(), datetime.now(UTC), LOG_NAME)
        return Begun(engine=begun, position=None)

    def disposed(feed: LiveFeed) -> int:
        return feed.engine.snapshot(datetime.now(UTC)).total.disposed

    async def play(fake: FakeManager) -> None:
        async with feeding(log, fake, anew=anew) as feed:
            await eventually(lambda: feed.engine.snapshot(datetime.now(UTC)).total.answered == 1, "the log is read")
            feed.engine.settle(datetime.now(UTC) + timedelta(hours=1))
            assert disposed(feed) == 0
            ledger.apply(events_of([*told, word]))
            with log.open("a", encoding="utf-8") as file:
                file.write(f"{word}\n")
            await eventually(lambda: disposed(feed) == 1, "the board has what the adviser said")

    scene(play)


def test_a_feed_that_begins_from_the_ledger_equals_one_that_was_told_all(engine: Engine) -> None:
    events = events_of(log_of(range(200)))
    Ledger(engine).apply(events)
    whole = LiveEngine(ZONE)
    for event in events:
        whole.take(event)
    begun, position = present(engine, ZONE, Thresholds(), at(1000), LOG_NAME)
    assert position is None
    assert tables(begun.snapshot(at(1000)).today) == tables(whole.snapshot(at(1000)).today)


def test_others_have_their_turn_while_a_flood_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand facts at once: after each slice, here of one fact, others on the same loop have their turn."""
    monkeypatch.setattr("contesta.live_feed.SLICE_SECONDS", 0)
    turns = 0

    async def page() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async def play(fake: FakeManager) -> None:
        async with feeding(tmp_path / "queue_log", fake) as feed:
            await eventually(feed.connected.is_set, "connected")
            serving = asyncio.create_task(page())
            await fake.send(b"".join(waiting(call) for call in range(5000)))
            await feed.changed()
            await eventually(lambda: len(feed.engine.snapshot(at(20_000)).waiting) > 4000, "all is taken")
            serving.cancel()
            assert turns > 5000

    scene(play)


def _resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _waits(feed: LiveFeed, call: int) -> bool:
    return any(one.call_id == uid(call) for one in feed.engine.snapshot(at(3 * call + 60)).waiting)


def test_memory_is_flat_however_long_it_runs(tmp_path: Path) -> None:
    def batch(first: int) -> bytes:
        return b"".join(
            f"Event: Hangup\r\nTimestamp: {START + call:.6f}\r\nUniqueid: {uid(call)}\r\nLinkedid: {uid(call)}\r\n"
            f"Cause: 16\r\n\r\n".encode()
            for call in range(first, first + 2000)
        )

    async def play(fake: FakeManager) -> None:
        async with feeding(tmp_path / "queue_log", fake) as feed:
            await eventually(feed.connected.is_set, "connected")
            sizes = []
            for first in range(0, 60_000, 2000):
                last = first + 2000  # waits until the next round: once it is known, all before it was taken
                await fake.send(waiting(first) + batch(first) + waiting(last))
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while not _waits(feed, last):
                        await feed.changed()
                feed.engine.settle(at(3 * first + 100_000))
                if first in {40_000, 58_000}:
                    sizes.append(_resident_bytes())
            assert sizes[1] - sizes[0] < 8_000_000

    scene(play)
