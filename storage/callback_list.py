"""What is told of many promised calls: lists, counts, and the funnel."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, Engine, Integer, and_, case, func, literal, or_, select
from sqlmodel import col

from callback_queue.request import CallbackRequest, Reason, Source, State
from storage.callback_codec import COLUMNS, request_of
from storage.callback_tables import CallbackFilingRow, CallbackRow, LeftAloneRow
from storage.database import reader, table_of
from storage.listing import Cursor
from storage.projection import in_parts


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackFilter:
    """Which requests: asked for in [since, until). None, and no states or sources, mean any.

    `owed_before`: broken promises of now, those that wait and were due before then. `expired_since`: broken promises
    of the past, those whose time was over from then on. A campaign's records are neither: nobody was promised anything.
    """

    since: datetime | None = None
    until: datetime | None = None
    line: str | None = None
    queue: str | None = None
    states: frozenset[State] = frozenset()
    sources: frozenset[Source] = frozenset()
    telephone: str | None = None
    filing: str | None = None
    open_only: bool = False
    owed_before: datetime | None = None
    expired_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackPage:
    """Some requests, newest first and without their history, and the last of them if more follow."""

    requests: tuple[CallbackRequest, ...]
    next: Cursor | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """How many requests came how far. `wait_ms` is the mean from the promise to the first attempt, of those dialled."""

    day: date
    source: Source
    asked: int
    dialled: int
    answered: int
    accepted: int
    connected: int
    solved: int
    wait_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """The open requests of a line: how many, by state, and of those that wait how many are owed by now."""

    total: int
    by_state: Mapping[State, int] = field(default_factory=dict)
    late: int = 0
    oldest_promise: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The lines that owe calls since before a moment, and those with promises that expired today.

    And why that may be: whether somebody `stopped` dialling, and the lines that are `capped`: they dial nothing now.
    """

    late: tuple[str, ...] = ()
    expired: tuple[str, ...] = ()
    stopped: bool = False
    capped: tuple[str, ...] = ()


NONE_BROKEN: Final = Broken()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftAlone:
    """A telephone that is not to be called unasked: since when, and who noted it for what reason."""

    telephone: str
    at: datetime
    author: str
    reason: str


