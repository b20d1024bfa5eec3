"""The tables of the advisers' desk: what is being written about a conversation, each word and each answer saved."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Text
from sqlmodel import Field

from storage.database import UtcDateTime
from storage.tables import LedgerTable


def _moment(*, nullable: bool = False) -> Any:  # noqa: ANN401 - as Field itself
    return Field(sa_column=Column(UtcDateTime, nullable=nullable))


def _text() -> Any:  # noqa: ANN401 - as Field itself
    return Field(sa_column=Column(Text, nullable=False))


class DeskDraftRow(LedgerTable, table=True):
    """What an adviser is writing about a conversation; `answers` is JSON. It goes when it is saved."""

    __tablename__ = "desk_draft"
    channel_id: str = Field(primary_key=True)
    agent: str = Field(primary_key=True)
    disposition: str
    note: str = _text()
    solution: str = _text()
    answers: str = _text()
    saved_at: datetime = _moment()


class DeskWordRow(LedgerTable, table=True):
    """One word about a conversation, never changed: the last one stands. `told_at`: queue_log was told it."""

    __tablename__ = "desk_word"
    __table_args__ = (Index(None, "channel_id", "agent"), Index(None, "agent", "at"), Index(None, "told_at"))
    id: int | None = Field(default=None, primary_key=True)
    channel_id: str
    queue: str
    agent: str
    at: datetime = _moment()
    author: str
    disposition: str
    title: str
    resolution: str
    limit_seconds: int
    note: str = _text()
    solution: str = _text()
    told_at: datetime | None = _moment(nullable=True)


class DeskAnswerRow(LedgerTable, table=True):
    """What a citizen answered an adviser, never changed: the last one to a question stands.

    `answer` is a key of its scale, 0 a comment, None no answer any more. A comment itself is with the
    campaign's record.
    """

    __tablename__ = "desk_answer"
    __table_args__ = (Index(None, "channel_id", "agent"), Index(None, "told_at"), Index(None, "at"))
    id: int | None = Field(default=None, primary_key=True)
    channel_id: str
    queue: str
    agent: str
    at: datetime = _moment()
    author: str
    survey: str
    question: str
    answer: int | None
    told_at: datetime | None = _moment(nullable=True)
