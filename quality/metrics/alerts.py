"""When a figure beyond its threshold becomes an alert, and when it no longer is one.

A figure that crosses its threshold for a moment alarms nobody, and one that swings about it alarms once: an alert
begins after ENTER_AFTER in breach without a break, and ends after LEAVE_AFTER clearly out of it. A `Watch` keeps one
threshold; a figure with two has two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

ENTER_AFTER: Final = timedelta(seconds=5)
LEAVE_AFTER: Final = timedelta(seconds=15)


class Sighting(StrEnum):
    """What is seen of a figure at one moment.

    NEAR is within the threshold, but not clearly; OUT also if there is nothing to measure. BLIND: nobody can tell.
    """

    BREACH = "breach"
    NEAR = "near"
    OUT = "out"
    BLIND = "blind"


class State(StrEnum):
    """QUIET and ENTERING are no alert yet, LEAVING still is one."""

    QUIET = "quiet"
    ENTERING = "entering"
    ACTIVE = "active"
    LEAVING = "leaving"


TRANSITIONS: Final[Mapping[tuple[State, Sighting], State]] = {
    (State.QUIET, Sighting.BREACH): State.ENTERING,
    (State.QUIET, Sighting.NEAR): State.QUIET,
    (State.QUIET, Sighting.OUT): State.QUIET,
    (State.QUIET, Sighting.BLIND): State.QUIET,
    (State.ENTERING, Sighting.BREACH): State.ACTIVE,
    (State.ENTERING, Sighting.NEAR): State.QUIET,
    (State.ENTERING, Sighting.OUT): State.QUIET,
    (State.ENTERING, Sighting.BLIND): State.QUIET,
    (State.ACTIVE, Sighting.BREACH): State.ACTIVE,
    (State.ACTIVE, Sighting.NEAR): State.ACTIVE,
    (State.ACTIVE, Sighting.OUT): State.LEAVING,
    (State.ACTIVE, Sighting.BLIND): State.ACTIVE,
    (State.LEAVING, Sighting.BREACH): State.ACTIVE,
    (State.LEAVING, Sighting.NEAR): State.ACTIVE,
    (State.LEAVING, Sighting.OUT): State.QUIET,
    (State.LEAVING, Sighting.BLIND): State.ACTIVE,
}
HOLDS: Final[Mapping[tuple[State, Sighting], timedelta]] = {
    (State.ENTERING, Sighting.BREACH): ENTER_AFTER,
    (State.LEAVING, Sighting.OUT): LEAVE_AFTER,
}
"""How long a state must have lasted before this transition is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One threshold being watched: its state since `since`, and since when there is an alert (None: there is none)."""

    state: State = State.QUIET
    since: datetime | None = None
    raised_at: datetime | None = None


def advance(watch: Watch, sighting: Sighting, now: datetime) -> Watch:
    """Return the watch after what was seen at `now`."""
    pair = (watch.state, sighting)
    state, hold = TRANSITIONS[pair], HOLDS.get(pair)
    if state is watch.state or (hold and watch.since and now - watch.since < hold):
        return watch
    match state:
        case State.QUIET:
            return Watch()
        case State.ACTIVE:
            return Watch(state=state, since=now, raised_at=watch.raised_at or now)
        case _:
            return Watch(state=state, since=now, raised_at=watch.raised_at)
