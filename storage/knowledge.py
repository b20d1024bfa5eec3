"""Knowledge tests in the ledger, and what advisers answered."""

import json
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, update
from sqlalchemy.sql import ColumnElement
from sqlmodel import col

from quality.learning import knowledge_text
from quality.learning.knowledge import (
    Answers,
    Attempt,
    AttemptError,
    KnowledgeTest,
    check_answers,
    check_versions,
    in_force,
    next_ordinal,
)
from storage.database import reader, table_of, take_write_lock
from storage.learning_tables import AttemptRow, KnowledgeTestRow
from storage.versions import is_new

_ATTEMPT = table_of(AttemptRow)

Ref = tuple[str, int]


class Knowledge:
    """The knowledge tests in one database. Safe to use from several threads and several programs at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def load(self, test: KnowledgeTest, now: datetime) -> bool:
        """Add a version, and tell whether it is new; what is there already, to the letter, is left alone.

        Raises:
            ConfigurationError: the version is there with another text, or contradicts another version.
        """
        with self._engine.begin() as connection:
            take_write_lock(connection)
            known = _tests(connection)
            if not is_new("la evaluación", test, known):
                return False
            check_versions([*known.values(), test])
            text = knowledge_text.write(test)
            values = {"id": test.id, "version": test.version, "text": text, "loaded_at": now}
            connection.execute(insert(KnowledgeTestRow), values)
        return True

    def in_force(self, day: date) -> tuple[KnowledgeTest, ...]:
        """Read the tests that can be taken on a local day."""
        with self._reader.begin() as connection:
            return in_force(_tests(connection).values(), day)

    def all(self) -> tuple[KnowledgeTest, ...]:
        """Read all versions of all tests."""
        with self._reader.begin() as connection:
            return tuple(_tests(connection).values())

    def start(self, test_id: str, agent: str, day: date, now: datetime) -> Attempt:
        """Begin an attempt; the adviser's own unfinished one is given again.

        Raises:
            AttemptError: the test cannot be taken on that day, or all attempts were used.
        """
        with self._engine.begin() as connection:
            take_write_lock(connection)
            test = next((one for one in in_force(_tests(connection).values(), day) if one.id == test_id), None)
            if test is None:
                raise AttemptError("esta evaluación no se puede presentar hoy")
            of_test = (_ATTEMPT.c.test_id == test.id, _ATTEMPT.c.test_version == test.version)
            before = _read(connection, *of_test, _ATTEMPT.c.agent == agent)
            for one in before:
                if one.finished_at is None:
                    return one
            values = {
                "test_id": test.id,
                "test_version": test.version,
                "agent": agent,
                "ordinal": next_ordinal(test, before),
                "answers": "{}",
                "started_at": now,
                "finished_at": None,
                "day": None,
            }
            number = connection.execute(insert(_ATTEMPT).returning(_ATTEMPT.c.id), values).scalar_one()
            return _one(connection, number)

    def answer(self, number: int, agent: str, answers: Answers, day: date) -> Attempt:
        """Keep answers beside those there are; an empty one takes an answer back.

        Raises:
            AttemptError: the attempt is none of this adviser's, or finished, its test over, or an answer is none.
        """
        with self._engine.begin() as connection:
            take_write_lock(connection)
            return _answered(connection, number, agent, answers, day)

    def finish(self, number: int, agent: str, answers: Answers, day: date, now: datetime) -> Attempt:
        """Keep the last answers and finish an attempt, on a local day.

        Raises:
            AttemptError: as `answer`, or a question has no answer.
        """
        with self._engine.begin() as connection:
            take_write_lock(connection)
            one = _answered(connection, number, agent, answers, day)
            if one.unanswered:
                raise AttemptError(f"faltan preguntas por responder: {', '.join(one.unanswered)}")
            values = {"finished_at": now, "day": day}
            connection.execute(update(_ATTEMPT).where(_ATTEMPT.c.id == number).values(**values))
            return _one(connection, number)

    def find(self, number: int, agent: str) -> Attempt | None:
        """Read an attempt of an adviser's."""
        with self._reader.begin() as connection:
            found = _read(connection, _ATTEMPT.c.id == number, _ATTEMPT.c.agent == agent)
        return found[0] if found else None

    def of(self, agent: str) -> tuple[Attempt, ...]:
        """Read all attempts of an adviser, those begun last first."""
        with self._reader.begin() as connection:
            return _read(connection, _ATTEMPT.c.agent == agent)[::-1]

    def finished(self, first: date, last: date) -> tuple[Attempt, ...]:
        """Read the attempts finished on local days, both included."""
        with self._reader.begin() as connection:
            return _read(connection, _ATTEMPT.c.day >= first, _ATTEMPT.c.day <= last)


def _answered(connection: Connection, number: int, agent: str, answers: Answers, day: date) -> Attempt:
    found = _read(connection, _ATTEMPT.c.id == number, _ATTEMPT.c.agent == agent)
    if not found:
        raise AttemptError("no hay un intento suyo con ese número")
    one = found[0]
    if one.finished_at is not None:
        raise AttemptError("este intento ya se entregó y no se cambia")
    if not one.test.is_valid(day):
        raise AttemptError(f"esta evaluación se podía presentar hasta el {one.test.valid_to}")
    check_answers(one.test, answers)
    kept = {question: letters for question, letters in {**one.answers, **answers}.items() if letters}
    written = json.dumps({question: "".join(sorted(letters)) for question, letters in sorted(kept.items())})
    connection.execute(update(_ATTEMPT).where(_ATTEMPT.c.id == number).values(answers=written))
    return _one(connection, number)


def _one(connection: Connection, number: int) -> Attempt:
    (found,) = _read(connection, _ATTEMPT.c.id == number)
    return found


def _read(connection: Connection, *conditions: ColumnElement[bool]) -> tuple[Attempt, ...]:
    query = select(_ATTEMPT).where(*conditions).order_by(_ATTEMPT.c.id)
    rows = connection.execute(query).all()
    tests = _tests(connection) if rows else {}
    return tuple(_attempt(row, tests[row.test_id, row.test_version]) for row in rows)


def _attempt(row: Row[Any], test: KnowledgeTest) -> Attempt:
    return Attempt(
        number=row.id,
        test=test,
        agent=row.agent,
        ordinal=row.ordinal,
        answers={question: frozenset(letters) for question, letters in json.loads(row.answers).items()},
        started_at=row.started_at,
        finished_at=row.finished_at,
        day=row.day,
    )


def _tests(connection: Connection) -> dict[Ref, KnowledgeTest]:
    query = select(col(KnowledgeTestRow.id), col(KnowledgeTestRow.version), col(KnowledgeTestRow.text))
    ordered = query.order_by(col(KnowledgeTestRow.id), col(KnowledgeTestRow.version))
    return {
        (of, version): _parsed(text, f"{of}, versión {version}") for of, version, text in connection.execute(ordered)
    }


@lru_cache(maxsize=64)
def _parsed(text: str, name: str) -> KnowledgeTest:
    return knowledge_text.parse(text, name)
