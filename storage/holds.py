"""Legal holds: what a judge, an investigation or a claim needs is neither expired nor erased while one stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, insert, or_, select, update
from sqlalchemy.orm import Mapped
from sqlmodel import col

from callback_queue.request import CallbackRequest
from core.errors import ConfigurationError
from core.privacy.subject import Subject, What
from storage.callback_tables import CallbackChannelRow, CallbackOriginRow, CallbackRow
from storage.campaign_tables import CampaignRecordRow
from storage.database import reader, table_of, take_write_lock
from storage.privacy_tables import HoldRow
from storage.tables import CallRow, ChannelRow

_HOLD = table_of(HoldRow)
_RECORD = table_of(CampaignRecordRow).columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One hold. It stands while `lifted_at` is None."""

    id: int
    subject: Subject
    reason: str
    author: str
    at: datetime
    lifted_at: datetime | None = None
    lifted_by: str = ""
    lifted_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """All that some subjects have to do with: calls, promised calls, and what bears a telephone or document."""

    calls: frozenset[str] = frozenset()
    requests: frozenset[str] = frozenset()
    telephones: frozenset[str] = frozenset()
    documents: frozenset[str] = frozenset()

    def has_call(self, call_id: str, number: str) -> bool:
        """Tell whether a call is among it."""
        return call_id in self.calls or number in self.telephones

    def has_request(self, request: CallbackRequest) -> bool:
        """Tell whether a promised call is among it."""
        return request.id in self.requests or request.telephone in self.telephones

    def has_record(self, telephone: str, document: str, request_id: str) -> bool:
        """Tell whether a campaign's record is among it."""
        return telephone in self.telephones or document in self.documents or request_id in self.requests

    def of_call(self, call_id: Mapped[str], number: Mapped[str]) -> ColumnElement[bool]:
        """Make the condition that a call is among it."""
        return or_(call_id.in_(self.calls), number.in_(self.telephones))

    def of_request(self) -> ColumnElement[bool]:
        """Make the condition that a promised call is among it."""
        telephone = col(CallbackRow.telephone)
        known = and_(telephone.is_not(None), telephone.in_(self.telephones))
        return or_(col(CallbackRow.id).in_(self.requests), known)

    def of_message(self, number: Mapped[str], about: Mapped[str]) -> ColumnElement[bool]:
        """Make the condition that a text message is among it."""
        return or_(number.in_(self.telephones), about.in_(self.calls | self.requests))

    def of_record(self) -> ColumnElement[bool]:
        """Make the condition that a campaign's record is among it."""
        return or_(
            _RECORD.telephone.in_(self.telephones),
            _RECORD.document.in_(self.documents),
            _RECORD.request_id.in_(self.requests),
        )


