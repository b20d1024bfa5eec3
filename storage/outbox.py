"""The facts of the ledger as a feed for other systems, in the order of their numbers, and how far it was handed on.

The number of a fact is its row's id. Whoever writes facts holds the ledger's write lock until his transaction is over,
so numbers become visible in their order: once a number was seen, no lower one appears. Numbers may have holes, which is
why each fact comes with the number before it. A fact is never changed or deleted, so all who read see the same chain.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, func, insert, or_, select
from sqlmodel import col

from core.events import Event, Source
from storage.codec import decode
from storage.database import reader, take_write_lock
from storage.tables import ChannelRow, EventRow, LogPositionRow

_number = col(EventRow.id)
_NAMES = ("kind", "source", "at", "ord", "call_id", "channel_id", "data")
_FACT = tuple(col(getattr(EventRow, name)) for name in _NAMES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A fact, its number, and the number of the fact before it in the feed, 0 if it is the first.

    The fact's call is the one it belongs to by what is known now.
    """

    sequence: int
    previous: int
    event: Event


@dataclass(frozen=True, kw_only=True, slots=True)
class Skip:
    """How many facts were left out, from after `previous` to `sequence`."""

    previous: int
    sequence: int
    count: int


class Feed:
    """The facts of some kinds, each from the one source that is believed about it. All methods block."""

    def __init__(self, engine: Engine, sources: Mapping[type[Event], Source]) -> None:
        self._engine = engine
        self._reader = reader(engine)
        self._wanted = or_(
            *(
                and_(
                    col(EventRow.source) == source.value,
                    col(EventRow.kind).in_([kind.__name__ for kind, told_by in sources.items() if told_by is source]),
                )
                for source in set(sources.values())
            )
        )

    def after(self, sequence: int, limit: int) -> tuple[Entry, ...]:
        """Read the facts that follow a number, which need not be one of the feed."""
        query = (
            select(_number, *_FACT, col(ChannelRow.call_id))
            .outerjoin(ChannelRow, col(ChannelRow.channel_id) == col(EventRow.channel_id))
            .where(_number > sequence, self._wanted)
            .order_by(_number)
            .limit(limit)
        )
        with self._reader.begin() as connection:
            rows = connection.execute(query).all()
            previous = self._newest(connection, _number <= sequence) if rows else 0
        entries = []
        for number, *fact, call_id in rows:
            event = decode(dict(zip(_NAMES, fact, strict=True)), call_id)
            entries.append(Entry(sequence=number, previous=previous, event=event))
            previous = number
        return tuple(entries)

    def newest(self) -> int:
        """Tell the number of the last fact of the feed, 0 if there is none."""
        with self._reader.begin() as connection:
            return self._newest(connection)

    def count_after(self, sequence: int) -> int:
        """Count the facts of the feed that follow a number."""
        with self._reader.begin() as connection:
            return self._count(connection, sequence)

    def skip(self, sequence: int, keep: int) -> Skip | None:
        """Tell what to leave out after `sequence` so that no more than `keep` facts follow; None if nothing."""
        with self._reader.begin() as connection:
            last_row = connection.scalar(select(func.max(_number))) or 0
            if last_row - sequence <= keep:
                return None
            count = self._count(connection, sequence) - keep
            if count <= 0:
                return None
            last = (
                select(_number).where(_number > sequence, self._wanted).order_by(_number.desc()).offset(keep).limit(1)
            )
            return Skip(
                previous=self._newest(connection, _number <= sequence),
                sequence=connection.scalar(last) or 0,
                count=count,
            )

    def reached(self, reader_name: str) -> int | None:
        """Tell up to which number the reader of that name has handed the feed on; None if he never did."""
        query = select(col(LogPositionRow.position)).where(col(LogPositionRow.name) == reader_name)
        with self._reader.begin() as connection:
            position = connection.scalar(query)
        return None if position is None else int(position)

    def reach(self, reader_name: str, sequence: int) -> None:
        """Remember it durably."""
        with self._engine.begin() as connection:
            take_write_lock(connection)
            connection.execute(delete(LogPositionRow).where(col(LogPositionRow.name) == reader_name))
            connection.execute(insert(LogPositionRow), {"name": reader_name, "position": str(sequence)})

    def _newest(self, connection: Connection, *where: ColumnElement[bool]) -> int:
        return connection.scalar(select(_number).where(self._wanted, *where).order_by(_number.desc()).limit(1)) or 0

    def _count(self, connection: Connection, sequence: int) -> int:
        return (
            connection.scalar(select(func.count()).select_from(EventRow).where(_number > sequence, self._wanted)) or 0
        )
