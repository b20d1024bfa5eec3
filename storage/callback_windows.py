"""How many promised calls stand in each window, and that no more are put in than it has places."""

from datetime import datetime

from sqlalchemy import Connection, Engine, func, select, text
from sqlmodel import col

from core.errors import ContestaError
from storage.callback_tables import CallbackRow
from storage.database import reader


class WindowFullError(ContestaError):
    """The last place of a window was taken meanwhile. Nothing was changed."""


def taken(engine: Engine, line: str, since: datetime) -> dict[datetime, int]:
    """Count the open requests of a line by when they are owed, from `since` on.

    One with a window is owed at its beginning, to the microsecond; others count at moments that begin no window.
    """
    owed = col(CallbackRow.promised_at)
    query = (
        select(owed, func.count())
        .where(col(CallbackRow.line) == line, col(CallbackRow.ended_at).is_(None), owed >= since)
        .group_by(owed)
    )
    with reader(engine).begin() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def see_room(connection: Connection, line: str, begins: datetime, places: int, telephone: str) -> None:
    """See to it, until the transaction ends, that a window has a place for a telephone.

    SQLite has one writer at a time; in PostgreSQL those who want the same window wait for one another.

    Raises:
        WindowFullError: it has none.
    """
    if connection.dialect.name == "postgresql":
        key = {"line": line, "minute": int(begins.timestamp()) // 60}
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:line), :minute)"), key)
    others = (
        select(func.count())
        .select_from(CallbackRow)
        .where(
            col(CallbackRow.line) == line,
            col(CallbackRow.ended_at).is_(None),
            col(CallbackRow.promised_at) == begins,
            func.coalesce(col(CallbackRow.telephone), "") != telephone,
        )
    )
    if (connection.scalar(others) or 0) >= places:
        raise WindowFullError("Esa hora ya no está libre. Elija otra")
