"""Calibration sessions in the ledger: of which contact, by which auditors, and what they agreed on.

What they mark are blind audits like others. While a session is open nobody else reads them: it closes by itself when
the last of its auditors has delivered, in the same transaction.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, exists, func, insert, or_, select, update
from sqlalchemy.sql import ColumnElement

from core.errors import ConfigurationError
from quality.matrix.audit import Mark
from quality.matrix.calibration import Phase
from quality.matrix.lifecycle import IllegalStepError, State
from quality.matrix.matrix import Channel, ContactKind, Setting
from storage.database import reader, table_of, take_write_lock
from storage.quality_tables import AuditRow, CalibrationAuditorRow, CalibrationRow

_SESSION = table_of(CalibrationRow)
_PART = table_of(CalibrationAuditorRow)
_AUDIT = table_of(AuditRow)

FEWEST_AUDITORS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What is audited: a conversation of a call. `day` is its local day, `file` its recording."""

    setting: Setting
    call_id: str
    agent: str
    at: datetime
    day: date
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """One session. `audits` has the number of the audit that each of its auditors delivered while it was open."""

    number: int
    contact: Contact
    subject: str
    auditors: tuple[str, ...]
    audits: Mapping[str, int]
    opened_by: str
    opened_at: datetime
    closed_by: str
    closed_at: datetime | None
    answer: Mapping[str, Mark] | None
    agreed_by: str
    agreed_at: datetime | None

    @property
    def phase(self) -> Phase:
        """Where it is."""
        if self.answer is not None:
            return Phase.AGREED
        return Phase.BLIND if self.closed_at is None else Phase.SHOWN


