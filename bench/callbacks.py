"""Promised calls on PostgreSQL: claims per second, and how late telephones ring with a million requests waiting.

Claims: four connections of one program take what is due, one at a time, with only that in the table, and beside more
that was asked for before and waits for a later hour. The baseline is a bare loop (SELECT … FOR UPDATE SKIP LOCKED, the
state written in the same statement) on a table that has nothing else; procrastinate is the peer. Ours also keeps a
lease, and writes a step of the request's history.

Lateness: from when a request was due until the telephone system was told to ring, with a million waiting and more due
each second; everybody is busy. The worker is the service's own, in a process of its own. The baseline is the bare loop
with the order to ring, pausing as the service does where nothing more was due; it keeps no account of what it did.
"""

import asyncio
import contextlib
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import procrastinate
import psycopg
from sqlalchemy import Engine, insert, literal_column, select, text

from bench._dialling import line
from callback_queue import intake
from callback_queue.policy import promise, rules_of
from callback_queue.request import CallbackRequest, Filing, Place
from contesta.callbacks.service import ROUND_SECONDS
from storage.callback_codec import values
from storage.callback_tables import CallbackRow
from storage.callbacks import Callbacks
from storage.database import connect, table_of
from storage.ledger import Ledger
from storage.migrate import upgrade
from telephony.ami.client import Client
from telephony.ami.connection import Account
from telephony.dialler import Dialler, Ring
from tests.callbacks import wish
from tests.databases import serving
from tests.fake_manager import SECRET, USER
from tests.ringing_network import Citizen, RingingNetwork

CLAIMERS = 4
DUE = 6_000
LATER = 100_000
CLAIM_SECONDS = 4.0
LEASE = timedelta(minutes=10)

WAITING = 1_000_000
PER_SECOND = 200
SECONDS = 20
LEAD = timedelta(seconds=4)
ADVISERS = 600

NEXT = """
UPDATE job SET state = 'claimed' WHERE id IN (
  SELECT id FROM job WHERE state = 'waiting' AND due_at <= now() ORDER BY priority DESC, due_at
  LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING id
"""


def mebibytes(pid: int) -> float:
    """Return the most memory that a process had."""
    (told,) = (row for row in Path(f"/proc/{pid}/status").read_text().splitlines() if row.startswith("VmHWM:"))
    return int(told.split()[1]) / 1024


# -- requests


def request(number: int, due_at: datetime) -> CallbackRequest:
    """Make one that waits until it is due."""
    there = line()
    asked = wish(
        telephone=f"+57310{number:07}",
        line=there.name,
        place=Place(queue=there.queue.name, since=due_at),
        description="Quisiera saber en qué va mi solicitud de título minero, radicada hace un mes.",
        at=due_at,
    )
    owed = promise(rules_of(there), asked, due_at)
    begun = intake.begin(asked, owed, Filing(number=f"1{number:010}", code="ACEFHJ"), f"due-{number}", due_at)
    return replace(begun, steps=())


def fill(engine: Engine, due: list[CallbackRequest], later: int) -> None:
    """Fill the table: copies of one for the days that come, and what becomes due."""
    copied = request(9_999_999, datetime.now(UTC) + timedelta(days=1))
    rows = table_of(CallbackRow)
    anew = {
        "id": "'later-' || n",
        "telephone": "'+57320' || lpad(n::text, 7, '0')",
        "priority": "CASE WHEN n % 3 = 0 THEN 5 ELSE 1 END",
        "due_at": "due_at + n % 864000 * interval '1 second'",
    }
    series = text("generate_series(:first, :last) n").bindparams(first=1, last=later)
    chosen = [literal_column(anew[name]) if name in anew else column for name, column in rows.columns.items()]
    copies = select(*chosen).select_from(rows, series).where(rows.c.id == copied.id)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE callback CASCADE"))
        connection.execute(insert(CallbackRow), [values(copied), *map(values, due)])
        if later:
            connection.execute(insert(CallbackRow).from_select(list(rows.columns.keys()), copies))
    analyse(engine)


def fill_bare(engine: Engine, due: list[datetime], later: int) -> None:
    """Fill the table of the bare loop likewise."""
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS job"))
        connection.execute(text("CREATE TABLE job (id text PRIMARY KEY, priority int, due_at timestamptz, state text)"))
        connection.execute(text("CREATE INDEX ON job (priority DESC, due_at) WHERE state = 'waiting'"))
        connection.execute(
            text(
                "INSERT INTO job SELECT 'later-' || n, 5, now() + interval '1 day', 'waiting' "
                "FROM generate_series(1, :n) n"
            ),
            {"n": later},
        )
        rows = [{"id": str(number), "at": at} for number, at in enumerate(due)]
        if rows:
            connection.execute(text("INSERT INTO job VALUES (:id, 5, :at, 'waiting')"), rows)
    analyse(engine)


