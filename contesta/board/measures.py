"""The figures of a moment as numbers: of the line and of each queue, by the same names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from quality.metrics.agents import AgentState
from quality.metrics.figures import Ratio, Tally
from quality.metrics.limits import Limits, Metric
from quality.metrics.live import Snapshot, Waiting

from .targets import Targets

LINE: Final = ""
"""The name of the whole line among its queues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The line, or one queue. `free` advisers can take a call at once; `present` ones are free, ringing or talking.

    `waiting` is longest first.
    """

    queue: str
    today: Tally
    waiting: tuple[Waiting, ...]
    free: int
    present: int
    expected_wait_ms: int | None = None

    @property
    def longest(self) -> Waiting | None:
        """Whoever has waited longest."""
        return self.waiting[0] if self.waiting else None


def scopes(now: Snapshot) -> Iterator[Scope]:
    """Yield the line, then its queues."""
    states = now.agents_by_state
    yield Scope(
        queue=LINE,
        today=now.total,
        waiting=now.waiting,
        free=states[AgentState.AVAILABLE],
        present=states[AgentState.AVAILABLE] + states[AgentState.RINGING] + states[AgentState.TALKING],
    )
    for name, queue in now.queues.items():
        yield Scope(
            queue=name,
            today=queue.today,
            waiting=queue.waiting,
            free=queue.free,
            present=queue.present,
            expected_wait_ms=queue.expected_wait_ms,
        )


def ratio(scope: Scope, metric: Metric, targets: Targets) -> Ratio:
    """Return what a share is made of.

    Raises:
        KeyError: the metric is no share.
    """
    return targets.indicators[metric].figure(scope.today)


def value(scope: Scope, limits: Limits, targets: Targets) -> Fraction | None:
    """Return a metric's value in its unit; None if there is nothing that could be held against its thresholds.

    Nobody misses a free adviser while nobody works and nobody waits.
    """
    match limits.metric:
        case Metric.WAITING:
            return Fraction(len(scope.waiting))
        case Metric.LONGEST_WAIT:
            return Fraction(scope.longest.wait_ms if scope.longest else 0)
        case Metric.AVAILABLE:
            return Fraction(scope.free) if scope.present or scope.waiting else None
        case Metric.SERVICE_LEVEL | Metric.ABANDONMENT:
            numerator, denominator = ratio(scope, limits.metric, targets)
            return Fraction(numerator, denominator) if denominator >= max(1, limits.least_calls) else None


def values(scope: Scope, targets: Targets) -> Mapping[Metric, tuple[Limits, Fraction | None]]:
    """Return the values of all metrics that have thresholds here, with these."""
    found = ((metric, targets.limits_of(metric, scope.queue)) for metric in Metric)
    return {metric: (limits, value(scope, limits, targets)) for metric, limits in found if limits}
