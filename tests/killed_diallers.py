"""Workers of promised calls in forks of this program, each killed at a random moment and begun anew.

Run as `python -m tests.killed_diallers DATABASE_URL PORT WORKERS SEED LEASE_SECONDS`. At SIGTERM it ends, and last of
all prints how many it killed, and how many had ended by themselves before.
"""

import asyncio
import contextlib
import os
import random
import secrets
import signal
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from callback_queue.worker import Worker
from contesta.lines import SHIPPED, examine_files
from core.errors import NotAvailableError
from ivr.line.callbacks import CallbackPolicy, Caps, Retry
from ivr.line.model import Line
from storage.callback_facts import CallbackFacts
from storage.callbacks import Callbacks
from storage.database import connect
from telephony.ami.client import Client
from telephony.ami.connection import Account
from telephony.dialler import Dialler
from tests.callbacks import ALWAYS
from tests.fake_manager import SECRET, USER

AT_ONCE = Retry(limit=3, after_minutes=(0,))
POLICY = CallbackPolicy(
    legal_hours=ALWAYS,
    retries={"busy": AT_ONCE, "refused": AT_ONCE, "machine": replace(AT_ONCE, limit=2), "left_waiting": AT_ONCE},
    caps=Caps(per_number_day=20, per_hour=None, per_day=None),
)


def line() -> Line:
    """Give the line that all is about."""
    (there,) = (each.line for each in examine_files([SHIPPED]))
    assert there
    return replace(there, callbacks=POLICY)


async def work(url: str, port: int, lease: timedelta) -> None:
    """Do rounds until killed."""
    engine, there = connect(url), line()
    lines = {there.name: there}
    async with Client(Account(port=port, username=USER, secret=SECRET)) as client:
        worker = Worker(
            name=secrets.token_hex(4),
            store=Callbacks(engine),
            facts=CallbackFacts(engine),
            dialler=Dialler(client),
            lines=lambda: lines,
            now=lambda: datetime.now(UTC),
            lease=lease,
            silent=timedelta(seconds=1),
        )
        while True:
            with contextlib.suppress(NotAvailableError, OperationalError, InterfaceError):
                await worker.round()
            await asyncio.sleep(0.05)


def main() -> int:
    """Keep so many workers alive, and no one for long."""
    url, port, workers, chance = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), random.Random(int(sys.argv[4]))
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # a pipe nobody reads fills up
    over: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: over.append(number))
    alive: dict[int, float] = {}
    ends: Counter[bool] = Counter()
    while not over:
        while len(alive) < workers:
            if not (pid := os.fork()):
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                asyncio.run(work(url, port, timedelta(seconds=float(sys.argv[5]))))
            alive[pid] = time.monotonic() + chance.uniform(0.2, 6)
        for pid in [pid for pid, until in alive.items() if time.monotonic() > until]:
            ends[_kill(pid)] += 1
            del alive[pid]
        time.sleep(0.05)
    for pid in alive:
        ends[_kill(pid)] += 1
    sys.stdout.write(f"{ends[True]} {ends[False]}\n")
    return 0


def _kill(pid: int) -> bool:
    """Kill a worker; True if it was alive."""
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


if __name__ == "__main__":
    sys.exit(main())
