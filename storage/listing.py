"""What the ledger's tables say of many calls: filtered, newest first, a page at a time."""

import re
from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self, TypeVar

from sqlalchemy import Select, and_, func, literal, or_
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select

from core.errors import ProtocolError
from core.events import EndedBy, Event, MenuStepped, Resolution
from core.privacy.retention import Kind
from quality.metrics.history import CallHistory, Leg, Outcome, Reason, Visit
from storage.call_filter import CallFilter, answers, call_conditions, conversations, deeds, rings, visits
from storage.codec import decode, storable
from storage.expiry import erased
from storage.passed_on import passed_on
from storage.projection import RecordingState, in_parts, recording_state
from storage.tables import CallRow, ChannelRow, EventRow, LegRow, RecordingRow, SurveyAnswerRow, VisitRow

MOST_COUNTED = 10_000
_MOST_NAMES = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CURSOR = re.compile(r"([0-9]{1,17})_(.+)", re.ASCII | re.DOTALL)
_RECENT = 1000

Part = TypeVar("Part", LegRow, VisitRow, SurveyAnswerRow, RecordingRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The last call of a page: the next one begins after it."""

    started_at: datetime
    call_id: str

    def __str__(self) -> str:
        """Give the text that `parse` reads: microseconds of Unix time, and the call."""
        return f"{(self.started_at - _EPOCH) // _MICROSECOND}_{self.call_id}"

    @classmethod
    def parse(cls, said: str) -> Self:
        """Read a cursor.

        Raises:
            ProtocolError: it is not one of ours.
        """
        found = _CURSOR.fullmatch(said)
        if found is None:
            raise ProtocolError(f"not a place in the list of calls: {said!r}")
        return cls(started_at=_EPOCH + int(found[1]) * _MICROSECOND, call_id=storable(found[2]))


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
    """One call as the tables have it. Its visits carry no rings: those are only in the call's events.

    `steps`, through menus, are read for a page of calls only.
    """

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
    steps: tuple[MenuStepped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many are asked for. What nothing is asked of is None: of visits, of an agent, of an answer, of a deed.

    Nothing is counted beyond MOST_COUNTED: that many is "as many or more".
    """

    calls: int
    visits: int | None
    conversations: int | None
    unanswered_rings: int | None
    answers: int | None = None
    deeds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What there is to filter by."""

    lines: tuple[str, ...]
    queues: tuple[str, ...]
    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some calls, newest first, and where the next page begins (None: nowhere)."""

    calls: tuple[StoredCall, ...]
    next: Cursor | None


def page(session: Session, wanted: CallFilter, after: Cursor | None, size: int) -> Page:
    """Read one page of at most `size` calls."""
    started_at, call_id = col(CallRow.started_at), col(CallRow.id)
    conditions = call_conditions(wanted, passed_on(session.connection(), wanted))
    query = select(CallRow).where(*conditions).order_by(started_at.desc(), call_id.desc()).limit(size + 1)
    if after is not None:
        earlier = and_(started_at == after.started_at, call_id < after.call_id)
        query = query.where(or_(started_at < after.started_at, earlier))
    rows = session.exec(query).all()
    calls = _with_steps(session, stored(session, rows[:size]))
    last = rows[size - 1] if len(rows) > size else None
    return Page(calls=calls, next=None if last is None else Cursor(started_at=last.started_at, call_id=last.id))


def counts(session: Session, wanted: CallFilter) -> Counts:
    """Count what a filter asks for: a figure counts visits, a list shows the calls they are of."""
    others = passed_on(session.connection(), wanted)
    calls = select(literal(1)).select_from(CallRow).where(*call_conditions(wanted, others))
    return Counts(
        calls=_count(session, calls),
        visits=_count(session, visits(wanted, others)) if wanted.of_visits else None,
        conversations=_count(session, conversations(wanted, others))
        if wanted.agent is not None and wanted.answer is None
        else None,
        unanswered_rings=_count(session, rings(wanted, others)) if wanted.unanswered_by is not None else None,
        answers=_count(session, answers(wanted, others)) if wanted.answer is not None else None,
        deeds=_count(session, deeds(wanted, others)) if wanted.deed is not None else None,
    )


def names(session: Session) -> Names:
    """Read the lines of recent calls, and all queues and agents there are."""
    recent = select(CallRow.line).order_by(col(CallRow.started_at).desc()).limit(_RECENT).subquery()
    return Names(
        lines=tuple(session.exec(select(recent.c.line).distinct().order_by(recent.c.line)).all()),
        queues=_distinct(session, col(VisitRow.queue)),
        agents=_distinct(session, col(LegRow.agent)),
    )


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
    survey = defaultdict(list)
    for answer in _of(session, SurveyAnswerRow, calls):
        survey[answer.call_id].append((answer.position, answer.question, answer.answer))
    recordings = defaultdict(list)
    for recording in _of(session, RecordingRow, calls):
        recordings[recording.call_id].append(recording)
    files = [one.file for of_call in recordings.values() for one in of_call]
    gone = erased(session.connection(), Kind.RECORDING, files)
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
            survey=tuple((question, answer) for _, question, answer in sorted(survey[row.id])),
            recordings=tuple(_recording(one, gone) for one in sorted(recordings[row.id], key=lambda one: one.position)),
        )
        for row in rows
    )


