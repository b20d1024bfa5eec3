"""Each figure, defined once (domain, section 2). Counts and sums come from visits; a figure is a ratio of two of them.

Nothing is rounded here; a ratio over nothing has no value, which is neither 0 % nor 100 %.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from typing import NamedTuple, Self

import numpy as np

from .batch import CODES, UNKNOWN_MS, Batch, Flags, Ints
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


def count(visits: Batch, thresholds: Thresholds) -> Ints:
    """Return what each visit adds to each field of `Tally`, in their order: an array of fields by visits.

    `longest_wait_ms` is the one row of which the greatest counts and not the sum.
    """
    result, wait_ms, talk_ms = visits.result, visits.wait_ms, visits.talk_ms
    answered = result == CODES[Outcome.ANSWERED]
    hung_up = result == CODES[Outcome.ABANDONED]
    ghost = hung_up & (wait_ms <= thresholds.ghost_seconds * 1000)
    abandoned = hung_up & ~ghost
    in_time = wait_ms <= thresholds.service_level_seconds * 1000
    known = answered & (talk_ms != UNKNOWN_MS)
    disposed = np.array([bool(text) for text in visits.disposition.texts], np.bool_)[visits.disposition.number]
    return _columns(
        Tally,
        len(wait_ms),
        offered=np.ones_like(wait_ms),
        answered=answered,
        abandoned=abandoned,
        ghost=ghost,
        overflow=result == CODES[Outcome.OVERFLOW],
        closed=result == CODES[Outcome.CLOSED],
        lost=result == CODES[Outcome.LOST],
        waiting=result == CODES[Outcome.WAITING],
        answered_within=answered & in_time,
        abandoned_within=abandoned & in_time,
        answered_wait_ms=wait_ms * answered,
        abandoned_wait_ms=wait_ms * abandoned,
        longest_wait_ms=wait_ms,
        talk_ms=talk_ms * known,
        hold_ms=visits.hold_ms * known,
        work_ms=visits.work_ms * known,
        talk_unknown=answered & ~known,
        inferred=visits.inferred,
        disposed=answered & disposed,
        solved=answered & disposed & visits.solved,
    )


def count_conversations(visits: Batch) -> Ints:
    """Return what each conversation adds to each field of its `AgentTally`: an array of fields by conversations."""
    visit, talk_ms = visits.leg_visit, visits.leg_talk_ms
    known = talk_ms != UNKNOWN_MS
    passed_on = np.array([bool(text) for text in visits.leg_target.texts], np.bool_)[visits.leg_target.number]
    return _columns(
        AgentTally,
        len(visit),
        answered=np.ones_like(visit),
        answered_wait_ms=visits.wait_ms[visit],
        talk_ms=talk_ms * known,
        hold_ms=visits.leg_hold_ms * known,
        work_ms=visits.leg_work_ms * known,
        talk_unknown=~known,
        transferred=passed_on,
    )


def count_rings(rings: int) -> Ints:
    """Return what so many rings that nobody answered add to the `AgentTally` of whom they were for."""
    return _columns(AgentTally, rings, rings_unanswered=np.ones(rings, np.int64))


def add_up(counts: Ints, more: Ints) -> Ints:
    """Return the sum of two columns of one kind."""
    total = counts + more
    if len(total) == len(_TALLY):
        total[LONGEST_WAIT] = max(counts[LONGEST_WAIT], more[LONGEST_WAIT])
    return total


def sum_up(counts: Ints) -> Ints:
    """Return the sum of columns of one kind; of the longest wait, the greatest."""
    total: Ints = counts.sum(axis=1)
    if len(total) == len(_TALLY):
        total[LONGEST_WAIT] = counts[LONGEST_WAIT].max()
    return total


def _columns(kind: "type[Tally | AgentTally]", items: int, **columns: Ints | Flags) -> Ints:
    """Put columns in the order of the fields of `kind`; those not given are 0."""
    counts = np.zeros((len(fields(kind)), items), np.int64)
    for place, field in enumerate(fields(kind)):
        if field.name in columns:
            counts[place] = columns[field.name]
    return counts


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
    disposed: int = 0
    solved: int = 0

    @classmethod
    def of(cls, sums: Iterable[int]) -> Self:
        """Return the tally of one column of `count`, or of a sum of such columns."""
        return cls(**dict(zip(_TALLY, map(int, sums), strict=True)))

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
    def work_mean_ms(self) -> Ratio:
        """Mean after-call work of the answered whose talk is known; part of the TMO."""
        return Ratio(self.work_ms, self.answered - self.talk_unknown)

    @property
    def first_contact_resolution(self) -> Ratio:
        """Answered visits whose disposition says that they were solved, of those that have one."""
        return Ratio(self.solved, self.disposed)

    @property
    def hold_mean_ms(self) -> Ratio:
        """Mean time on hold of the answered whose talk is known; part of the TMO, never added to it."""
        return Ratio(self.hold_ms, self.answered - self.talk_unknown)


_TALLY = tuple(field.name for field in fields(Tally))
LONGEST_WAIT = _TALLY.index("longest_wait_ms")


@dataclass(slots=True, kw_only=True)
class AgentTally:
    """Counts and sums over one agent's conversations and presence; times in milliseconds.

    `unwatched_talk_ms` is talk of times in which nobody knows whether he was logged in or paused.
    """

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
    unwatched_talk_ms: int = 0

    @classmethod
    def of(cls, sums: Iterable[int]) -> Self:
        """Return the tally of one column of `count_conversations` or `count_rings`, or of a sum of such columns."""
        return cls(**dict(zip(_AGENT_TALLY, map(int, sums), strict=True)))

    def counts(self) -> Ints:
        """Return the column that this tally is the tally of."""
        return np.array(astuple(self), np.int64)

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
        worked_ms = max(0, self.talk_ms + self.work_ms - self.unwatched_talk_ms)
        return Ratio(worked_ms, self.logged_in_ms - self.paused_ms)


_AGENT_TALLY = tuple(field.name for field in fields(AgentTally))
