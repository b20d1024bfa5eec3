"""What advisers did, kept as watches: each begins with the whole picture, then come changes.

So what a moment was like is read from one watch, and a watch is never longer than a day.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select, update
from sqlmodel import col

from quality.metrics.agents import Member, Telephone
from quality.metrics.attendance import Stretch
from storage.codec import storable
from storage.database import reader, table_of, take_write_lock
from storage.presence_tables import MemberRow, WatchRow

_WATCH = table_of(WatchRow).columns
_MEMBER = table_of(MemberRow).columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A time during which every change was told. `members` are told in order; their `at` may lie before `since`."""

    since: datetime
    until: datetime
    members: tuple[Member, ...]


class PresenceBook:
    """The watches in one database. One object writes one watch after another; all methods block."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)
        self._watch_id: int | None = None

    def write(self, stretch: Stretch) -> None:
        """Write a part of a watch. One that goes on with a watch that was not written here is left out."""
        if stretch.since is None and self._watch_id is None:
            return
        watch_id = self._watch_id
        with self._engine.begin() as connection:
            take_write_lock(connection)
            if stretch.since is None:
                this = update(WatchRow).where(col(WatchRow.id) == watch_id)
                connection.execute(this.values(until=stretch.until))
            else:
                watch = insert(WatchRow).values(since=stretch.since, until=stretch.until)
                watch_id = connection.scalar(watch.returning(col(WatchRow.id)))
            _add(connection, watch_id, stretch.members)
        self._watch_id = watch_id

    def first(self) -> datetime | None:
        """Tell when the first watch began."""
        with self._reader.begin() as connection:
            return connection.scalar(select(func.min(col(WatchRow.since))))

    def at(self, moment: datetime) -> Watch | None:
        """Read the last watch that had begun by then, and of it what was told by then; None if there was none."""
        begun = select(*_WATCH).where(col(WatchRow.since) <= moment)
        last = begun.order_by(col(WatchRow.since).desc(), col(WatchRow.id).desc()).limit(1)
        with self._reader.begin() as connection:
            return next((_watch(connection, row, moment) for row in connection.execute(last)), None)

    def between(self, since: datetime | None, until: datetime | None) -> Iterator[Watch]:
        """Yield the watches that a period has a part in, in order of time; None is without bound."""
        wanted = select(*_WATCH).order_by(col(WatchRow.since))
        if since is not None:
            wanted = wanted.where(col(WatchRow.until) > since)
        if until is not None:
            wanted = wanted.where(col(WatchRow.since) < until)
        with self._reader.begin() as connection:
            for row in connection.execute(wanted).all():
                yield _watch(connection, row, until)


def _add(connection: Connection, watch_id: int | None, members: Iterable[Member]) -> None:
    rows = [
        {
            "watch_id": watch_id,
            "at": member.at,
            "queue": storable(member.queue),
            "agent": storable(member.agent),
            "telephone": None if member.telephone is None else member.telephone.value,
            "paused": member.paused,
            "reason": storable(member.reason),
        }
        for member in members
    ]
    if rows:
        connection.execute(insert(MemberRow), rows)


def _watch(connection: Connection, watch: Row[Any], until: datetime | None) -> Watch:
    told = select(*_MEMBER).where(col(MemberRow.watch_id) == watch.id)
    if until is not None:
        told = told.where(col(MemberRow.at) <= until)
    members = connection.execute(told.order_by(col(MemberRow.at), col(MemberRow.id)))
    return Watch(since=watch.since, until=watch.until, members=tuple(_member(row) for row in members))


def _member(row: Row[Any]) -> Member:
    return Member(
        at=row.at,
        queue=row.queue,
        agent=row.agent,
        telephone=None if row.telephone is None else Telephone(row.telephone),
        paused=row.paused,
        reason=row.reason,
    )
