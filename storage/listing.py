"""What the ledger's tables say of many calls: filtered, newest first, a page at a time."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self, TypeVar

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlmodel import Session, col, select

from core.errors import ProtocolError
from core.events import EndedBy
from quality.metrics.history import Leg, Outcome, Reason, Visit
from storage.projection import RecordingState, in_parts
from storage.tables import CallRow, LegRow, RecordingRow, SurveyAnswerRow, VisitRow

Part = TypeVar("Part", LegRow, VisitRow, SurveyAnswerRow, RecordingRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls: those that began in [since, until). None means any.

    If a queue, an outcome or an agent is wanted: those with one visit that is as told, and that was entered in
    [since, until), as figures count it. Visits abandoned within `ghost_seconds` are ghosts.
    """

    since: datetime | None = None
    until: datetime | None = None
    queue: str | None = None
    outcome: Outcome | None = None
    agent: str | None = None
    ghost_seconds: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The last call of a page: the next one begins after it."""

    started_at: datetime
    call_id: str

    def __str__(self) -> str:
        """Give the text that `parse` reads, for an address or a command line."""
        return f"{self.started_at.isoformat()}_{self.call_id}"

    @classmethod
    def parse(cls, said: str) -> Self:
        """Read a cursor.

        Raises:
            ProtocolError: it is not one of ours.
        """
        started_at, _, call_id = said.partition("_")
        try:
            moment = datetime.fromisoformat(started_at)
        except ValueError as error:
            raise ProtocolError(f"not a place in the list of calls: {said!r}") from error
        if moment.tzinfo is None or not call_id:
            raise ProtocolError(f"not a place in the list of calls: {said!r}")
        return cls(started_at=moment, call_id=call_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recording of one conversation. `file` is relative to the folder of recordings."""

    at: datetime
    queue: str
    agent: str
    file: str
    state: RecordingState


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCall:
    """One call as the tables have it. Its visits carry no rings: those are only in the call's events."""

    call_id: str
    line: str
    number: str
    started_at: datetime
    ended_at: datetime | None
    ended_by: EndedBy | None
    cause: int
    lost: bool
    visits: tuple[Visit, ...]
    survey: tuple[tuple[str, int | None], ...]
    recordings: tuple[Recording, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some calls, newest first, and where the next page begins (None: nowhere)."""

    calls: tuple[StoredCall, ...]
    next: Cursor | None


def page(session: Session, wanted: CallFilter, after: Cursor | None, size: int) -> Page:
    """Read one page of at most `size` calls."""
    started_at, call_id = col(CallRow.started_at), col(CallRow.id)
    query = select(CallRow).where(*_conditions(wanted)).order_by(started_at.desc(), call_id.desc()).limit(size + 1)
    if after is not None:
        earlier = and_(started_at == after.started_at, call_id < after.call_id)
        query = query.where(or_(started_at < after.started_at, earlier))
    rows = session.exec(query).all()
    calls = stored(session, rows[:size])
    last = rows[size - 1] if len(rows) > size else None
    return Page(calls=calls, next=None if last is None else Cursor(started_at=last.started_at, call_id=last.id))


def every_call(session: Session) -> tuple[StoredCall, ...]:
    """Read all calls, in no order."""
    return stored(session, session.exec(select(CallRow)).all())


def stored(session: Session, rows: Sequence[CallRow]) -> tuple[StoredCall, ...]:
    """Join to `rows` what the other tables say of them."""
    calls = [row.id for row in rows]
    legs = defaultdict(list)
    for leg in _of(session, LegRow, calls):
        legs[leg.call_id, leg.queue, leg.ordinal].append(leg)
    visits = defaultdict(list)
    for visit in _of(session, VisitRow, calls):
        visits[visit.call_id].append(_visit(visit, legs[visit.call_id, visit.queue, visit.ordinal]))
    answers = defaultdict(list)
    for answer in _of(session, SurveyAnswerRow, calls):
        answers[answer.call_id].append((answer.position, answer.question, answer.answer))
    recordings = defaultdict(list)
    for recording in _of(session, RecordingRow, calls):
        recordings[recording.call_id].append(recording)
    return tuple(
        StoredCall(
            call_id=row.id,
            line=row.line,
            number=row.number,
            started_at=row.started_at,
            ended_at=row.ended_at,
            ended_by=None if row.ended_by is None else EndedBy(row.ended_by),
            cause=row.cause,
            lost=row.lost,
            visits=tuple(sorted(visits[row.id], key=lambda visit: (visit.entered_at, visit.queue, visit.ordinal))),
            survey=tuple((question, answer) for _, question, answer in sorted(answers[row.id])),
            recordings=tuple(_recording(one) for one in sorted(recordings[row.id], key=lambda one: one.position)),
        )
        for row in rows
    )


def _conditions(wanted: CallFilter) -> Iterator[ColumnElement[bool]]:
    visit = list(_visit_conditions(wanted))
    time = col(VisitRow.entered_at) if visit else col(CallRow.started_at)
    period = []
    if wanted.since is not None:
        period.append(time >= wanted.since)
    if wanted.until is not None:
        period.append(time < wanted.until)
    if visit:
        yield exists().where(col(VisitRow.call_id) == col(CallRow.id), *visit, *period)
    else:
        yield from period


def _visit_conditions(wanted: CallFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.queue is not None:
        yield col(VisitRow.queue) == wanted.queue
    if wanted.outcome is not None:
        yield from _outcome(wanted.outcome, wanted.ghost_seconds * 1000)
    if wanted.agent is not None:
        yield exists().where(
            col(LegRow.call_id) == col(VisitRow.call_id),
            col(LegRow.queue) == col(VisitRow.queue),
            col(LegRow.ordinal) == col(VisitRow.ordinal),
            col(LegRow.agent) == wanted.agent,
        )


def _outcome(outcome: Outcome, ghost_ms: int) -> Iterator[ColumnElement[bool]]:
    kept = Outcome.ABANDONED if outcome is Outcome.GHOST else outcome
    yield col(VisitRow.result) == kept
    if outcome is Outcome.GHOST:
        yield col(VisitRow.wait_ms) <= ghost_ms
    if outcome is Outcome.ABANDONED:
        yield or_(col(VisitRow.wait_ms) > ghost_ms, col(VisitRow.wait_ms).is_(None))


def _of(session: Session, table: type[Part], calls: Sequence[str]) -> Iterator[Part]:
    for part in in_parts(calls):
        yield from session.exec(select(table).where(col(table.call_id).in_(part)))


def _visit(row: VisitRow, legs: Sequence[LegRow]) -> Visit:
    return Visit(
        call_id=row.call_id,
        channel_id=row.channel_id,
        queue=row.queue,
        ordinal=row.ordinal,
        entered_at=row.entered_at,
        entry_inferred=row.entry_inferred,
        left_at=row.left_at,
        wait_ms=row.wait_ms,
        result=Outcome(row.result),
        reason=Reason(row.reason),
        key=row.key,
        detail=row.detail,
        rings=(),
        legs=tuple(_leg(leg) for leg in sorted(legs, key=lambda leg: leg.position)),
    )


def _leg(row: LegRow) -> Leg:
    return Leg(
        agent=row.agent,
        connected_at=row.connected_at,
        ring_seconds=row.ring_seconds,
        talk_ms=row.talk_ms,
        hold_ms=row.hold_ms,
        ended_at=row.ended_at,
        ended_by=None if row.ended_by is None else EndedBy(row.ended_by),
        target=row.target,
    )


def _recording(row: RecordingRow) -> Recording:
    return Recording(at=row.at, queue=row.queue, agent=row.agent, file=row.file, state=RecordingState(row.state))
