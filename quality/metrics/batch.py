"""Many visits as columns, which is how figures take them: a million then cost little more than one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from .rows import Row
from .visits import Outcome

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

UNKNOWN_MS = -1
CODES = {outcome: code for code, outcome in enumerate(Outcome)}


class Texts(NamedTuple):
    """A column of texts: for each row the number of its text."""

    number: Ints
    texts: Sequence[str]

    @classmethod
    def of(cls, column: Iterable[str]) -> Self:
        """Give numbers to the texts of a column."""
        numbers: dict[str, int] = {}
        number = [numbers.setdefault(text, len(numbers)) for text in column]
        return cls(np.array(number, np.int64), list(numbers))

    def take(self, rows: Ints | Flags) -> Self:
        """Return the chosen rows."""
        return self._replace(number=self.number[rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Visits, their conversations, and the rings nobody answered; times in milliseconds, `entered` in Unix seconds.

    `result` holds codes of `CODES`; a talk that was never told is UNKNOWN_MS. `leg_visit` and `ring_visit` say which
    visit a conversation and a ring belong to; `leg_target` is where it was passed on to, "" if it was not.
    """

    entered: Ints
    line: Texts
    queue: Texts
    disposition: Texts
    result: Ints
    wait_ms: Ints
    talk_ms: Ints
    hold_ms: Ints
    work_ms: Ints
    solved: Flags
    inferred: Flags
    leg_visit: Ints
    leg_agent: Texts
    leg_talk_ms: Ints
    leg_hold_ms: Ints
    leg_work_ms: Ints
    leg_target: Texts
    ring_visit: Ints
    ring_agent: Texts

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Self:
        """Put rows into columns."""
        legs = [(visit, share) for visit, row in enumerate(rows) for share in row.shares]
        rings = [(visit, agent) for visit, row in enumerate(rows) for agent in row.rings]
        return cls(
            entered=_ints(row.entered for row in rows),
            line=Texts.of(row.line for row in rows),
            queue=Texts.of(row.queue for row in rows),
            disposition=Texts.of(row.disposition for row in rows),
            result=_ints(CODES[row.result] for row in rows),
            wait_ms=_ints(row.wait_ms for row in rows),
            talk_ms=_ints(_known(row.talk_ms) for row in rows),
            hold_ms=_ints(row.hold_ms for row in rows),
            work_ms=_ints(row.work_ms for row in rows),
            solved=np.array([row.solved for row in rows], np.bool_),
            inferred=np.array([row.inferred for row in rows], np.bool_),
            leg_visit=_ints(visit for visit, _ in legs),
            leg_agent=Texts.of(share.agent for _, share in legs),
            leg_talk_ms=_ints(_known(share.talk_ms) for _, share in legs),
            leg_hold_ms=_ints(share.hold_ms for _, share in legs),
            leg_work_ms=_ints(share.work_ms for _, share in legs),
            leg_target=Texts.of(share.target for _, share in legs),
            ring_visit=_ints(visit for visit, _ in rings),
            ring_agent=Texts.of(agent for _, agent in rings),
        )


def _ints(values: Iterable[int]) -> Ints:
    return np.array(list(values), np.int64)


def _known(ms: int | None) -> int:
    return UNKNOWN_MS if ms is None else ms
