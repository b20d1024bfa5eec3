"""`contesta stats --queue-log` over a million calls against a bare `for line in file: line.split("|")` loop.

Three logs: app_queue's lines alone; those of a line of ours, with menu, survey and end of each call (a fifth as many
calls); and one in which every twentieth call must take the long way, through decoding and folding. CPU seconds, best of
three rounds in turn, each in a process of its own that also tells the most memory it took.
Goals: at most 4 times the bare loop on the first, and under 300 MB.
"""

import random
import resource
import tempfile
import time
from collections.abc import Callable
from heapq import heappop, heappush
from multiprocessing import get_context
from pathlib import Path
from zoneinfo import ZoneInfo

from quality.metrics.aggregate import Aggregate
from telephony.queue_log.visits import LogVisits

ROUNDS = 3
CALLS = 1_000_000
FIRST_SECOND = 1_767_280_000
AGENTS = [f"Asesora {number:02}" for number in range(40)]
QUEUES = ["atencion", "juridica", "tramites", "pqrs"]


def plain(chance: random.Random, call: str) -> list[tuple[int, str]]:
    """Make the lines of one call, with seconds from its beginning: a tenth are abandoned, a tenth rings in vain."""
    queue, agent, wait = chance.choice(QUEUES), chance.choice(AGENTS), int(chance.expovariate(1 / 15))
    entry = (0, f"{call}|{queue}|NONE|ENTERQUEUE||+573001234567|1")
    kind = chance.random()
    if kind < 0.1:
        return [entry, (wait, f"{call}|{queue}|NONE|ABANDON|1|1|{wait}")]
    ring = [(wait // 2, f"{call}|{queue}|{agent}|RINGNOANSWER|5000")] if kind < 0.2 else []
    talk = int(chance.expovariate(1 / 200))
    end = "COMPLETEAGENT" if kind < 0.6 else "COMPLETECALLER"
    return [
        entry,
        *ring,
        (wait, f"{call}|{queue}|{agent}|CONNECT|{wait}|{call}7|3"),
        (wait + talk, f"{call}|{queue}|{agent}|{end}|{wait}|{talk}|1"),
    ]


def of_ours(chance: random.Random, call: str) -> list[tuple[int, str]]:
    begin = [
        (0, f"{call}|NONE|NONE|LLAMADA|{call}|018000910123|+573001234567"),
        (0, f"{call}|NONE|NONE|MENU|principal|1|chosen"),
    ]
    lines = plain(chance, call)
    end = lines[-1][0] + 1
    survey = [(end, f"{call}|NONE|NONE|ENCUESTA|{question}|5") for question in ("claridad", "amabilidad", "rapidez")]
    return [*begin, *lines, *survey, (end, f"{call}|NONE|NONE|FIN|caller|16")]


def sometimes_odd(chance: random.Random, call: str) -> list[tuple[int, str]]:
    lines = plain(chance, call)
    return lines[1:] if chance.random() < 0.05 else lines


def write(path: Path, calls: int, life: Callable[[random.Random, str], list[tuple[int, str]]]) -> None:
    """Write a log in order of time, a call every three seconds."""
    chance, ahead, written = random.Random(1), list[tuple[int, int, str]](), 0
    with path.open("w") as file:
        for number in range(calls):
            begin = FIRST_SECOND + 3 * number
            while ahead and ahead[0][0] < begin:
                second, _, text = heappop(ahead)
                file.write(f"{second}|{text}\n")
            for after, text in life(chance, f"{begin}.{number}"):
                written += 1
                heappush(ahead, (begin + after, written, text))
        file.writelines(f"{second}|{text}\n" for second, _, text in sorted(ahead))


def bare(path: Path) -> int:
    lines = 0
    with path.open() as file:
        for line in file:
            line.split("|")
            lines += 1
    return lines


def ours(path: Path) -> int:
    aggregate = Aggregate(ZoneInfo("America/Bogota"))
    for visits in LogVisits([path]):
        aggregate.add(visits)
    assert aggregate.by_day()
    assert aggregate.by_hour_of_day()
    return aggregate.total().offered


def measured(run: Callable[[Path], int], path: Path) -> tuple[float, int, int]:
    """Return the CPU seconds, the most memory in MB, and what the run counted."""
    begin = time.process_time()
    counted = run(path)
    seconds = time.process_time() - begin
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, counted


def in_own_process(run: Callable[[Path], int], path: Path) -> tuple[float, int, int]:
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(measured, (run, path))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, calls, life in (
            ("app_queue", CALLS, plain),
            ("our line", CALLS // 5, of_ours),
            ("5 % odd", CALLS // 5, sometimes_odd),
        ):
            path = Path(folder) / "queue_log"
            write(path, calls, life)
            rounds = [(in_own_process(bare, path), in_own_process(ours, path)) for _ in range(ROUNDS)]
            bare_seconds = min(of_bare[0] for of_bare, _ in rounds)
            seconds, megabytes = (min(of_ours[i] for _, of_ours in rounds) for i in (0, 1))
            assert all(of_ours[2] == calls for _, of_ours in rounds)
            print(
                f"{name:9} {calls:9,} calls {rounds[0][0][2]:9,} lines: bare {bare_seconds:.2f} s,"
                f" ours {seconds:.2f} s = {seconds / bare_seconds:.1f} times, {megabytes} MB"
            )


if __name__ == "__main__":
    main()
