"""The ledger: every fact of every call, kept once, and the calls they make.

`apply` is one short transaction: new facts, the calls they touch written anew from all their facts, and how far the
log has been read. Whatever was interrupted did not happen; whatever is applied again changes nothing.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, bindparam, delete, insert, or_, select, update
from sqlmodel import Session, col

from core.events import CallEnded, CallVanished, Event, HoldChanged, SystemRestarted, is_of_desk
from quality.metrics.history import CallHistory, build
from storage import projection
from storage.call_filter import CallFilter
from storage.channels import resolve
from storage.codec import EventValues, decode, encode, storable
from storage.database import reader, table_of, take_write_lock
from storage.listing import Counts, Cursor, Names, Page, StoredCall, counts, every_call, names, page
from storage.projection import in_parts
from storage.tables import CallRow, ChannelRow, EventRow, LogPositionRow, RestartRow

_EVERYTHING = CallFilter()
_EVENT = table_of(EventRow)
_TOLD = ("kind", "source", "at", "ord", "call_id", "channel_id", "data")
_OF_ANY_CHANNEL = (CallEnded, CallVanished, HoldChanged)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPosition:
    """How far the log `name` has been read, in its reader's own words."""

    name: str
    position: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCall:
    """A call whose end nobody has told yet."""

    call_id: str
    channel_ids: frozenset[str]
    started_at: datetime


def is_call(events: Iterable[Event]) -> bool:
    """Tell whether a line or a queue was reached. Other channels of the telephone system end too."""
    return not all(isinstance(event, _OF_ANY_CHANNEL) or is_of_desk(event) for event in events)


