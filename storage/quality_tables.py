"""The tables of quality: matrices, samples, audits and what came of them.

Versions of matrices and samples are never changed. A finished audit is not either: the database itself refuses to
change what it found, or to delete it; `quality_step`, what was done with it, is only added to.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Index, Text
from sqlmodel import Field

from storage.database import UtcDateTime
from storage.tables import LedgerTable


def _moment(*, nullable: bool = False) -> Any:  # noqa: ANN401 - as Field itself
    return Field(sa_column=Column(UtcDateTime, nullable=nullable))


def _text() -> Any:  # noqa: ANN401 - as Field itself
    return Field(sa_column=Column(Text, nullable=False))


class MatrixRow(LedgerTable, table=True):
    """One version of a matrix. `text` is the matrix as the ledger keeps it, of which the rest is a part."""

    __tablename__ = "quality_matrix"
    id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    text: str = _text()
    loaded_at: datetime = _moment()


class SampleRow(LedgerTable, table=True):
    """One draw: of which line and local days, how large, from which seed, and from how many (JSON: agent to count)."""

    __tablename__ = "quality_sample"
    id: int | None = Field(default=None, primary_key=True)
    line: str
    first: date
    last: date
    size: str
    seed: str
    population: str = _text()
    made_by: str
    made_at: datetime = _moment()


class SampledRow(LedgerTable, table=True):
    """One conversation that was drawn, or could not be: then `exclusion` says why."""

    __tablename__ = "quality_sampled"
    __table_args__ = (
        ForeignKeyConstraint(["sample_id"], ["quality_sample.id"]),
        Index(None, "call_id", "agent"),
    )
    sample_id: int = Field(primary_key=True)
    place: int = Field(primary_key=True)
    call_id: str
    agent: str
    at: datetime = _moment()
    seconds: int
    disposition: str
    file: str
    exclusion: str


class AuditRow(LedgerTable, table=True):
    """One audit of one conversation. `findings` is JSON: sub-item to mark, second and note.

    `revision` counts what was saved of a draft. `supersedes` is the audit that this one takes, or is to take, the place
    of; `reason` says why.
    """

    __tablename__ = "quality_audit"
    __table_args__ = (
        ForeignKeyConstraint(["matrix_id", "matrix_version"], ["quality_matrix.id", "quality_matrix.version"]),
        ForeignKeyConstraint(["supersedes"], ["quality_audit.id"]),
        Index(None, "call_id", "agent"),
        Index(None, "line", "day"),
        Index(None, "agent", "day"),
        Index(None, "auditor", "state"),
    )
    id: int | None = Field(default=None, primary_key=True)
    matrix_id: str
    matrix_version: int
    sample_id: int | None
    call_id: str
    line: str
    channel: str
    kind: str
    agent: str
    at: datetime = _moment()
    day: date
    file: str
    mode: str
    blind: bool
    auditor: str
    state: str
    findings: str = _text()
    note: str = _text()
    revision: int
    supersedes: int | None
    reason: str = _text()
    started_at: datetime = _moment()
    delivered_at: datetime | None = _moment(nullable=True)


class StepRow(LedgerTable, table=True):
    """What somebody did with an audit."""

    __tablename__ = "quality_step"
    __table_args__ = (ForeignKeyConstraint(["audit_id"], ["quality_audit.id"]),)
    id: int | None = Field(default=None, primary_key=True)
    audit_id: int = Field(index=True)
    at: datetime = _moment()
    who: str
    step: str
    reason: str = _text()


class ActionRow(LedgerTable, table=True):
    """What an adviser is to do because of an audit, until when, and how it came out."""

    __tablename__ = "quality_action"
    __table_args__ = (ForeignKeyConstraint(["audit_id"], ["quality_audit.id"]),)
    id: int | None = Field(default=None, primary_key=True)
    audit_id: int = Field(index=True)
    agent: str = Field(index=True)
    what: str = _text()
    due: date
    opened_by: str
    opened_at: datetime = _moment()
    state: str
    closed_by: str
    closed_at: datetime | None = _moment(nullable=True)
    result: str = _text()


class CalibrationRow(LedgerTable, table=True):
    """One contact that several auditors mark blind. `answer` is JSON: sub-item to the mark that they agreed on."""

    __tablename__ = "quality_calibration"
    __table_args__ = (Index(None, "call_id", "agent"), Index(None, "day"))
    id: int | None = Field(default=None, primary_key=True)
    call_id: str
    line: str
    channel: str
    kind: str
    agent: str
    at: datetime = _moment()
    day: date
    file: str
    subject: str
    opened_by: str
    opened_at: datetime = _moment()
    closed_by: str
    closed_at: datetime | None = _moment(nullable=True)
    answer: str | None = Field(sa_column=Column(Text, nullable=True))
    agreed_by: str
    agreed_at: datetime | None = _moment(nullable=True)


class CalibrationAuditorRow(LedgerTable, table=True):
    """An auditor of a calibration session."""

    __tablename__ = "quality_calibration_auditor"
    __table_args__ = (ForeignKeyConstraint(["calibration_id"], ["quality_calibration.id"]),)
    calibration_id: int = Field(primary_key=True)
    auditor: str = Field(primary_key=True)
