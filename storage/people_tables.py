"""The tables of who may open the application, by which key, and of what was opened.

Secrets are never here: of a password there is an argon2id hash, of a session, an invitation and a key the SHA-256 of
256 random bits, and of a second factor a seed that is worth nothing without the key file of the application.
`access_log` is only added to: the database itself refuses to change or delete its rows.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, LargeBinary, Text
from sqlmodel import Field

from storage.database import UtcDateTime
from storage.tables import LedgerTable


def _moment(*, nullable: bool = False) -> Any:  # noqa: ANN401 - as Field itself
    return Field(sa_column=Column(UtcDateTime, nullable=nullable))


def _digest(*, nullable: bool = False) -> Any:  # noqa: ANN401 - as Field itself
    return Field(sa_column=Column(LargeBinary(32), nullable=nullable, unique=True))


class PersonRow(LedgerTable, table=True):
    """Somebody with an account. `agent` is how queue_log calls the adviser, "" if the person is none.

    `extension` is the account of the telephone for listening, "" without one. Until an invitation is accepted there is
    no password. `factor_step` is the last 30 s step whose code was used.
    """

    __tablename__ = "person"
    id: int | None = Field(default=None, primary_key=True)
    login: str = Field(unique=True)
    name: str
    role: str
    agent: str
    extension: str = ""
    password_hash: str | None = Field(sa_column=Column(Text))
    factor_seed: bytes | None = Field(sa_column=Column(LargeBinary(16)))
    factor_step: int = Field(sa_column=Column(BigInteger, nullable=False))
    invitation: bytes | None = _digest(nullable=True)
    invitation_expires_at: datetime | None = _moment(nullable=True)
    shortcuts: bool
    created_at: datetime = _moment()
    disabled_at: datetime | None = _moment(nullable=True)


class SessionRow(LedgerTable, table=True):
    """A browser in which somebody has signed in."""

    __tablename__ = "web_session"
    __table_args__ = (ForeignKeyConstraint(["person_id"], ["person.id"], ondelete="CASCADE"),)
    id: int | None = Field(default=None, primary_key=True)
    token: bytes = _digest()
    person_id: int = Field(index=True)
    created_at: datetime = _moment()
    seen_at: datetime = _moment()
    address: str
    browser: str


class AccessKeyRow(LedgerTable, table=True):
    """What a wall screen or another program shows instead of a person's session. `kind` is the role it gives."""

    __tablename__ = "access_key"
    id: int | None = Field(default=None, primary_key=True)
    token: bytes = _digest()
    kind: str
    label: str
    created_at: datetime = _moment()
    created_by: str
    expires_at: datetime = _moment()
    used_at: datetime | None = _moment(nullable=True)
    revoked_at: datetime | None = _moment(nullable=True)


class AccessLogRow(LedgerTable, table=True):
    """Something that somebody did or saw. `who` and `role` are as they were then."""

    __tablename__ = "access_log"
    __table_args__ = (Index(None, "at"), Index(None, "who", "id"), Index(None, "action", "id"))
    id: int | None = Field(default=None, primary_key=True)
    at: datetime = _moment()
    who: str
    role: str
    address: str
    action: str
    what: str = Field(sa_column=Column(Text, nullable=False))


class DeskPreferencesRow(LedgerTable, table=True):
    """How an auditor wants the desk. `keys` is JSON: action to key."""

    __tablename__ = "desk_preferences"
    __table_args__ = (ForeignKeyConstraint(["person_id"], ["person.id"], ondelete="CASCADE"),)
    person_id: int = Field(primary_key=True)
    keys: str = Field(sa_column=Column(Text, nullable=False))
    evidence_last: bool
