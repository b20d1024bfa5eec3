"""Which conversations are audited: drawn at random, so that nobody chooses them, and again the same from the same seed.

Within each group, conversations stand in the order of their strata (agent, day part, length, disposition) and, within a
stratum, in an order that the seed shuffles; every N/n-th is taken, from a start that the seed chooses too. So each has
the same chance, n/N, and each stratum gets its share to within one (systematic sampling, W. G. Cochran, "Sampling
techniques", 1977, chapter 8). The order is that of SHA-256 digests: any other program draws the same.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from fractions import Fraction
from hashlib import sha256
from typing import NamedTuple

from core.errors import ConfigurationError

from .intervals import sample_size

MOST_PER_AGENT = 500
_SHORT_SECONDS, _LONG_SECONDS = 120, 300
_NOON, _EVENING = 12, 18
_SEED = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_PARTS = 2**256  # digests there are


class Exclusion(StrEnum):
    """Why a conversation cannot be drawn."""

    NOT_AUTHORISED = "not_authorised"
    NO_RECORDING = "no_recording"
    FILE_MISSING = "file_missing"
    GOES_ON = "goes_on"
    AUDITED = "audited"


class DayPart(StrEnum):
    """When it began, local: until noon, until six, after."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


class Length(StrEnum):
    """How long it was: under two minutes, under five, longer."""

    SHORT = "short"
    MEDIUM = "medium"
    LONG = "long"


class Stratum(NamedTuple):
    """What a sample is spread over."""

    agent: str
    day_part: DayPart
    length: Length
    disposition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One conversation of an agent with a citizen. `file` is its recording, relative to their folder."""

    call_id: str
    line: str
    agent: str
    at: datetime
    seconds: int
    disposition: str = ""
    file: str = ""
    exclusion: Exclusion | None = None

    @property
    def key(self) -> str:
        """What names it, whatever else is told of it later."""
        return f"{self.call_id}\0{self.agent}\0{self.at.isoformat()}"

    def stratum(self, zone: tzinfo) -> Stratum:
        """Tell where it belongs."""
        hour = self.at.astimezone(zone).hour
        day_part = DayPart.MORNING if hour < _NOON else DayPart.AFTERNOON if hour < _EVENING else DayPart.EVENING
        length = Length.LONG
        if self.seconds < _LONG_SECONDS:
            length = Length.SHORT if self.seconds < _SHORT_SECONDS else Length.MEDIUM
        return Stratum(self.agent, day_part, length, self.disposition)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerAgent:
    """So many of each agent; ART-2019 audited 10."""

    count: int

    def __str__(self) -> str:
        return f"{self.count} por asesor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """As many as show a share to within ± `margin` at 95 % confidence, of all agents together."""

    margin: Fraction

    def __str__(self) -> str:
        return f"margen de error {float(self.margin * 100):g} %".replace(".", ",")


Size = PerAgent | Margin


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A conversation that is to be audited, and the stratum that it stands for."""

    conversation: Conversation
    stratum: Stratum


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was drawn, in the order of time; from how many of each agent; and what could not be."""

    seed: str
    size: Size
    drawn: tuple[Drawn, ...]
    population: Mapping[str, int]
    excluded: tuple[Conversation, ...]


def draw(conversations: Iterable[Conversation], size: Size, seed: str, zone: tzinfo) -> Sample:
    """Draw a sample. The order of what is given changes nothing.

    Raises:
        ConfigurationError: size or seed is none.
    """
    _check(size, seed)
    told = {each.key: each for each in conversations}
    eligible = [each for each in told.values() if each.exclusion is None]
    groups: defaultdict[str, list[Drawn]] = defaultdict(list)
    for each in eligible:
        groups[each.agent if isinstance(size, PerAgent) else ""].append(
            Drawn(conversation=each, stratum=each.stratum(zone))
        )
    drawn = [
        each for name, group in groups.items() for each in _every_nth(group, _wanted(size, len(group)), seed, name)
    ]
    excluded = (each for each in told.values() if each.exclusion is not None)
    return Sample(
        seed=seed,
        size=size,
        drawn=tuple(sorted(drawn, key=lambda each: (each.conversation.at, each.conversation.key))),
        population=Counter(each.agent for each in sorted(eligible, key=lambda each: each.agent)),
        excluded=tuple(sorted(excluded, key=lambda each: (each.at, each.key))),
    )


def _check(size: Size, seed: str) -> None:
    if not _SEED.fullmatch(seed):
        raise ConfigurationError(f"semilla no válida: «{seed[:64]}»; use letras, cifras, puntos y guiones, hasta 64")
    if isinstance(size, PerAgent) and not 0 < size.count <= MOST_PER_AGENT:
        raise ConfigurationError(f"escriba de 1 a {MOST_PER_AGENT} auditorías por asesor, no {size.count}")
    if isinstance(size, Margin) and not Fraction(1, 100) <= size.margin <= Fraction(1, 2):
        raise ConfigurationError(f"escriba un margen de error de 1 % a 50 %, no {float(size.margin * 100):g} %")


def _wanted(size: Size, population: int) -> int:
    if isinstance(size, PerAgent):
        return min(size.count, population)
    return sample_size(population, float(size.margin))


def _every_nth(group: list[Drawn], wanted: int, seed: str, name: str) -> Iterator[Drawn]:
    ordered = sorted(group, key=lambda each: (each.stratum, _digest(seed, each.conversation.key)))
    step = Fraction(len(ordered), wanted)
    start = step * Fraction(_digest(seed, f"\0{name}"), _PARTS)
    for place in range(wanted):
        yield ordered[int(start + place * step)]


def _digest(seed: str, text: str) -> int:
    return int.from_bytes(sha256(f"{seed}\0{text}".encode()).digest())
