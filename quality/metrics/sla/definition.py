"""What a contract asks for: an indicator with its formula, a goal, and since when. Versions are never changed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from itertools import groupby, pairwise
from operator import attrgetter
from typing import NamedTuple

from core.calendar import Calendar
from core.errors import ConfigurationError
from quality.metrics.figures import Ratio, Tally, Thresholds


class Indicator(StrEnum):
    """A figure of domain section 2, by one formula: the three of the service level are three indicators."""

    ASA = "asa"
    TMO = "tmo"
    ANSWER_RATE = "answer_rate"
    ABANDONMENT_RATE = "abandonment_rate"
    SERVICE_LEVEL_ANSWERED = "service_level_answered"
    SERVICE_LEVEL_OFFERED = "service_level_offered"
    SERVICE_LEVEL_INCLUSIVE = "service_level_inclusive"

    @property
    def is_time(self) -> bool:
        """Whether it is a mean in milliseconds; the others are shares from 0 to 1."""
        return self in {Indicator.ASA, Indicator.TMO}

    @property
    def is_service_level(self) -> bool:
        """Whether it asks how many were attended within X seconds."""
        return self.name.startswith("SERVICE_LEVEL")

    @property
    def better_when_higher(self) -> bool:
        """Whether the contract asks for at least as much, and not for at most."""
        return self is Indicator.ANSWER_RATE or self.is_service_level

    def figure(self, tally: Tally) -> Ratio:  # noqa: PLR0911  one for each indicator
        """Return the indicator's numerator and denominator."""
        match self:
            case Indicator.ASA:
                return tally.asa_ms
            case Indicator.TMO:
                return tally.tmo_ms
            case Indicator.ANSWER_RATE:
                return tally.answer_rate
            case Indicator.ABANDONMENT_RATE:
                return tally.abandonment_rate
            case Indicator.SERVICE_LEVEL_ANSWERED:
                return tally.service_level_answered
            case Indicator.SERVICE_LEVEL_OFFERED:
                return tally.service_level_offered
            case Indicator.SERVICE_LEVEL_INCLUSIVE:
                return tally.service_level_inclusive


class Comparison(StrEnum):
    """How a figure is held against its threshold."""

    AT_LEAST = "at_least"
    MORE_THAN = "more_than"
    AT_MOST = "at_most"
    LESS_THAN = "less_than"

    @property
    def is_strict(self) -> bool:
        """Whether the threshold itself does not comply."""
        return self in {Comparison.MORE_THAN, Comparison.LESS_THAN}

    @property
    def wants_more(self) -> bool:
        """Whether more is better."""
        return self in {Comparison.AT_LEAST, Comparison.MORE_THAN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What must be reached: a share from 0 to 1, or milliseconds; exact."""

    comparison: Comparison
    threshold: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One version of one agreement. Without a goal the entity has not set it yet: the figure has no verdict.

    `calendar` None counts every visit, else those entered within its hours. `within_seconds` is X of a service level.
    Valid from a local day to another, both included; without an end, until a later version begins.
    """

    id: str
    version: int
    title: str
    clause: str
    indicator: Indicator
    goal: Goal | None
    ghost_seconds: int
    within_seconds: int | None
    calendar: Calendar | None
    valid_from: date
    valid_to: date | None

    @property
    def thresholds(self) -> Thresholds:
        """What the figures are to be counted with."""
        ghost = Thresholds(ghost_seconds=self.ghost_seconds)
        if self.within_seconds is None:
            return ghost
        return Thresholds(ghost_seconds=self.ghost_seconds, service_level_seconds=self.within_seconds)


class Stint(NamedTuple):
    """The days of a period on which a version was in force, both included."""

    definition: Definition
    first: date
    last: date


def check_versions(definitions: Iterable[Definition]) -> None:
    """See to it that the versions of each agreement follow each other in time.

    Raises:
        ConfigurationError: two have the same number, or are valid on the same day and not because the earlier is open.
    """
    for versions in _by_id(definitions):
        for earlier, later in pairwise(versions):
            name = f"definición «{later.id}», versión {later.version}"
            if later.version == earlier.version:
                raise ConfigurationError(f"{name}: está dos veces; deje una sola")
            if later.valid_from < earlier.valid_from:
                raise ConfigurationError(
                    f"{name}: comienza antes que la versión {earlier.version} ({earlier.valid_from}); "
                    "corrija «valid_from» o el número de versión"
                )
            if earlier.valid_to and later.valid_from <= earlier.valid_to:
                raise ConfigurationError(
                    f"{name}: su vigencia se cruza con la de la versión {earlier.version}, que va hasta "
                    f"{earlier.valid_to}; ponga «valid_from: {earlier.valid_to + timedelta(days=1)}» o posterior"
                )


def in_force(definitions: Iterable[Definition], first: date, last: date) -> Iterator[Stint]:
    """Yield which versions were in force between two days, and when, in order of agreement and version."""
    for versions in _by_id(definitions):
        for place, version in enumerate(versions):
            ends = [last] if version.valid_to is None else [last, version.valid_to]
            ends += [later.valid_from - timedelta(days=1) for later in versions[place + 1 :]]
            stint = Stint(version, max(first, version.valid_from), min(ends))
            if stint.first <= stint.last:
                yield stint


def _by_id(definitions: Iterable[Definition]) -> Iterator[list[Definition]]:
    ordered = sorted(definitions, key=attrgetter("id", "version"))
    return (list(versions) for _, versions in groupby(ordered, key=attrgetter("id")))
