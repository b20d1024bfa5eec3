"""Training sessions in the ledger, and who was there."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.sql import ColumnElement

from core.errors import ConfigurationError
from quality.learning.training import Training
from storage.database import reader, table_of, take_write_lock
from storage.learning_tables import AttendanceRow, TrainingRow

_TRAINING = table_of(TrainingRow)
_ATTENDANCE = table_of(AttendanceRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTraining:
    """A session as it is kept, and who wrote it last."""

    number: int
    training: Training
    written_by: str
    written_at: datetime


class Trainings:
    """The training sessions in one database. Safe to use from several threads and several programs at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def add(self, trainings: Iterable[Training], who: str, now: datetime) -> int:
        """Keep sessions, all or none, and tell how many are new: one that is there, to the letter, is left alone.

        Raises:
            ConfigurationError: a session of that day, subject, place and trainer is there, and is not equal.
        """
        new = 0
        with self._engine.begin() as connection:
            take_write_lock(connection)
            for one in trainings:
                before = _read(connection, *_same(one))
                if before and before[0].training == one:
                    continue
                if before:
                    raise ConfigurationError(
                        f"{_name(one)}: ya está, con otros datos; corríjala en la página Formación"
                    )
                values = _values(one, who, now)
                number = connection.execute(insert(_TRAINING).returning(_TRAINING.c.id), values).scalar_one()
                _attended(connection, number, one.agents)
                new += 1
        return new

    def change(self, number: int, training: Training, who: str, now: datetime) -> bool:
        """Keep a session otherwise; False if there is none of that number.

        Raises:
            ConfigurationError: another session has the same day, subject, place and trainer.
        """
        with self._engine.begin() as connection:
            take_write_lock(connection)
            if any(one.number != number for one in _read(connection, *_same(training))):
                raise ConfigurationError(f"{_name(training)}: ya está; cambie el tema, el lugar o el formador")
            changed = update(_TRAINING).where(_TRAINING.c.id == number).values(**_values(training, who, now))
            if connection.execute(changed).rowcount != 1:
                return False
            connection.execute(delete(_ATTENDANCE).where(_ATTENDANCE.c.training_id == number))
            _attended(connection, number, training.agents)
        return True

    def remove(self, number: int) -> bool:
        """Delete a session that was not held; False if there is none of that number."""
        with self._engine.begin() as connection:
            take_write_lock(connection)
            connection.execute(delete(_ATTENDANCE).where(_ATTENDANCE.c.training_id == number))
            return connection.execute(delete(_TRAINING).where(_TRAINING.c.id == number)).rowcount == 1

    def find(self, number: int) -> StoredTraining | None:
        """Read one session."""
        with self._reader.begin() as connection:
            return next(iter(_read(connection, _TRAINING.c.id == number)), None)

    def between(self, first: date, last: date) -> tuple[StoredTraining, ...]:
        """Read the sessions of local days, both included, in the order of time."""
        with self._reader.begin() as connection:
            return _read(connection, _TRAINING.c.day >= first, _TRAINING.c.day <= last)

    def of(self, agent: str) -> tuple[StoredTraining, ...]:
        """Read the sessions that an adviser was at, the last first."""
        there = select(_ATTENDANCE.c.training_id).where(_ATTENDANCE.c.agent == agent)
        with self._reader.begin() as connection:
            return _read(connection, _TRAINING.c.id.in_(there))[::-1]


def _same(one: Training) -> tuple[ColumnElement[bool], ...]:
    return (
        _TRAINING.c.day == one.day,
        _TRAINING.c.subject == one.subject,
        _TRAINING.c.place == one.place,
        _TRAINING.c.trainer == one.trainer,
    )


def _name(one: Training) -> str:
    return f"la capacitación «{one.subject}» del {one.day}"


def _values(one: Training, who: str, now: datetime) -> dict[str, Any]:
    return {
        "day": one.day,
        "subject": one.subject,
        "place": one.place,
        "trainer": one.trainer,
        "minutes": one.minutes,
        "written_by": who,
        "written_at": now,
    }


def _attended(connection: Connection, number: int, agents: Iterable[str]) -> None:
    rows = [{"training_id": number, "agent": agent} for agent in sorted(agents)]
    if rows:
        connection.execute(insert(_ATTENDANCE), rows)


def _read(connection: Connection, *conditions: ColumnElement[bool]) -> tuple[StoredTraining, ...]:
    rows = connection.execute(select(_TRAINING).where(*conditions).order_by(_TRAINING.c.day, _TRAINING.c.id)).all()
    there: defaultdict[int, set[str]] = defaultdict(set)
    wanted = select(_TRAINING.c.id).where(*conditions)
    for row in connection.execute(select(_ATTENDANCE).where(_ATTENDANCE.c.training_id.in_(wanted))):
        there[row.training_id].add(row.agent)
    return tuple(
        StoredTraining(
            number=row.id,
            training=Training(
                day=row.day,
                subject=row.subject,
                place=row.place,
                trainer=row.trainer,
                minutes=row.minutes,
                agents=frozenset(there[row.id]),
            ),
            written_by=row.written_by,
            written_at=row.written_at,
        )
        for row in rows
    )
