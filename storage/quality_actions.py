"""What advisers are to do because of audits, followed to its end."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update

from core.errors import ConfigurationError
from quality.matrix.coaching import Action, ActionState, ActionStep, advance
from quality.matrix.lifecycle import IllegalStepError
from storage.database import reader, table_of, take_write_lock
from storage.quality_tables import ActionRow, AuditRow

_ACTION = table_of(ActionRow)
_AUDIT = table_of(AuditRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAction:
    """What is agreed on."""

    audit_id: int
    what: str
    due: date
    opened_by: str


class Actions:
    """The actions in one database. Safe to use from several threads and several programs at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def open(self, new: NewAction, now: datetime) -> int:
        """Begin an action of the adviser of an audit, and give its number.

        Raises:
            ConfigurationError: there is no such audit.
            IllegalStepError: nobody says what is to be done.
        """
        if not new.what.strip():
            raise IllegalStepError("diga qué se acordó")
        with self._engine.begin() as connection:
            take_write_lock(connection)
            agent = connection.scalar(select(_AUDIT.c.agent).where(_AUDIT.c.id == new.audit_id))
            if agent is None:
                raise ConfigurationError(f"no hay auditoría {new.audit_id}")
            values = {
                "audit_id": new.audit_id,
                "agent": agent,
                "what": new.what,
                "due": new.due,
                "opened_by": new.opened_by,
                "opened_at": now,
                "state": ActionState.OPEN,
                "closed_by": "",
                "closed_at": None,
                "result": "",
            }
            return int(connection.execute(insert(_ACTION).returning(_ACTION.c.id), values).scalar_one())

    def close(self, number: int, step: ActionStep, who: str, now: datetime, result: str) -> Action:
        """End an action.

        Raises:
            ConfigurationError: there is none of that number.
            IllegalStepError: it has ended, or nobody says how it came out.
        """
        with self._engine.begin() as connection:
            take_write_lock(connection)
            row = connection.execute(select(_ACTION).where(_ACTION.c.id == number)).one_or_none()
            if row is None:
                raise ConfigurationError(f"no hay acción {number}")
            after = advance(ActionState(row.state), step, result)
            values = {"state": after, "closed_by": who, "closed_at": now, "result": result}
            connection.execute(update(_ACTION).where(_ACTION.c.id == number).values(**values))
            return _action(connection.execute(select(_ACTION).where(_ACTION.c.id == number)).one())

    def all(self, agent: str | None = None, audit_id: int | None = None) -> tuple[Action, ...]:
        """Read actions, those that are due first before others."""
        query = select(_ACTION).order_by(_ACTION.c.due, _ACTION.c.id)
        if agent is not None:
            query = query.where(_ACTION.c.agent == agent)
        if audit_id is not None:
            query = query.where(_ACTION.c.audit_id == audit_id)
        with self._reader.begin() as connection:
            return tuple(_action(row) for row in connection.execute(query))


def _action(row: Row[Any]) -> Action:
    return Action(
        id=row.id,
        audit_id=row.audit_id,
        agent=row.agent,
        what=row.what,
        due=row.due,
        opened_by=row.opened_by,
        state=ActionState(row.state),
        closed_by=row.closed_by,
        result=row.result,
    )
