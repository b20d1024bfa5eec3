"""The tables of what advisers learn: knowledge tests and attempts, training sessions and who was there.

Versions of tests are never changed. An attempt that is finished is not either: `answers` is all that is kept of it, and
what it is worth follows from its version of the test.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlmodel import Field

from storage.database import UtcDateTime
from storage.tables import LedgerTable


def _moment(*, nullable: bool = False) -> Any:  # noqa: ANN401 - as Field itself
    return Field(sa_column=Column(UtcDateTime, nullable=nullable))


def _text() -> Any:  # noqa: ANN401 - as Field itself
    return Field(sa_column=Column(Text, nullable=False))


class KnowledgeTestRow(LedgerTable, table=True):
    """One version of a test. `text` is the test as the ledger keeps it, of which the rest is a part."""

    __tablename__ = "knowledge_test"
    id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    text: str = _text()
    loaded_at: datetime = _moment()


class AttemptRow(LedgerTable, table=True):
    """One time that an adviser took a test. `answers` is JSON: question to letters. `day` is local, when finished."""

    __tablename__ = "knowledge_attempt"
    __table_args__ = (
        ForeignKeyConstraint(["test_id", "test_version"], ["knowledge_test.id", "knowledge_test.version"]),
        UniqueConstraint("agent", "test_id", "test_version", "ordinal"),
        Index(None, "day"),
    )
    id: int | None = Field(default=None, primary_key=True)
    test_id: str
    test_version: int
    agent: str
    ordinal: int
    answers: str = _text()
    started_at: datetime = _moment()
    finished_at: datetime | None = _moment(nullable=True)
    day: date | None


class TrainingRow(LedgerTable, table=True):
    """One training session, by whom it was written last and when."""

    __tablename__ = "training"
    __table_args__ = (UniqueConstraint("day", "subject", "place", "trainer"),)
    id: int | None = Field(default=None, primary_key=True)
    day: date
    subject: str
    place: str
    trainer: str
    minutes: int
    written_by: str
    written_at: datetime = _moment()


class AttendanceRow(LedgerTable, table=True):
    """An adviser who was at a session."""

    __tablename__ = "training_attendance"
    __table_args__ = (ForeignKeyConstraint(["training_id"], ["training.id"], ondelete="CASCADE"),)
    training_id: int = Field(primary_key=True)
    agent: str = Field(primary_key=True, index=True)
