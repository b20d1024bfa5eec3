"""Training sessions: what was taught when, who was there, and the hours that a month comes to.

ART-2019, section 5, table 23: day, subject, place and length of each session, and the hours of all of them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One session; `agents` were there."""

    day: date
    subject: str
    place: str
    trainer: str
    minutes: int
    agents: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviserHours:
    """How many sessions an adviser was at, and the minutes that they lasted."""

    agent: str
    sessions: int
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """What sessions come to. `minutes` is the sum of their lengths, as table 23 has it, whoever was there.

    `attended` is the sum over all advisers. `reached` of `expected` advisers were at one session or more.
    """

    sessions: int
    minutes: int
    attended: int
    reached: int
    expected: int
    advisers: tuple[AdviserHours, ...]


def hours(sessions: Iterable[Training], expected: Iterable[str]) -> Hours:
    """Sum sessions up; `expected` are the advisers who should have been trained."""
    held = list(sessions)
    agents = sorted({*expected, *(agent for one in held for agent in one.agents)})
    advisers = tuple(_of(agent, held) for agent in agents)
    return Hours(
        sessions=len(held),
        minutes=sum(one.minutes for one in held),
        attended=sum(adviser.minutes for adviser in advisers),
        reached=sum(adviser.sessions > 0 for adviser in advisers),
        expected=len(agents),
        advisers=advisers,
    )


def _of(agent: str, held: Iterable[Training]) -> AdviserHours:
    there = [one.minutes for one in _attended(agent, held)]
    return AdviserHours(agent=agent, sessions=len(there), minutes=sum(there))


def _attended(agent: str, held: Iterable[Training]) -> Iterator[Training]:
    return (one for one in held if agent in one.agents)
