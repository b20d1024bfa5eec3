"""Waiting requests that nobody would dial: those of a queue or a line that is no longer published."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, Engine, literal, select, tuple_
from sqlmodel import col

from callback_queue.request import Reason, State
from callback_queue.states import Event, GaveUp, Moved, advance
from storage.callback_codec import request_of
from storage.callback_rows import REQUESTS, write
from storage.callback_tables import CallbackRow
from storage.database import reader

LINE_GONE_AFTER: Final = timedelta(hours=1)
"""So long a call is due before it is given up because its line is not published: it may be published again."""

_BY = "system"
_WAITING = col(CallbackRow.state) == literal(State.WAITING.value, literal_execute=True)
"""Written out, for the index of those that wait."""


class Homes:
    """Sees to it that each waiting request of one database is of a queue from which it is dialled, or ends."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def settle(self, queues: Mapping[str, Sequence[str]], now: datetime, limit: int = 500) -> int:
        """Move requests to the first queue of their line, and give up those without a line; returns how many.

        `queues` are those of each published line, the line's own first. Where no line is published at all, nothing is
        known of any, and nothing is done.
        """
        if not queues:
            return 0
        with self._reader.begin() as connection:
            found = list(_homes(connection))
        settled = 0
        for line, queue in found:
            if line not in queues:
                event: Event = GaveUp(by=_BY, reason=Reason.LINE_GONE)
                over = col(CallbackRow.due_at) <= now - LINE_GONE_AFTER
                settled += self._happen(event, now, limit, *_of(line, queue), over)
            elif queue not in queues[line]:
                event = Moved(by=_BY, queue=queues[line][0])
                settled += self._happen(event, now, limit, *_of(line, queue))
        return settled

    def _happen(self, event: Event, now: datetime, limit: int, *which: ColumnElement[bool]) -> int:
        with self._engine.begin() as connection:
            rows = connection.execute(REQUESTS.where(*which).limit(limit).with_for_update(skip_locked=True)).all()
            write(connection, [advance(request_of(row), event, now)[0] for row in rows])
        return len(rows)


def _of(line: str, queue: str) -> tuple[ColumnElement[bool], ...]:
    return _WAITING, col(CallbackRow.line) == line, col(CallbackRow.queue) == queue


def _homes(connection: Connection) -> Iterator[tuple[str, str]]:
    """Yield the lines and queues for which requests wait: one look into the index each, however many wait."""
    pair = col(CallbackRow.line), col(CallbackRow.queue)
    looking = select(*pair).where(_WAITING).order_by(*pair).limit(1)
    found = connection.execute(looking).one_or_none()
    while found is not None:
        line, queue = found
        yield line, queue
        found = connection.execute(looking.where(tuple_(*pair) > (line, queue))).one_or_none()