class Ledger:
    """The calls in one database. Safe to use from several threads and several programs at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def apply(self, events: Iterable[Event], position: LogPosition | None = None) -> None:
        """Take in facts in any order, and how far their log has been read, all or nothing.

        Raises:
            sqlalchemy.exc.OperationalError: the database does not answer or is busy; nothing was changed.
        """
        told = _distinct(events)
        with self._engine.begin() as connection:
            take_write_lock(connection)
            new = _keep(connection, told)
            _rebuild(connection, _join(connection, new) | _interrupted(connection, new))
            if position is not None:
                _save(connection, position)

    def call(self, call_id: str) -> CallHistory | None:
        """Tell one call from its facts; None if there is no such call. The name of any channel of it will do."""
        known = select(col(ChannelRow.call_id)).where(col(ChannelRow.channel_id) == storable(call_id))
        with self._reader.begin() as connection:
            return next(iter(_histories(connection, set(connection.scalars(known)))), None)

    def calls(self, wanted: CallFilter = _EVERYTHING, after: Cursor | None = None, size: int = 50) -> Page:
        """Read a page of calls, newest first."""
        with Session(self._reader) as session:
            return page(session, wanted, after, size)

    def counts(self, wanted: CallFilter) -> Counts:
        """Count the calls, visits and conversations asked for."""
        with Session(self._reader) as session:
            return counts(session, wanted)

    def names(self) -> Names:
        """Read the lines, queues and agents there are."""
        with Session(self._reader) as session:
            return names(session)

    def every_call(self) -> tuple[StoredCall, ...]:
        """Read all calls, in no order."""
        with Session(self._reader) as session:
            return every_call(session)

    def histories(self, since: datetime | None = None, until: datetime | None = None) -> Iterator[CallHistory]:
        """Tell the calls that began in [since, until) from their facts, in no order."""
        started_at = col(CallRow.started_at)
        query = select(col(CallRow.id))
        query = query if since is None else query.where(started_at >= since)
        query = query if until is None else query.where(started_at < until)
        with self._reader.begin() as connection:
            for part in in_parts(connection.scalars(query).all()):
                yield from _histories(connection, part)

    def calls_of(self, names: Collection[str]) -> dict[str, str]:
        """Tell which call each of these channels belongs to, of those that the ledger knows."""
        with self._reader.begin() as connection:
            return _known(connection, names)

    def open_calls(self) -> tuple[OpenCall, ...]:
        """Read the calls that go on, as far as the ledger knows."""
        query = (
            select(col(CallRow.id), col(CallRow.started_at), col(ChannelRow.channel_id))
            .join(ChannelRow, col(ChannelRow.call_id) == col(CallRow.id))
            .where(col(CallRow.ended_at).is_(None))
        )
        channels = defaultdict(set)
        with self._reader.begin() as connection:
            for call_id, started_at, channel_id in connection.execute(query):
                channels[call_id, started_at].add(channel_id)
        return tuple(
            OpenCall(call_id=call_id, started_at=started_at, channel_ids=frozenset(of_call))
            for (call_id, started_at), of_call in channels.items()
        )

    def position(self, name: str) -> LogPosition | None:
        """Tell how far the log `name` has been read; None if never."""
        query = select(col(LogPositionRow.position)).where(col(LogPositionRow.name) == name)
        with self._reader.begin() as connection:
            position = connection.scalar(query)
        return None if position is None else LogPosition(name=name, position=position)


def _distinct(events: Iterable[Event]) -> dict[bytes, EventValues]:
    """Each fact once, at the first place where it was said."""
    told: dict[bytes, EventValues] = {}
    for event in events:
        values = encode(event)
        known = told.setdefault(values["key"], values)
        known["ord"] = min(known["ord"], values["ord"])
    return told


def _keep(connection: Connection, told: dict[bytes, EventValues]) -> list[EventValues]:
    """Store what the ledger does not have, and return it."""
    key, order = col(EventRow.key), col(EventRow.ord)
    places: dict[bytes, int] = {}
    for part in in_parts(told):
        places.update(connection.execute(select(key, order).where(key.in_(part))).all())
    new = [values for values in told.values() if values["key"] not in places]
    if new:
        connection.execute(insert(EventRow), new)
    earlier = [values for values in told.values() if values["ord"] < places.get(values["key"], values["ord"])]
    if earlier:
        moved = update(_EVENT).where(key == bindparam("of")).values(ord=bindparam("place"))
        connection.execute(moved, [{"of": values["key"], "place": values["ord"]} for values in earlier])
    return new + earlier


def _join(connection: Connection, new: Iterable[EventValues]) -> set[str]:
    """Find the calls that facts belong to, joining calls that turn out to be one."""
    pairs = {
        (values["channel_id"], values["call_id"] or values["channel_id"]) for values in new if values["channel_id"]
    }
    known = _known(connection, {name for pair in pairs for name in pair})
    found = resolve(known, pairs)
    added = [{"channel_id": name, "call_id": call} for name, call in found.calls.items() if name not in known]
    if added:
        connection.execute(insert(ChannelRow), added)
    for former, call in found.moved.items():
        connection.execute(update(ChannelRow).where(col(ChannelRow.call_id) == former).values(call_id=call))
    projection.erase(connection, found.moved)
    return set(found.calls.values())


def _known(connection: Connection, names: Collection[str]) -> dict[str, str]:
    channel_id, known = col(ChannelRow.channel_id), dict[str, str]()
    for part in in_parts(names):
        query = select(channel_id, col(ChannelRow.call_id)).where(channel_id.in_(part))
        known.update(connection.execute(query).all())
    return known


def _interrupted(connection: Connection, new: Iterable[EventValues]) -> set[str]:
    """Record starts of the telephone system, and find the calls that went on when it went down."""
    restarts = {values["at"] for values in new if values["kind"] == SystemRestarted.__name__}
    calls: set[str] = set()
    for at in restarts - set(connection.scalars(select(col(RestartRow.at)))):
        connection.execute(insert(RestartRow), {"at": at})
        open_then = or_(col(CallRow.ended_at).is_(None), col(CallRow.ended_at) >= at, col(CallRow.lost))
        calls.update(connection.scalars(select(col(CallRow.id)).where(col(CallRow.started_at) <= at, open_then)))
    return calls


def write_anew(connection: Connection) -> None:
    """Write all calls anew from their facts."""
    for part in in_parts(connection.scalars(select(col(CallRow.id))).all()):
        _rebuild(connection, part)


def _rebuild(connection: Connection, calls: Collection[str]) -> None:
    projection.erase(connection, calls)
    projection.write(connection, _histories(connection, calls))


def _histories(connection: Connection, calls: Collection[str]) -> Sequence[CallHistory]:
    by_call = defaultdict(list)
    for part in in_parts(calls):
        query = (
            select(col(ChannelRow.call_id), *(_EVENT.c[name] for name in _TOLD))
            .join(ChannelRow, col(ChannelRow.channel_id) == col(EventRow.channel_id))
            .where(col(ChannelRow.call_id).in_(part))
        )
        for call_id, *values in connection.execute(query):
            by_call[call_id].append(decode(dict(zip(_TOLD, values, strict=True)), call_id))
    restarts = connection.scalars(select(col(RestartRow.at)).order_by(col(RestartRow.at))).all()
    return [
        build(told, restarts[bisect_left(restarts, min(event.at for event in told)) :])
        for told in by_call.values()
        if is_call(told)
    ]


def _save(connection: Connection, position: LogPosition) -> None:
    values = {"name": position.name, "position": position.position}
    connection.execute(delete(LogPositionRow).where(col(LogPositionRow.name) == position.name))
    connection.execute(insert(LogPositionRow), values)