def stored_of(call: CallHistory, gone: Container[str] = ()) -> StoredCall:
    """Give a call's history as a list would show it; `gone` are the files of recordings that were erased."""
    return StoredCall(
        call_id=call.call_id,
        line=call.line,
        number=call.number,
        started_at=call.started_at,
        ended_at=call.ended_at,
        ended_by=call.ended_by,
        cause=call.cause,
        lost=call.lost,
        visits=call.visits,
        survey=tuple((said.question, said.answer) for said in call.survey),
        recordings=tuple(
            Recording(
                at=one.at,
                queue=one.queue,
                agent=one.agent,
                file=one.file,
                state=RecordingState.ERASED if one.file in gone else recording_state(call, one),
            )
            for one in call.recordings
        ),
        steps=call.menu_steps,
    )


def _with_steps(session: Session, calls: tuple[StoredCall, ...]) -> tuple[StoredCall, ...]:
    of_call = defaultdict(list)
    for part in in_parts([call.call_id for call in calls]):
        query = (
            select(ChannelRow.call_id, EventRow)
            .join(EventRow, col(EventRow.channel_id) == col(ChannelRow.channel_id))
            .where(col(ChannelRow.call_id).in_(part), col(EventRow.kind) == MenuStepped.__name__)
        )
        for call_id, row in session.exec(query):
            step = decode(row.model_dump(), call_id)
            if isinstance(step, MenuStepped):
                of_call[call_id].append(step)
    return tuple(replace(call, steps=tuple(sorted(of_call[call.call_id], key=_when))) for call in calls)


def _when(event: Event) -> tuple[datetime, int]:
    return event.at, event.order


def _count(session: Session, found: Select[int]) -> int:
    return session.exec(select(func.count()).select_from(found.limit(MOST_COUNTED).subquery())).one()


def _distinct(session: Session, column: Mapped[str]) -> tuple[str, ...]:
    """Read the first texts of an indexed column, each in one step: a DISTINCT would read the whole index."""
    found: list[str] = []
    while len(found) < _MOST_NAMES:
        beyond = select(func.min(column)) if not found else select(func.min(column)).where(column > found[-1])
        text = session.exec(beyond).one()
        if text is None:
            break
        found.append(text)
    return tuple(found)


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
        work_ms=row.work_ms,
        disposition=row.disposition,
        title=row.title,
        resolution=Resolution(row.resolution),
    )


def _recording(row: RecordingRow, gone: Container[str]) -> Recording:
    state = RecordingState.ERASED if row.file in gone else RecordingState(row.state)
    return Recording(at=row.at, queue=row.queue, agent=row.agent, file=row.file, state=state)
