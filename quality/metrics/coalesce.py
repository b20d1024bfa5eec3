"""Makes one account of a call out of two sources that repeat themselves and each other.

A line read twice, a fact told by the manager interface and by queue_log: each counts once. Of two accounts of one fact
the more believable source's is kept, so that wherever queue_log speaks, the result is what it alone would give.
"""

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from core.events import (
    AgentPresence,
    AgentRang,
    CallbackOffered,
    CallEnded,
    CallStarted,
    CallVanished,
    Completed,
    Connected,
    ConsentAnswered,
    Event,
    HoldChanged,
    HungUp,
    LanguageChosen,
    Listened,
    MailboxStepped,
    MenuStepped,
    MessageLeft,
    QueueEntered,
    QueueExited,
    QueueLeft,
    Recorded,
    Rejected,
    RingEnded,
    Source,
    SurveyAnswered,
    SystemRestarted,
    TextChosen,
    WorkEnded,
)

SAME_FACT = timedelta(seconds=2)
LAG = timedelta(seconds=15)
"""How far apart the two sources may tell of one fact: a busy machine stamps the one seconds after the other."""

_MOST_BELIEVABLE_FIRST = (Source.QUEUE_LOG, Source.AMI, Source.INFERRED)

# The order of a call's life, for facts that bear the same time and number.
LIFE: tuple[type[Event], ...] = (
    SystemRestarted,
    AgentPresence,
    CallStarted,
    LanguageChosen,
    ConsentAnswered,
    MenuStepped,
    TextChosen,
    CallbackOffered,
    Rejected,
    QueueEntered,
    AgentRang,
    RingEnded,
    QueueLeft,
    Connected,
    Recorded,
    HoldChanged,
    Listened,
    Completed,
    QueueExited,
    MailboxStepped,
    MessageLeft,
    SurveyAnswered,
    HungUp,
    CallVanished,
    CallEnded,
    WorkEnded,
)
_STAGE = {kind: stage for stage, kind in enumerate(LIFE)}

# What two accounts of one fact must agree on, beside kind, channel and, within two seconds, time.
_DISTINGUISHING = {
    kind: attrgetter(
        "channel_id",
        *{"queue", "agent", "menu", "question", "request", "text", "stage", "on", "change"}
        & {field.name for field in fields(kind)},
    )
    for kind in LIFE
}
_IDENTIFYING = {
    kind: attrgetter(*(field.name for field in fields(kind) if field.name not in {"order", "call_id"})) for kind in LIFE
}


_TOLD_BY_BOTH = frozenset({Rejected, QueueEntered, Connected, Completed, QueueExited})
"""Facts that the manager interface tells exactly as often as queue_log."""


def coalesce(events: Iterable[Event]) -> tuple[Event, ...]:
    """Return each fact once, in order of time: the same for any order and repetition of `events`."""
    once: dict[tuple[Any, ...], Event] = {}
    for event in events:
        key = identity(event)
        once[key] = min(event, once[key], key=_place) if key in once else event
    told: defaultdict[tuple[Any, ...], list[Event]] = defaultdict(list)
    for event in once.values():
        told[_fact(event)].append(event)
    believed = [event for same in told.values() for event in _believed(same)]
    if len({_sort_key(event) for event in believed}) < len(believed):
        believed.sort(key=repr)  # facts that nothing else puts in an order
    return tuple(sorted(believed, key=_sort_key))


def identity(event: Event) -> tuple[Any, ...]:
    """Return what makes two events the same line: everything but the call, which is learnt later, and the order."""
    return type(event), _IDENTIFYING[type(event)](event)


def _fact(event: Event) -> tuple[Any, ...]:
    return type(event), _DISTINGUISHING[type(event)](event)


def _place(event: Event) -> tuple[int, bool, str]:
    """Prefer the first copy of a line, and the one whose call is known."""
    return (event.order, event.call_id == event.channel_id, event.call_id)


def _believed(same: list[Event]) -> list[Event]:
    """Drop each event that a more believable source tells too, at about the same time."""
    if len(same) == 1 or len({event.source for event in same}) == 1:
        return same
    times = [sorted(event.at for event in same if event.source is source) for source in _MOST_BELIEVABLE_FIRST]
    late = _told_late(same, times[0]) if type(same[0]) in _TOLD_BY_BOTH else set()
    return [
        event
        for event in same
        if id(event) not in late
        and not any(_told(better, event.at) for better in times[: _MOST_BELIEVABLE_FIRST.index(event.source)])
    ]


def _told(times: list[datetime], at: datetime) -> bool:
    index = bisect_left(times, at - SAME_FACT)
    return index < len(times) and times[index] <= at + SAME_FACT


def _told_late(same: list[Event], times: list[datetime]) -> set[int]:
    """Return the ids of the live events that have a line of the log each, the earliest within `LAG` that is left."""
    late, left = set(), deque(times)
    for event in sorted((event for event in same if event.source is Source.AMI), key=attrgetter("at")):
        while left and left[0] < event.at - LAG:
            left.popleft()
        if left and left[0] <= event.at + LAG:
            left.popleft()
            late.add(id(event))
    return late


def _sort_key(event: Event) -> tuple[Any, ...]:
    return (event.at, event.order, _STAGE[type(event)])
