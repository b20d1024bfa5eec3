"""Whether a figure meets its goal, and by how much. All arithmetic is of whole numbers: 89.96 % does not meet 90 %."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil, floor

from quality.metrics.figures import Ratio

from .definition import Definition, Goal, Stint


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a version of an agreement makes of the days it was in force. `met` None: no visits, or no goal set."""

    definition: Definition
    first: date
    last: date
    figure: Ratio
    met: bool | None

    @property
    def missing(self) -> int | None:
        """How much was missing to comply, None unless it does not.

        Of a share: how many of the calls that did not count as attended (or in time) would have had to be. Of a mean:
        by how many milliseconds it would have had to be lower, rounded up.
        """
        goal = self.definition.goal
        if self.met is not False or goal is None:
            return None
        if self.definition.indicator.is_time:
            return _least(self._excess(goal), strict=goal.comparison.is_strict)
        least = self.figure.denominator * goal.threshold - self.figure.numerator
        return _least(least if goal.comparison.wants_more else -least, strict=goal.comparison.is_strict)

    @property
    def to_spare(self) -> int | None:
        """How much may still go wrong and the period comply, None unless it does.

        Of a share: how many calls more may come and not be attended (or not in time). Of a mean: by how many
        milliseconds it may be higher, rounded down.
        """
        goal = self.definition.goal
        if not self.met or goal is None:
            return None
        numerator, denominator = self.figure
        if self.definition.indicator.is_time:
            most = -self._excess(goal)
        elif goal.comparison.wants_more:
            most = numerator / goal.threshold - denominator
        else:
            most = (denominator * goal.threshold - numerator) / (1 - goal.threshold)
        return _most(most, strict=goal.comparison.is_strict)

    def _excess(self, goal: Goal) -> Fraction:
        return Fraction(*self.figure) - goal.threshold


def judge(stint: Stint, figure: Ratio) -> Verdict:
    """Hold a figure against the goal of the version in force."""
    definition, first, last = stint
    met = None
    if definition.goal and figure.denominator:
        met = _complies(figure, definition.goal)
    return Verdict(definition=definition, first=first, last=last, figure=figure, met=met)


def _complies(figure: Ratio, goal: Goal) -> bool:
    reached = Fraction(*figure)
    if reached == goal.threshold:
        return not goal.comparison.is_strict
    return (reached > goal.threshold) is goal.comparison.wants_more


def _least(bound: Fraction, *, strict: bool) -> int:
    """Return the least whole number that is not below `bound`, or above it."""
    return floor(bound) + 1 if strict else ceil(bound)


def _most(bound: Fraction, *, strict: bool) -> int:
    """Return the greatest whole number that is not above `bound`, or below it."""
    return ceil(bound) - 1 if strict else floor(bound)
