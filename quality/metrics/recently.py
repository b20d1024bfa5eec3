"""What a queue has seen of late, which tells how long the next callers will wait."""

from bisect import bisect_left, insort
from datetime import datetime, timedelta
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from .expected_wait import Recent

MEAN_OF_TALKS = 30
RECENT_TALKS = 100
RECENT = timedelta(hours=1)
_MOST_DEPARTURES = 1000


class Talk(NamedTuple):
    """When a conversation ended, and how many milliseconds it took."""

    ended_at: datetime
    ms: int


class Departure(NamedTuple):
    """When a caller left the queue, how many milliseconds after they came, and whether no adviser had answered."""

    at: datetime
    wait_ms: int
    gave_up: bool


Seen: TypeAlias = Talk | Departure
T = TypeVar("T", bound=tuple[Any, ...])


class _Latest(Generic[T]):
    """The last `kept` things that were settled, and those that may still change."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._settled: list[T] = []
        self._running: list[T] = []

    def add(self, seen: T) -> None:
        insort(self._running, seen)

    def remove(self, seen: T) -> None:
        del self._running[bisect_left(self._running, seen)]

    def settle(self, seen: T) -> None:
        insort(self._settled, seen)
        del self._settled[: -self._kept]

    def last(self, count: int) -> list[T]:
        """Return the last `count`, oldest first."""
        return sorted(self._settled[-count:] + self._running[-count:])[-count:]


class Recently:
    """The last conversations of a queue, and who left it of late. Neither grows without bounds."""

    def __init__(self) -> None:
        self._talks = _Latest[Talk](RECENT_TALKS)
        self._departures = _Latest[Departure](_MOST_DEPARTURES)

    def add(self, seen: Seen) -> None:
        """Take what may still change."""
        if isinstance(seen, Talk):
            self._talks.add(seen)
        else:
            self._departures.add(seen)

    def remove(self, seen: Seen) -> None:
        """Take back what was added."""
        if isinstance(seen, Talk):
            self._talks.remove(seen)
        else:
            self._departures.remove(seen)

    def settle(self, seen: Seen) -> None:
        """Take what changes no more."""
        if isinstance(seen, Talk):
            self._talks.settle(seen)
        else:
            self._departures.settle(seen)

    def mean_ms(self) -> float | None:
        """Return the mean of the last MEAN_OF_TALKS conversations, None if there is none."""
        talks = self._talks.last(MEAN_OF_TALKS)
        return sum(talk.ms for talk in talks) / len(talks) if talks else None

    def told(self, now: datetime) -> Recent:
        """Return the last RECENT_TALKS conversations, and who left within RECENT, for the expected wait."""
        gone = [one for one in self._departures.last(_MOST_DEPARTURES) if one.at >= now - RECENT]
        return Recent(
            handle_seconds=[talk.ms / 1000 for talk in self._talks.last(RECENT_TALKS)],
            abandoned=sum(one.gave_up for one in gone),
            waited_seconds=sum(one.wait_ms for one in gone) / 1000,
        )
