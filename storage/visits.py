"""The queue visits of a period, as figures take them, read a part at a time and from one snapshot.

No object is made for a table's row: a month of a large line is hundreds of thousands of visits.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, Engine, and_, select
from sqlmodel import col

from core.events import EndedBy, Resolution, RingResult
from quality.metrics.rows import Call, Row, Settling, rows_of
from quality.metrics.visits import Leg, Outcome, Ring, Visit
from storage.database import reader, table_of
from storage.projection import in_parts
from storage.tables import CallRow, LegRow, RingRow, VisitRow

_VISIT = table_of(VisitRow).columns
_LEG = table_of(LegRow).columns
_RING = table_of(RingRow).columns
_MARGIN = timedelta(seconds=2)  # within it may lie the other half of a stay that was logged in two
_LONGEST_VISIT = timedelta(hours=9)  # the dialplan ends a wait and a conversation after four hours each

_Stay = tuple[str, str, int]


class TalkTime(NamedTuple):
    """When an adviser talked, in a visit that began at `entered_at`."""

    agent: str
    entered_at: datetime
    connected_at: datetime
    ended_at: datetime


class _Call(NamedTuple):
    line: str
    visits: tuple[Visit, ...]


def visits(engine: Engine, since: datetime | None, until: datetime | None) -> Iterator[list[Row]]:
    """Yield the visits that callers entered in [since, until), each once; None is without bound.

    With them come other visits of the same calls, and those of seconds about: whoever counts leaves out what is not of
    the period.
    """
    entered_at = col(VisitRow.entered_at)
    calls = select(col(VisitRow.call_id))
    if since is not None:
        calls = calls.where(entered_at >= since - _MARGIN)
    if until is not None:
        calls = calls.where(entered_at < until + _MARGIN)
    settling = Settling()
    with reader(engine).begin() as connection:
        for part in in_parts(set(connection.scalars(calls))):
            yield settling.take(row for call in read_calls(connection, part) for row in rows_of(call))
    yield settling.rest()


def talks_during(engine: Engine, since: datetime, until: datetime) -> list[TalkTime]:
    """Read the conversations that ended and have a part in [since, until)."""
    entered_at, connected_at, ended_at = col(VisitRow.entered_at), col(LegRow.connected_at), col(LegRow.ended_at)
    of_visit = and_(
        col(LegRow.call_id) == col(VisitRow.call_id),
        col(LegRow.queue) == col(VisitRow.queue),
        col(LegRow.ordinal) == col(VisitRow.ordinal),
    )
    query = (
        select(col(LegRow.agent), entered_at, connected_at, ended_at)
        .join(VisitRow, of_visit)
        .where(entered_at >= since - _LONGEST_VISIT, entered_at < until, connected_at < until, ended_at > since)
    )
    with reader(engine).begin() as connection:
        return [TalkTime._make(row) for row in connection.execute(query)]


def read_calls(connection: Connection, part: Sequence[str]) -> Iterator[Call]:
    """Yield these calls, as many as one statement takes, with what figures take of their visits."""
    legs, rings = _legs(connection, part), _unanswered(connection, part)
    of_call = col(CallRow.id) == col(VisitRow.call_id)
    query = select(col(CallRow.line), *_VISIT).join(CallRow, of_call).where(col(VisitRow.call_id).in_(part))
    lines: dict[str, str] = {}
    visits_of: defaultdict[str, list[Visit]] = defaultdict(list)
    for row in connection.execute(query):
        lines[row.call_id] = row.line
        visit = Visit(
            call_id=row.call_id,
            channel_id=row.channel_id,
            queue=row.queue,
            ordinal=row.ordinal,
            entered_at=row.entered_at,
            entry_inferred=row.entry_inferred,
            wait_ms=row.wait_ms,
            result=Outcome(row.result),
            rings=tuple(rings[row.call_id, row.queue, row.ordinal]),
            legs=tuple(legs[row.call_id, row.queue, row.ordinal]),
        )
        visits_of[row.call_id].append(visit)
    return (_Call(lines[call_id], tuple(of_one)) for call_id, of_one in visits_of.items())


def _unanswered(connection: Connection, part: Sequence[str]) -> defaultdict[_Stay, list[Ring]]:
    rings: defaultdict[_Stay, list[Ring]] = defaultdict(list)
    no_answer = col(RingRow.result) == RingResult.NO_ANSWER.value
    for row in connection.execute(select(*_RING).where(col(RingRow.call_id).in_(part), no_answer)):
        ring = Ring(agent=row.agent, at=row.at, ms=row.ms, result=RingResult.NO_ANSWER)
        rings[row.call_id, row.queue, row.ordinal].append(ring)
    return rings


def _legs(connection: Connection, part: Sequence[str]) -> defaultdict[_Stay, list[Leg]]:
    legs: defaultdict[_Stay, list[Leg]] = defaultdict(list)
    query = select(*_LEG).where(col(LegRow.call_id).in_(part)).order_by(col(LegRow.position))
    for row in connection.execute(query):
        leg = Leg(
            agent=row.agent,
            connected_at=row.connected_at,
            talk_ms=row.talk_ms,
            hold_ms=row.hold_ms,
            ended_at=row.ended_at,
            ended_by=EndedBy(row.ended_by) if row.ended_by else None,
            target=row.target,
            work_ms=row.work_ms,
            disposition=row.disposition,
            title=row.title,
            resolution=Resolution(row.resolution),
        )
        legs[row.call_id, row.queue, row.ordinal].append(leg)
    return legs
