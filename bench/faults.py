"""What callers notice when parts of the line fail: callers dropped, and the silence they hear, on real calls.

Each caller presses 1 somewhere in the welcome or the menu and is watched until queue_log says that the queue has them.
Silence is the longest pause in what their telephone received. The first row, with nothing broken, is the baseline: the
pauses of the prompts themselves.
"""

import asyncio
import os
import random
import re
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np

from contesta import processes
from telephony.phone import Phone
from telephony.phone.audio import RATE_HZ, decoded
from tests.people import call_until_queued, callers_phone, random_mobile
from tests.running import RunningLine, eventually, start_line

QUIET_SAMPLE = 64  # about -54 dBFS
WINDOW = RATE_HZ // 50


def longest_silence_seconds(mulaw: bytes) -> float:
    """Return the longest run of 20 ms windows without a sample louder than `QUIET_SAMPLE`."""
    samples = np.abs(decoded(mulaw[: len(mulaw) // WINDOW * WINDOW]).astype(np.int32)).reshape(-1, WINDOW).max(axis=1)
    runs = re.findall(b"\x01+", (samples < QUIET_SAMPLE).astype(np.uint8).tobytes())
    return max(map(len, runs), default=0) * WINDOW / RATE_HZ


async def callers(line: RunningLine, count: int, per_second: float) -> tuple[int, list[float]]:
    """Make calls; how many did not reach the queue, and the longest silence of each."""
    chance = random.Random(count)

    async def one(phone: Phone, number: str) -> tuple[bool, float]:
        fate = await call_until_queued(line, phone, number, press_after=chance.uniform(0.2, 6.0))
        return fate.reached_queue, longest_silence_seconds(fate.heard)

    async with callers_phone(line) as phone, asyncio.TaskGroup() as group:
        tasks = []
        for number in {random_mobile(chance) for _ in range(count)}:
            tasks.append(group.create_task(one(phone, number)))
            await asyncio.sleep(1 / per_second)
    results = [task.result() for task in tasks]
    return sum(not reached for reached, _ in results), [silence for _, silence in results]


async def meanwhile(
    breaking: Callable[[], Coroutine[Any, Any, None]], calls: Awaitable[tuple[int, list[float]]]
) -> tuple[int, list[float]]:
    task = asyncio.create_task(breaking())
    try:
        return await calls
    finally:
        task.cancel()


def report(name: str, dropped: int, silences: list[float]) -> None:
    p50, p99 = np.percentile(silences, [50, 99])
    print(
        f"  {name:34} dropped {dropped:3d} of {len(silences):3d}   silence p50 {p50:4.1f} s, p99 {p99:4.1f} s",
        flush=True,
    )


def asterisk_killed(line: RunningLine) -> None:
    pid = line.asterisk.pid
    began = time.monotonic()
    line.asterisk.kill()
    eventually(lambda: line.asterisk.pid not in {None, pid} and line.asterisk.running(), what="Asterisk back")
    back = time.monotonic() - began
    dropped, _ = asyncio.run(callers(line, 1, 1))
    eventually(lambda: len(line.ledger().open_calls()) == 0, what="calls closed")
    print(f"  {'Asterisk killed':34} answers again after {back:.1f} s; next caller {'lost' if dropped else 'served'}")


def main() -> None:
    with start_line(Path(tempfile.mkdtemp(prefix="contesta-bench-"))) as line:
        report("nothing", *asyncio.run(callers(line, 100, 8)))

        async def killing() -> None:
            while True:
                await asyncio.sleep(0.9)
                await asyncio.to_thread(line.kill, "agi")

        report("scripts' server killed each 0.9 s", *asyncio.run(meanwhile(killing, callers(line, 200, 8))))

        async def stopping() -> None:
            await asyncio.sleep(1)
            os.kill(line.pid("agi"), signal.SIGSTOP)

        report("scripts' server stopped (SIGSTOP)", *asyncio.run(meanwhile(stopping, callers(line, 40, 8))))
        os.kill(line.pid("run"), signal.SIGSTOP)
        gone = line.kill("agi")
        eventually(lambda: processes.holder(line.settings.run_dir, "agi") != gone)
        report("scripts' server absent", *asyncio.run(callers(line, 40, 8)))
        os.kill(line.pid("run"), signal.SIGCONT)
        asterisk_killed(line)


if __name__ == "__main__":
    main()
