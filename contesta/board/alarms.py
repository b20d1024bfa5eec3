"""All thresholds of a board being watched: the level of each figure, and what is an alert."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Final, NamedTuple

from quality.metrics.alerts import Sighting, Watch, advance
from quality.metrics.limits import Level, Limits, Metric

from .measures import Scope, values
from .targets import Targets


class Fault(StrEnum):
    """What is wrong beside the figures: with the board itself, and with what was promised."""

    UNBALANCED = "unbalanced"
    DISCONNECTED = "disconnected"
    UNREAD = "unread"
    DAMAGED = "damaged"
    LATE_CALLBACKS = "late_callbacks"
    EXPIRED_CALLBACKS = "expired_callbacks"
    DIALLING_STOPPED = "dialling_stopped"
    DIALLING_CAPPED = "dialling_capped"


FAULT_LEVELS: Final[Mapping[Fault, Level]] = {
    Fault.UNBALANCED: Level.BAD,
    Fault.DISCONNECTED: Level.BAD,
    Fault.UNREAD: Level.BAD,
    Fault.DAMAGED: Level.WARN,
    Fault.LATE_CALLBACKS: Level.BAD,
    Fault.EXPIRED_CALLBACKS: Level.WARN,
    Fault.DIALLING_STOPPED: Level.BAD,
    Fault.DIALLING_CAPPED: Level.WARN,
}


class Subject(NamedTuple):
    """What an alert is about: a metric of the line ("") or of a queue, or a fault of the board."""

    of: Metric | Fault
    queue: str = ""


class Raised(NamedTuple):
    """An alert that is on."""

    subject: Subject
    level: Level
    since: datetime


_Key = tuple[Subject, Level]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """The watches of all thresholds, and which figures have a value to be held against theirs."""

    watches: Mapping[_Key, Watch] = field(default_factory=dict)
    measured: frozenset[Subject] = frozenset()

    def level(self, subject: Subject) -> Level | None:
        """Return how a figure is to be shown; None if it has no thresholds, or nothing to hold against them."""
        if raised := self.raised_of(subject):
            return raised.level
        return Level.OK if subject in self.measured else None

    def raised(self) -> Iterator[Raised]:
        """Yield the alerts that are on, one a subject, by its worst level."""
        for subject in {subject: None for subject, _ in self.watches}:
            if raised := self.raised_of(subject):
                yield raised

    def raised_of(self, subject: Subject) -> Raised | None:
        """Return the alert about a subject, by its worst level; None if there is none."""
        for level in (Level.BAD, Level.WARN):
            watch = self.watches.get((subject, level))
            if watch and watch.raised_at:
                return Raised(subject, level, watch.raised_at)
        return None


def look(alarms: Alarms, scopes: Iterable[Scope], targets: Targets, faults: Iterable[Fault], now: datetime) -> Alarms:
    """Return the alarms after a look at all figures and at what is wrong.

    While the telephone system tells nothing, nothing is known of any figure.
    """
    wrong = frozenset(faults)
    blind = Fault.DISCONNECTED in wrong
    found = {
        Subject(metric, scope.queue): (limits, None if blind else value)
        for scope in scopes
        for metric, (limits, value) in values(scope, targets).items()
    }
    seen = dict(_of_figures(found, blind=blind))
    seen |= {(Subject(fault), level): _of_fault(fault in wrong) for fault, level in FAULT_LEVELS.items()}
    seen |= {key: Sighting.OUT for key, watch in alarms.watches.items() if key not in seen and watch != Watch()}
    return Alarms(
        watches={key: advance(alarms.watches.get(key, Watch()), sighting, now) for key, sighting in seen.items()},
        measured=frozenset(subject for subject, (_, value) in found.items() if value is not None),
    )


def _of_figures(
    found: Mapping[Subject, tuple[Limits, Fraction | None]], *, blind: bool
) -> Iterator[tuple[_Key, Sighting]]:
    for subject, (limits, value) in found.items():
        for level in (Level.WARN, Level.BAD):
            if value is None:
                yield (subject, level), Sighting.BLIND if blind else Sighting.OUT
            else:
                yield (subject, level), limits.sight(level, value)


def _of_fault(wrong: bool) -> Sighting:  # noqa: FBT001  it is all there is to see
    return Sighting.BREACH if wrong else Sighting.OUT
