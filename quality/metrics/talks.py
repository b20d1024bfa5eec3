"""The latest conversations of a queue, which tell how long the next ones will take."""

from bisect import bisect_left, insort
from datetime import datetime
from heapq import nlargest

RECENT_TALKS = 30

Talk = tuple[datetime, int]
"""When a conversation ended, and how many milliseconds it took."""


class Talks:
    """The last RECENT_TALKS conversations that were settled, and those that may still change."""

    def __init__(self) -> None:
        self._settled: list[Talk] = []
        self._running: list[Talk] = []

    def add(self, talk: Talk) -> None:
        """Take a conversation that may still change."""
        insort(self._running, talk)

    def remove(self, talk: Talk) -> None:
        """Take back what was added."""
        del self._running[bisect_left(self._running, talk)]

    def settle(self, talk: Talk) -> None:
        """Take a conversation that changes no more."""
        insort(self._settled, talk)
        del self._settled[:-RECENT_TALKS]

    def mean_ms(self) -> float | None:
        """Return the mean of the last RECENT_TALKS, None if there is none."""
        recent = nlargest(RECENT_TALKS, self._settled + self._running[-RECENT_TALKS:])
        return sum(ms for _, ms in recent) / len(recent) if recent else None
