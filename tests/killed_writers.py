"""A program that brings a log into the ledger in forks of itself and kills each at a random moment.

Run as `python -m tests.killed_writers DATABASE_URL LOG KILLS`. The database must be migrated. It ends with 0 if at
least a third of the forks died in the middle of their work.
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from core.events import Event
from storage.database import connect
from storage.ledger import Ledger, LogPosition
from telephony.queue_log.tailer import Position, Tailer

LINES_AT_ONCE = 2
MEASURED_BATCHES = 4


def follow(
    engine: Engine,
    log: Path,
    name: str = "log",
    lines_at_once: int = LINES_AT_ONCE,
    batches: int = sys.maxsize,
    batch_done: Callable[[], object] = lambda: None,
) -> bool:
    """Go on from where the ledger is, a few lines at a time; True when the end of the log is reached."""
    ledger = Ledger(engine)
    reached = ledger.position(name)
    tailer = Tailer(log, Position(**json.loads(reached.position)) if reached else None)
    for _ in range(batches):
        batch = tailer.read(lines_at_once)
        if batch.position is None or not batch.events:
            return True
        position = LogPosition(name=name, position=json.dumps(asdict(batch.position)))
        while not _applied(ledger, batch.events, position):
            pass
        batch_done()
    return False


def _applied(ledger: Ledger, events: tuple[Event, ...], position: LogPosition) -> bool:
    try:
        ledger.apply(events, position)
    except OperationalError:  # other programs had the database for 5 s
        return False
    return True


def killed_in_its_work(engine: Engine, log: Path, batches: int, seconds: float) -> bool:
    """Start a fork, and kill it some time after it has written so many batches, however long they took."""
    told, tells = os.pipe()
    pid = os.fork()
    if pid == 0:
        follow(engine, log, batch_done=lambda: os.write(tells, b"."))
        os._exit(0)
    os.close(tells)
    while batches and os.read(told, 1):
        batches -= 1
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    os.close(told)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def main() -> int:
    """Kill so many forks."""
    url, log, kills = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(20260101)
    engine = connect(url)
    for _ in range(2):  # the first time prepares the statements, for all forks; the second measures a batch
        begun = time.monotonic()
        follow(engine, log, batches=MEASURED_BATCHES)
        engine.dispose()
        batch_seconds = (time.monotonic() - begun) / MEASURED_BATCHES
    killed = sum(
        killed_in_its_work(engine, log, chance.randrange(2), chance.uniform(0, batch_seconds)) for _ in range(kills)
    )
    return 0 if killed > kills // 3 else 1


if __name__ == "__main__":
    sys.exit(main())
