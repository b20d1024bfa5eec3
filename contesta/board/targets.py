"""What is asked of a day: the agreements in force on it, and the thresholds of the board's figures that follow.

An agreement's goal is the threshold of what is out of it. Which figures are shown follows the agreements too: the
formula of the service level and its seconds, so that the board and the contract's report count alike.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Final

from quality.metrics.figures import Thresholds
from quality.metrics.limits import Limit, Limits, Metric
from quality.metrics.sla.definition import Definition, Goal, Indicator, Stint, in_force

from .thresholds import BoardThresholds

_ONE: Final = Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What is asked of the day `day`. `agreed` has the agreement behind a metric, where there is one.

    `thresholds` are those that visits are to be counted with. `stints` are all agreements in force. `remarks` are what
    is to be said of all this.
    """

    day: date
    thresholds: Thresholds
    service_level: Indicator
    limits: Mapping[Metric, Limits]
    of_queue: Mapping[str, Mapping[Metric, Limits]]
    agreed: Mapping[Metric, Definition]
    stints: tuple[Stint, ...]
    remarks: tuple[str, ...] = ()

    def limits_of(self, metric: Metric, queue: str = "") -> Limits | None:
        """Return the thresholds of a metric, of the line ("") or of a queue; None if there are none."""
        return self.of_queue.get(queue, self.limits).get(metric)

    @property
    def indicators(self) -> Mapping[Metric, Indicator]:
        """Which formula each share is counted by."""
        return {Metric.SERVICE_LEVEL: self.service_level, Metric.ABANDONMENT: Indicator.ABANDONMENT_RATE}


def targets(
    definitions: Iterable[Definition],
    written: BoardThresholds,
    day: date,
    ghost_seconds: int,
    remarks: tuple[str, ...] = (),
) -> Targets:
    """Work out what is asked of a day. Of several agreements about one figure, the first by its id counts."""
    stints = tuple(in_force(definitions, day, day))
    agreed: dict[Metric, Definition] = {}
    for definition, _, _ in stints:
        metric = _metric(definition.indicator)
        if metric and definition.goal:
            agreed.setdefault(metric, definition)
    level = agreed.get(Metric.SERVICE_LEVEL)
    return Targets(
        day=day,
        thresholds=Thresholds(
            ghost_seconds=ghost_seconds,
            service_level_seconds=(level and level.within_seconds) or written.within_seconds,
        ),
        service_level=level.indicator if level else written.indicator,
        limits=_agreed_limits(written.limits, agreed),
        of_queue={
            queue: _agreed_limits({**written.limits, **limits}, agreed) for queue, limits in written.of_queue.items()
        },
        agreed=agreed,
        stints=stints,
        remarks=remarks,
    )


def _metric(indicator: Indicator) -> Metric | None:
    """Return the figure of the board that an agreement is about."""
    if indicator.is_service_level:
        return Metric.SERVICE_LEVEL
    return Metric.ABANDONMENT if indicator is Indicator.ABANDONMENT_RATE else None


def _agreed_limits(limits: Mapping[Metric, Limits], agreed: Mapping[Metric, Definition]) -> dict[Metric, Limits]:
    """Put the agreements' goals in the place of what a file has as bad."""
    goals = {metric: definition.goal for metric, definition in agreed.items() if definition.goal}
    return {**limits, **{metric: _agreed(metric, limits.get(metric), goal) for metric, goal in goals.items()}}


def _agreed(metric: Metric, limits: Limits | None, goal: Goal) -> Limits:
    bad = Limit(value=goal.threshold, strict=goal.comparison.is_strict)
    if limits is None:
        return Limits(metric=metric, warn=bad, bad=bad)
    distance = limits.warn.value - limits.bad.value
    warn = min(max(goal.threshold + distance, Fraction(0)), _ONE)
    return replace(limits, warn=Limit(value=warn), bad=bad)
