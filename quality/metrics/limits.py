"""The thresholds of a figure of this moment, and on which side of them it stands. All arithmetic is exact."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from .alerts import Sighting


class Level(StrEnum):
    """How a figure is held against its thresholds."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


class Metric(StrEnum):
    """What has thresholds: of the line, and of each queue."""

    WAITING = "waiting"
    LONGEST_WAIT = "longest_wait"
    AVAILABLE = "available"
    SERVICE_LEVEL = "service_level"
    ABANDONMENT = "abandonment"

    @property
    def is_time(self) -> bool:
        """Whether it is in milliseconds."""
        return self is Metric.LONGEST_WAIT

    @property
    def is_share(self) -> bool:
        """Whether it is a share from 0 to 1; what is neither time nor share is a count."""
        return self in {Metric.SERVICE_LEVEL, Metric.ABANDONMENT}

    @property
    def better_when_higher(self) -> bool:
        """Whether more is better."""
        return self in {Metric.AVAILABLE, Metric.SERVICE_LEVEL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A threshold. It is the last good value, unless `strict`: then it is already beyond."""

    value: Fraction
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The two thresholds of a metric; by `clear` it must be better than one to be clearly out of it.

    A share of fewer than `least_calls` calls is not held against them.
    """

    metric: Metric
    warn: Limit
    bad: Limit
    clear: Fraction = Fraction(0)
    least_calls: int = 0

    def __post_init__(self) -> None:
        """Refuse thresholds in the wrong order.

        Raises:
            ValueError: `bad` is better than `warn`, or `clear` is negative.
        """
        if self._worse(self.warn.value, self.bad.value) > 0 or self.clear < 0:
            raise ValueError(f"thresholds of {self.metric} are not in order")

    def limit(self, level: Level) -> Limit:
        """Return the threshold of a level that is not OK."""
        return self.bad if level is Level.BAD else self.warn

    def sight(self, level: Level, value: Fraction) -> Sighting:
        """Tell where `value` stands by the threshold of `level`."""
        limit = self.limit(level)
        beyond = self._worse(value, limit.value)
        if beyond > 0 or (limit.strict and beyond == 0):
            return Sighting.BREACH
        return Sighting.OUT if beyond <= -self.clear else Sighting.NEAR

    def _worse(self, value: Fraction, other: Fraction) -> Fraction:
        """Return by how much `value` is worse than `other`."""
        return other - value if self.metric.better_when_higher else value - other
