"""The tables of campaigns: their records as they were uploaded and decided on, and what came of each."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Index, Text
from sqlmodel import Field

from storage.database import UtcDateTime
from storage.tables import LedgerTable


def _moment(*, nullable: bool = False) -> Any:  # noqa: ANN401 - as Field itself
    return Field(sa_column=Column(UtcDateTime, nullable=nullable))


def _of_record(*more: Any) -> tuple[Any, ...]:  # noqa: ANN401 - what __table_args__ takes
    keys = ["campaign_id", "position"]
    return (ForeignKeyConstraint(keys, [f"campaign_record.{key}" for key in keys], ondelete="CASCADE"), *more)


class CampaignRow(LedgerTable, table=True):
    """One campaign. `columns` says which column of the file is what, as JSON; `asker` who asks its survey."""

    __tablename__ = "campaign"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    line: str
    survey: str
    asker: str
    state: str
    file: str
    columns: str = Field(sa_column=Column(Text, nullable=False))
    created_at: datetime = _moment()
    author: str


class CampaignRecordRow(LedgerTable, table=True):
    """One row of a base, counted from 1. `telephone` is the one to call, "" if there is none; `cells` is JSON.

    `request_id` is its promised call, while `round` counts how often it was given to be called.
    """

    __tablename__ = "campaign_record"
    __table_args__ = (
        ForeignKeyConstraint(["campaign_id"], ["campaign.id"], ondelete="CASCADE"),
        Index(None, "campaign_id", "fate", "disposition"),
        Index(None, "request_id"),
        Index(None, "telephone"),
    )
    campaign_id: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    row: int
    fate: str
    exclusion: str
    of_row: int | None
    telephone: str
    written: str = Field(sa_column=Column(Text, nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    document: str = Field(sa_column=Column(Text, nullable=False))
    cells: str = Field(sa_column=Column(Text, nullable=False))
    round: int
    request_id: str
    disposition: str
    disposed_at: datetime | None = _moment(nullable=True)
    disposed_by: str
    note: str = Field(sa_column=Column(Text, nullable=False))


class CampaignAnswerRow(LedgerTable, table=True):
    """What somebody answered to one question: `author` is "ivr" for keys in a call, or who typed it.

    A comment is answer 0, and `text` what was written.
    """

    __tablename__ = "campaign_answer"
    __table_args__ = _of_record()
    campaign_id: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    question: str = Field(primary_key=True)
    answer: int
    text: str = Field(sa_column=Column(Text, nullable=False))
    author: str
    at: datetime = _moment()
