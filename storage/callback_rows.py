"""How requests are read from their rows and written to them, with the steps of their history.

A statement names only the columns that change: SQLite writes an index anew for each column that is named, changed or
not, and a step of a request that is being called concerns four of ten.
"""

import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Update, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from callback_queue.request import NEVER_RANG, CallbackRequest, State, Step
from storage.callback_codec import COLUMNS, step_values, values
from storage.callback_tables import CallbackChannelRow, CallbackRow, CallbackStepRow
from storage.database import table_of
from storage.projection import in_parts

REQUESTS = select(*COLUMNS)
_STEP = table_of(CallbackStepRow)
_ROW = table_of(CallbackRow)
_DATA = "data"
_FOUND = select(*(column for column in _ROW.c if column.name != _DATA))


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
    _change(connection, {request.id: values(request) for request in requests})
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


def _change(connection: Connection, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Write what differs from what is there."""
    found: dict[str, RowMapping] = {}
    for part in in_parts(rows):
        there = connection.execute(_FOUND.where(_ROW.c.id.in_(part))).mappings()
        found.update((row["id"], row) for row in there)
    changed = defaultdict[tuple[str, ...], list[dict[str, Any]]](list)
    for key, row in rows.items():
        names = tuple(name for name in row if name == _DATA or row[name] != found[key][name])
        changed[names].append({"key": key, **{name: row[name] for name in names}})
    for names, of_rows in changed.items():
        connection.execute(_update(names), of_rows)


@functools.cache
def _update(names: tuple[str, ...]) -> Update:
    """Give one statement for any number of rows: on PostgreSQL they go in one pipeline."""
    return update(_ROW).where(_ROW.c.id == bindparam("key")).values({name: bindparam(name) for name in names})
