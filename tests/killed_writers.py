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
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from core.events import Event
from storage.database import connect
from storage.ledger import Ledger, LogPosition
from telephony.queue_log.tailer import Position, Tailer

LINES_AT_ONCE = 4
BATCHES_IN_THE_LONGEST_LIFE = 4


def follow(
    engine: Engine, log: Path, name: str = "log", lines_at_once: int = LINES_AT_ONCE, batches: int = sys.maxsize
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
    return False


def _applied(ledger: Ledger, events: tuple[Event, ...], position: LogPosition) -> bool:
    try:
        ledger.apply(events, position)
    except OperationalError:  # other programs had the database for 5 s
        return False
    return True


def killed_in_its_work(engine: Engine, log: Path, life_seconds: float) -> bool:
    """Start a fork and kill it."""
    pid = os.fork()
    if pid == 0:
        follow(engine, log)
        os._exit(0)
    time.sleep(life_seconds)
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def main() -> int:
    """Kill so many forks."""
    url, log, kills = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(20260101)
    engine = connect(url)
    for _ in range(2):  # the first time prepares the statements, for all forks; the second measures a life
        begun = time.monotonic()
        follow(engine, log, batches=BATCHES_IN_THE_LONGEST_LIFE)
        engine.dispose()
        longest_life = time.monotonic() - begun
    killed = sum(killed_in_its_work(engine, log, chance.uniform(0, longest_life)) for _ in range(kills))
    return 0 if killed > kills // 3 else 1


if __name__ == "__main__":
    sys.exit(main())