class Holds:
    """The holds in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def set(self, subject: Subject, reason: str, author: str, now: datetime) -> Hold:
        """Keep something from being erased. What is held already gets another hold beside the first.

        Raises:
            ConfigurationError: there is no such call or promised call, or there is no reason.
        """
        if not reason.strip():
            raise ConfigurationError("escriba el motivo del bloqueo: quién la pide y en qué proceso")
        with self._engine.begin() as connection:
            take_write_lock(connection)
            if not _exists(connection, subject):
                raise ConfigurationError(f"no hay nada con el identificador «{subject.value}»; cópielo de la lista")
            values: dict[str, Any] = {
                "what": subject.what,
                "value": subject.value,
                "reason": reason.strip(),
                "author": author,
                "at": now,
                "lifted_at": None,
                "lifted_by": "",
                "lifted_reason": "",
            }
            number = connection.execute(insert(_HOLD).values(values).returning(_HOLD.c.id)).scalar_one()
        return Hold(id=number, subject=subject, reason=reason.strip(), author=author, at=now)

    def lift(self, number: int, reason: str, author: str, now: datetime) -> Hold:
        """End a hold.

        Raises:
            ConfigurationError: none of this number stands, or there is no reason.
        """
        if not reason.strip():
            raise ConfigurationError("escriba por qué se levanta el bloqueo")
        with self._engine.begin() as connection:
            take_write_lock(connection)
            mine = and_(_HOLD.c.id == number, _HOLD.c.lifted_at.is_(None))
            values = {"lifted_at": now, "lifted_by": author, "lifted_reason": reason.strip()}
            if not connection.execute(update(_HOLD).where(mine).values(values)).rowcount:
                raise ConfigurationError(f"no hay ningún bloqueo {number} en pie. Vea las que hay")
            return _hold(connection.execute(select(_HOLD).where(_HOLD.c.id == number)).one())

    def all(self, *, standing: bool = False) -> tuple[Hold, ...]:
        """Read the holds, newest first; only those that stand, if asked."""
        query = select(_HOLD).order_by(_HOLD.c.id.desc())
        if standing:
            query = query.where(_HOLD.c.lifted_at.is_(None))
        with self._reader.begin() as connection:
            return tuple(_hold(row) for row in connection.execute(query))


def held(connection: Connection) -> Reach:
    """Tell what is held now. Within a transaction that has the write lock, it stays so until its end."""
    rows = connection.execute(select(_HOLD.c.what, _HOLD.c.value).where(_HOLD.c.lifted_at.is_(None)))
    return reach(connection, (Subject(what=What(row.what), value=row.value) for row in rows))


def reach(connection: Connection, subjects: Iterable[Subject], *, others: bool = True) -> Reach:
    """Tell all that some subjects have to do with.

    A promised call leads to its calls, and a call to the promised call that it asked for or was an attempt of. A
    document leads to the telephones that were given with it, unless `others` may not be touched: a telephone is often
    shared.
    """
    named: dict[What, set[str]] = {what: set() for what in What}
    for subject in subjects:
        named[subject.what].add(subject.value)
    calls, requests = named[What.CALL], named[What.REQUEST]
    telephones, documents = named[What.TELEPHONE], named[What.DOCUMENT]
    if documents:
        row = table_of(CallbackRow).columns
        for request_id, telephone in connection.execute(
            select(row.id, row.telephone).where(row.document.in_(documents))
        ):
            requests.add(request_id)
            if others:
                telephones.add(telephone or "")
    if documents and others:
        given = select(_RECORD.telephone).where(_RECORD.document.in_(documents))
        telephones.update(connection.scalars(given))
    telephones.discard("")
    if calls:
        asked = select(col(CallbackOriginRow.request_id)).where(col(CallbackOriginRow.call_id).in_(calls))
        tried = (
            select(col(CallbackChannelRow.request_id))
            .join(ChannelRow, col(ChannelRow.channel_id) == col(CallbackChannelRow.channel_id))
            .where(col(ChannelRow.call_id).in_(calls))
        )
        requests.update(connection.scalars(asked))
        requests.update(connection.scalars(tried))
    if requests or telephones:
        of = select(col(CallbackRow.id)).where(
            or_(col(CallbackRow.id).in_(requests), col(CallbackRow.telephone).in_(telephones))
        )
        asked = select(col(CallbackOriginRow.call_id)).where(col(CallbackOriginRow.request_id).in_(of))
        tried = (
            select(col(ChannelRow.call_id))
            .join(CallbackChannelRow, col(ChannelRow.channel_id) == col(CallbackChannelRow.channel_id))
            .where(col(CallbackChannelRow.request_id).in_(of))
        )
        calls.update(connection.scalars(asked))
        calls.update(connection.scalars(tried))
    calls.discard("")
    return Reach(
        calls=frozenset(calls),
        requests=frozenset(requests),
        telephones=frozenset(telephones),
        documents=frozenset(documents),
    )


def _exists(connection: Connection, subject: Subject) -> bool:
    if subject.what.person:
        return True
    column = col(CallRow.id) if subject.what is What.CALL else col(CallbackRow.id)
    return connection.scalar(select(column).where(column == subject.value)) is not None


def _hold(row: Row[Any]) -> Hold:
    return Hold(
        id=row.id,
        subject=Subject(what=What(row.what), value=row.value),
        reason=row.reason,
        author=row.author,
        at=row.at,
        lifted_at=row.lifted_at,
        lifted_by=row.lifted_by,
        lifted_reason=row.lifted_reason,
    )