def address(engine: Engine) -> str:
    """Give the database's address for psycopg."""
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def analyse(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


# -- claims


def claims(claim: Callable[[int], int]) -> float:
    """Return claims per second of several threads; `claim` tells how many it took, 0 when nothing more is due."""
    counts, until, begun = [0] * CLAIMERS, time.perf_counter() + CLAIM_SECONDS, time.perf_counter()

    def run(number: int) -> None:
        while time.perf_counter() < until and (taken := claim(number)):
            counts[number] += taken

    threads = [threading.Thread(target=run, args=(number,)) for number in range(CLAIMERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - begun)


def bare_claims(engine: Engine, later: int) -> float:
    fill_bare(engine, [datetime.now(UTC)] * DUE, later)
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(psycopg.connect(address(engine), autocommit=True)) for _ in range(CLAIMERS)]
        return claims(lambda number: len(connections[number].execute(NEXT, (1,)).fetchall()))


def our_claims(engine: Engine, later: int, at_once: int) -> float:
    there, now = line(), datetime.now(UTC)
    fill(engine, [request(number, now) for number in range(DUE)], later)
    store = Callbacks(engine)

    def claim(number: int) -> int:
        return len(store.claim(f"w{number}", there.name, there.queue.name, now, LEASE, at_once))

    return claims(claim)


async def procrastinates_claims(engine: Engine, later: int) -> float:
    connector = procrastinate.PsycopgConnector(conninfo=address(engine), min_size=CLAIMERS, max_size=CLAIMERS)
    async with procrastinate.App(connector=connector).open_async() as app:
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()
        await app.connector.execute_query_async("TRUNCATE procrastinate_jobs CASCADE")
        jobs = "INSERT INTO procrastinate_jobs (queue_name, task_name, scheduled_at) SELECT 'atencion', 'ring', "
        for count, when in ((later, "now() + interval '1 day'"), (DUE, "now()")):
            await app.connector.execute_query_async(f"{jobs}{when} FROM generate_series(1, {count})")
        await app.connector.execute_query_async("ANALYZE")
        worker = await app.job_manager.register_worker()
        count, until, begun = 0, time.perf_counter() + CLAIM_SECONDS, time.perf_counter()

        async def run() -> None:
            nonlocal count
            while time.perf_counter() < until and await app.job_manager.fetch_job(["atencion"], worker):
                count += 1

        async with asyncio.TaskGroup() as tasks:
            for _ in range(CLAIMERS):
                tasks.create_task(run())
        return count / (time.perf_counter() - begun)


# -- lateness


class TimedNetwork(RingingNetwork):
    """A network that knows when each of its citizens was to be rung, and how late (s) each was."""

    def __init__(self, ledger: Ledger) -> None:
        self._busy: dict[str, Citizen] = {}
        super().__init__(ledger, self._busy, seed=1)
        self.members = [(f"Asesora {number}", 1, "") for number in range(ADVISERS)]
        self.late_seconds: list[float] = []
        self._due: dict[str, datetime] = {}

    def expect(self, due: dict[str, datetime]) -> None:
        """Have these citizens, to be rung then."""
        self._due.update(due)
        self._busy.update(dict.fromkeys(due, Citizen(does=("busy",))))

    def answer(self, headers: dict[str, str]) -> str:
        """Answer as ever."""
        if headers["Action"] == "Originate":
            number = headers["Channel"].removeprefix("Local/").partition("@")[0]
            self.late_seconds.append((datetime.now(UTC) - self._due[number]).total_seconds())
        return super().answer(headers)


@contextlib.asynccontextmanager
async def serving_network(network: TimedNetwork) -> AsyncIterator[int]:
    server = await asyncio.start_server(network.serve, "127.0.0.1", 0)
    tail = asyncio.create_task(network.tail())
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        tail.cancel()
        server.close()
        for writer in network.writers:
            writer.transport.abort()


def moments() -> Iterator[datetime]:
    """Yield when each request becomes due."""
    first = datetime.now(UTC) + LEAD
    return (first + timedelta(seconds=number / PER_SECOND) for number in range(PER_SECOND * SECONDS))


async def all_rung(network: TimedNetwork) -> list[float]:
    async with asyncio.timeout(3 * SECONDS):
        while len(network.late_seconds) < PER_SECOND * SECONDS:  # noqa: ASYNC110  the network counts, and does not call back
            await asyncio.sleep(0.05)
    return network.late_seconds


async def bare_lateness(engine: Engine) -> list[float]:
    fill_bare(engine, [], WAITING)
    network = TimedNetwork(Ledger(engine))
    due = dict(enumerate(moments()))
    network.expect({f"300{number:07}": at for number, at in due.items()})
    async with serving_network(network) as port:
        client = Client(Account(port=port, username=USER, secret=SECRET))
        async with client, await psycopg.AsyncConnection.connect(address(engine), autocommit=True) as connection:
            async with connection.cursor() as cursor:
                await cursor.executemany("INSERT INTO job VALUES (%s, 5, %s, 'waiting')", due.items())
            dialler = Dialler(client)

            async def work() -> None:
                while True:
                    taken = await (await connection.execute(NEXT, (ADVISERS,))).fetchall()
                    for (number,) in taken:
                        telephone = f"300{int(number):07}"
                        await dialler.ring(Ring(channel_id=number, telephone=telephone, ring_seconds=30, variables={}))
                    await asyncio.sleep(0 if taken else ROUND_SECONDS)

            working = asyncio.create_task(work())
            try:
                return await all_rung(network)
            finally:
                working.cancel()


async def our_lateness(engine: Engine) -> tuple[list[float], float, float]:
    """How late each was, the worker's memory (MiB) and the share of a core that it took."""
    fill(engine, [], WAITING)
    network = TimedNetwork(Ledger(engine))
    url = engine.url.render_as_string(hide_password=False)
    async with serving_network(network) as port:
        program = (sys.executable, "-m", "bench._dialling", url, str(port))
        worker = await asyncio.create_subprocess_exec(*program)
        try:
            while not network.logins:  # noqa: ASYNC110  the network does not call back
                await asyncio.sleep(0.05)
            requests = [request(number, at) for number, at in enumerate(moments())]
            network.expect({each.telephone.removeprefix("+57"): each.due_at for each in requests})
            with engine.begin() as connection:
                connection.execute(insert(CallbackRow), [values(each) for each in requests])
            begun, before = time.perf_counter(), cpu_seconds(worker.pid)
            late = await all_rung(network)
            busy = (cpu_seconds(worker.pid) - before) / (time.perf_counter() - begun)
            return late, mebibytes(worker.pid), busy
        finally:
            worker.kill()
            await worker.wait()


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


# -- all


def row(what: str, alone: float, beside: float, baseline: tuple[float, float]) -> None:
    print(
        f"{what:34} {alone:8,.0f}/s {alone / baseline[0]:6.2f}   {beside:8,.0f}/s {beside / baseline[1]:6.2f}",
        flush=True,
    )


def measure_claims(engine: Engine) -> None:
    print(f"claims of {DUE} that are due, {CLAIMERS} connections; ratios to the bare loop")
    print(f"{'':34} {'nothing else':>10} {'ratio':>7}   {f'{LATER:,} for later':>10} {'ratio':>6}")
    baseline = bare_claims(engine, 0), bare_claims(engine, LATER)
    row("bare loop, one at a time", *baseline, baseline)
    peer = asyncio.run(procrastinates_claims(engine, 0)), asyncio.run(procrastinates_claims(engine, LATER))
    row("procrastinate, one at a time", *peer, baseline)
    for at_once in (1, 50):
        ours = our_claims(engine, 0, at_once), our_claims(engine, LATER, at_once)
        row(f"ours, {at_once} at a time", *ours, baseline)


def measure_lateness(engine: Engine) -> None:
    print(f"\nlateness with {WAITING:,} waiting and {PER_SECOND} due a second, {SECONDS} s")
    bare = np.percentile(asyncio.run(bare_lateness(engine)), [50, 99])
    print(f"{'bare loop':34} p50 {bare[0]:.3f} s   p99 {bare[1]:.3f} s", flush=True)
    late, memory, busy = asyncio.run(our_lateness(engine))
    ours = np.percentile(late, [50, 99])
    print(
        f"{'the worker':34} p50 {ours[0]:.3f} s   p99 {ours[1]:.3f} s   ratio of p99 {ours[1] / bare[1]:.2f}\n"
        f"{'':34} {memory:.0f} MiB at most, {busy:.0%} of a core",
        flush=True,
    )


def main() -> None:
    with serving(options=()) as server:
        engine = connect(server.empty_database())
        upgrade(engine)
        measure_claims(engine)
        measure_lateness(engine)
        engine.dispose()


if __name__ == "__main__":
    main()
