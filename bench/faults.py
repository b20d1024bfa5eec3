"""What callers notice when parts of the line fail: callers dropped, and the silence they hear, on real calls.

Each caller presses 1 somewhere in the welcome or the menu and is watched until queue_log says that the queue has them.
Silence is the longest pause in what their telephone received. The first row, with nothing broken, is the baseline: the
pauses of the prompts themselves.
"""

import asyncio
import contextlib
import os
import random
import re
import signal
import socket
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
from playwright.async_api import expect

from contesta import processes
from contesta.run import STEADY_SECONDS
from telephony.phone import Phone
from telephony.phone.audio import RATE_HZ, decoded
from tests.people import call_until_queued, callers_phone, random_mobile
from tests.running import RunningLine, eventually, start_line
from tests.test_board_page_real import board

QUIET_SAMPLE = 64  # about -54 dBFS
WINDOW = RATE_HZ // 50
WEB_KILLS = 3


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


async def web_killed(line: RunningLine) -> None:
    """Kill the web process under an open board: when it tells again, and when the page has found that out."""
    async with board(line) as page:
        await expect(page.locator(".trust")).to_have_text(re.compile("En vivo"), timeout=60_000)
        for _ in range(WEB_KILLS):
            await asyncio.sleep(STEADY_SECONDS + 1)  # then it is started anew at once
            async with page.expect_response(lambda answer: answer.url.endswith("/board/stream")) as found:
                gone, began = await asyncio.to_thread(line.kill, "web"), time.monotonic()
                while processes.holder(line.settings.run_dir, "web") in {None, gone}:  # noqa: ASYNC110  another process is what is waited for
                    await asyncio.sleep(0.01)
                started = time.monotonic() - began
                while not await asyncio.to_thread(listens, line.settings.web_port):  # noqa: ASYNC110  as above
                    await asyncio.sleep(0.01)
                listening = time.monotonic() - began
                await found.value
            back = time.monotonic() - began
            print(
                f"  {'web process killed':34} another one after {started:.1f} s, which listens after {listening:.1f} s;"
                f" the page follows again after {back:.1f} s",
                flush=True,
            )


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


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
        asyncio.run(web_killed(line))
        asterisk_killed(line)


if __name__ == "__main__":
    main()
