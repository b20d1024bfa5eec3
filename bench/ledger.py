"""Events per second into the ledger on SQLite, each batch one transaction on disk (synchronous=FULL).

The baseline puts the same rows into one bare table with the same unique key, by `executemany`, in the same batches and
in the same run. The ledger also drops what it has, finds the calls, and writes each anew from all its events.
Goals: 1 000 events/s in the batches of a steady load (100), 5 000 events/s in those of a burst (1 000).
"""

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from core.events import Event
from storage.codec import encode
from storage.database import connect
from storage.ledger import Ledger, LogPosition
from storage.migrate import upgrade
from tests.stories import events_of, live, log_of

CALLS = 2_000
BATCHES = (100, 500, 1_000)
ROUNDS = 3


def told() -> list[Event]:
    """Make what log and live feed tell of many calls that overlap, in order of time."""
    events = events_of(log_of(range(CALLS))) + [event for call in range(CALLS) for event in live(call)]
    return sorted(events, key=lambda event: event.at)


def parts(events: list[Event], size: int) -> Iterator[list[Event]]:
    return (events[start : start + size] for start in range(0, len(events), size))


def bare(folder: Path, events: list[Event], size: int) -> Callable[[], None]:
    """Prepare the baseline."""
    rows = [[tuple(map(str, encode(event).values())) for event in part] for part in parts(events, size)]

    def run() -> None:
        with closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("CREATE TABLE event (key UNIQUE, kind, source, at, ord, call_id, channel_id, data)")
            for part in rows:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)", part)
                connection.execute("COMMIT")

    return run


def ours(folder: Path, events: list[Event], size: int) -> Callable[[], None]:
    """Prepare a ledger."""
    engine = connect(f"sqlite:///{folder / 'ledger.db'}")
    upgrade(engine)
    ledger = Ledger(engine)

    def run() -> None:
        for number, part in enumerate(parts(events, size)):
            ledger.apply(part, LogPosition(name="log", position=str(number)))
        engine.dispose()

    return run


def best_rate(prepare: Callable[[Path, list[Event], int], Callable[[], None]], events: list[Event], size: int) -> float:
    """Events per second of the best round."""
    rates = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="contesta-bench-") as folder:
            run = prepare(Path(folder), events, size)
            begun = time.perf_counter()
            run()
            rates.append(len(events) / (time.perf_counter() - begun))
    return max(rates)


def main() -> None:
    events = told()
    print(f"{len(events)} events of {CALLS} calls, best of {ROUNDS} rounds")
    print("batch   bare executemany   ledger            ratio")
    for size in BATCHES:
        baseline, rate = best_rate(bare, events, size), best_rate(ours, events, size)
        print(f"{size:5}   {baseline:10,.0f} ev/s   {rate:10,.0f} ev/s   {rate / baseline:.3f}")


if __name__ == "__main__":
    main()
