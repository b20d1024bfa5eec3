"""What the ledger's tables say of a call: its history, laid out in rows."""

from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import Connection, delete, insert
from sqlmodel import col

from core.events import Recorded
from quality.metrics.funnel import Told, told
from quality.metrics.history import CallHistory
from quality.metrics.survey import placed
from storage.tables import CallRow, DeedRow, LedgerTable, LegRow, RecordingRow, RingRow, SurveyAnswerRow, VisitRow

Name = TypeVar("Name", str, bytes)
Rows = Iterator[dict[str, Any]]
_AT_ONCE = 5_000  # names in one statement; SQLite takes 32 766, PostgreSQL 65 535


class RecordingState(StrEnum):
    """How far a recording is."""

    RUNNING = "running"
    DONE = "done"
    ERASED = "erased"
    """Its time was over, or the person asked for it."""


def in_parts(names: Collection[Name]) -> Iterator[list[Name]]:
    """Split `names` into lists that one statement takes."""
    ordered = sorted(names)
    for start in range(0, len(ordered), _AT_ONCE):
        yield ordered[start : start + _AT_ONCE]


def erase(connection: Connection, calls: Collection[str]) -> None:
    """Delete the rows of `calls`, their events excepted."""
    for part in in_parts(calls):
        connection.execute(delete(CallRow).where(col(CallRow.id).in_(part)))


def write(connection: Connection, histories: Iterable[CallHistory]) -> None:
    """Insert the rows of calls that have none."""
    calls = tuple(histories)
    on_their_way = [(call, told(call)) for call in calls]
    rows: tuple[tuple[type[LedgerTable], Rows], ...] = (
        (CallRow, (row for call, way in on_their_way for row in _call(call, way))),
        (VisitRow, (row for call in calls for row in _visits(call))),
        (LegRow, (row for call in calls for row in _legs(call))),
        (RingRow, (row for call in calls for row in _rings(call))),
        (SurveyAnswerRow, (row for call in calls for row in _answers(call))),
        (DeedRow, (row for call, way in on_their_way for row in _deeds(call, way))),
        (RecordingRow, (row for call in calls for row in _recordings(call))),
    )
    for table, of_table in rows:
        if values := list(of_table):
            connection.execute(insert(table), values)


def _call(call: CallHistory, way: Told) -> Rows:
    yield {
        "id": call.call_id,
        "line": call.line,
        "number": call.number,
        "started_at": call.started_at,
        "ended_at": call.ended_at,
        "ended_by": call.ended_by,
        "cause": call.cause,
        "lost": call.lost,
        "way": "".join(f"\n{passage.written}" for passage in way.passages) + "\n",
    }


def _visits(call: CallHistory) -> Rows:
    for visit in call.visits:
        yield {
            "call_id": call.call_id,
            "queue": visit.queue,
            "ordinal": visit.ordinal,
            "channel_id": visit.channel_id,
            "entered_at": visit.entered_at,
            "entry_inferred": visit.entry_inferred,
            "left_at": visit.left_at,
            "wait_ms": visit.wait_ms,
            "result": visit.result,
            "reason": visit.reason,
            "key": visit.key,
            "detail": visit.detail,
        }


def _legs(call: CallHistory) -> Rows:
    for visit in call.visits:
        for position, leg in enumerate(visit.legs):
            yield {
                "call_id": call.call_id,
                "queue": visit.queue,
                "ordinal": visit.ordinal,
                "position": position,
                "agent": leg.agent,
                "connected_at": leg.connected_at,
                "ring_seconds": leg.ring_seconds,
                "talk_ms": leg.talk_ms,
                "hold_ms": leg.hold_ms,
                "ended_at": leg.ended_at,
                "ended_by": leg.ended_by,
                "target": leg.target,
                "work_ms": leg.work_ms,
                "disposition": leg.disposition,
                "title": leg.title,
                "resolution": leg.resolution,
            }


def _rings(call: CallHistory) -> Rows:
    for visit in call.visits:
        for position, ring in enumerate(visit.rings):
            yield {
                "call_id": call.call_id,
                "queue": visit.queue,
                "ordinal": visit.ordinal,
                "position": position,
                "agent": ring.agent,
                "at": ring.at,
                "ms": ring.ms,
                "result": ring.result,
            }


def _answers(call: CallHistory) -> Rows:
    for position, (said, visit, counts) in enumerate(placed(call)):
        yield {
            "call_id": call.call_id,
            "position": position,
            "at": said.at,
            "survey": said.survey,
            "question": said.question,
            "answer": said.answer,
            "file": said.file,
            "contact_at": visit.entered_at if visit else call.started_at,
            "queue": visit.queue if visit else "",
            "agent": visit.legs[-1].agent if visit else "",
            "counts": counts,
        }


def _deeds(call: CallHistory, way: Told) -> Rows:
    for position, deed in enumerate(way.deeds):
        yield {
            "call_id": call.call_id,
            "position": position,
            "did": deed.did,
            "stage": deed.stage or "",
            "name": deed.name,
            "key": deed.key,
        }


def _recordings(call: CallHistory) -> Rows:
    for position, recorded in enumerate(call.recordings):
        yield {
            "call_id": call.call_id,
            "position": position,
            "at": recorded.at,
            "queue": recorded.queue,
            "agent": recorded.agent,
            "file": recorded.file,
            "state": recording_state(call, recorded),
        }


def recording_state(call: CallHistory, recorded: Recorded) -> RecordingState:
    """Tell how far a recording of a call is: as far as its conversation."""
    talking = any(
        leg.agent == recorded.agent and leg.ended_at is None
        for visit in call.visits
        if visit.queue == recorded.queue
        for leg in visit.legs
    )
    return RecordingState.RUNNING if talking and call.ended_at is None else RecordingState.DONE
