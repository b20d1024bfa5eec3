"""The tables of the ledger.

`event` is the truth: each row is one fact, never changed and never deleted. `channel` says which call a channel
belongs to. `sla_…` are what contracts ask and what closed months came to; their rows are never changed either. All
others but `log_position` are projections, written anew from the events of a call whenever it gets one.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, LargeBinary, MetaData, Text, text
from sqlalchemy.orm import registry
from sqlmodel import AutoString, Field, SQLModel

from storage.database import UtcDateTime

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class LedgerTable(SQLModel, registry=registry(metadata=MetaData(naming_convention=_NAMES))):
    """Root of the ledger's tables: their metadata and their names of constraints."""


def _moment(*, primary_key: bool = False, nullable: bool = False) -> Any:  # noqa: ANN401 - as Field itself
    return Field(sa_column=Column(UtcDateTime, primary_key=primary_key, nullable=nullable))


def _of_call(*more: Any) -> tuple[Any, ...]:  # noqa: ANN401 - what __table_args__ takes
    return (ForeignKeyConstraint(["call_id"], ["call.id"], ondelete="CASCADE"), *more)


class EventRow(LedgerTable, table=True):
    """A fact as it was told. `key` is a digest of it; `data` holds the fields that have no column, as JSON."""

    __tablename__ = "event"
    __table_args__ = (
        Index(
            "ix_event_of_no_call", "at", sqlite_where=text("channel_id = ''"), postgresql_where=text("channel_id = ''")
        ),
        Index(
            "ix_event_message_left",
            "at",
            sqlite_where=text("kind = 'MessageLeft'"),
            postgresql_where=text("kind = 'MessageLeft'"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    key: bytes = Field(sa_column=Column(LargeBinary(16), nullable=False, unique=True))
    kind: str
    source: str
    at: datetime = _moment()
    ord: int = Field(sa_column=Column(BigInteger, nullable=False))
    call_id: str
    channel_id: str = Field(index=True)
    data: str = Field(sa_column=Column(Text, nullable=False))


class ChannelRow(LedgerTable, table=True):
    """The call that a channel belongs to."""

    __tablename__ = "channel"
    channel_id: str = Field(primary_key=True)
    call_id: str = Field(index=True)


class RestartRow(LedgerTable, table=True):
    """A start of the telephone system."""

    __tablename__ = "restart"
    at: datetime = _moment(primary_key=True)


class LogPositionRow(LedgerTable, table=True):
    """How far a log has been read, in its reader's own words."""

    __tablename__ = "log_position"
    name: str = Field(primary_key=True)
    position: str = Field(sa_column=Column(Text, nullable=False))


class CallRow(LedgerTable, table=True):
    """One call. `number` is E.164 or "anonymous"; `way` has its passages, each within line ends."""

    __tablename__ = "call"
    __table_args__ = (
        Index(None, "started_at", "id"),
        Index(None, "number", "started_at"),
        Index("ix_call_open", "id", sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL")),
    )
    id: str = Field(primary_key=True)
    line: str
    number: str
    started_at: datetime = _moment()
    ended_at: datetime | None = _moment(nullable=True)
    ended_by: str | None
    cause: int = Field(sa_column=Column(BigInteger, nullable=False))
    lost: bool
    way: str = Field(sa_column=Column(Text, nullable=False, server_default=""))


class VisitRow(LedgerTable, table=True):
    """One stay in one queue. `result` is the outcome before ghosts are told from abandonments."""

    __tablename__ = "visit"
    __table_args__ = _of_call(Index(None, "queue", "entered_at"), Index(None, "entered_at"))
    call_id: str = Field(primary_key=True)
    queue: str = Field(primary_key=True)
    ordinal: int = Field(primary_key=True)
    channel_id: str
    entered_at: datetime = _moment()
    entry_inferred: bool
    left_at: datetime | None = _moment(nullable=True)
    wait_ms: int | None = Field(sa_column=Column(BigInteger))
    result: str
    reason: str
    key: str
    detail: str


class LegRow(LedgerTable, table=True):
    """One conversation with one adviser. `position` counts the legs of a visit from 0."""

    __tablename__ = "leg"
    __table_args__ = (
        ForeignKeyConstraint(
            ["call_id", "queue", "ordinal"], ["visit.call_id", "visit.queue", "visit.ordinal"], ondelete="CASCADE"
        ),
    )
    call_id: str = Field(primary_key=True)
    queue: str = Field(primary_key=True)
    ordinal: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    agent: str = Field(index=True)
    connected_at: datetime = _moment()
    ring_seconds: int = Field(sa_column=Column(BigInteger, nullable=False))
    talk_ms: int | None = Field(sa_column=Column(BigInteger))
    hold_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    ended_at: datetime | None = _moment(nullable=True)
    ended_by: str | None
    target: str
    work_ms: int | None = Field(sa_column=Column(BigInteger))
    disposition: str = Field(sa_column=Column(AutoString, nullable=False, server_default=""))
    title: str = Field(sa_column=Column(AutoString, nullable=False, server_default=""))
    resolution: str = Field(sa_column=Column(AutoString, nullable=False, server_default="other"))


class RingRow(LedgerTable, table=True):
    """One ring of one adviser that led to no conversation. `position` counts the rings of a visit from 0."""

    __tablename__ = "ring"
    __table_args__ = (
        ForeignKeyConstraint(
            ["call_id", "queue", "ordinal"], ["visit.call_id", "visit.queue", "visit.ordinal"], ondelete="CASCADE"
        ),
    )
    call_id: str = Field(primary_key=True)
    queue: str = Field(primary_key=True)
    ordinal: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    agent: str
    at: datetime = _moment()
    ms: int | None = Field(sa_column=Column(BigInteger))
    result: str | None


class SurveyAnswerRow(LedgerTable, table=True):
    """What the caller answered to one question; `answer` None was asked and not answered, unless there is a `file`.

    `queue`, `agent` and `contact_at` are those of the contact that results count it with; `queue` is empty if nobody
    had attended. Of several answers of one contact to one question the last `counts`.
    """

    __tablename__ = "survey_answer"
    __table_args__ = _of_call(Index(None, "contact_at"))
    call_id: str = Field(primary_key=True)
    position: int = Field(primary_key=True)
    at: datetime = _moment()
    survey: str
    question: str
    answer: int | None = Field(sa_column=Column(BigInteger))
    file: str
    contact_at: datetime = _moment()
    queue: str
    agent: str
    counts: bool


class DeedRow(LedgerTable, table=True):
    """One thing that the funnel counts of a call on its way: `did`, in the menu or text `name` of a `stage`."""

    __tablename__ = "deed"
    __table_args__ = _of_call()
    call_id: str = Field(primary_key=True)
    position: int = Field(primary_key=True)
    did: str
    stage: str
    name: str
    key: str


class RecordingRow(LedgerTable, table=True):
    """The recording of one conversation. `file` is relative to the folder of recordings."""

    __tablename__ = "recording"
    __table_args__ = _of_call()
    call_id: str = Field(primary_key=True)
    position: int = Field(primary_key=True)
    at: datetime = _moment()
    queue: str
    agent: str
    file: str
    state: str


class SlaDefinitionRow(LedgerTable, table=True):
    """One version of an agreement. `text` is the definition as the ledger keeps it, of which the rest is a part."""

    __tablename__ = "sla_definition"
    id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    text: str = Field(sa_column=Column(Text, nullable=False))
    loaded_at: datetime = _moment()


class SlaMonthRow(LedgerTable, table=True):
    """A closed month, such as "2019-09"."""

    __tablename__ = "sla_month"
    month: str = Field(primary_key=True)
    closed_at: datetime = _moment()


class SlaVerdictRow(LedgerTable, table=True):
    """What a closed month came to by one version, from `first` to `last`. `met` None: no visits, or no goal set."""

    __tablename__ = "sla_verdict"
    __table_args__ = (
        ForeignKeyConstraint(["month"], ["sla_month.month"]),
        ForeignKeyConstraint(["definition_id", "version"], ["sla_definition.id", "sla_definition.version"]),
    )
    month: str = Field(primary_key=True)
    definition_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    first: date
    last: date
    numerator: int = Field(sa_column=Column(BigInteger, nullable=False))
    denominator: int = Field(sa_column=Column(BigInteger, nullable=False))
    met: bool | None
