"""The list of calls as people ask for it and read it; page and terminal share it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum

from contesta.format import UNKNOWN, clock, duration, short_date
from contesta.narrative import OUTCOMES, short_name
from core.events import MenuStepped, StepResult
from core.numbers import masked
from quality.metrics.history import Leg, Outcome
from storage.callbacks import Beside
from storage.listing import StoredCall
from storage.projection import RecordingState

THEN = " → "


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
    """One line of the list. A call that visited several queues has their facts one after the other.

    What nothing tells is a dash. `callback_id` is of the promised call that it has to do with, "" if there is none.
    """

    call_id: str
    day: str
    hour: str
    line: str
    number: str
    path: str
    queues: str
    outcomes: tuple[ShownOutcome, ...]
    wait: str
    talk: str
    advisers: str
    disposition: str
    recording: str
    callback: str
    callback_id: str


def shown_number(number: str) -> str:
    """Give a number as anybody may see it; a dash if the log does not tell it."""
    return masked(number) if number else UNKNOWN


def line_of(call: StoredCall, zone: tzinfo, ghost_seconds: int, callback: Beside | None = None) -> CallLine:
    """Lay out one call; its number is masked."""
    legs = [leg for visit in call.visits for leg in visit.legs]
    return CallLine(
        call_id=call.call_id,
        day=short_date(call.started_at, zone),
        hour=clock(call.started_at, zone),
        line=call.line or UNKNOWN,
        number=shown_number(call.number),
        path=path(call.steps),
        queues=THEN.join(visit.queue for visit in call.visits) or UNKNOWN,
        outcomes=tuple(_shown(visit.outcome(ghost_seconds)) for visit in call.visits) or (_without_queue(call),),
        wait=THEN.join(duration(visit.wait_ms) for visit in call.visits) or UNKNOWN,
        talk=_talk(legs),
        advisers=THEN.join(short_name(leg.agent) for leg in legs) or UNKNOWN,
        disposition=THEN.join(leg.title for leg in legs if leg.disposition) or UNKNOWN,
        recording=_recording(call),
        callback=_callback(callback) if callback else UNKNOWN,
        callback_id=callback.request_id if callback else "",
    )


def path(steps: Iterable[MenuStepped]) -> str:
    """Tell the way through the menus: what was chosen in each, one after the other."""
    chosen = (step for step in steps if step.result in {StepResult.CHOSEN, StepResult.GAVE_UP})
    return THEN.join(f"{step.menu} {step.key}".strip() for step in chosen) or UNKNOWN


def _callback(beside: Beside) -> str:
    return f"{'intento' if beside.attempt else 'origen'} de {beside.number}"


def _shown(outcome: Outcome) -> ShownOutcome:
    return ShownOutcome(word=OUTCOMES[outcome], tone=_TONES[outcome])


def _without_queue(call: StoredCall) -> ShownOutcome:
    return ShownOutcome(word="en el menú" if call.ended_at is None else "sin cola", tone=Tone.STALE)


def _recording(call: StoredCall) -> str:
    if not call.recordings:
        return UNKNOWN
    running = any(recording.state is RecordingState.RUNNING for recording in call.recordings)
    if running:
        return "en curso"
    there = sum(recording.state is not RecordingState.ERASED for recording in call.recordings)
    return "borrada" if there == 0 else "sí" if there == 1 else f"sí, {there}"


def _talk(legs: list[Leg]) -> str:
    if not legs:
        return UNKNOWN
    if legs[-1].ended_at is None and legs[-1].talk_ms is None:
        return "en curso"
    told = [leg.talk_ms for leg in legs if leg.talk_ms is not None]
    return duration(sum(told)) if len(told) == len(legs) else UNKNOWN
