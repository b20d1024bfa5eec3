"""Who did or saw what, and when. There is no function that changes or deletes a line, and the database refuses to."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, insert, select
from sqlmodel import col

from storage.database import reader, table_of, take_write_lock
from storage.people_tables import AccessLogRow

_LOG = table_of(AccessLogRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One line. `who` is how the person signs in, or the label of a key; `what` names what was seen or changed."""

    at: datetime
    who: str
    role: str
    address: str
    action: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessFilter:
    """Which lines: those in [since, until). None means any."""

    since: datetime | None = None
    until: datetime | None = None
    who: str | None = None
    action: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPage:
    """Some lines, newest first, and the number that the next page begins before (None: nowhere)."""

    lines: tuple[Access, ...]
    next: int | None


class AccessLog:
    """The access log in one database. Safe to use from several threads and several programs at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def write(self, access: Access) -> None:
        """Add a line."""
        values = {
            "at": access.at,
            "who": access.who,
            "role": access.role,
            "address": access.address,
            "action": access.action,
            "what": access.what,
        }
        with self._engine.begin() as connection:
            take_write_lock(connection)
            connection.execute(insert(AccessLogRow), values)

    def read(self, wanted: AccessFilter, before: int | None = None, size: int = 50) -> AccessPage:
        """Read a page of at most `size` lines."""
        query = select(_LOG).order_by(_LOG.c.id.desc()).limit(size + 1)
        if before is not None:
            query = query.where(_LOG.c.id < before)
        if wanted.since is not None:
            query = query.where(_LOG.c.at >= wanted.since)
        if wanted.until is not None:
            query = query.where(_LOG.c.at < wanted.until)
        if wanted.who is not None:
            query = query.where(_LOG.c.who == wanted.who)
        if wanted.action is not None:
            query = query.where(col(AccessLogRow.action) == wanted.action)
        with self._reader.begin() as connection:
            rows = connection.execute(query).all()
        lines = tuple(
            Access(at=row.at, who=row.who, role=row.role, address=row.address, action=row.action, what=row.what)
            for row in rows[:size]
        )
        return AccessPage(lines=lines, next=rows[size - 1].id if len(rows) > size else None)
