"""`contesta import` into a ledger on SQLite, against the bare loop over the same lines of `bench.queue_log`.

Importing writes every fact and every call durably; reading figures straight from the log is `contesta stats`.
"""

import tempfile
from pathlib import Path

from bench.queue_log import bare, measured, plain, write
from contesta.import_log import batches
from storage.database import connect
from storage.ledger import Ledger
from storage.migrate import upgrade
from telephony.queue_log.reader import Reader

CALLS = 20_000


def imported(path: Path) -> int:
    engine = connect(f"sqlite:///{path.parent / 'ledger.db'}")
    upgrade(engine)
    ledger, facts = Ledger(engine), 0
    for batch in batches(Reader([path])):
        ledger.apply(batch)
        facts += len(batch)
    return facts


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "queue_log"
        write(path, CALLS, plain)
        (bare_seconds, _, lines), (seconds, megabytes, facts) = measured(bare, path), measured(imported, path)
        print(
            f"{CALLS:,} calls, {lines:,} lines, {facts:,} facts: {seconds:.1f} s CPU = {CALLS / seconds:,.0f} calls/s, "
            f"{seconds / bare_seconds:,.0f} times the bare loop, {megabytes} MB"
        )


if __name__ == "__main__":
    main()
