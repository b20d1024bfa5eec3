"""What a call's history is made of. Times are aware and UTC; durations the telephone system told are whole seconds."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.events import EndedBy, Event, MenuStepped, Recorded, Resolution, RingResult, SurveyAnswered


class Outcome(StrEnum):
    """How a queue visit ended. GHOST is never stored: it depends on the threshold of whoever reads."""

    WAITING = "waiting"
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    GHOST = "ghost"
    OVERFLOW = "overflow"
    CLOSED = "closed"
    LOST = "lost"


class Reason(StrEnum):
    """Why a visit ended so, where its outcome alone does not say."""

    NONE = ""
    TIMEOUT = "timeout"
    KEY = "key"
    WITHDRAWN = "withdrawn"
    LEFT = "left"  # the live feed saw the caller leave and then do something else, and the log is not read yet
    EMPTY = "empty"
    FULL = "full"
    UNKNOWN_QUEUE = "unknown_queue"
    RESTART = "restart"
    ENTERED_AGAIN = "entered_again"
    VANISHED = "vanished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """One ring of one agent that did not lead to a conversation. `ms` and `result` are None while, or if, unknown."""

    agent: str
    at: datetime
    ms: int | None = None
    result: RingResult | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One agent's conversation with the caller. `talk_ms` includes hold, and is None until told, or if never told.

    `work_ms` is the work after it, None if nothing tells; `disposition` is the last word of it, "" if there is none.
    """

    agent: str
    connected_at: datetime
    ring_seconds: int = 0
    talk_ms: int | None = None
    hold_ms: int = 0
    ended_at: datetime | None = None
    ended_by: EndedBy | None = None
    target: str = ""
    work_ms: int | None = None
    disposition: str = ""
    title: str = ""
    resolution: Resolution = Resolution.OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One stay of one caller in one queue; `ordinal` counts from 1 within call and queue.

    `left_at` with result WAITING: the live feed saw the caller leave, and it is not known yet what for.
    """

    call_id: str
    channel_id: str
    queue: str
    ordinal: int
    entered_at: datetime
    entry_inferred: bool = False
    left_at: datetime | None = None
    wait_ms: int | None = None
    result: Outcome = Outcome.WAITING
    reason: Reason = Reason.NONE
    key: str = ""
    detail: str = ""
    rings: tuple[Ring, ...] = ()
    legs: tuple[Leg, ...] = ()

    def outcome(self, ghost_seconds: int) -> Outcome:
        """Return the outcome for a contract that leaves out abandonments within `ghost_seconds` (domain: ghost)."""
        if self.result is Outcome.ABANDONED and self.wait_ms is not None and self.wait_ms <= ghost_seconds * 1000:
            return Outcome.GHOST
        return self.result


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHistory:
    """All that is known of one call. `lost`: it was cut off by a restart, or was gone after a gap."""

    call_id: str
    line: str = ""
    number: str = ""
    started_at: datetime
    ended_at: datetime | None = None
    ended_by: EndedBy | None = None
    cause: int = 0
    lost: bool = False
    visits: tuple[Visit, ...] = ()
    menu_steps: tuple[MenuStepped, ...] = ()
    survey: tuple[SurveyAnswered, ...] = ()
    recordings: tuple[Recorded, ...] = ()
    orphan_ends: int = 0
    events: tuple[Event, ...] = ()
