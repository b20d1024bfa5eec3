"""How a line calls citizens back: the key `callbacks` of its file. `callback_queue.policy` decides by these values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.calendar import LEGAL_HOURS, Calendar


class Mode(StrEnum):
    """Whose telephone rings first."""

    CITIZEN_FIRST = "citizen_first"
    """The citizen presses 1, and then waits for an adviser."""
    ADVISER_FIRST = "adviser_first"
    """An adviser hears who it is and why, presses 1, and then the citizen is rung."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """What follows one result: at most `limit` attempts that ended so, the next after so many minutes.

    `after_minutes` are for the first, the second… such result; the last stays.
    """

    limit: int
    after_minutes: tuple[int, ...] = (30,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most that is dialled. None: no bound of this kind. Money is whole pesos in a day, by `peso_per_minute`."""

    per_number_day: int = 4
    per_hour: int | None = 600
    per_day: int | None = 5000
    pesos_per_day: int | None = None
    mobile_pesos_per_minute: int = 0
    fixed_pesos_per_minute: int = 0


RESULTS = (
    *("busy", "no_answer", "machine", "hung_up", "refused", "unreachable", "left_waiting", "adviser_left"),
    "no_adviser",
)
"""Results that a line's file may give retries for. A wrong and an invalid number are never dialled again."""

SOURCES = ("web", "mailbox", "abandoned", "kept_place", "appointment", "follow_up", "campaign")


def _retries() -> Mapping[str, Retry]:
    return {
        "busy": Retry(limit=3, after_minutes=(5, 15)),
        "no_answer": Retry(limit=3, after_minutes=(30, 120)),
        "machine": Retry(limit=2, after_minutes=(120,)),
        "hung_up": Retry(limit=2, after_minutes=(30,)),
        "refused": Retry(limit=2, after_minutes=(120,)),
        "unreachable": Retry(limit=3, after_minutes=(30, 120)),
        "left_waiting": Retry(limit=3, after_minutes=(5,)),
        "adviser_left": Retry(limit=3, after_minutes=(5,)),
        "no_adviser": Retry(limit=20, after_minutes=(2,)),
    }


def _priorities() -> Mapping[str, int]:
    return {
        "kept_place": 8,
        "appointment": 7,
        "abandoned": 5,
        "web": 5,
        "mailbox": 5,
        "follow_up": 2,
        "campaign": 1,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackPolicy:
    """How this line calls back.

    `enabled` no is the kill switch: nothing is dialled, what was promised waits. `abandoned` makes a request of each
    call that hung up waiting, after more than `abandoned_after_seconds`. `legal_hours` bound every call, beside the
    line's own hours. `reserve` advisers are left free for those who call in. A request expires `expiry_hours` after it
    was promised, or at the end of its own window. `ranges` are beginnings of national numbers that may be dialled.
    Times in seconds; `attempts` bounds all attempts of one request together.
    """

    enabled: bool = True
    mode: Mode = Mode.CITIZEN_FIRST
    abandoned: bool = True
    abandoned_after_seconds: int = 30
    abandoned_delay_seconds: int = 30
    follow_up_delay_minutes: int = 60
    caller_id: str = ""
    ring_seconds: int = 30
    confirm_seconds: int = 20
    longest_call_seconds: int = 3600
    reserve: int = 0
    attempts: int = 6
    expiry_hours: int = 72
    legal_hours: Calendar = LEGAL_HOURS
    retries: Mapping[str, Retry] = field(default_factory=_retries)
    priorities: Mapping[str, int] = field(default_factory=_priorities)
    ranges: tuple[str, ...] = ("3", "60")
    caps: Caps = field(default_factory=Caps)
