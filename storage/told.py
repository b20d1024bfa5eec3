"""The facts themselves, for whoever folds them anew."""

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import Engine, and_, or_, select
from sqlmodel import col

from core.events import AgentPresence, Event, Source, SystemRestarted
from storage.codec import decode
from storage.database import reader
from storage.projection import in_parts
from storage.tables import CallRow, ChannelRow, EventRow, RestartRow

_FACT = tuple(
    col(column)
    for column in (
        EventRow.kind,
        EventRow.source,
        EventRow.at,
        EventRow.ord,
        EventRow.call_id,
        EventRow.channel_id,
        EventRow.data,
    )
)

_NO_END = datetime.max.replace(tzinfo=UTC)


def told_since(engine: Engine, since: datetime, until: datetime = _NO_END) -> Iterator[list[Event]]:
    """Yield all facts of no call from `since` on, then those of the calls that went on then or began later.

    Each call is in one list, whole; all are of one moment of the ledger, and no writer waits for it. What was told of
    times after `until` is left out.
    """
    call_id, channel_id, at = col(CallRow.id), col(EventRow.channel_id), col(EventRow.at)
    started_at, ended_at = col(CallRow.started_at), col(CallRow.ended_at)
    calls = select(call_id).where(started_at <= until, or_(started_at >= since, ended_at.is_(None), ended_at >= since))
    is_presence = and_(channel_id == "", col(EventRow.kind) == AgentPresence.__name__)
    of_no_call = select(*_FACT).where(is_presence, at.between(since, until))
    with reader(engine).begin() as connection:
        restarts = connection.scalars(select(col(RestartRow.at)).where(col(RestartRow.at).between(since, until)))
        yield [SystemRestarted(at=when, call_id="", channel_id="", source=Source.QUEUE_LOG) for when in restarts]
        yield [decode(row._asdict()) for row in connection.execute(of_no_call)]
        for part in in_parts(connection.scalars(calls).all()):
            of_calls = (
                select(*_FACT, col(ChannelRow.call_id).label("of_call"))
                .join(ChannelRow, col(ChannelRow.channel_id) == channel_id)
                .where(col(ChannelRow.call_id).in_(part), at <= until)
            )
            yield [decode(row._asdict(), row.of_call) for row in connection.execute(of_calls)]
