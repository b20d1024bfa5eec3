"""Keys of wall screens and of other programs: each with a label, an end, and a way to take it back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update
from sqlmodel import col

from storage.database import reader, table_of, take_write_lock
from storage.people_tables import AccessKeyRow

USED_EVERY = timedelta(minutes=1)
"""How exactly it is known when a key was last used."""

_KEY = table_of(AccessKeyRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key to be made. `token` is the hash of its secret, `kind` the role it gives."""

    token: bytes
    kind: str
    label: str
    created_by: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """A key, without its secret."""

    id: int
    kind: str
    label: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None

    def works(self, now: datetime) -> bool:
        """Tell whether it opens anything."""
        return self.revoked_at is None and self.expires_at > now


class AccessKeys:
    """The keys in one database. Safe to use from several threads and several programs at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def add(self, key: NewKey, now: datetime) -> None:
        """Keep a new key."""
        values = {
            "token": key.token,
            "kind": key.kind,
            "label": key.label,
            "created_at": now,
            "created_by": key.created_by,
            "expires_at": key.expires_at,
        }
        with self._engine.begin() as connection:
            take_write_lock(connection)
            connection.execute(insert(AccessKeyRow), values)

    def find(self, token: bytes, now: datetime) -> AccessKey | None:
        """Tell which key this is, and that it is being used; None if it opens nothing."""
        with self._reader.begin() as connection:
            row = connection.execute(select(_KEY).where(_KEY.c.token == token)).one_or_none()
        if row is None or not (key := _key(row)).works(now):
            return None
        if key.used_at is None or now - key.used_at >= USED_EVERY:
            self._set(key.id, used_at=now)
        return key

    def alive(self, key_id: int, now: datetime) -> bool:
        """Tell whether a key still opens something, without using it."""
        with self._reader.begin() as connection:
            row = connection.execute(select(_KEY).where(_KEY.c.id == key_id)).one_or_none()
        return row is not None and _key(row).works(now)

    def all(self) -> tuple[AccessKey, ...]:
        """Read all keys, the newest first."""
        with self._reader.begin() as connection:
            return tuple(_key(row) for row in connection.execute(select(_KEY).order_by(_KEY.c.id.desc())))

    def revoke(self, key_id: int, now: datetime) -> AccessKey | None:
        """Take a key back, for good; None if there is none or it was taken back before."""
        open_still = (col(AccessKeyRow.id) == key_id, col(AccessKeyRow.revoked_at).is_(None))
        with self._engine.begin() as connection:
            take_write_lock(connection)
            if connection.execute(update(_KEY).where(*open_still).values(revoked_at=now)).rowcount != 1:
                return None
            return _key(connection.execute(select(_KEY).where(_KEY.c.id == key_id)).one())

    def _set(self, key_id: int, **values: Any) -> None:  # noqa: ANN401 - a column's value
        with self._engine.begin() as connection:
            take_write_lock(connection)
            connection.execute(update(_KEY).where(_KEY.c.id == key_id).values(**values))


def _key(row: Row[Any]) -> AccessKey:
    return AccessKey(**{name: value for name, value in row._asdict().items() if name != "token"})
