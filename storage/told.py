"""The facts themselves, for whoever folds them anew, all from one moment of the ledger."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, and_, func, or_, select
from sqlmodel import col

from core.events import AgentPresence, Event, Source, SystemRestarted
from quality.metrics.rows import Call
from storage.codec import decode
from storage.database import reader, table_of
from storage.projection import in_parts
from storage.tables import CallRow, ChannelRow, EventRow, LogPositionRow, RestartRow, VisitRow
from storage.visits import read_calls

NO_END = datetime.max.replace(tzinfo=UTC)
LONGEST_CALL = timedelta(hours=12)  # the dialplan ends a wait and a conversation after four hours each

_EVENT = table_of(EventRow).columns
_FACT = tuple(_EVENT[name] for name in ("kind", "source", "at", "ord", "call_id", "channel_id", "data"))
_PRESENCE = and_(_EVENT.channel_id == "", _EVENT.kind == AgentPresence.__name__)


class Told:
    """What was told of times up to `until`, as it is at one moment of the ledger."""

    def __init__(self, connection: Connection, until: datetime) -> None:
        self._connection = connection
        self._until = until

    def restarts(self, since: datetime) -> list[SystemRestarted]:
        """Read the telephone system's starts from a moment on."""
        at = col(RestartRow.at)
        times = self._connection.scalars(select(at).where(at >= since, at <= self._until))
        return [SystemRestarted(at=when, call_id="", channel_id="", source=Source.QUEUE_LOG) for when in times]

    def presence(self, since: datetime | None = None) -> list[Event]:
        """Read who came, went and paused, as events tell it, in order of time."""
        query = select(*_FACT).where(_PRESENCE, _EVENT.at <= self._until)
        if since is not None:
            query = query.where(_EVENT.at >= since)
        return [decode(row._asdict()) for row in self._connection.execute(query.order_by(_EVENT.at, _EVENT.ord))]

    def of_calls(self, since: datetime) -> Iterator[list[Event]]:
        """Yield the facts of the calls that were not over before a moment. Each call is in one list, whole."""
        started_at, ended_at = col(CallRow.started_at), col(CallRow.ended_at)
        lately = and_(started_at >= since - LONGEST_CALL, ended_at >= since)
        calls = select(col(CallRow.id)).where(started_at <= self._until, or_(ended_at.is_(None), lately))
        for part in in_parts(self._connection.scalars(calls).all()):
            facts = (
                select(*_FACT, col(ChannelRow.call_id).label("of_call"))
                .join(ChannelRow, col(ChannelRow.channel_id) == _EVENT.channel_id)
                .where(col(ChannelRow.call_id).in_(part), _EVENT.at <= self._until)
            )
            yield [decode(row._asdict(), row.of_call) for row in self._connection.execute(facts)]

    def over(self, since: datetime, before: datetime) -> Iterator[Call]:
        """Yield the calls that were over before a moment, and entered a queue from `since` on, with their visits."""
        entered_at = col(VisitRow.entered_at)
        calls = (
            select(col(VisitRow.call_id))
            .join(CallRow, col(CallRow.id) == col(VisitRow.call_id))
            .where(entered_at >= since, entered_at < before, col(CallRow.ended_at) < before)
        )
        for part in in_parts(set(self._connection.scalars(calls))):
            yield from read_calls(self._connection, part)

    def last_logged(self) -> datetime | None:
        """Tell the time of the latest fact that a log told; None if none did."""
        query = select(func.max(_EVENT.at)).where(_EVENT.source == Source.QUEUE_LOG.value, _EVENT.at <= self._until)
        latest: datetime | None = self._connection.scalar(query)
        return latest

    def position(self, name: str) -> str | None:
        """Tell how far the log `name` has been read, in its reader's own words; None if never."""
        query = select(col(LogPositionRow.position)).where(col(LogPositionRow.name) == name)
        return self._connection.scalar(query)


@contextlib.contextmanager
def told(engine: Engine, until: datetime = NO_END) -> Iterator[Told]:
    """Read facts. No writer waits for it."""
    with reader(engine).begin() as connection:
        yield Told(connection, until)


def told_since(engine: Engine, since: datetime, until: datetime = NO_END) -> Iterator[list[Event]]:
    """Yield all facts of no call from `since` on, then those of the calls that went on then or began later.

    Each call is in one list, whole. What was told of times after `until` is left out.
    """
    with told(engine, until) as facts:
        yield [*facts.restarts(since)]
        yield facts.presence(since)
        yield from facts.of_calls(since)
