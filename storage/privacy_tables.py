"""The tables of what the law asks for personal data: what was erased, and what may not be.

`erasure` says of each file that is gone when and why; the facts about it stay in the ledger. `legal_hold` keeps what a
judge, an investigation or a claim needs from being erased.
"""

from datetime import datetime

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
