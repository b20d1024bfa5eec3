"""The tables of what advisers did: watches over the queues' members, and what was seen in each.

They are no events of calls, and beside `event`: each is told by the manager interface alone and never again, nothing
is folded from them but times, and there are more of them than of all other facts together.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Index
from sqlmodel import Field

from storage.database import UtcDateTime
from storage.tables import LedgerTable


def _moment() -> Any:  # noqa: ANN401 - as Field itself
    return Field(sa_column=Column(UtcDateTime, nullable=False))


class WatchRow(LedgerTable, table=True):
    """A time during which the manager interface told whatever changed. Between two watches nobody knows."""

    __tablename__ = "presence_watch"
    __table_args__ = (Index(None, "since"),)
    id: int | None = Field(default=None, primary_key=True)
    since: datetime = _moment()
    until: datetime = _moment()


class MemberRow(LedgerTable, table=True):
    """A member of a queue as he was from `at` on. A watch begins with all, whose `at` may be older, then come changes.

    `telephone` None: he left the queue.
    """

    __tablename__ = "presence"
    __table_args__ = (
        ForeignKeyConstraint(["watch_id"], ["presence_watch.id"], ondelete="CASCADE"),
        Index(None, "watch_id", "at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    watch_id: int
    at: datetime = _moment()
    queue: str
    agent: str
    telephone: str | None
    paused: bool
    reason: str
