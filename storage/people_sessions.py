"""Sessions of signed-in people. Kept in the database, so that one can be ended from anywhere, at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, and_, delete, insert, select, update
from sqlmodel import col

from storage.database import reader, table_of, take_write_lock
from storage.people_tables import PersonRow, SessionRow

MOST_AT_ONCE = 10
"""How many browsers somebody may be signed in with; a further one ends the session used longest ago."""

SEEN_EVERY = timedelta(minutes=1)
"""How exactly it is known when a session was last used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """How long a session lives: without being used, and at most."""

    idle: timedelta = timedelta(minutes=30)
    absolute: timedelta = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """Where somebody signs in from, as told by the browser itself."""

    address: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A live session and whose it is. `factor` tells whether the person has a second factor."""

    session_id: int
    person_id: int
    login: str
    name: str
    role: str
    agent: str
    factor: bool
    shortcuts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSession:
    """A session as its owner sees it."""

    id: int
    created_at: datetime
    seen_at: datetime
    browser: Browser


class Sessions:
    """The sessions in one database. Safe to use from several threads and several programs at once."""

    def __init__(self, engine: Engine, lifetime: Lifetime) -> None:
        self._engine = engine
        self._reader = reader(engine)
        self._lifetime = lifetime

    def open(self, token: bytes, person_id: int, browser: Browser, now: datetime, former: bytes | None = None) -> None:
        """Begin a session in place of the one that the browser had, and clear away those that are over."""
        values = {"token": token, "person_id": person_id, "created_at": now, "seen_at": now}
        with self._engine.begin() as connection:
            take_write_lock(connection)
            connection.execute(delete(SessionRow).where(~self._lives(now)))
            if former is not None:
                connection.execute(delete(SessionRow).where(col(SessionRow.token) == former))
            newest = (
                select(col(SessionRow.id))
                .where(col(SessionRow.person_id) == person_id)
                .order_by(col(SessionRow.seen_at).desc(), col(SessionRow.id).desc())
                .limit(MOST_AT_ONCE - 1)
            )
            others = and_(col(SessionRow.person_id) == person_id, col(SessionRow.id).not_in(newest))
            connection.execute(delete(SessionRow).where(others))
            connection.execute(insert(SessionRow), values | {"address": browser.address, "browser": browser.name})

    def find(self, token: bytes, now: datetime, *, using: bool = True) -> SignedIn | None:
        """Tell whose session this is; None if it is over or its owner disabled. `using` it keeps it from idling."""
        query: Select[*tuple[Any, ...]] = (
            select(
                col(SessionRow.id).label("session_id"),
                col(SessionRow.seen_at),
                col(PersonRow.id).label("person_id"),
                col(PersonRow.login),
                col(PersonRow.name),
                col(PersonRow.role),
                col(PersonRow.agent),
                col(PersonRow.factor_seed).is_not(None).label("factor"),
                col(PersonRow.shortcuts),
            )
            .join(PersonRow, col(PersonRow.id) == col(SessionRow.person_id))
            .where(col(SessionRow.token) == token, self._lives(now), col(PersonRow.disabled_at).is_(None))
        )
        with self._reader.begin() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        told = row._asdict()
        if now - told.pop("seen_at") >= SEEN_EVERY and using:
            self._seen(token, now)
        return SignedIn(**told)

    def of(self, person_id: int, now: datetime) -> tuple[OwnSession, ...]:
        """Read somebody's live sessions, the last used first."""
        query = (
            select(table_of(SessionRow))
            .where(col(SessionRow.person_id) == person_id, self._lives(now))
            .order_by(col(SessionRow.seen_at).desc(), col(SessionRow.id))
        )
        with self._reader.begin() as connection:
            return tuple(
                OwnSession(
                    id=row.id,
                    created_at=row.created_at,
                    seen_at=row.seen_at,
                    browser=Browser(address=row.address, name=row.browser),
                )
                for row in connection.execute(query)
            )

    def close(self, session_id: int, person_id: int) -> bool:
        """End one of somebody's sessions; False if it was not theirs or over already."""
        mine = and_(col(SessionRow.id) == session_id, col(SessionRow.person_id) == person_id)
        with self._engine.begin() as connection:
            take_write_lock(connection)
            return connection.execute(delete(SessionRow).where(mine)).rowcount == 1

    def _seen(self, token: bytes, now: datetime) -> None:
        with self._engine.begin() as connection:
            take_write_lock(connection)
            connection.execute(update(SessionRow).where(col(SessionRow.token) == token).values(seen_at=now))

    def _lives(self, now: datetime) -> ColumnElement[bool]:
        begun_at, seen_at = col(SessionRow.created_at), col(SessionRow.seen_at)
        return and_(begun_at > now - self._lifetime.absolute, seen_at > now - self._lifetime.idle)
