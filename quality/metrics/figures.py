"""Each figure, defined once (domain, section 2). Counts and sums come from visits; a figure is a ratio of two of them.

Nothing is rounded here; a ratio over nothing has no value, which is neither 0 % nor 100 %.
"""

from dataclasses import dataclass, fields
from typing import NamedTuple, Self

from .rows import Row, Share
from .visits import Outcome


class Ratio(NamedTuple):
    """A figure and what it was made of."""

    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        """The quotient, None over 0."""
        return self.numerator / self.denominator if self.denominator else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What a contract sets: up to when an abandonment is a ghost, and X of the service level, in seconds."""

    ghost_seconds: int = 5
    service_level_seconds: int = 20


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts and sums over visits; times in milliseconds. ART-2019, tables 4 to 7, prints most of them."""

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    ghost: int = 0
    overflow: int = 0
    closed: int = 0
    lost: int = 0
    waiting: int = 0
    answered_within: int = 0
    abandoned_within: int = 0
    answered_wait_ms: int = 0
    abandoned_wait_ms: int = 0
    longest_wait_ms: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    work_ms: int = 0
    talk_unknown: int = 0
    inferred: int = 0

    def add(self, row: Row, thresholds: Thresholds) -> None:
        """Count one visit."""
        wait_ms, result = row.wait_ms, row.result
        self.offered += 1
        self.longest_wait_ms = max(self.longest_wait_ms, wait_ms)
        self.inferred += row.inferred
        if result is Outcome.ANSWERED:
            self.answered += 1
            self.answered_wait_ms += wait_ms
            self.answered_within += wait_ms <= thresholds.service_level_seconds * 1000
            if row.talk_ms is None:
                self.talk_unknown += 1
            else:
                self.talk_ms += row.talk_ms
                self.hold_ms += row.hold_ms
                self.work_ms += row.work_ms
        elif result is Outcome.ABANDONED:
            self._add_abandoned(wait_ms, thresholds)
        else:
            setattr(self, result, getattr(self, result) + 1)

    def _add_abandoned(self, wait_ms: int, thresholds: Thresholds) -> None:
        if wait_ms <= thresholds.ghost_seconds * 1000:
            self.ghost += 1
            return
        self.abandoned += 1
        self.abandoned_wait_ms += wait_ms
        self.abandoned_within += wait_ms <= thresholds.service_level_seconds * 1000

    def __iadd__(self, other: Self) -> Self:
        longest_wait_ms = max(self.longest_wait_ms, other.longest_wait_ms)
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        self.longest_wait_ms = longest_wait_ms
        return self

    @property
    def remainder(self) -> int:
        """What the identity of section 1 leaves over: anything but 0 is a defect."""
        ended = self.answered + self.abandoned + self.ghost + self.overflow + self.closed + self.lost
        return self.offered - ended - self.waiting

    @property
    def answer_rate(self) -> Ratio:
        """Answered of all that were no ghosts: 172 of 181 in ART-2019."""
        return Ratio(self.answered, self.offered - self.ghost)

    @property
    def abandonment_rate(self) -> Ratio:
        """Abandoned of all that were no ghosts."""
        return Ratio(self.abandoned, self.offered - self.ghost)

    @property
    def asa_ms(self) -> Ratio:
        """Average speed of answer: wait of the answered."""
        return Ratio(self.answered_wait_ms, self.answered)

    @property
    def abandoned_mean_wait_ms(self) -> Ratio:
        """Mean wait of the abandoned, without ghosts."""
        return Ratio(self.abandoned_wait_ms, self.abandoned)

    @property
    def service_level_answered(self) -> Ratio:
        """Answered in time of the answered."""
        return Ratio(self.answered_within, self.answered)

    @property
    def service_level_offered(self) -> Ratio:
        """Answered in time of all that were no ghosts."""
        return Ratio(self.answered_within, self.offered - self.ghost)

    @property
    def service_level_inclusive(self) -> Ratio:
        """Answered or abandoned in time of all that were no ghosts."""
        return Ratio(self.answered_within + self.abandoned_within, self.offered - self.ghost)

    @property
    def tmo_ms(self) -> Ratio:
        """Average handle time: talk, in which holds are, and after-call work, of the answered whose talk is known."""
        return Ratio(self.talk_ms + self.work_ms, self.answered - self.talk_unknown)

    @property
    def hold_mean_ms(self) -> Ratio:
        """Mean time on hold of the answered whose talk is known; part of the TMO, never added to it."""
        return Ratio(self.hold_ms, self.answered - self.talk_unknown)


@dataclass(slots=True, kw_only=True)
class AgentTally:
    """Counts and sums over one agent's conversations and presence; times in milliseconds."""

    answered: int = 0
    answered_wait_ms: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    work_ms: int = 0
    talk_unknown: int = 0
    transferred: int = 0
    rings_unanswered: int = 0
    logged_in_ms: int = 0
    paused_ms: int = 0

    def add(self, row: Row, share: Share) -> None:
        """Count one conversation of a visit. After-call work is the last agent's."""
        self.answered += 1
        self.answered_wait_ms += row.wait_ms
        if share.talk_ms is None:
            self.talk_unknown += 1
        else:
            self.talk_ms += share.talk_ms
            self.hold_ms += share.hold_ms
        if share.target:
            self.transferred += 1
        if row.work_ms and share is row.shares[-1]:
            self.work_ms += row.work_ms

    @property
    def asa_ms(self) -> Ratio:
        """Mean wait of the callers the agent answered."""
        return Ratio(self.answered_wait_ms, self.answered)

    @property
    def tmo_ms(self) -> Ratio:
        """Average handle time of the conversations whose talk is known."""
        return Ratio(self.talk_ms + self.work_ms, self.answered - self.talk_unknown)

    @property
    def occupancy(self) -> Ratio:
        """Talk and after-call work of the time logged in and not paused."""
        return Ratio(self.talk_ms + self.work_ms, self.logged_in_ms - self.paused_ms)
