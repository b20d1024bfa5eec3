"""Workers of promised calls are killed and cut off at random moments: nobody rings twice at once, or too often.

`python -m bench.callback_faults` does the same with 500 requests.
"""

import asyncio
import contextlib
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from callback_queue.policy import rules_of
from callback_queue.request import Place, Reason, Result, State
from storage.callback_list import CallbackFilter, CallbackLists
from storage.callbacks import Callbacks
from storage.database import connect
from storage.ledger import Ledger
from storage.migrate import upgrade
from tests.callbacks import NOW, wish
from tests.databases import PostgreSqlServer
from tests.databases import serving as serving_database
from tests.killed_diallers import line
from tests.ringing_network import Citizen, RingingNetwork

REQUESTS = 16
DOWN_SECONDS = 1.0
DEADLINE_SECONDS = 150
LIVES = {
    ("talks",): (1, Reason.TALKED),
    ("busy",): (3, Reason.TOO_MANY_ATTEMPTS),
    ("machine",): (2, Reason.TOO_MANY_ATTEMPTS),
    ("busy", "refused", "talks"): (3, Reason.TALKED),
}
"""What citizens do at each ring, and so how often their telephone rings and how it ends."""


@dataclass(slots=True, kw_only=True)
class Run:
    """A network, each number's request, and what was broken. `died`: workers that ended without being killed."""

    network: RingingNetwork
    ids: dict[str, str]
    kills: int = 0
    died: int = 0
    cuts: int = 0


@contextlib.asynccontextmanager
async def serving(network: RingingNetwork) -> AsyncIterator[tuple[int, asyncio.Task[None]]]:
    server = await asyncio.start_server(network.serve, "127.0.0.1", 0)
    tail = asyncio.create_task(network.tail(), name="tail")
    try:
        yield server.sockets[0].getsockname()[1], tail
    finally:
        tail.cancel()
        server.close()
        for writer in network.writers:
            writer.transport.abort()


async def cut_again_and_again(run: Run, chance: random.Random) -> None:
    while True:
        await asyncio.sleep(chance.uniform(1, 4))
        if writers := [writer for writer in run.network.writers if not writer.transport.is_closing()]:
            chance.choice(writers).transport.abort()
            run.cuts += 1


def left_open(engine: Engine) -> int | None:
    """Count what is not over; None while the database is down."""
    with contextlib.suppress(OperationalError, InterfaceError):
        return CallbackLists(engine).count(CallbackFilter(open_only=True))
    return None


async def crash(  # noqa: PLR0913  what is run, and for how long
    engine: Engine,
    workers: int,
    requests: int,
    seed: int,
    *,
    advisers: int = 8,
    deadline_seconds: float = DEADLINE_SECONDS,
    lease_seconds: float = 2,
    breaking: Callable[[], None] | None = None,
) -> Run:
    """Let all requests be worked by workers that are killed. `breaking` is done once, when a quarter is over."""
    chance = random.Random(seed)
    there, store = line(), Callbacks(engine)
    lives = list(LIVES)
    citizens = {f"300{number:07}": Citizen(does=lives[number % len(lives)]) for number in range(requests)}
    ids = {}
    for number in citizens:
        asked = wish(
            telephone=f"+57{number}",
            origin=f"web:{number}",
            line=there.name,
            place=Place(queue=there.queue.name, since=NOW),
        )
        ids[number] = store.ask(asked, rules_of(there), datetime.now(UTC)).request.id
    run = Run(network=RingingNetwork(Ledger(engine), citizens, seed, advisers), ids=ids)
    url = engine.url.render_as_string(hide_password=False)
    async with serving(run.network) as (port, tail):
        program = (
            sys.executable,
            "-m",
            "tests.killed_diallers",
            url,
            str(port),
            str(workers),
            str(seed),
            str(lease_seconds),
        )
        killing = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE)
        cutting = asyncio.create_task(cut_again_and_again(run, chance))
        try:
            async with asyncio.timeout(deadline_seconds) as deadline:
                while (left := await asyncio.to_thread(left_open, engine)) != 0:
                    await asyncio.sleep(0.3)
                    assert killing.returncode is None
                    if tail.done():
                        tail.result()
                    if breaking and left is not None and left < requests * 3 / 4:
                        await asyncio.to_thread(breaking)
                        breaking = None
        except TimeoutError:
            if not deadline.expired():
                raise
            lists = CallbackLists(engine)
            some = lists.page(CallbackFilter(open_only=True), size=8).requests
            each = [(one.state, one.due_at, one.lease, one.attempts[-1:]) for one in some]
            raise AssertionError(f"{lists.pending(datetime.now(UTC)).by_state}, such as {each}") from None
        finally:
            cutting.cancel()
            killing.terminate()
            told, _ = await killing.communicate()
    run.kills, run.died = map(int, told.split()[-2:])
    return run


def broken_promises(run: Run, store: Callbacks) -> list[str]:
    """Say of which requests the telephone did not ring as often as their policy says, or which ended otherwise."""
    lives = list(LIVES)
    broken = []
    for index, (number, request_id) in enumerate(run.ids.items()):
        request = store.get(request_id)
        assert request
        rings, reason = LIVES[lives[index % len(lives)]]
        rang = sum(attempt.result is not Result.NOT_DIALLED for attempt in request.attempts)
        if (run.network.rings[number], request.reason, rang) != (rings, reason, rings):
            broken.append(f"{number}: {run.network.rings[number]} rings of {rings}, {request.steps}")
    return broken


def met(run: Run, store: Callbacks) -> Counter[State]:
    """Count requests in whose midst a worker was lost, by how far each was: claimed, dialling, answered, connected."""
    found: Counter[State] = Counter()
    for request_id in run.ids.values():
        request = store.get(request_id)
        steps = request.steps if request else ()
        found.update(State.CLAIMED for step in steps if step.event == "LeaseEnded")
        found.update(step.state for step in steps if step.event == "Adopted")
    return found


def judge(run: Run, store: Callbacks) -> None:
    assert (run.kills >= 1, run.died) == (True, 0)
    assert met(run, store).total() >= 1, "workers were killed while they had nothing to do"
    assert run.network.twice_at_once == []
    assert set(run.network.ids.values()) == {1}
    assert broken_promises(run, store) == []


def test_one_worker_on_sqlite_is_killed_and_cut_off(sqlite_engine: Engine) -> None:
    run = asyncio.run(crash(sqlite_engine, 1, REQUESTS, seed=20260601))
    judge(run, Callbacks(sqlite_engine))


def test_three_workers_are_killed_and_cut_off_and_so_is_their_database() -> None:
    with serving_database() as server:
        killed: list[PostgreSqlServer] = []

        def breaking() -> None:
            server.kill()
            time.sleep(DOWN_SECONDS)
            server.start()
            killed.append(server)

        engine = connect(server.empty_database())
        upgrade(engine)
        run = asyncio.run(crash(engine, 3, REQUESTS, seed=20260601, breaking=breaking))
        assert killed
        judge(run, Callbacks(engine))
        engine.dispose()
