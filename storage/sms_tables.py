"""The tables of text messages.

`sms` is the outbox: what is to be sent, and what became of it. `sms_segment` has each segment as it was offered to the
gateway, committed before it is. `sms_receipt` keeps what the network told, in whatever order it came: what was
delivered is found by joining it, so a receipt that arrives before the gateway's answer is no special case.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlmodel import Field

from storage.database import UtcDateTime
from storage.tables import LedgerTable


def _moment(*, nullable: bool = False) -> Any:  # noqa: ANN401 - as Field itself
    return Field(sa_column=Column(UtcDateTime, nullable=nullable))


class SmsRow(LedgerTable, table=True):
    """One message. `number` is E.164; `text` is as it is sent. `about` is a call, or a promised call."""

    __tablename__ = "sms"
    __table_args__ = (
        Index(None, "state", "not_before"),
        Index(None, "number", "purpose", "created_at"),
        Index(None, "about"),
    )
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    line: str
    purpose: str
    number: str
    sender: str
    text: str = Field(sa_column=Column(Text, nullable=False))
    encoding: str
    created_at: datetime = _moment()
    not_before: datetime = _moment()
    expires_at: datetime = _moment()
    state: str
    changed_at: datetime = _moment()
    about: str
    appointment_at: datetime | None = _moment(nullable=True)


class SmsSegmentRow(LedgerTable, table=True):
    """One segment, counted from 1. `status` is the gateway's number for its refusal, 0 if there was none."""

    __tablename__ = "sms_segment"
    __table_args__ = (
        ForeignKeyConstraint(["sms_id"], ["sms.id"], ondelete="CASCADE"),
        Index(None, "gateway_id"),
        Index(None, "submitted_at"),
    )
    sms_id: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    state: str
    submitted_at: datetime | None = _moment(nullable=True)
    gateway_id: str
    status: int = Field(sa_column=Column(BigInteger, nullable=False))


class SmsReceiptRow(LedgerTable, table=True):
    """Something that the network told of a segment."""

    __tablename__ = "sms_receipt"
    __table_args__ = (UniqueConstraint("gateway_id", "delivery"),)
    id: int | None = Field(default=None, primary_key=True)
    gateway_id: str
    delivery: str
    detail: str
    at: datetime = _moment()


class SmsOptOutRow(LedgerTable, table=True):
    """A number that gets no more messages: it replied so, or somebody noted it."""

    __tablename__ = "sms_opt_out"
    number: str = Field(primary_key=True)
    at: datetime = _moment()
    author: str
