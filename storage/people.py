"""People with an account: how they come to have one, and what may be changed of it.

What is secret comes here as its hash. Whatever takes access away from a person also ends that person's sessions, in the
same transaction.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Update, delete, func, insert, select, update
from sqlmodel import col

from core.errors import ConfigurationError
from storage.database import reader, table_of, take_write_lock
from storage.people_tables import PersonRow, SessionRow

_PERSON = table_of(PersonRow)
_NO_PASSWORD = {"password_hash": None, "factor_seed": None}
_NO_INVITATION = {"invitation": None, "invitation_expires_at": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with an account. `agent` is how queue_log calls the adviser, "" if the person is none.

    `extension` is the SIP account of the telephone on which the person listens to conversations, "" without one.
    """

    id: int
    login: str
    name: str
    role: str
    agent: str
    extension: str
    password_hash: str | None
    factor_seed: bytes | None
    factor_step: int
    invitation_expires_at: datetime | None
    shortcuts: bool
    created_at: datetime
    disabled_at: datetime | None

    @property
    def may_sign_in(self) -> bool:
        """Whether there is a password and nobody has disabled the account."""
        return self.password_hash is not None and self.disabled_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """What is known of somebody who is invited."""

    login: str
    name: str
    role: str
    agent: str = ""
    extension: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A link that lets its holder choose a password, once. `digest` is the hash of its secret."""

    digest: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What the invited person chose."""

    name: str
    password_hash: str
    factor_seed: bytes | None
    factor_step: int


class People:
    """The accounts in one database. Safe to use from several threads and several programs at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def everybody(self) -> tuple[Person, ...]:
        """Read all accounts, by name."""
        with self._reader.begin() as connection:
            rows = connection.execute(select(_PERSON).order_by(_PERSON.c.name, _PERSON.c.id))
            return tuple(_person(row) for row in rows)

    def find(self, person_id: int) -> Person | None:
        """Read one account."""
        return self._one(_PERSON.c.id == person_id)

    def named(self, login: str) -> Person | None:
        """Read the account that signs in as `login`."""
        return self._one(_PERSON.c.login == login)

    def invited(self, digest: bytes, now: datetime) -> Person | None:
        """Read the account that an open invitation is for."""
        return self._one(_open(digest, now))

    def has_administrator(self, role: str) -> bool:
        """Tell whether somebody with the role of an administrator can sign in."""
        with self._reader.begin() as connection:
            return _administrators(connection, role) > 0

    def add(self, person: NewPerson, invitation: Invitation, now: datetime) -> Person:
        """Make an account that waits for its invitation to be accepted.

        Raises:
            ConfigurationError: somebody else signs in by that name.
        """
        values = {"login": person.login, "name": person.name, "role": person.role, "agent": person.agent}
        values |= {"extension": person.extension}
        fresh = _NO_PASSWORD | {"factor_step": 0, "shortcuts": True, "created_at": now, "disabled_at": None}
        with self._engine.begin() as connection:
            take_write_lock(connection)
            if connection.scalar(select(_PERSON.c.id).where(_PERSON.c.login == person.login)) is not None:
                raise ConfigurationError(f"ya hay una cuenta con el usuario «{person.login}». Elija otro usuario")
            connection.execute(insert(PersonRow), values | fresh | _of(invitation))
            added = connection.execute(select(_PERSON).where(_PERSON.c.login == person.login)).one()
        return _person(added)

    def invite_again(self, person_id: int, invitation: Invitation) -> None:
        """Take password, second factor and sessions away, and give a new invitation instead. An account comes back."""
        self._change(person_id, _NO_PASSWORD | _of(invitation) | {"disabled_at": None}, ends_sessions=True)

    def accept(self, digest: bytes, accepted: Acceptance, now: datetime) -> Person | None:
        """Use an invitation up; None if it is not open any more."""
        chosen = {
            "name": accepted.name,
            "password_hash": accepted.password_hash,
            "factor_seed": accepted.factor_seed,
            "factor_step": accepted.factor_step,
        }
        with self._engine.begin() as connection:
            take_write_lock(connection)
            person_id = connection.scalar(select(_PERSON.c.id).where(_open(digest, now)))
            if person_id is None:
                return None
            connection.execute(_update(person_id, chosen | _NO_INVITATION))
            return _person(connection.execute(select(_PERSON).where(_PERSON.c.id == person_id)).one())

    def describe(self, person_id: int, *, role: str, agent: str, extension: str = "") -> None:
        """Give somebody a role, an adviser's name and a telephone for listening."""
        self._change(person_id, {"role": role, "agent": agent, "extension": extension}, ends_sessions=False)

    def disable(self, person_id: int, now: datetime) -> None:
        """Let somebody in no more, from now on."""
        self._change(person_id, _NO_INVITATION | {"disabled_at": now}, ends_sessions=True)

    def set_password(self, person_id: int, password_hash: str) -> None:
        """Keep another password, and end all sessions."""
        self._change(person_id, {"password_hash": password_hash}, ends_sessions=True)

    def refresh_hash(self, person_id: int, before: str, after: str) -> None:
        """Keep the same password hashed anew, unless it has been changed meanwhile."""
        with self._engine.begin() as connection:
            take_write_lock(connection)
            same = _PERSON.c.password_hash == before
            connection.execute(_update(person_id, {"password_hash": after}).where(same))

    def set_shortcuts(self, person_id: int, *, on: bool) -> None:
        """Remember whether single keys do something in somebody's pages."""
        self._change(person_id, {"shortcuts": on}, ends_sessions=False)

    def use_factor_step(self, person_id: int, step: int) -> bool:
        """Use up the code of a 30 s step; False if it, or a later one, has been used already."""
        with self._engine.begin() as connection:
            take_write_lock(connection)
            used = _update(person_id, {"factor_step": step}).where(_PERSON.c.factor_step < step)
            return connection.execute(used).rowcount == 1

    def _one(self, condition: Any) -> Person | None:  # noqa: ANN401 - as `where` itself
        with self._reader.begin() as connection:
            row = connection.execute(select(_PERSON).where(condition)).one_or_none()
        return None if row is None else _person(row)

    def _change(self, person_id: int, values: dict[str, Any], *, ends_sessions: bool) -> None:
        with self._engine.begin() as connection:
            take_write_lock(connection)
            connection.execute(_update(person_id, values))
            if ends_sessions:
                connection.execute(delete(SessionRow).where(col(SessionRow.person_id) == person_id))


def _open(digest: bytes, now: datetime) -> Any:  # noqa: ANN401 - as `where` itself
    return (_PERSON.c.invitation == digest) & (_PERSON.c.invitation_expires_at > now) & _PERSON.c.disabled_at.is_(None)


def _of(invitation: Invitation) -> dict[str, Any]:
    return {"invitation": invitation.digest, "invitation_expires_at": invitation.expires_at}


def _update(person_id: int, values: dict[str, Any]) -> Update:
    return update(_PERSON).where(_PERSON.c.id == person_id).values(**values)


def _administrators(connection: Connection, role: str) -> int:
    may_sign_in = _PERSON.c.password_hash.is_not(None) & _PERSON.c.disabled_at.is_(None)
    query = select(func.count()).select_from(_PERSON).where(_PERSON.c.role == role, may_sign_in)
    return connection.execute(query).scalar_one()


def _person(row: Row[Any]) -> Person:
    return Person(**{name: value for name, value in row._asdict().items() if name != "invitation"})
