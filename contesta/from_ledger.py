"""The live engine as the ledger knows the line at any moment.

Calls that were over some time before are counted as the ledger has counted them; only those that went on then are told
anew from their facts. So the work is what the visits of one local day take.
"""

from datetime import datetime, time, timedelta, tzinfo

from sqlalchemy import Engine

from core.events import Event
from quality.metrics.agents import Member
from quality.metrics.figures import Thresholds
from quality.metrics.live import LiveEngine
from storage.presence import PresenceBook
from storage.told import NO_END, Told, told

SETTLED = timedelta(minutes=2)
UNWATCHED = timedelta(seconds=15)
"""So long after the last sign of life of whoever watches advisers, what he saw still holds."""


def present(
    database: Engine, zone: tzinfo, thresholds: Thresholds, now: datetime, log: str
) -> tuple[LiveEngine, str | None]:
    """Return an engine that knows what the ledger knows, and how far `log` had been read, None if never."""
    with told(database) as facts:
        engine, position = _line(facts, zone, thresholds, now), facts.position(log)
    if seen := PresenceBook(database).at(NO_END):
        for member in seen.members:
            engine.take(member)
    return engine, position


def past(database: Engine, zone: tzinfo, thresholds: Thresholds, at: datetime) -> LiveEngine:
    """Return an engine that knows what had happened until `at`.

    If nobody watched the advisers then, it knows of them what their calls and the log tell.
    """
    with told(database, at) as facts:
        engine = _line(facts, zone, thresholds, at)
    seen = PresenceBook(database).at(at)
    if seen and seen.until >= at - UNWATCHED:
        for member in seen.members:
            engine.take(member)
    return engine


def since_then(database: Engine, since: datetime, until: datetime) -> list[Event | Member]:
    """Return what happened after `since` up to `until`, in order of time.

    Of a watch that began meanwhile that is all it tells, also of before.
    """
    with told(database, until) as facts:
        happened: list[Event | Member] = [*facts.restarts(since), *facts.presence(since)]
        happened += [event for events in facts.of_calls(since) for event in events]
    happened = [one for one in happened if one.at > since]
    for watch in PresenceBook(database).between(since, until):
        happened += [member for member in watch.members if member.at > since or watch.since > since]
    return sorted(happened, key=_place_in_time)


def _line(facts: Told, zone: tzinfo, thresholds: Thresholds, at: datetime) -> LiveEngine:
    engine = LiveEngine(zone, thresholds)
    midnight, settled = datetime.combine(at.astimezone(zone).date(), time(), zone), at - SETTLED
    for event in (*facts.restarts(midnight - timedelta(days=1)), *facts.presence(midnight)):
        engine.take(event)
    for events in facts.of_calls(settled):
        for event in events:
            engine.take(event)
    engine.take_settled(facts.over(midnight, settled), settled)
    return engine


def _place_in_time(happened: Event | Member) -> tuple[datetime, int]:
    return happened.at, happened.order if isinstance(happened, Event) else 0
