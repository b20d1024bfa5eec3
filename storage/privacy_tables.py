"""The tables of what the law asks for personal data: what was erased, and what may not be.

`erasure` says of each file that is gone when and why; the facts about it stay in the ledger. `legal_hold` keeps what a
judge, an investigation or a claim needs from being erased. `data_request` is the register of people who ask about
their data.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, Column, Text
from sqlmodel import Field

from storage.database import UtcDateTime
from storage.tables import LedgerTable


class ErasureRow(LedgerTable, table=True):
    """A file that was erased. `about` is the call, or the promised call, that it was of; `days` is 0 without a rule."""

    __tablename__ = "erasure"
    kind: str = Field(primary_key=True)
    file: str = Field(primary_key=True)
    about: str = Field(primary_key=True, index=True)
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    why: str
    days: int = Field(sa_column=Column(BigInteger, nullable=False))


class HoldRow(LedgerTable, table=True):
    """A legal hold. It stands until it is lifted."""

    __tablename__ = "legal_hold"
    id: int | None = Field(default=None, primary_key=True)
    what: str
    value: str
    reason: str = Field(sa_column=Column(Text, nullable=False))
    author: str
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    lifted_at: datetime | None = Field(sa_column=Column(UtcDateTime, nullable=True))
    lifted_by: str
    lifted_reason: str = Field(sa_column=Column(Text, nullable=False))


class DataRequestRow(LedgerTable, table=True):
    """What a person asked about his data. It is open until it is answered; `received` is the day it came in."""

    __tablename__ = "data_request"
    id: int | None = Field(default=None, primary_key=True)
    ask: str
    what: str
    value: str
    detail: str = Field(sa_column=Column(Text, nullable=False))
    received: date
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    author: str
    extended_at: datetime | None = Field(sa_column=Column(UtcDateTime, nullable=True))
    extended_reason: str = Field(sa_column=Column(Text, nullable=False))
    answered_at: datetime | None = Field(sa_column=Column(UtcDateTime, nullable=True))
    answered_by: str
    answer: str = Field(sa_column=Column(Text, nullable=False))
