"""A program that takes requests of the mailbox into the store in forks of itself, and kills each at a random moment.

Run as `python -m tests.killed_intakes DATABASE_URL SPOOL`. The database must be migrated. It goes on until all is taken
in, and ends with 0 if enough forks died in the middle of it.
"""

import os
import random
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from callback_queue.mailbox_spool import Spool
from contesta.callbacks.intake import MailboxIntake
from storage.callbacks import Callbacks
from storage.database import connect
from storage.ledger import Ledger

SHORT_LIFE_SECONDS = 0.05
ENOUGH = 5


def intake(engine: Engine, folder: Path) -> MailboxIntake:
    """Give the intake as the service has it, for a line that is not published."""
    spool = Spool(folder, now=lambda: datetime.now(UTC))
    return MailboxIntake(spool, Callbacks(engine), Ledger(engine), dict)


def main() -> int:
    """Take everything in."""
    url, folder = sys.argv[1], Path(sys.argv[2])
    chance = random.Random(20260101)
    engine = connect(url)
    spool = Spool(folder, now=lambda: datetime.now(UTC))
    killed, longest_seconds, before = 0, SHORT_LIFE_SECONDS, -1
    while waiting := sum(1 for _ in spool.requests()):
        longest_seconds *= 1.5 if waiting == before else 1  # however slow the machine is, they come forward
        before = waiting
        pid = os.fork()
        if pid == 0:
            intake(engine, folder).take_in(datetime.now(UTC) + timedelta(minutes=5))
            os._exit(0)
        time.sleep(chance.uniform(0, longest_seconds))
        os.kill(pid, signal.SIGKILL)
        killed += os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    return 0 if killed > ENOUGH else 1


if __name__ == "__main__":
    sys.exit(main())
