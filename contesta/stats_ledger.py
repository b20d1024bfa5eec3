"""The figures of a period from the ledger: its visits, and how long advisers were there.

Since the first watch over the queues' members, their times are what the watches tell. What lies between two watches
nobody knows: it counts neither as logged in nor as paused, and conversations have no part in the occupancy for as long
as they lie there. Before the first watch there is only what a log told, and it counts as it does in a log.
"""

from datetime import UTC, datetime

from sqlalchemy import Engine

from core.events import AgentPresence, Source
from quality.metrics.aggregate import Aggregate
from quality.metrics.batch import Batch
from quality.metrics.figures import AgentTally
from quality.metrics.presence import Presence, Presences
from quality.metrics.repeats import Repeats, repeats
from storage.contacts import contacts
from storage.database import connect
from storage.migrate import upgrade
from storage.presence import PresenceBook, Watch
from storage.told import told
from storage.visits import talks_during, visits

_EVER = (float("-inf"), float("inf"))


def add_ledger(aggregate: Aggregate, database_url: str, now: datetime) -> float:
    """Add up what the ledger at `database_url` has. Return for how many seconds of it advisers were not watched."""
    engine = connect(database_url)
    upgrade(engine)
    for rows in visits(engine, _moment(aggregate.begin), _moment(aggregate.end)):
        aggregate.add(Batch.of(rows))
    first = PresenceBook(engine).first()
    watched_from = now.timestamp() if first is None else first.timestamp()
    if aggregate.begin < watched_from:
        aggregate.add_presence(_logged(engine, aggregate.begin, min(aggregate.end, watched_from)))
    gaps = list[tuple[float, float]]()
    reached, end = max(aggregate.begin, watched_from), min(aggregate.end, now.timestamp())
    for watch in PresenceBook(engine).between(_moment(reached), _moment(end)):
        since, until = watch.since.timestamp(), min(watch.until.timestamp(), end)
        aggregate.add_presence(_watched(watch, max(since, reached), until))
        gaps += [(reached, since)] if since > reached else []
        reached = max(reached, until)
    gaps += [(reached, end)] if end > reached else []
    for gap in gaps:
        _leave_out_talk(aggregate, engine, *gap)
    engine.dispose()
    return sum(until - since for since, until in gaps)


def came_back(aggregate: Aggregate, database_url: str, now: datetime, days: int) -> Repeats:
    """Count who contacted a line again, within so many days of being told that it was solved."""
    engine = connect(database_url)
    since, until = _moment(aggregate.begin), _moment(aggregate.end)
    found = repeats(contacts(engine, since, until, days, aggregate.thresholds.ghost_seconds), since, until, now, days)
    engine.dispose()
    return found


def _logged(engine: Engine, begin: float, end: float) -> dict[str, Presence]:
    """Return what a log told of the time between two Unix times, as far as it reaches."""
    presences = Presences(begin, end)
    with told(engine) as facts:
        reached = facts.last_logged()
        for event in facts.presence():
            if isinstance(event, AgentPresence) and event.source is Source.QUEUE_LOG and event.at.timestamp() < end:
                presences.take(event)
    return presences.until(end if reached is None else min(end, reached.timestamp()))


def _watched(watch: Watch, begin: float, end: float) -> dict[str, Presence]:
    presences = Presences(begin, end)
    for member in watch.members:
        presences.take(member)
    return presences.until(end)


def _leave_out_talk(aggregate: Aggregate, engine: Engine, since: float, until: float) -> None:
    """Have conversations of the period take no part in the occupancy while nobody watched."""
    for talk in talks_during(engine, datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(until, UTC)):
        if aggregate.begin <= talk.entered_at.timestamp() < aggregate.end:
            begun, ended = max(since, talk.connected_at.timestamp()), min(until, talk.ended_at.timestamp())
            aggregate.add_agent(talk.agent, AgentTally(unwatched_talk_ms=max(0, round((ended - begun) * 1000))))


def _moment(unix: float) -> datetime | None:
    return None if unix in _EVER else datetime.fromtimestamp(unix, UTC)
