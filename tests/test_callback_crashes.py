"""Workers of promised calls are killed and cut off at random moments: nobody rings twice at once, or too often."""

import asyncio
import contextlib
import random
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from sqlalchemy import Engine

from callback_queue.policy import rules_of
from callback_queue.request import Place, Reason, Result
from storage.callback_list import CallbackFilter, CallbackLists
from storage.callbacks import Callbacks
from storage.ledger import Ledger
from tests.callbacks import NOW, wish
from tests.killed_diallers import line
from tests.ringing_network import Citizen, RingingNetwork

REQUESTS = 16
DEADLINE_SECONDS = 150
LIVES = {
    ("talks",): (1, Reason.TALKED),
    ("busy",): (3, Reason.TOO_MANY_ATTEMPTS),
    ("machine",): (2, Reason.TOO_MANY_ATTEMPTS),
    ("busy", "refused", "talks"): (3, Reason.TALKED),
}
"""What citizens do at each ring, and so how often their telephone rings and how it ends."""


@contextlib.asynccontextmanager
async def serving(network: RingingNetwork) -> AsyncIterator[int]:
    server = await asyncio.start_server(network.serve, "127.0.0.1", 0)
    tail = asyncio.create_task(network.tail(), name="tail")
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        tail.cancel()
        server.close()
        for writer in network.writers:
            writer.transport.abort()


async def cut_again_and_again(network: RingingNetwork, chance: random.Random) -> None:
    while True:
        await asyncio.sleep(chance.uniform(1, 4))
        if network.writers:
            chance.choice(network.writers).transport.abort()


def all_over(engine: Engine) -> bool:
    return CallbackLists(engine).count(CallbackFilter(open_only=True)) == 0


async def crash(engine: Engine, workers: int, requests: int, seed: int) -> tuple[RingingNetwork, dict[str, str], int]:
    """Let all requests be worked by workers that are killed; returns the network and each number's request."""
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
    network = RingingNetwork(Ledger(engine), citizens, seed)
    url = engine.url.render_as_string(hide_password=False)
    async with serving(network) as port:
        program = (sys.executable, "-m", "tests.killed_diallers", url, str(port), str(workers), str(seed))
        killing = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE)
        cutting = asyncio.create_task(cut_again_and_again(network, chance))
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                while not await asyncio.to_thread(all_over, engine):
                    await asyncio.sleep(0.3)
                    assert killing.returncode is None
        except TimeoutError:
            left = CallbackLists(engine).page(CallbackFilter(open_only=True)).requests
            raise AssertionError([(one.state, one.due_at, one.lease, one.attempts[-1:]) for one in left]) from None
        finally:
            cutting.cancel()
            killing.terminate()
            told, _ = await killing.communicate()
    return network, ids, int(told.split()[-1])


def test_killed_and_cut_off(engine: Engine) -> None:
    workers = 1 if engine.dialect.name == "sqlite" else 2
    network, ids, kills = asyncio.run(crash(engine, workers, REQUESTS, seed=20260601))
    store = Callbacks(engine)
    assert kills >= 1
    assert network.twice_at_once == []
    assert set(network.ids.values()) == {1}
    lives = list(LIVES)
    for index, (number, request_id) in enumerate(ids.items()):
        request = store.get(request_id)
        assert request
        rings, reason = LIVES[lives[index % len(lives)]]
        assert (network.rings[number], request.reason) == (rings, reason), request.steps
        assert rings == sum(attempt.result is not Result.NOT_DIALLED for attempt in request.attempts)
