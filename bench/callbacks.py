"""Promised calls: claims per second, the count of open ones, and how late telephones ring with a million waiting.

Claims, on PostgreSQL: four connections of one program take what is due, one at a time or many, with only that in the
table, and beside more that was asked for before and waits for a later hour. The baselines are a bare loop (SELECT … FOR
UPDATE SKIP LOCKED, the state written in the same statement) on a table that has nothing else, and procrastinate. Ours
also keeps a lease, looks whether another line is calling the same telephone, and writes a step of the request's
history. As the worker does it, it counts who is on his way to the advisers too, and those who claim wait for one
another.

The count of open requests, which a board asks for every four seconds, with a million open: against a bare count(*).

Lateness: from when a request was due until the telephone system was told to ring, with a million waiting and more due
each second; everybody is busy. The worker is the service's own, in a process of its own, and speaks the name of every
citizen as far as it comes. The baseline is the bare loop with the order to ring, pausing as the service does where
nothing more was due; it keeps no account of what it did. On SQLite it has no locks to skip.

Run with words (claims, postgresql, sqlite) for these parts alone.
"""

import asyncio
import contextlib
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import procrastinate
import psycopg
from sqlalchemy import Engine, bindparam, delete, insert, text

from bench._dialling import line
from callback_queue import intake
from callback_queue.pacing import Advisers
from callback_queue.policy import promise, rules_of
from callback_queue.request import CallbackRequest, Filing, Person, Place
from contesta.callbacks.service import ROUND_SECONDS
from storage.callback_codec import values
from storage.callback_list import CallbackLists
from storage.callback_tables import CallbackRow
from storage.callbacks import Callbacks
from storage.database import UtcDateTime, connect, table_of
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
FIRST_NAMES = ("Luz Marina", "José", "Ana María", "Carlos Andrés", "Yuli", "Wilson", "Rosa Elvira")
COUNTS = 5

NEXT = """
UPDATE job SET state = 'claimed' WHERE id IN (
  SELECT id FROM job WHERE state = 'waiting' AND due_at <= {now} ORDER BY priority DESC, due_at
  LIMIT {most} {skip}) RETURNING id
"""
NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :last) "
ANEW = {
    "postgresql": {
        "telephone": "'+57320' || lpad(n::text, 7, '0')",
        "due_at": "due_at + n % 864000 * interval '1 second'",
    },
    "sqlite": {
        "telephone": "printf('+57320%07d', n)",
        "due_at": "strftime('%Y-%m-%d %H:%M:%f', due_at, (n % 864000) || ' seconds')",
    },
}
"""What tells copies of a request apart."""


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
        person=Person(name=f"{FIRST_NAMES[number % len(FIRST_NAMES)]} Pérez"),
        description="Quisiera saber en qué va mi solicitud de título minero, radicada hace un mes.",
        at=due_at,
    )
    owed = promise(rules_of(there), asked, due_at)
    begun = intake.begin(asked, owed, Filing(number=f"1{number:010}", code="ACEFHJ"), f"due-{number}", due_at)
    return replace(begun, steps=())


def fill(engine: Engine, due: list[CallbackRequest], later: int) -> None:
    """Fill the table: copies of one for the days that come, and what becomes due."""
    copied = request(9_999_999, datetime.now(UTC) + timedelta(days=1))
    anew = {"id": "'later-' || n", "priority": "CASE WHEN n % 3 = 0 THEN 5 ELSE 1 END"} | ANEW[engine.dialect.name]
    columns = list(table_of(CallbackRow).columns.keys())
    chosen = ", ".join(anew.get(name, name) for name in columns)
    with engine.begin() as connection:
        connection.execute(delete(CallbackRow))
        connection.execute(insert(CallbackRow), [values(copied), *map(values, due)])
        if later:
            connection.execute(
                text(
                    f"INSERT INTO callback ({', '.join(columns)}) {NUMBERS}"  # noqa: S608  constants
                    f"SELECT {chosen} FROM callback, numbers WHERE callback.id = :copied"
                ),
                {"last": later, "copied": copied.id},
            )
    analyse(engine)


