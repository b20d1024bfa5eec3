"""Where an auditor may look for an item of the matrix, by what was measured. It never says what is to be marked."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from quality.audio.measures import Measures, Role

LONG_TALK_OVER_SECONDS = 0.5
LATE_FIRST_WORD_SECONDS = 3.0
ANSWER_TIME = "6.1"
"""The sub-item of ART-2019's matrix that the ringing, as the ledger has it, and the first word are evidence of."""


class Evidence(StrEnum):
    """What was measured."""

    HOLD = "hold"
    DEAD_AIR = "dead_air"
    ADVISER_BEGAN_OVER_CALLER = "adviser_began_over_caller"
    LATE_FIRST_WORD = "late_first_word"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A stretch to listen to, for an item or sub-item of ART-2019's matrix."""

    item: str
    evidence: Evidence
    begin: float
    end: float


def suggestions(measures: Measures) -> tuple[Suggestion, ...]:
    """Return where to look, in order of time."""
    return tuple(sorted(_found(measures), key=lambda one: (one.begin, one.item)))


def _found(measures: Measures) -> Iterator[Suggestion]:
    for begin, end in measures.hold:
        yield Suggestion(item="9", evidence=Evidence.HOLD, begin=begin, end=end)
    for begin, end in measures.dead_air:
        yield Suggestion(item="9.3", evidence=Evidence.DEAD_AIR, begin=begin, end=end)
    for one in measures.talk_over:
        if one.began is Role.ADVISER and one.end - one.begin >= LONG_TALK_OVER_SECONDS:
            yield Suggestion(item="8.3", evidence=Evidence.ADVISER_BEGAN_OVER_CALLER, begin=one.begin, end=one.end)
    adviser = next((one for one in measures.channels if one.role is Role.ADVISER), None)
    if adviser and adviser.speech and adviser.speech[0][0] > LATE_FIRST_WORD_SECONDS:
        yield Suggestion(item=ANSWER_TIME, evidence=Evidence.LATE_FIRST_WORD, begin=0.0, end=adviser.speech[0][0])