class Calibrations:
    """The calibration sessions in one database. Safe to use from several threads and several programs at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def open(self, contact: Contact, subject: str, auditors: Iterable[str], who: str, now: datetime) -> int:
        """Begin a session, and give its number.

        Raises:
            IllegalStepError: there are too few auditors, or one has an audit of the contact or is to make one.
        """
        names = sorted(set(auditors))
        if len(names) < FEWEST_AUDITORS:
            raise IllegalStepError("elija al menos dos auditores: se comparan entre sí")
        with self._engine.begin() as connection:
            take_write_lock(connection)
            of_contact = _same(_AUDIT, contact.call_id, contact.agent, contact.at)
            live = _AUDIT.c.state.not_in([State.DISCARDED, State.SUPERSEDED])
            busy = set(connection.scalars(select(_AUDIT.c.auditor).where(*of_contact, live)))
            for one in _read(connection, *_same(_SESSION, contact.call_id, contact.agent, contact.at)):
                busy |= set(one.auditors) if one.phase is Phase.BLIND else set()
            if taken := sorted(busy & set(names)):
                raise IllegalStepError(f"ya auditó este contacto, o lo va a auditar: {', '.join(taken)}; elija a otros")
            values = {
                "call_id": contact.call_id,
                "line": contact.setting.line,
                "channel": contact.setting.channel,
                "kind": contact.setting.kind,
                "agent": contact.agent,
                "at": contact.at,
                "day": contact.day,
                "file": contact.file,
                "subject": subject,
                "opened_by": who,
                "opened_at": now,
                "closed_by": "",
                "closed_at": None,
                "answer": None,
                "agreed_by": "",
                "agreed_at": None,
            }
            number = int(connection.execute(insert(_SESSION).returning(_SESSION.c.id), values).scalar_one())
            connection.execute(insert(_PART), [{"calibration_id": number, "auditor": name} for name in names])
        return number

    def close(self, number: int, who: str, now: datetime) -> None:
        """End the blind part though not all have delivered.

        Raises:
            IllegalStepError: it has ended, or too few have delivered to be compared.
        """
        with self._engine.begin() as connection:
            take_write_lock(connection)
            one = _one(connection, number)
            if one.phase is not Phase.BLIND:
                raise IllegalStepError("esta calibración ya se cerró")
            if len(one.audits) < FEWEST_AUDITORS:
                raise IllegalStepError("ciérrela cuando al menos dos auditores hayan entregado")
            _close(connection, number, who, now)

    def agree(self, number: int, answer: Mapping[str, Mark], who: str, now: datetime) -> None:
        """Keep what was agreed on, once.

        Raises:
            IllegalStepError: the session is still blind, or has its answer.
        """
        with self._engine.begin() as connection:
            take_write_lock(connection)
            one = _one(connection, number)
            if one.phase is not Phase.SHOWN:
                blind = one.phase is Phase.BLIND
                raise IllegalStepError("primero deben entregar todos" if blind else "el acuerdo ya se guardó")
            values = {"answer": json.dumps(dict(sorted(answer.items()))), "agreed_by": who, "agreed_at": now}
            connection.execute(update(_SESSION).where(_SESSION.c.id == number).values(**values))

    def find(self, number: int) -> Calibration | None:
        """Read one session."""
        with self._reader.begin() as connection:
            return next(iter(_read(connection, _SESSION.c.id == number)), None)

    def of_contact(self, call_id: str, agent: str, at: datetime) -> tuple[Calibration, ...]:
        """Read the sessions of a contact."""
        with self._reader.begin() as connection:
            return _read(connection, *_same(_SESSION, call_id, agent, at))

    def waiting_for(self, auditor: str) -> tuple[Calibration, ...]:
        """Read the open sessions that somebody is still to audit for."""
        with self._reader.begin() as connection:
            opened = _read(connection, _SESSION.c.closed_at.is_(None))
        return tuple(one for one in opened if auditor in one.auditors and auditor not in one.audits)

    def between(self, first: date, last: date) -> tuple[Calibration, ...]:
        """Read the sessions of contacts of local days, both included, and all that are open; the last opened first."""
        wanted = or_(and_(_SESSION.c.day >= first, _SESSION.c.day <= last), _SESSION.c.closed_at.is_(None))
        with self._reader.begin() as connection:
            return _read(connection, wanted)[::-1]


def settle(connection: Connection, audit_id: int, now: datetime) -> None:
    """Close the session that waited for nothing but this audit."""
    audit = connection.execute(select(_AUDIT).where(_AUDIT.c.id == audit_id)).one()
    of_contact = _same(_SESSION, audit.call_id, audit.agent, audit.at)
    for one in _read(connection, *of_contact, _SESSION.c.closed_at.is_(None)):
        if set(one.audits) == set(one.auditors):
            _close(connection, one.number, "", now)


def hidden() -> ColumnElement[bool]:
    """Tell of an audit whether it belongs to a session that is still open."""
    return and_(
        _AUDIT.c.blind,
        exists().where(
            _SESSION.c.closed_at.is_(None),
            _SESSION.c.call_id == _AUDIT.c.call_id,
            _SESSION.c.agent == _AUDIT.c.agent,
            _SESSION.c.at == _AUDIT.c.at,
            _PART.c.calibration_id == _SESSION.c.id,
            _PART.c.auditor == _AUDIT.c.auditor,
        ),
    )


def _close(connection: Connection, number: int, who: str, now: datetime) -> None:
    connection.execute(update(_SESSION).where(_SESSION.c.id == number).values(closed_by=who, closed_at=now))


def _same(table: Any, call_id: str, agent: str, at: datetime) -> tuple[ColumnElement[bool], ...]:  # noqa: ANN401 - any
    return (table.c.call_id == call_id, table.c.agent == agent, table.c.at == at)


def _one(connection: Connection, number: int) -> Calibration:
    found = _read(connection, _SESSION.c.id == number)
    if not found:
        raise ConfigurationError(f"no hay calibración {number}")
    return found[0]


def _read(connection: Connection, *conditions: ColumnElement[bool]) -> tuple[Calibration, ...]:
    rows = connection.execute(select(_SESSION).where(*conditions).order_by(_SESSION.c.id)).all()
    return tuple(_session(connection, row) for row in rows)


def _session(connection: Connection, row: Row[Any]) -> Calibration:
    parts = select(_PART.c.auditor).where(_PART.c.calibration_id == row.id).order_by(_PART.c.auditor)
    auditors = tuple(connection.scalars(parts))
    in_time: ColumnElement[bool] = _AUDIT.c.delivered_at.is_not(None)
    if row.closed_at is not None:
        in_time = and_(in_time, _AUDIT.c.delivered_at <= row.closed_at)
    of_contact = _same(_AUDIT, row.call_id, row.agent, row.at)
    made = (
        select(_AUDIT.c.auditor, func.min(_AUDIT.c.id))
        .where(*of_contact, _AUDIT.c.blind, in_time, _AUDIT.c.auditor.in_(auditors))
        .group_by(_AUDIT.c.auditor)
        .order_by(_AUDIT.c.auditor)
    )
    answer = json.loads(row.answer) if row.answer is not None else None
    return Calibration(
        number=row.id,
        contact=Contact(
            setting=Setting(line=row.line, channel=Channel(row.channel), kind=ContactKind(row.kind)),
            call_id=row.call_id,
            agent=row.agent,
            at=row.at,
            day=row.day,
            file=row.file,
        ),
        subject=row.subject,
        auditors=auditors,
        audits={row[0]: row[1] for row in connection.execute(made)},
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
        answer=None if answer is None else {number: Mark(mark) for number, mark in answer.items()},
        agreed_by=row.agreed_by,
        agreed_at=row.agreed_at,
    )
