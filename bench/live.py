"""The live engine: events per second against a bare loop that counts their names, and memory as calls go by.

Calls begin every half second; one in ten is abandoned, the others talk for three minutes or so, and each ends. Events
come in order of time, every second one from the manager interface too, and every thousand events somebody looks.
CPU seconds, best of three rounds; memory is the most that a process of its own took, the making of the events included.
Goal: under 300 MB after a million calls. They take about a quarter of an hour, so that all are fed only when asked for
(`python -m bench.live 1000000`); otherwise a twentieth of them. The second half of them must add next to nothing.
"""

import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from multiprocessing import get_context
from typing import Any
from zoneinfo import ZoneInfo

from core.events import (
    CallEnded,
    CallStarted,
    Completed,
    Connected,
    EndedBy,
    Event,
    ExitReason,
    QueueEntered,
    QueueExited,
    Source,
)
from quality.metrics.live import LiveEngine

ROUNDS = 3
RATE_CALLS = 5_000
MEMORY_CALLS = 50_000
LOOK_EVENTS = 1_000
FIRST_SECOND = 1_767_280_000
AGENTS = [f"Asesora {number:02}" for number in range(40)]
QUEUES = ["atencion", "juridica", "tramites", "pqrs"]


def life(chance: random.Random, number: int) -> list[Event]:
    begin = datetime.fromtimestamp(FIRST_SECOND + number // 2, UTC)
    call = f"{FIRST_SECOND + number // 2}.{number}"
    names: dict[str, Any] = {"call_id": call, "channel_id": call, "source": Source.QUEUE_LOG}
    queue = names | {"queue": chance.choice(QUEUES)}
    wait, talk = int(chance.expovariate(1 / 15)), int(chance.expovariate(1 / 200))
    left = begin + timedelta(seconds=wait)
    told: list[Event] = [
        CallStarted(at=begin, line="018000910123", number="+573001234567", **names),
        QueueEntered(at=begin, **queue),
    ]
    if chance.random() < 0.1:
        told += [QueueExited(at=left, reason=ExitReason.ABANDONED, wait_seconds=wait, **queue)]
    else:
        agent = queue | {"agent": chance.choice(AGENTS), "wait_seconds": wait}
        end = left + timedelta(seconds=talk)
        told += [Connected(at=left, **agent), Completed(at=end, talk_seconds=talk, by=EndedBy.AGENT, **agent)]
    told += [CallEnded(at=told[-1].at, by=EndedBy.CALLER, cause=16, **names)]
    live = [replace(event, source=Source.AMI, at=event.at + timedelta(milliseconds=300)) for event in told[1::2]]
    return told + live


def stream(calls: int) -> Iterator[Event]:
    chance, ahead, made = random.Random(1), list[tuple[datetime, int, Event]](), 0
    for number in range(calls):
        told = life(chance, number)
        while ahead and ahead[0][0] < told[0].at:
            yield heappop(ahead)[2]
        for event in told:
            made += 1
            heappush(ahead, (event.at, made, event))
    while ahead:
        yield heappop(ahead)[2]


def bare(events: list[Event]) -> None:
    names: Counter[str] = Counter()
    for event in events:
        names[type(event).__name__] += 1


def ours(events: list[Event]) -> None:
    engine = LiveEngine(ZoneInfo("America/Bogota"))
    for place, event in enumerate(events):
        engine.take(event)
        if place % LOOK_EVENTS == 0:
            assert engine.snapshot(event.at).balances


def cpu_seconds(run: Any, events: list[Event]) -> float:  # noqa: ANN401 - either of the two above
    begin = time.process_time()
    run(events)
    return time.process_time() - begin


def memory(calls: int) -> tuple[float, float, float]:
    """Return the most memory in MB before any call, after half of the calls and after all, each with a look."""
    engine, marks = LiveEngine(ZoneInfo("America/Bogota")), [_megabytes()]
    half = datetime.fromtimestamp(FIRST_SECOND + calls // 4, UTC)
    for place, event in enumerate(stream(calls)):
        engine.take(event)
        if place % LOOK_EVENTS == 0:
            engine.snapshot(event.at)
        if len(marks) == 1 and event.at > half:
            marks.append(_megabytes())
    rest = engine.snapshot(event.at + timedelta(minutes=2))
    assert rest.open_calls == 0
    assert rest.late == 0
    return marks[0], marks[1], _megabytes()


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(memory_calls: int) -> None:
    events = list(stream(RATE_CALLS))
    bare_seconds = min(cpu_seconds(bare, events) for _ in range(ROUNDS))
    seconds = min(cpu_seconds(ours, events) for _ in range(ROUNDS))
    print(
        f"{len(events):,} events of {RATE_CALLS:,} calls: bare {len(events) / bare_seconds:,.0f}/s,"
        f" engine {len(events) / seconds:,.0f}/s ({RATE_CALLS / seconds:,.0f} calls/s),"
        f" {seconds / bare_seconds:.0f} times"
    )
    with get_context("spawn").Pool(1) as pool:
        begin, half, end = pool.apply(memory, (memory_calls,))
    print(f"{memory_calls:,} calls fed: {begin:.0f} MB before, {half:.0f} MB after half, {end:.0f} MB after all")
    assert end < 300
    assert end - half < 20, "memory follows the calls seen"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MEMORY_CALLS)