def fill_bare(engine: Engine, due: list[datetime], later: int) -> None:
    """Fill the table of the bare loop likewise."""
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS job"))
        connection.execute(text("CREATE TABLE job (id text PRIMARY KEY, priority int, due_at timestamptz, state text)"))
        connection.execute(text("CREATE INDEX job_waiting ON job (priority DESC, due_at) WHERE state = 'waiting'"))
        if later:
            connection.execute(
                text(
                    f"INSERT INTO job {NUMBERS} SELECT 'later-' || n, 5, :due_at, 'waiting' FROM numbers"  # noqa: S608  constants
                ).bindparams(bindparam("due_at", type_=UtcDateTime)),
                {"last": later, "due_at": datetime.now(UTC) + timedelta(days=1)},
            )
    if due:
        wait_bare(engine, dict(enumerate(due)))
    analyse(engine)


def wait_bare(engine: Engine, due: dict[int, datetime]) -> None:
    """Add what becomes due to the table of the bare loop."""
    added = text("INSERT INTO job VALUES (:id, 5, :at, 'waiting')").bindparams(bindparam("at", type_=UtcDateTime))
    with engine.begin() as connection:
        connection.execute(added, [{"id": str(number), "at": at} for number, at in due.items()])


class Bare:
    """A connection of the bare loop: nothing but the driver."""

    def __init__(self, engine: Engine) -> None:
        if engine.dialect.name == "postgresql":
            skip = "FOR UPDATE SKIP LOCKED"
            self._next = NEXT.format(now="%(now)s", most="%(most)s", skip=skip)
            self.connection: Any = psycopg.connect(address(engine), autocommit=True)
        else:
            self._next = NEXT.format(now=":now", most=":most", skip="")
            file = str(engine.url.database)
            self.connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=5)
            self.connection.execute("PRAGMA synchronous = FULL")

    def take(self, most: int) -> list[str]:
        """Claim at most so many of what is due."""
        now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"
        if isinstance(self.connection, psycopg.Connection):
            now += "+00"
        return [row[0] for row in self.connection.execute(self._next, {"now": now, "most": most}).fetchall()]


