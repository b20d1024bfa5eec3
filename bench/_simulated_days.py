"""A queue's day, simulated: callers come, wait in order, are served or give up. Times are seconds since it opened.

Arrivals are a Poisson process whose rate changes by the quarter hour, conversations log-normal, patience exponential.
One caller in ten never gives up, so that what a wait would have been is seen on long days too.
"""

import random
from collections import deque
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import log, sqrt

QUARTER_SECONDS = 900
PATIENT_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What a day is like. `calls` and `advisers` go by quarter hour; `spread` is the variation coefficient of talks."""

    calls: tuple[int, ...]
    advisers: tuple[int, ...]
    talk_seconds: float = 240.0
    spread: float = 0.8
    patience_seconds: float = 600.0


@dataclass(slots=True, eq=False)
class Caller:
    """One caller, and what was to be seen when he entered."""

    at: float
    gives_up_at: float
    ahead: int = 0
    free: int = 0
    talking_since: tuple[float, ...] = ()
    served_at: float | None = None


@dataclass(slots=True, kw_only=True)
class Course:
    """A day as it went: callers by entry; conversations as (end, length); those who gave up as (moment, wait)."""

    callers: list[Caller] = field(default_factory=list)
    talks: list[tuple[float, float]] = field(default_factory=list)
    given_up: list[tuple[float, float]] = field(default_factory=list)


def run(day: Day, seed: int) -> Course:
    """Let a day go by."""
    chance = random.Random(seed)
    course = Course(callers=_arrivals(day, chance))
    coming, waiting = deque(course.callers), deque[Caller]()
    talking: list[tuple[float, float]] = []  # a heap of (end, begin)
    now = 0.0
    while coming or waiting or talking:
        present = day.advisers[min(int(now) // QUARTER_SECONDS, len(day.advisers) - 1)]
        while waiting and len(talking) < present:
            caller = waiting.popleft()
            if caller.gives_up_at <= now:
                continue
            caller.served_at = now
            length = _talk(day, chance)
            heappush(talking, (now + length, now))
        moments = [talking[0][0]] if talking else []
        if coming:
            moments.append(coming[0].at)
        if waiting:
            moments += [min(one.gives_up_at for one in waiting), (now // QUARTER_SECONDS + 1) * QUARTER_SECONDS]
        if not moments:
            break
        now = min(moments)
        for one in [one for one in waiting if one.gives_up_at <= now]:
            waiting.remove(one)
            course.given_up.append((now, now - one.at))
        while talking and talking[0][0] <= now:
            end, begin = heappop(talking)
            course.talks.append((end, end - begin))
        while coming and coming[0].at <= now:
            caller = coming.popleft()
            present = day.advisers[min(int(now) // QUARTER_SECONDS, len(day.advisers) - 1)]
            caller.ahead = len(waiting)
            caller.free = max(0, present - len(talking))
            caller.talking_since = tuple(begin for _, begin in talking)
            waiting.append(caller)
    return course


def _arrivals(day: Day, chance: random.Random) -> list[Caller]:
    callers = []
    for quarter, calls in enumerate(day.calls):
        at, end = quarter * float(QUARTER_SECONDS), (quarter + 1) * float(QUARTER_SECONDS)
        while calls and (at := at + chance.expovariate(calls / QUARTER_SECONDS)) < end:
            patient = chance.random() < PATIENT_SHARE
            callers.append(Caller(at, float("inf") if patient else at + chance.expovariate(1 / day.patience_seconds)))
    return callers


def _talk(day: Day, chance: random.Random) -> float:
    variance = log(1 + day.spread**2)
    return chance.lognormvariate(log(day.talk_seconds) - variance / 2, sqrt(variance))
