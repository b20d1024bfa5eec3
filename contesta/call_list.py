"""The list of calls as people ask for it and read it; page and terminal share it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from contesta.format import UNKNOWN, clock, duration, short_date
from contesta.narrative import OUTCOMES, short_name
from core.errors import ConfigurationError
from core.numbers import masked
from quality.metrics.history import Leg, Outcome
from storage.listing import CallFilter, StoredCall

THEN = " → "
OUTCOME_OF_WORD = {word.replace("en ", ""): outcome for outcome, word in OUTCOMES.items()}


class Tone(StrEnum):
    """What an outcome is for the line: pages show it by fill and shape, beside the word."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    STALE = "stale"


_TONES = {
    Outcome.WAITING: Tone.STALE,
    Outcome.ANSWERED: Tone.OK,
    Outcome.ABANDONED: Tone.WARN,
    Outcome.GHOST: Tone.STALE,
    Outcome.OVERFLOW: Tone.WARN,
    Outcome.CLOSED: Tone.BAD,
    Outcome.LOST: Tone.BAD,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOutcome:
    """An outcome in a word, and what it is for the line."""

    word: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLine:
    """One line of the list. A call that visited several queues has their facts one after the other."""

    call_id: str
    day: str
    hour: str
    line: str
    number: str
    queues: str
    outcomes: tuple[ShownOutcome, ...]
    wait: str
    talk: str
    advisers: str
    recordings: int


def shown_number(number: str) -> str:
    """Give a number as anybody may see it; a dash if the log does not tell it."""
    return masked(number) if number else UNKNOWN


def line_of(call: StoredCall, zone: tzinfo, ghost_seconds: int) -> CallLine:
    """Lay out one call; its number is masked."""
    legs = [leg for visit in call.visits for leg in visit.legs]
    return CallLine(
        call_id=call.call_id,
        day=short_date(call.started_at, zone),
        hour=clock(call.started_at, zone),
        line=call.line or UNKNOWN,
        number=shown_number(call.number),
        queues=THEN.join(visit.queue for visit in call.visits) or UNKNOWN,
        outcomes=tuple(_shown(visit.outcome(ghost_seconds)) for visit in call.visits) or (_without_queue(call),),
        wait=THEN.join(duration(visit.wait_ms) for visit in call.visits) or UNKNOWN,
        talk=_talk(legs),
        advisers=THEN.join(short_name(leg.agent) for leg in legs) or UNKNOWN,
        recordings=len(call.recordings),
    )


def filter_of(
    *, since: str, until: str, queue: str, outcome: str, agent: str = "", zone: tzinfo, ghost_seconds: int
) -> CallFilter:
    """Read what somebody asked for; an empty text asks for nothing. Both days belong to the period.

    Raises:
        ConfigurationError: a day or an outcome is none; the message says what would be.
    """
    if outcome and outcome not in OUTCOME_OF_WORD:
        raise ConfigurationError(f"resultado desconocido: «{outcome}». Use uno de: {', '.join(OUTCOME_OF_WORD)}")
    return CallFilter(
        since=_day(since, zone) if since else None,
        until=_day(until, zone, days=1) if until else None,
        queue=queue or None,
        outcome=OUTCOME_OF_WORD[outcome] if outcome else None,
        agent=agent or None,
        ghost_seconds=ghost_seconds,
    )


def _day(said: str, zone: tzinfo, days: int = 0) -> datetime:
    try:
        day = date.fromisoformat(said) + timedelta(days=days)
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ConfigurationError(f"fecha no válida: «{said}». Escríbala como 2025-06-03") from error


def _shown(outcome: Outcome) -> ShownOutcome:
    return ShownOutcome(word=OUTCOMES[outcome], tone=_TONES[outcome])


def _without_queue(call: StoredCall) -> ShownOutcome:
    return ShownOutcome(word="en el menú" if call.ended_at is None else "sin cola", tone=Tone.STALE)


def _talk(legs: list[Leg]) -> str:
    if not legs:
        return UNKNOWN
    if legs[-1].ended_at is None and legs[-1].talk_ms is None:
        return "en curso"
    told = [leg.talk_ms for leg in legs if leg.talk_ms is not None]
    return duration(sum(told)) if len(told) == len(legs) else UNKNOWN
