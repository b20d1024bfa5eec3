"""How requests are read from their rows and written to them, with the steps of their history."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from callback_queue.request import NEVER_RANG, CallbackRequest, State, Step
from storage.callback_codec import COLUMNS, step_values, values
from storage.callback_tables import CallbackChannelRow, CallbackRow, CallbackStepRow
from storage.database import table_of
from storage.projection import in_parts

REQUESTS = select(*COLUMNS)
_STEP = table_of(CallbackStepRow)


def history(connection: Connection, request_id: str) -> tuple[Step, ...]:
    """Read what happened to a request, in order."""
    rows = connection.execute(select(_STEP).where(_STEP.c.request_id == request_id).order_by(_STEP.c.position))
    return tuple(
        Step(
            position=row.position,
            at=row.at,
            author=row.author,
            event=row.event,
            state=State(row.state),
            detail=row.detail,
        )
        for row in rows
    )


def insert_request(connection: Connection, request: CallbackRequest) -> bool:
    """Write a new request; False if there is an open one of the same telephone and line by now."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(CallbackRow).on_conflict_do_nothing().returning(col(CallbackRow.id))
    if connection.execute(statement, values(request)).one_or_none() is None:
        return False
    connection.execute(insert(CallbackStepRow), [step_values(request.id, step) for step in request.steps])
    return True


def write(connection: Connection, requests: Sequence[CallbackRequest]) -> None:
    """Write changed requests, and the steps by which they changed."""
    if not requests:
        return
    connection.execute(_UPDATE, [_keyed(values(request)) for request in requests])
    steps = [step_values(request.id, step) for request in requests for step in request.steps]
    connection.execute(insert(CallbackStepRow), steps)
    dialled = [request for request in requests if any(step.event == "Dialled" for step in request.steps)]
    channels = [
        {
            "channel_id": attempt.channel_id,
            "request_id": request.id,
            "line": request.line,
            "telephone": request.telephone,
            "committed_at": attempt.committed_at,
        }
        for request in dialled
        if (attempt := request.attempt)
    ]
    if channels:
        connection.execute(insert(CallbackChannelRow), channels)
    undone = [one.channel_id for request in requests if (one := request.attempt) and one.result in NEVER_RANG]
    for part in in_parts(undone):
        connection.execute(delete(CallbackChannelRow).where(col(CallbackChannelRow.channel_id).in_(part)))


def _keyed(changed: dict[str, Any]) -> dict[str, Any]:
    return {"key": changed.pop("id"), **changed}


_ROW = table_of(CallbackRow)
_UPDATE = (
    update(_ROW)
    .where(_ROW.c.id == bindparam("key"))
    .values({name: bindparam(name) for name in (column.name for column in _ROW.c) if name != "id"})
)
"""One statement for any number of rows: on PostgreSQL they go in one pipeline."""
