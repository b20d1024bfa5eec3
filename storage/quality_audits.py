"""Audits in the ledger: drafts, finished ones, and what was done with each, step by step.

Who may do what, and when, is decided by `quality.matrix.lifecycle`, within the transaction that does it.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, not_, select, update
from sqlalchemy.sql import ColumnElement

from core.errors import ConfigurationError
from quality.matrix import matrix_text
from quality.matrix.audit import Audit, Finding, Mark, Mode, faults, without_evidence
from quality.matrix.lifecycle import COUNTED, Actor, Case, IllegalStepError, State, Step, advance
from quality.matrix.matrix import Channel, ContactKind, Matrix, Setting
from storage.database import reader, table_of, take_write_lock
from storage.quality_calibrations import hidden, settle
from storage.quality_matrices import read_matrices
from storage.quality_tables import AuditRow, MatrixRow, StepRow

_AUDIT = table_of(AuditRow)
_STEP = table_of(StepRow)
_MATRIX = table_of(MatrixRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAudit:
    """What a draft begins with. `day` is the local day of the contact, `file` its recording."""

    matrix: Matrix
    setting: Setting
    call_id: str
    agent: str
    at: datetime
    day: date
    auditor: str
    file: str = ""
    mode: Mode = Mode.RECORDED
    blind: bool = False
    sample_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A step that somebody took with an audit."""

    at: datetime
    who: str
    step: Step
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAudit:
    """One audit with where it is. `supersedes` and `superseded_by` are numbers of other audits of the same contact."""

    number: int
    audit: Audit
    state: State
    at: datetime
    file: str
    note: str
    revision: int
    sample_id: int | None
    supersedes: int | None
    superseded_by: int | None
    reason: str
    started_at: datetime
    delivered_at: datetime | None
    steps: tuple[Done, ...]

    @property
    def case(self) -> Case:
        """What decides who may do what with it."""
        return Case(state=self.state, auditor=self.audit.auditor, agent=self.audit.agent, blind=self.audit.blind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which audits; None means any. Days are of the contact, both included."""

    states: frozenset[State] | None = None
    line: str | None = None
    agent: str | None = None
    auditor: str | None = None
    call_id: str | None = None
    sample_id: int | None = None
    first: date | None = None
    last: date | None = None


class Audits:
    """The audits in one database. Safe to use from several threads and several programs at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def start(self, new: NewAudit, now: datetime) -> int:
        """Begin a draft, and give its number; the auditor's own draft of that contact, if there is one, is given again.

        Raises:
            IllegalStepError: the contact has an audit, and this is no blind second one by somebody else.
        """
        with self._engine.begin() as connection:
            take_write_lock(connection)
            same = (_AUDIT.c.call_id == new.call_id, _AUDIT.c.agent == new.agent, _AUDIT.c.at == new.at)
            there = _read(connection, [*same, _AUDIT.c.state.not_in([State.DISCARDED, State.SUPERSEDED])])
            for one in there:
                if one.audit.auditor == new.auditor and one.state is State.DRAFT and one.supersedes is None:
                    return one.number
            _refuse_again(there, new)
            _keep_matrix(connection, new.matrix, now)
            return _insert(connection, _begun(new, now))

    def save(self, number: int, actor: Actor, found: Mapping[str, Finding], note: str, revision: int) -> int:
        """Keep what a draft has by now, and give its next revision.

        Raises:
            IllegalStepError: it is no draft, somebody else's, or was saved elsewhere after `revision`.
        """
        with self._engine.begin() as connection:
            take_write_lock(connection)
            one = _one(connection, number)
            if one.state is not State.DRAFT:
                raise IllegalStepError("la auditoría ya fue entregada y no se edita; se reemplaza, con motivo")
            if one.audit.auditor != actor.login:
                raise IllegalStepError("solo quien hace la auditoría puede cambiar su borrador")
            if one.revision != revision:
                raise IllegalStepError("el borrador cambió en otra ventana; recargue la página para verlo")
            values = {"findings": _written(found), "note": note, "revision": revision + 1}
            connection.execute(update(_AUDIT).where(_AUDIT.c.id == number).values(**values))
        return revision + 1

    def step(self, number: int, step: Step, actor: Actor, now: datetime, reason: str = "") -> StoredAudit:
        """Take a step with an audit, and give it as it is then. Delivering supersedes what the draft is to replace.

        Raises:
            IllegalStepError: it cannot be taken, or what is delivered is not complete.
        """
        with self._engine.begin() as connection:
            take_write_lock(connection)
            one = _one(connection, number)
            if step is Step.SUPERSEDE:
                raise IllegalStepError("una auditoría se reemplaza al entregar la nueva")
            after = advance(one.case, step, actor, reason)
            if step is Step.DELIVER:
                _refuse_incomplete(one.audit)
                if one.supersedes is not None:
                    _supersede(connection, _one(connection, one.supersedes), actor, now, one.reason)
            _move(connection, one.number, after, Done(at=now, who=actor.login, step=step, reason=reason))
            if step is Step.DELIVER and one.audit.blind:
                settle(connection, number, now)
            return _one(connection, number)

    def revise(self, number: int, actor: Actor, now: datetime, reason: str) -> int:
        """Begin a draft that is to take an audit's place, with what that one found; give its number.

        Raises:
            IllegalStepError: this person may not supersede it, or somebody is at it already.
        """
        with self._engine.begin() as connection:
            take_write_lock(connection)
            one = _one(connection, number)
            advance(one.case, Step.SUPERSEDE, actor, reason)
            drafts = _read(connection, [_AUDIT.c.supersedes == number, _AUDIT.c.state == State.DRAFT])
            for draft in drafts:
                if draft.audit.auditor == actor.login:
                    return draft.number
                raise IllegalStepError(f"{draft.audit.auditor} ya está haciendo la nueva versión")
            row = connection.execute(select(_AUDIT).where(_AUDIT.c.id == number)).one()._asdict()
            del row["id"]
            fresh = {
                "auditor": actor.login,
                "state": State.DRAFT,
                "revision": 0,
                "supersedes": number,
                "reason": reason,
            }
            return _insert(connection, row | fresh | {"started_at": now, "delivered_at": None})

    def find(self, number: int) -> StoredAudit | None:
        """Read one audit."""
        with self._reader.begin() as connection:
            return next(iter(_read(connection, [_AUDIT.c.id == number])), None)

    def all(self, wanted: Wanted) -> tuple[StoredAudit, ...]:
        """Read audits, those of the latest contacts first."""
        with self._reader.begin() as connection:
            return tuple(_read(connection, _conditions(wanted)))

    def counted(self, line: str | None, first: date, last: date) -> tuple[Audit, ...]:
        """Read the audits that figures of a period count, blind ones for agreement included.

        Those of a calibration are not, as long as others are still to mark the same contact blind.
        """
        wanted = _conditions(Wanted(states=COUNTED, line=line, first=first, last=last))
        with self._reader.begin() as connection:
            return tuple(one.audit for one in _read(connection, [*wanted, not_(hidden())]))


def _refuse_again(there: Iterable[StoredAudit], new: NewAudit) -> None:
    for one in there:
        if one.audit.auditor == new.auditor:
            raise IllegalStepError(f"usted ya auditó este contacto: es la auditoría {one.number}")
        if not new.blind and not one.audit.blind:
            raise IllegalStepError(f"este contacto ya tiene auditoría, de {one.audit.auditor}; la segunda es a ciegas")


def _refuse_incomplete(audit: Audit) -> None:
    lacking = [*faults(audit), *without_evidence(audit)]
    if lacking:
        told = "; ".join(f"{fault.subitem} {fault.mend}".strip() for fault in lacking[:3])
        more = f"; y {len(lacking) - 3} más" if len(lacking) > 3 else ""  # noqa: PLR2004 - as many as are told
        raise IllegalStepError(f"la auditoría no está completa: {told}{more}")


def _keep_matrix(connection: Connection, matrix: Matrix, now: datetime) -> None:
    """Keep the shipped matrix once somebody audits by it."""
    same = (_MATRIX.c.id == matrix.id, _MATRIX.c.version == matrix.version)
    if connection.scalar(select(_MATRIX.c.id).where(*same)) is None:
        values = {"id": matrix.id, "version": matrix.version, "text": matrix_text.write(matrix), "loaded_at": now}
        connection.execute(insert(_MATRIX), values)


def _supersede(connection: Connection, old: StoredAudit, actor: Actor, now: datetime, reason: str) -> None:
    after = advance(old.case, Step.SUPERSEDE, actor, reason)
    _move(connection, old.number, after, Done(at=now, who=actor.login, step=Step.SUPERSEDE, reason=reason))


def _move(connection: Connection, number: int, after: State, done: Done) -> None:
    values: dict[str, Any] = {"state": after}
    if done.step is Step.DELIVER:
        values["delivered_at"] = done.at
    connection.execute(update(_AUDIT).where(_AUDIT.c.id == number).values(**values))
    connection.execute(insert(_STEP), {"audit_id": number} | asdict(done))


def _begun(new: NewAudit, now: datetime) -> dict[str, Any]:
    return {
        "matrix_id": new.matrix.id,
        "matrix_version": new.matrix.version,
        "sample_id": new.sample_id,
        "call_id": new.call_id,
        "line": new.setting.line,
        "channel": new.setting.channel,
        "kind": new.setting.kind,
        "agent": new.agent,
        "at": new.at,
        "day": new.day,
        "file": new.file,
        "mode": new.mode,
        "blind": new.blind,
        "auditor": new.auditor,
        "state": State.DRAFT,
        "findings": "{}",
        "note": "",
        "revision": 0,
        "supersedes": None,
        "reason": "",
        "started_at": now,
        "delivered_at": None,
    }


def _insert(connection: Connection, values: dict[str, Any]) -> int:
    return int(connection.execute(insert(_AUDIT).returning(_AUDIT.c.id), values).scalar_one())


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    equal = {name: getattr(wanted, name) for name in ("line", "agent", "auditor", "call_id", "sample_id")}
    conditions: list[ColumnElement[bool]] = [
        _AUDIT.c[name] == value for name, value in equal.items() if value is not None
    ]
    if wanted.states is not None:
        conditions.append(_AUDIT.c.state.in_(wanted.states))
    if wanted.first is not None:
        conditions.append(_AUDIT.c.day >= wanted.first)
    if wanted.last is not None:
        conditions.append(_AUDIT.c.day <= wanted.last)
    return conditions


def _one(connection: Connection, number: int) -> StoredAudit:
    found = _read(connection, [_AUDIT.c.id == number])
    if not found:
        raise ConfigurationError(f"no hay auditoría {number}")
    return found[0]


def _read(connection: Connection, conditions: Iterable[ColumnElement[bool]]) -> list[StoredAudit]:
    matching = select(_AUDIT).where(*conditions)
    rows = connection.execute(matching.order_by(_AUDIT.c.at.desc(), _AUDIT.c.id.desc())).all()
    if not rows:
        return []
    matrices = read_matrices(connection)
    numbers = select(matching.subquery().c.id)
    steps: defaultdict[int, list[Done]] = defaultdict(list)
    for row in connection.execute(select(_STEP).where(_STEP.c.audit_id.in_(numbers)).order_by(_STEP.c.id)):
        steps[row.audit_id].append(Done(at=row.at, who=row.who, step=Step(row.step), reason=row.reason))
    later = select(_AUDIT.c.supersedes, _AUDIT.c.id).where(_AUDIT.c.supersedes.in_(numbers), _AUDIT.c.state.in_(_FINAL))
    successors = {row.supersedes: row.id for row in connection.execute(later)}
    return [
        _stored(row, matrices[row.matrix_id, row.matrix_version], steps[row.id], successors.get(row.id)) for row in rows
    ]


_FINAL = tuple(COUNTED | {State.SUPERSEDED})


def _stored(row: Row[Any], matrix: Matrix, steps: list[Done], superseded_by: int | None) -> StoredAudit:
    audit = Audit(
        id=str(row.id),
        matrix=matrix,
        setting=Setting(line=row.line, channel=Channel(row.channel), kind=ContactKind(row.kind)),
        call=row.call_id,
        agent=row.agent,
        auditor=row.auditor,
        day=row.day,
        findings={
            number: Finding(mark=Mark(told["mark"]), seconds=told["seconds"], note=told["note"])
            for number, told in json.loads(row.findings).items()
        },
        mode=Mode(row.mode),
        blind=row.blind,
    )
    return StoredAudit(
        number=row.id,
        audit=audit,
        state=State(row.state),
        at=row.at,
        file=row.file,
        note=row.note,
        revision=row.revision,
        sample_id=row.sample_id,
        supersedes=row.supersedes,
        superseded_by=superseded_by,
        reason=row.reason,
        started_at=row.started_at,
        delivered_at=row.delivered_at,
        steps=tuple(steps),
    )


def _written(found: Mapping[str, Finding]) -> str:
    return json.dumps({number: asdict(one) for number, one in found.items()}, ensure_ascii=False, sort_keys=True)
