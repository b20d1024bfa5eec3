"""The tables of promised calls.

`callback` has what requests are found by, and the whole request as JSON in `data`; one that is open is the only one of
its telephone and line. `callback_step` is its history: rows are added in the transaction that changes the request, and
never changed. `callback_origin` and `callback_filing` see to it that nothing is taken in twice, and that every number
that was told to somebody leads to a request. `left_alone` has the telephones that are not to be called unasked.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, Text, text
from sqlmodel import Field

from storage.database import UtcDateTime
from storage.tables import LedgerTable


def _moment(*, nullable: bool = False) -> Any:  # noqa: ANN401 - as Field itself
    return Field(sa_column=Column(UtcDateTime, nullable=nullable))


def _partial(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def _of_request(*more: Any) -> tuple[Any, ...]:  # noqa: ANN401 - what __table_args__ takes
    return (ForeignKeyConstraint(["request_id"], ["callback.id"], ondelete="CASCADE"), *more)


class CallbackRow(LedgerTable, table=True):
    """One request. `telephone` is None where none is known, `document` as `core.privacy.subject.plain` gives it.

    The times are of the first attempt that came so far; `wait_ms` is from the promise to the first.
    """

    __tablename__ = "callback"
    __table_args__ = (
        Index("uq_callback_open", "line", "telephone", unique=True, **_partial("ended_at IS NULL")),
        Index("ix_callback_waiting", "line", "queue", "priority", "due_at", **_partial("state = 'waiting'")),
        Index("ix_callback_leased", "lease_until", **_partial("lease_until IS NOT NULL")),
        Index("ix_callback_expiring", "expires_at", **_partial("state IN ('waiting', 'held')")),
        Index("ix_callback_owed", "line", "promised_at", "state", "due_at", "ended_at", **_partial("ended_at IS NULL")),
        Index("ix_callback_expired", "ended_at", **_partial("reason = 'expired'")),
        Index(None, "asked_at", "id"),
        Index(None, "telephone"),
        Index(None, "document"),
        Index(None, "asked_on"),
    )
    id: str = Field(primary_key=True)
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
    line: str
    queue: str
    telephone: str | None
    document: str
    state: str
    source: str
    reason: str
    priority: int
    asked_at: datetime = _moment()
    asked_on: date
    promised_at: datetime = _moment()
    due_at: datetime = _moment()
    expires_at: datetime | None = _moment(nullable=True)
    lease_worker: str | None
    lease_until: datetime | None = _moment(nullable=True)
    dialled_at: datetime | None = _moment(nullable=True)
    answered_at: datetime | None = _moment(nullable=True)
    accepted_at: datetime | None = _moment(nullable=True)
    connected_at: datetime | None = _moment(nullable=True)
    ended_at: datetime | None = _moment(nullable=True)
    attempts: int
    wait_ms: int | None = Field(sa_column=Column(BigInteger))
    data: str = Field(sa_column=Column(Text, nullable=False))


class CallbackStepRow(LedgerTable, table=True):
    """One step of a request's history."""

    __tablename__ = "callback_step"
    __table_args__ = _of_request()
    request_id: str = Field(primary_key=True)
    position: int = Field(sa_column=Column(BigInteger, primary_key=True))
    at: datetime = _moment()
    author: str
    event: str
    state: str
    detail: str = Field(sa_column=Column(Text, nullable=False))


class CallbackOriginRow(LedgerTable, table=True):
    """What was taken into a request: the same origin is taken in once."""

    __tablename__ = "callback_origin"
    __table_args__ = _of_request(Index(None, "request_id"), Index(None, "call_id"))
    origin: str = Field(primary_key=True)
    request_id: str
    source: str
    call_id: str
    at: datetime = _moment()


class CallbackFilingRow(LedgerTable, table=True):
    """A filing number that somebody was told, and its code."""

    __tablename__ = "callback_filing"
    __table_args__ = _of_request(Index(None, "request_id"))
    number: str = Field(primary_key=True)
    code: str
    request_id: str


class CallbackChannelRow(LedgerTable, table=True):
    """The channel of one attempt, before anything is dialled. Where nothing was it is taken away: no cap counts it."""

    __tablename__ = "callback_channel"
    __table_args__ = _of_request(Index(None, "request_id"), Index(None, "line", "committed_at"))
    channel_id: str = Field(primary_key=True)
    request_id: str
    line: str
    telephone: str = Field(index=True)
    committed_at: datetime = _moment()


class CallbackNumberRow(LedgerTable, table=True):
    """How many filing numbers were given on a day."""

    __tablename__ = "callback_number"
    day: str = Field(primary_key=True)
    last: int = Field(sa_column=Column(BigInteger, nullable=False))


class CallbackFormRow(LedgerTable, table=True):
    """What the public pages keep between two requests. `digest` is the hash of the key to it."""

    __tablename__ = "callback_form"
    digest: bytes = Field(primary_key=True)
    kind: str
    data: str = Field(sa_column=Column(Text, nullable=False))
    began_at: datetime = _moment()
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False, index=True))


class LeftAloneRow(LedgerTable, table=True):
    """A telephone that is not to be called unasked. `author` noted it."""

    __tablename__ = "left_alone"
    telephone: str = Field(primary_key=True)
    at: datetime = _moment()
    author: str
    reason: str


class DiallingRow(LedgerTable, table=True):
    """One turn of the switch that lets promised calls be dialled; the last one stands. Rows are never changed."""

    __tablename__ = "dialling_switch"
    id: int | None = Field(default=None, primary_key=True)
    dials: bool
    at: datetime = _moment()
    author: str
    reason: str
