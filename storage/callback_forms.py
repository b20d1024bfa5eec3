"""What the public pages keep between two requests: forms half filled in, ways to a request, answers to programs.

Each stands under the hash of a key that only its owner has, and is gone when its time is over.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Engine, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from storage.callback_tables import CallbackFormRow
from storage.database import reader


class FormKind(StrEnum):
    """What is kept."""

    FORM = "form"
    """A form that is being filled in, and what became of it."""
    WAY = "way"
    """A request that somebody has shown number and code of."""
    PROGRAM = "program"
    """What a program asked for under an idempotency key, and was answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptForm:
    """What is kept under a key. `data` is the owner's JSON."""

    data: str
    began_at: datetime


class Forms:
    """What is kept in one database. Safe to use from several threads and several programs at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def begin(self, digest: bytes, kind: FormKind, data: str, now: datetime, expires_at: datetime) -> bool:
        """Keep something new, and forget what is over; False if something stands under that key already."""
        values = {"digest": digest, "kind": kind, "data": data, "began_at": now, "expires_at": expires_at}
        with self._engine.begin() as connection:
            connection.execute(delete(CallbackFormRow).where(col(CallbackFormRow.expires_at) <= now))
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(CallbackFormRow), values)
        except IntegrityError:
            return False
        return True

    def find(self, digest: bytes, kind: FormKind, now: datetime) -> KeptForm | None:
        """Read what is kept under a key; None if there is nothing, or its time is over."""
        query = select(col(CallbackFormRow.data), col(CallbackFormRow.began_at)).where(
            col(CallbackFormRow.digest) == digest,
            col(CallbackFormRow.kind) == kind,
            col(CallbackFormRow.expires_at) > now,
        )
        with self._reader.begin() as connection:
            row = connection.execute(query).one_or_none()
        return KeptForm(data=row.data, began_at=row.began_at) if row else None

    def change(self, digest: bytes, before: str, after: str) -> bool:
        """Put other data in the place of those that were read; False if they were changed meanwhile."""
        changed = (
            update(CallbackFormRow)
            .where(col(CallbackFormRow.digest) == digest, col(CallbackFormRow.data) == before)
            .values(data=after)
        )
        with self._engine.begin() as connection:
            return connection.execute(changed).rowcount == 1

    def count(self, kind: FormKind) -> int:
        """Count what is kept of a kind."""
        query = select(func.count()).select_from(CallbackFormRow).where(col(CallbackFormRow.kind) == kind)
        with self._reader.begin() as connection:
            return connection.scalar(query) or 0
