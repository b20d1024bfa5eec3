"""Which requests are due, and how many are on their way to an adviser already."""

from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, Connection, bindparam, func, literal, select, text
from sqlmodel import col

from callback_queue.request import State
from storage.callback_rows import REQUESTS
from storage.callback_tables import CallbackRow
from storage.database import table_of

PRIORITIES = range(9, -1, -1)
_PACING_LOCK = 0x43616C6C  # "Call": whoever claims as many as there are advisers free

_ON_THEIR_WAY = [state.value for state in (State.CLAIMED, State.DIALLING, State.ANSWERED, State.ACCEPTED)]

_OTHER = table_of(CallbackRow).alias("other")
_BEING_CALLED = (
    select(literal(1))
    .where(
        _OTHER.c.telephone == col(CallbackRow.telephone), _OTHER.c.state.in_([*_ON_THEIR_WAY, State.CONNECTED.value])
    )
    .limit(1)
    .correlate(CallbackRow)
    .scalar_subquery()
)
"""Whether a request of another line is calling the same telephone, or about to; looked up for each that is due."""


def on_their_way(connection: Connection) -> dict[str, int]:
    """Count the requests that will need an adviser, by queue; nobody else claims as this does until the end of this."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _PACING_LOCK})
    query = (
        select(col(CallbackRow.queue), func.count())
        .where(col(CallbackRow.lease_until).is_not(None), col(CallbackRow.state).in_(_ON_THEIR_WAY))
        .group_by(col(CallbackRow.queue))
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _waiting(priority: BindParameter[int] | int) -> tuple[ColumnElement[bool], ...]:
    """Say which requests of a priority wait; the state is written out, for the index of those that do."""
    return (
        col(CallbackRow.line) == bindparam("line"),
        col(CallbackRow.queue) == bindparam("queue"),
        col(CallbackRow.priority) == priority,
        col(CallbackRow.state) == literal(State.WAITING.value, literal_execute=True),
    )


DUE = (
    REQUESTS.where(
        *_waiting(bindparam("due_priority")), col(CallbackRow.due_at) <= bindparam("now"), _BEING_CALLED.is_(None)
    )
    .order_by(col(CallbackRow.due_at))
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_FIRST_DUE = select(
    *(select(func.min(col(CallbackRow.due_at))).where(*_waiting(each)).scalar_subquery() for each in PRIORITIES)
)


def due_priorities(connection: Connection, line: str, queue: str, now: datetime) -> list[int]:
    """Tell of which priorities something is due: one look into the index each, however many wait, due or not."""
    first = connection.execute(_FIRST_DUE, {"line": line, "queue": queue}).one()
    return [priority for priority, at in zip(PRIORITIES, first, strict=True) if at and at <= now]