class CallbackLists:
    """The lists over one database. Safe to use from several threads and several programs at once."""

    def __init__(self, engine: Engine) -> None:
        self._reader = reader(engine)

    def page(self, wanted: CallbackFilter, after: Cursor | None = None, size: int = 50) -> CallbackPage:
        """Read a page of requests."""
        query = (
            select(*COLUMNS)
            .where(*_conditions(wanted))
            .order_by(col(CallbackRow.asked_at).desc(), col(CallbackRow.id).desc())
            .limit(size + 1)
        )
        if after is not None:
            asked_at = col(CallbackRow.asked_at)
            query = query.where(
                or_(
                    asked_at < after.started_at,
                    and_(asked_at == after.started_at, col(CallbackRow.id) < after.call_id),
                )
            )
        with self._reader.begin() as connection:
            rows = connection.execute(query).all()
        requests = tuple(request_of(row) for row in rows[:size])
        more = len(rows) > size
        last = Cursor(started_at=requests[-1].asked_at, call_id=requests[-1].id) if more else None
        return CallbackPage(requests=requests, next=last)

    def count(self, wanted: CallbackFilter) -> int:
        """Count requests."""
        query = select(func.count()).select_from(CallbackRow).where(*_conditions(wanted))
        with self._reader.begin() as connection:
            return connection.scalar(query) or 0

    def open_among(self, request_ids: Collection[str]) -> set[str]:
        """Tell which of some requests are not over."""
        found: set[str] = set()
        with self._reader.begin() as connection:
            for part in in_parts(request_ids):
                query = select(col(CallbackRow.id)).where(col(CallbackRow.id).in_(part))
                found.update(connection.scalars(query.where(col(CallbackRow.ended_at).is_(None))))
        return found

    def funnel(self, wanted: CallbackFilter) -> tuple[Stages, ...]:
        """Count how far requests came, by the day of asking and by source."""

        def came(name: str) -> ColumnElement[int]:
            return func.count(getattr(CallbackRow, name))

        solved = case((col(CallbackRow.reason) == Reason.SOLVED.value, 1), else_=0)
        day, source = col(CallbackRow.asked_on), col(CallbackRow.source)
        query = (
            select(
                day,
                source,
                func.count(),
                *(came(name) for name in ("dialled_at", "answered_at", "accepted_at", "connected_at")),
                func.sum(solved, type_=Integer),
                func.avg(col(CallbackRow.wait_ms)),
            )
            .where(*_conditions(wanted))
            .group_by(day, source)
            .order_by(day, source)
        )
        with self._reader.begin() as connection:
            rows = connection.execute(query).all()
        return tuple(
            Stages(
                day=row[0],
                source=Source(row[1]),
                asked=row[2],
                dialled=row[3],
                answered=row[4],
                accepted=row[5],
                connected=row[6],
                solved=int(row[7] or 0),
                wait_ms=None if row[8] is None else round(row[8]),
            )
            for row in rows
        )

    def left_alone(self, most: int) -> tuple[int, tuple[LeftAlone, ...]]:
        """Count the telephones that are not to be called unasked, and read those that were noted last."""
        columns = table_of(LeftAloneRow).c
        newest = select(table_of(LeftAloneRow)).order_by(columns.at.desc(), columns.telephone).limit(most)
        with self._reader.begin() as connection:
            count = connection.scalar(select(func.count()).select_from(LeftAloneRow)) or 0
            return count, tuple(LeftAlone(**row._asdict()) for row in connection.execute(newest))

    def pending(self, now: datetime, line: str | None = None) -> Pending:
        """Count the open requests. One is late when it waits and was owed before `now`.

        All that it reads is in the index of those that are open: what is over costs nothing.
        """
        wanted = _conditions(CallbackFilter(open_only=True, line=line))
        owed = case((and_(col(CallbackRow.state) == State.WAITING.value, col(CallbackRow.due_at) <= now), 1), else_=0)
        query = (
            select(col(CallbackRow.state), func.count(), func.sum(owed), func.min(col(CallbackRow.promised_at)))
            .where(*wanted)
            .group_by(col(CallbackRow.state))
        )
        with self._reader.begin() as connection:
            rows = connection.execute(query).all()
        return Pending(
            total=sum(row[1] for row in rows),
            by_state={State(row[0]): row[1] for row in rows},
            late=sum(int(row[2] or 0) for row in rows),
            oldest_promise=min((row[3] for row in rows if row[3]), default=None),
        )

    def broken(self, owed_before: datetime, expired_since: datetime) -> Broken:
        """Tell which lines do not keep their promises."""
        late = _conditions(CallbackFilter(owed_before=owed_before))
        expired = _conditions(CallbackFilter(expired_since=expired_since))
        with self._reader.begin() as connection:
            lines = [
                tuple(sorted(connection.scalars(select(col(CallbackRow.line)).where(*which).distinct())))
                for which in (late, expired)
            ]
        return Broken(late=lines[0], expired=lines[1])


def _conditions(wanted: CallbackFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        conditions.append(col(CallbackRow.asked_at) >= wanted.since)
    if wanted.until is not None:
        conditions.append(col(CallbackRow.asked_at) < wanted.until)
    same = {"line": wanted.line, "queue": wanted.queue, "telephone": wanted.telephone}
    conditions += [getattr(CallbackRow, name) == value for name, value in same.items() if value is not None]
    if wanted.filing is not None:
        numbered = select(col(CallbackFilingRow.request_id)).where(col(CallbackFilingRow.number) == wanted.filing)
        conditions.append(col(CallbackRow.id).in_(numbered))
    if wanted.states:
        conditions.append(col(CallbackRow.state).in_(sorted(state.value for state in wanted.states)))
    if wanted.sources:
        conditions.append(col(CallbackRow.source).in_(sorted(source.value for source in wanted.sources)))
    if wanted.owed_before is not None:
        conditions += [
            col(CallbackRow.state) == literal(State.WAITING.value, literal_execute=True),
            col(CallbackRow.due_at) <= wanted.owed_before,
            col(CallbackRow.source) != Source.CAMPAIGN.value,
        ]
    if wanted.expired_since is not None:
        conditions += [
            col(CallbackRow.reason) == literal(Reason.EXPIRED.value, literal_execute=True),
            col(CallbackRow.ended_at) >= wanted.expired_since,
            col(CallbackRow.source) != Source.CAMPAIGN.value,
        ]
    if wanted.open_only:
        conditions.append(col(CallbackRow.ended_at).is_(None))
    return conditions
