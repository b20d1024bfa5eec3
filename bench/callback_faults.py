"""Five hundred promised calls while everything about them breaks: how often each telephone rings.

Workers are killed (SIGKILL) every few seconds, whatever they do; connections to the manager interface are cut; the
database is killed once a quarter of the requests is over, and started again five seconds later. On SQLite there is one
worker, and no database to kill. Citizens are busy, refuse, let a machine answer or talk, each in a known order, so it
is known how often each telephone has to ring and how each request has to end.
"""

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine

from storage.callbacks import Callbacks
from storage.database import connect
from storage.migrate import upgrade
from tests.databases import serving
from tests.test_callback_crashes import broken_promises, crash, met

REQUESTS = 500
WORKERS = 3
ADVISERS = 40
LIMIT_SECONDS = 170.0
DOWN_SECONDS = 5.0
LEASE_SECONDS = 5.0
SEED = 20260601


def measure(what: str, engine: Engine, workers: int, breaking: Callable[[], None] | None) -> None:
    upgrade(engine)
    begun = time.monotonic()
    run = asyncio.run(
        crash(
            engine,
            workers,
            REQUESTS,
            SEED,
            advisers=ADVISERS,
            deadline_seconds=LIMIT_SECONDS,
            lease_seconds=LEASE_SECONDS,
            breaking=breaking,
        )
    )
    store = Callbacks(engine)
    ends = Counter(request.state.value for each in run.ids.values() if (request := store.get(each)))
    broken = broken_promises(run, store)
    network = run.network
    print(
        f"{what}: {REQUESTS} requests over in {time.monotonic() - begun:.0f} s by {workers} at a time, {run.kills}"
        f" killed ({run.died} ended by themselves), {run.cuts} connections cut\n"
        f"  lost in their midst: {', '.join(f'{state} {count}' for state, count in sorted(met(run, store).items()))}\n"
        f"  rings {network.rings.total()}, twice at once {len(network.twice_at_once)}, one id twice"
        f" {sum(count > 1 for count in network.ids.values())}, not as promised {len(broken)}, ends {dict(ends)}",
        flush=True,
    )
    for each in broken[:5]:
        print(f"  {each}")


def main() -> None:
    with serving(options=()) as server:

        def breaking() -> None:
            server.kill()
            time.sleep(DOWN_SECONDS)
            server.start()

        engine = connect(server.empty_database())
        measure("PostgreSQL, killed once", engine, WORKERS, breaking)
        engine.dispose()
    with tempfile.TemporaryDirectory(prefix="contesta-bench-") as folder:
        engine = connect(f"sqlite:///{Path(folder) / 'ledger.db'}")
        measure("SQLite", engine, 1, None)
        engine.dispose()


if __name__ == "__main__":
    main()
