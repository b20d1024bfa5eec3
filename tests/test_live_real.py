"""Real calls on a running line: the live engine beside figures made from queue_log, every second and at rest."""

import asyncio
import contextlib
import json
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from contesta.live_feed import LiveFeed, begin
from contesta.reconciliation import files_of
from quality.metrics.agents import AgentState
from quality.metrics.aggregate import Aggregate, Period
from quality.metrics.figures import Tally
from quality.metrics.live import Snapshot
from telephony.phone import Phone
from telephony.queue_log.visits import LogVisits
from tests.people import advisers_at_work, callers_phone, choose_an_adviser, random_mobile
from tests.running import RunningLine, eventually

TALK_SECONDS = 4
PATIENCE_SECONDS = 60
IMPATIENT, PATIENT = 2, 5


def from_log(line: RunningLine) -> Aggregate:
    """Today's figures from the log alone."""
    zone = ZoneInfo(line.settings.timezone)
    today = datetime.now(zone).date()
    figures = Aggregate(zone, period=Period(first=today, last=today))
    for visits in LogVisits(files_of(line.settings.queue_log)):
        figures.add(visits)
    return figures


def tables(figures: Aggregate) -> object:
    """All that both must agree on: the log does not know time on hold."""

    def known(tally: Tally) -> Tally:
        return replace(tally, hold_ms=0)

    return (
        known(figures.total()),
        {name: known(tally) for name, tally in figures.by_queue().items()},
        {when: known(tally) for when, tally in figures.by_quarter_hour().items()},
        {name: replace(tally, hold_ms=0) for name, tally in figures.by_agent.items()},
    )


@contextlib.asynccontextmanager
async def feeding(line: RunningLine) -> AsyncIterator[LiveFeed]:
    feed = await asyncio.to_thread(begin, line.settings, datetime.now(UTC))
    running = asyncio.create_task(feed.run())
    async with asyncio.timeout(PATIENCE_SECONDS):
        await feed.connected.wait()
    yield feed
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def impatient(line: RunningLine, phone: Phone, number: str) -> None:
    """Choose an adviser, and hang up some seconds later."""
    call = await phone.dial(line.number, from_number=number)
    await choose_an_adviser(line, call)
    with contextlib.suppress(TimeoutError):
        await call.wait_ended(9)
    call.hang_up()


async def patient(line: RunningLine, phone: Phone, number: str) -> None:
    """Choose an adviser, talk, and hang up in the survey."""
    call = await phone.dial(line.number, from_number=number)
    await choose_an_adviser(line, call)
    with contextlib.suppress(TimeoutError):
        await call.wait_ended(25)
    call.hang_up()


def in_step(live: Snapshot, log: Aggregate) -> None:
    """What must hold while calls go on: both are sums, and differ by no more than what is under way."""
    told = log.total()
    assert live.balances
    assert told.remainder == 0
    for figure in ("offered", "answered", "abandoned"):
        assert abs(getattr(live.total, figure) - getattr(told, figure)) <= IMPATIENT + PATIENT
    assert sum(tally.offered for tally in live.today.by_quarter_hour().values()) == live.total.offered
    assert sum(live.agents_by_state.values()) == len(live.agents)


async def watch(line: RunningLine, feed: LiveFeed, seen: list[Snapshot]) -> None:
    while True:
        log = await asyncio.to_thread(from_log, line)
        seen.append(feed.engine.snapshot(datetime.now(UTC)))
        in_step(seen[-1], log)
        await asyncio.sleep(1)


async def equal_at_rest(line: RunningLine, feed: LiveFeed) -> None:
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        live = feed.engine.snapshot(datetime.now(UTC))
        log = await asyncio.to_thread(from_log, line)
        if tables(live.today) == tables(log) and not live.open_calls:
            return
        assert asyncio.get_running_loop().time() < deadline, (tables(live.today), tables(log), live.open_calls)
        await asyncio.sleep(0.5)


def test_live_figures_are_those_of_the_log(line: RunningLine) -> None:
    chance, seen = random.Random(31), list[Snapshot]()

    async def scene() -> None:
        async with feeding(line) as feed, callers_phone(line) as phone:
            await equal_at_rest(line, feed)
            before = feed.engine.snapshot(datetime.now(UTC)).total
            watching = asyncio.create_task(watch(line, feed, seen))
            async with advisers_at_work(line, TALK_SECONDS, count=2), asyncio.TaskGroup() as tasks:
                for place in range(IMPATIENT + PATIENT):
                    behave = impatient if place < IMPATIENT else patient
                    tasks.create_task(behave(line, phone, random_mobile(chance)))
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            await equal_at_rest(line, feed)
            after = feed.engine.snapshot(datetime.now(UTC))
            assert after.total.offered == before.offered + IMPATIENT + PATIENT
            assert after.waiting == ()
            assert after.late == 0
            await equal_when_begun_anew(line, after)

    asyncio.run(scene())
    assert max(len(snapshot.waiting) for snapshot in seen) >= 2
    assert max(snapshot.agents_by_state[AgentState.TALKING] for snapshot in seen) == 2
    assert any(snapshot.queues[line.queue].free == 2 for snapshot in seen)
    assert all(snapshot.agents_by_state[AgentState.SIGNED_OUT] >= 4 for snapshot in seen)


async def equal_when_begun_anew(line: RunningLine, live: Snapshot) -> None:
    """The command as it is typed begins from the ledger, and tells the same."""
    typed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "contesta", "live", "--json"],
        env=os.environ | line.settings.as_child_environment(),
        capture_output=True,
        check=True,
    )
    told = json.loads(typed.stdout)
    assert told["connected"]
    assert told["balances"]
    assert told["today"]["totals"]["offered"] == live.total.offered
    assert told["today"]["totals"]["answered"] == live.total.answered
    assert told["queues"][line.queue]["waiting"] == 0
    assert {agent["agent"] for agent in told["agents"]} >= {member.name for member in line.accounts.members}


def test_listener_reconciles_once_the_manager_interface_is_there(line: RunningLine) -> None:
    told = line.settings.log_dir / "listen.log"

    def reconciled() -> list[dict[str, object]]:
        entries = [json.loads(text) for text in told.read_text(encoding="utf-8").splitlines() if text.startswith("{")]
        return [entry for entry in entries if entry["event"] == "reconciled"]

    first = eventually(reconciled, seconds=PATIENCE_SECONDS, what="reconciled")[0]
    assert (first["reason"], first["found"], first["remaining"]) == ("gap", 0, 0)
