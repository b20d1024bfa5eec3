"""What scripted callers are going to do. Pure: chance comes in as an argument."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

_MOBILE_PREFIXES = (300, 301, 302, 304, 305, 310, 311, 312, 313, 314, 315, 316, 317, 318, 320, 321, 322, 323, 324, 350)
_FIXED_PREFIXES = (601, 602, 604, 605, 606, 607, 608)
_MOBILE_SHARE = 0.8
_AUTHORISE = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a caller is going to do, and the advisers who get the call.

    `authorises` is the answer where the line asks for an authorisation, None for silence. `keys` are pressed in a menu
    one after the other; none means silence. A caller with `patience_seconds` hangs up after waiting so long. `answers`
    are the keys of the survey; who does not stay hangs up after them.
    """

    number: str
    authorises: bool | None = True
    keys: Sequence[str] = ("1",)
    patience_seconds: float | None = None
    unanswered_rings: int = 0
    ring_seconds: float = 2.0
    talk_seconds: float = 8.0
    adviser_hangs_up: bool = True
    answers: Sequence[str] = ("5", "4", "5")
    stays_to_the_end: bool = True


def plausible_number(chance: random.Random) -> str:
    """Return a Colombian number of ten digits, more often mobile than fixed."""
    prefixes = _MOBILE_PREFIXES if chance.random() < _MOBILE_SHARE else _FIXED_PREFIXES
    return f"{chance.choice(prefixes)}{chance.randint(2_000_000, 9_999_999)}"


def varied(chance: random.Random) -> Plan:
    """Return the plan of a caller like those who call a citizen line."""
    (make,) = chance.choices([maker for _, maker in _KINDS], [weight for weight, _ in _KINDS])
    plan = make(chance)
    return replace(plan, authorises=None) if not plan.keys else replace(plan, authorises=chance.random() < _AUTHORISE)


def _talk_seconds(chance: random.Random) -> float:
    """Return a length of talk: most are short, some are long (log-normal, median 14 s)."""
    return min(max(chance.lognormvariate(2.6, 0.6), 4.0), 90.0)


def _answers(chance: random.Random, count: int = 3) -> list[str]:
    return chance.choices("12345", weights=(4, 4, 10, 32, 50), k=count)


def _survey_complete(chance: random.Random) -> Plan:
    return Plan(
        number=plausible_number(chance),
        ring_seconds=chance.uniform(1, 6),
        talk_seconds=_talk_seconds(chance),
        answers=_answers(chance),
    )


def _survey_cut_short(chance: random.Random) -> Plan:
    return Plan(
        number=plausible_number(chance),
        talk_seconds=_talk_seconds(chance),
        answers=_answers(chance, chance.randint(0, 2)),
        stays_to_the_end=False,
    )


def _caller_hangs_up(chance: random.Random) -> Plan:
    return Plan(
        number=plausible_number(chance),
        ring_seconds=chance.uniform(1, 9),
        talk_seconds=_talk_seconds(chance),
        adviser_hangs_up=False,
    )


def _abandons(chance: random.Random) -> Plan:
    return Plan(number=plausible_number(chance), patience_seconds=chance.uniform(7, 40), unanswered_rings=99)


def _ghost(chance: random.Random) -> Plan:
    return Plan(number=plausible_number(chance), patience_seconds=chance.uniform(0.5, 4), unanswered_rings=99)


def _wrong_keys(chance: random.Random) -> Plan:
    return Plan(
        number=plausible_number(chance),
        keys=[*chance.choices("2456789", k=chance.randint(1, 2)), "1"],
        talk_seconds=_talk_seconds(chance),
        answers=_answers(chance),
    )


def _silent(chance: random.Random) -> Plan:
    return Plan(number=plausible_number(chance), keys=(), talk_seconds=_talk_seconds(chance), answers=())


def _second_adviser(chance: random.Random) -> Plan:
    return Plan(
        number=plausible_number(chance),
        unanswered_rings=1,
        talk_seconds=_talk_seconds(chance),
        answers=_answers(chance),
    )


_KINDS: tuple[tuple[int, Callable[[random.Random], Plan]], ...] = (
    (36, _survey_complete),
    (12, _survey_cut_short),
    (18, _caller_hangs_up),
    (10, _abandons),
    (6, _ghost),
    (8, _wrong_keys),
    (4, _silent),
    (6, _second_adviser),
)
