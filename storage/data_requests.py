"""The register of people who ask about their data: what each asked, by when he is answered, and how it ended."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, Row, and_, insert, select, update

from core.errors import ConfigurationError
from core.privacy.deadlines import Ask, due
from core.privacy.subject import Subject, What
from storage.database import reader, table_of, take_write_lock
from storage.holds import Reach, reach
from storage.privacy_tables import DataRequestRow

_ROWS = table_of(DataRequestRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRequest:
    """One request. It is open while `answered_at` is None."""

    id: int
    ask: Ask
    subject: Subject
    detail: str
    received: date
    at: datetime
    author: str
    extended_at: datetime | None = None
    extended_reason: str = ""
    answered_at: datetime | None = None
    answered_by: str = ""
    answer: str = ""

    @property
    def due(self) -> date:
        """The last day to answer it."""
        return due(self.ask, self.received, extended=self.extended_at is not None)


class DataRequests:
    """The register in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def add(self, ask: Ask, subject: Subject, detail: str, received: date, author: str, now: datetime) -> DataRequest:
        """Note a request.

        Raises:
            ConfigurationError: it is of no person.
        """
        if not subject.what.person:
            raise ConfigurationError("una solicitud es de una persona: escriba su teléfono o su documento")
        values = {
            "ask": ask,
            "what": subject.what,
            "value": subject.value,
            "detail": detail.strip(),
            "received": received,
            "at": now,
            "author": author,
            "extended_at": None,
            "extended_reason": "",
            "answered_at": None,
            "answered_by": "",
            "answer": "",
        }
        with self._engine.begin() as connection:
            take_write_lock(connection)
            number = connection.execute(insert(_ROWS).values(values).returning(_ROWS.c.id)).scalar_one()
            return _request(connection.execute(select(_ROWS).where(_ROWS.c.id == number)).one())

    def extend(self, number: int, reason: str, now: datetime) -> DataRequest:
        """Take the further days that the law gives, once; the person must have been told why.

        Raises:
            ConfigurationError: there is no such open request, it was extended already, or there is no reason.
        """
        if not reason.strip():
            raise ConfigurationError("escriba por qué se amplía el plazo; la persona debe saberlo antes de que venza")
        values = {"extended_at": now, "extended_reason": reason.strip()}
        return self._change(number, values, "ya se amplió, o ya se respondió", once=True)

    def answer(self, number: int, answer: str, author: str, now: datetime) -> DataRequest:
        """Close a request with what was answered.

        Raises:
            ConfigurationError: there is no such open request, or no answer.
        """
        if not answer.strip():
            raise ConfigurationError("escriba qué se respondió a la persona")
        values = {"answered_at": now, "answered_by": author, "answer": answer.strip()}
        return self._change(number, values, "ya se respondió")

    def find(self, number: int) -> DataRequest | None:
        """Read one."""
        with self._reader.begin() as connection:
            row = connection.execute(select(_ROWS).where(_ROWS.c.id == number)).one_or_none()
        return _request(row) if row else None

    def all(self) -> tuple[DataRequest, ...]:
        """Read the register: the open ones first, those that are due soonest before others."""
        with self._reader.begin() as connection:
            found = [_request(row) for row in connection.execute(select(_ROWS).order_by(_ROWS.c.id.desc()))]
        opened = sorted((one for one in found if one.answered_at is None), key=lambda one: (one.due, one.id))
        return (*opened, *(one for one in found if one.answered_at is not None))

    def claimed(self) -> Reach:
        """Tell what open claims are about: whoever is shown it is told so."""
        claims = [ask for ask in Ask if ask.claim]
        query = select(_ROWS.c.what, _ROWS.c.value).where(_ROWS.c.answered_at.is_(None), _ROWS.c.ask.in_(claims))
        with self._reader.begin() as connection:
            subjects = [Subject(what=What(row.what), value=row.value) for row in connection.execute(query)]
            return reach(connection, subjects, others=False) if subjects else Reach()

    def _change(self, number: int, values: dict[str, Any], otherwise: str, *, once: bool = False) -> DataRequest:
        mine = and_(_ROWS.c.id == number, _ROWS.c.answered_at.is_(None))
        if once:
            mine = and_(mine, _ROWS.c.extended_at.is_(None))
        with self._engine.begin() as connection:
            take_write_lock(connection)
            if not connection.execute(update(_ROWS).where(mine).values(values)).rowcount:
                raise ConfigurationError(f"la solicitud {number} no existe, {otherwise}")
            return _request(connection.execute(select(_ROWS).where(_ROWS.c.id == number)).one())


def _request(row: Row[Any]) -> DataRequest:
    return DataRequest(
        id=row.id,
        ask=Ask(row.ask),
        subject=Subject(what=What(row.what), value=row.value),
        detail=row.detail,
        received=row.received,
        at=row.at,
        author=row.author,
        extended_at=row.extended_at,
        extended_reason=row.extended_reason,
        answered_at=row.answered_at,
        answered_by=row.answered_by,
        answer=row.answer,
    )