def address(engine: Engine) -> str:
    """Give the database's address for psycopg."""
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def analyse(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        with engine.begin() as connection:
            connection.execute(text("ANALYZE"))
        return
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
    loops = [Bare(engine) for _ in range(CLAIMERS)]
    try:
        return claims(lambda number: len(loops[number].take(1)))
    finally:
        for loop in loops:
            loop.connection.close()


def our_claims(engine: Engine, later: int, at_once: int, *, paced: bool = False) -> float:
    there, now = line(), datetime.now(UTC)
    fill(engine, [request(number, now) for number in range(DUE)], later)
    store = Callbacks(engine)
    free = frozenset(f"Asesora {number}" for number in range(2 * DUE))
    advisers = Advisers(free={there.queue.name: free}) if paced else None

    def claim(number: int) -> int:
        claimed = store.claim(f"w{number}", there.name, there.queue.name, now, LEASE, at_once, advisers=advisers)
        return len(claimed)

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
        async with client:
            wait_bare(engine, due)
            dialler, loop = Dialler(client), Bare(engine)

            async def work() -> None:
                while True:
                    taken = await asyncio.to_thread(loop.take, ADVISERS)
                    for number in taken:
                        telephone = f"300{int(number):07}"
                        await dialler.ring(Ring(channel_id=number, telephone=telephone, ring_seconds=30, variables={}))
                    await asyncio.sleep(0 if taken else ROUND_SECONDS)

            working = asyncio.create_task(work())
            try:
                return await all_rung(network)
            finally:
                working.cancel()
                loop.connection.close()


async def our_lateness(engine: Engine, names: str) -> tuple[list[float], float, float]:
    """How late each was, the worker's memory (MiB) and the share of a core that it took; the table is filled."""
    network = TimedNetwork(Ledger(engine))
    url = engine.url.render_as_string(hide_password=False)
    async with serving_network(network) as port:
        program = (sys.executable, "-m", "bench._dialling", url, str(port), names)
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


def row(what: str, found: tuple[float, float], baselines: Sequence[tuple[float, float]]) -> None:
    cells = (
        f"{rate:8,.0f}/s" + "".join(f" {rate / baseline[place]:8.2f}" for baseline in baselines)
        for place, rate in enumerate(found)
    )
    print(f"{what:42} {'   '.join(cells)}", flush=True)


def measure_claims(engine: Engine) -> None:
    print(f"claims of {DUE} that are due, {CLAIMERS} connections; ratios to the bare loop and to procrastinate")
    heads = (f"{head:>10} {'bare':>8} {'procr.':>8}" for head in ("alone", f"{LATER:,}+"))
    print(f"{'':42} {'   '.join(heads)}")
    bare = bare_claims(engine, 0), bare_claims(engine, LATER)
    peer = asyncio.run(procrastinates_claims(engine, 0)), asyncio.run(procrastinates_claims(engine, LATER))
    row("bare loop, one at a time", bare, (bare, peer))
    row("procrastinate, one at a time", peer, (bare, peer))
    for what, at_once, paced in (
        ("ours, one at a time", 1, False),
        ("ours, 50 at a time", 50, False),
        ("ours, 50 at a time, advisers counted", 50, True),
    ):
        ours = our_claims(engine, 0, at_once, paced=paced), our_claims(engine, LATER, at_once, paced=paced)
        row(what, ours, (bare, peer))


def measure_count(engine: Engine) -> None:
    """Time the count of open requests, of all that wait."""
    lists = CallbackLists(engine)

    def bare() -> None:
        with engine.connect() as connection:
            connection.execute(text("SELECT count(*) FROM callback WHERE ended_at IS NULL")).one()

    def seconds(count: Callable[[], object]) -> float:
        found = []
        for _ in range(COUNTS):
            begun = time.perf_counter()
            count()
            found.append(time.perf_counter() - begun)
        return statistics.median(found)

    ours, plain = seconds(lambda: lists.pending(datetime.now(UTC))), seconds(bare)
    print(
        f"count of {WAITING:,} open, by state, owed, oldest: {ours:.3f} s, bare count {plain:.3f} s, "
        f"ratio {ours / plain:.1f}",
        flush=True,
    )


def measure_lateness(engine: Engine) -> None:
    print(
        f"\n{engine.dialect.name}: lateness with {WAITING:,} waiting and {PER_SECOND} due a second, {SECONDS} s",
        flush=True,
    )
    bare = np.percentile(asyncio.run(bare_lateness(engine)), [50, 99])
    print(f"{'bare loop':12} p50 {bare[0]:.3f} s   p99 {bare[1]:.3f} s", flush=True)
    fill(engine, [], WAITING)
    measure_count(engine)
    with tempfile.TemporaryDirectory(prefix="contesta-bench-", ignore_cleanup_errors=True) as names:
        late, memory, busy = asyncio.run(our_lateness(engine, names))
    ours = np.percentile(late, [50, 99])
    print(
        f"{'the worker':12} p50 {ours[0]:.3f} s   p99 {ours[1]:.3f} s   ratio of p99 {ours[1] / bare[1]:.2f}\n"
        f"{'':12} {memory:.0f} MiB at most, {busy:.0%} of a core",
        flush=True,
    )


def main() -> None:
    parts = set(sys.argv[1:]) or {"claims", "postgresql", "sqlite"}
    if parts & {"claims", "postgresql"}:
        with serving(options=()) as server:
            engine = connect(server.empty_database())
            upgrade(engine)
            if "claims" in parts:
                measure_claims(engine)
            if "postgresql" in parts:
                measure_lateness(engine)
            engine.dispose()
    if "sqlite" in parts:
        with tempfile.TemporaryDirectory(prefix="contesta-bench-") as folder:
            engine = connect(f"sqlite:///{Path(folder) / 'ledger.db'}")
            upgrade(engine)
            measure_lateness(engine)
            engine.dispose()


if __name__ == "__main__":
    main()
