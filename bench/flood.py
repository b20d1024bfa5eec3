"""Floods of sign-ins and of open streams, and what another user notices: how long the board and a list of calls take.

Each sign-in comes from an address of its own (the process believes the proxy that says so) and tries an account of its
own, so that no limit of one address or account spares the password hashing. Streams are asked for by one person with
as many sessions as one may have, again each second where they are refused. With nobody else there is the baseline.
"""

import asyncio
import contextlib
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Final

import numpy as np
from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

from bench.board import cookies_of, until_served, web_process
from contesta.settings import LOCALHOST, Settings
from contesta.web import sessions
from contesta.web.access import Role
from storage.database import connect
from storage.ledger import Ledger
from storage.migrate import upgrade
from tests.ports import free_port
from tests.stories import events_of, log_of
from tests.web import sessions_of

SECONDS: Final = 12
AT_ONCE: Final = 100
PAUSE_SECONDS: Final = 0.05
STREAMS: Final = 500
SESSIONS: Final = 10
ASKED: Final = ("/api/v1/board", "/llamadas")
Flood = Callable[[Counter[int]], Coroutine[None, None, None]]


async def other_user(address: str, cookie: str) -> list[float]:
    """Ask for one thing after the other; how many milliseconds each took."""
    took = []
    async with ClientSession(address, headers=with_cookie(cookie)) as session:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for path in ASKED:
                began = time.perf_counter()
                async with session.get(path) as answer:
                    assert answer.status == 200, answer.status
                    await answer.read()
                took.append(1000 * (time.perf_counter() - began))
            await asyncio.sleep(PAUSE_SECONDS)
    return took


def with_cookie(cookie: str) -> dict[str, str]:
    return {"Cookie": f"{sessions.COOKIE}={cookie}"}


@contextlib.asynccontextmanager
async def flooded(flood: Flood) -> AsyncIterator[Counter[int]]:
    """Give how often each status was answered while the block runs."""
    answered: Counter[int] = Counter()
    running = asyncio.create_task(flood(answered))
    yield answered
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def nothing(_answered: Counter[int]) -> None:
    await asyncio.Event().wait()


def sign_ins(address: str) -> Flood:
    chance = random.Random(1)

    async def one(session: ClientSession, answered: Counter[int]) -> None:
        while True:
            place = ".".join(str(chance.randrange(1, 250)) for _ in range(4))
            form = {"login": f"persona.{chance.randrange(10**9)}", "password": "una clave que no es"}
            headers = {"X-Forwarded-For": place, "Sec-Fetch-Site": "same-origin"}
            async with session.post("/ingreso", data=form, headers=headers, allow_redirects=False) as answer:
                answered[answer.status] += 1
                await answer.read()

    async def flood(answered: Counter[int]) -> None:
        async with ClientSession(address, connector=TCPConnector(limit=0)) as session, asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(one(session, answered))

    return flood


def streams(address: str, cookies: list[str]) -> Flood:
    async def one(session: ClientSession, cookie: str, answered: Counter[int]) -> None:
        while True:
            with contextlib.suppress(ClientError):
                async with session.get("/api/v1/board/stream", headers=with_cookie(cookie)) as answer:
                    answered[answer.status] += 1
                    async for _ in answer.content.iter_any():
                        pass
            await asyncio.sleep(1)

    async def flood(answered: Counter[int]) -> None:
        wait_long = ClientTimeout(total=None)
        async with (
            ClientSession(address, connector=TCPConnector(limit=0), timeout=wait_long) as session,
            asyncio.TaskGroup() as tasks,
        ):
            for number in range(STREAMS):
                tasks.create_task(one(session, cookies[number % len(cookies)], answered))

    return flood


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="contesta-bench-") as folder:
        ports = {"manager_port": free_port(), "web_port": free_port(), "web_proxy": LOCALHOST}
        settings = Settings.model_validate({"data_dir": Path(folder), **ports})
        engine = connect(settings.ledger_url)
        upgrade(engine)
        Ledger(engine).apply(events_of(log_of(range(400))))
        (other,), attackers = cookies_of(engine, 1), sessions_of(engine, Role.SUPERVISOR, SESSIONS)
        address = settings.web_address.rstrip("/")
        with web_process(settings):
            await until_served(address, other, calls=0)
            floods = {
                "nobody else": nothing,
                f"sign-ins, {AT_ONCE} at once": sign_ins(address),
                f"{STREAMS:,} streams wanted": streams(address, attackers),
            }
            usual = 0.0
            for name, flood in floods.items():
                async with flooded(flood) as answered:
                    await asyncio.sleep(1)
                    took = await other_user(address, other)
                p50, p99 = np.percentile(took, [50, 99])
                usual = usual or float(p99)
                said = ", ".join(f"{count:,} answers {status}" for status, count in sorted(answered.items()))
                print(
                    f"  {name:28} another user: p50 {p50:4.0f} ms, p99 {p99:4.0f} ms, ratio {p99 / usual:.1f}  {said}"
                )
        engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
