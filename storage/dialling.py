"""Whether promised calls may be dialled at all: a switch that people turn, and all its turns."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, insert, select

from storage.callback_tables import DiallingRow
from storage.database import reader, table_of, take_write_lock

_TURN = table_of(DiallingRow)
_LAST = select(_TURN).order_by(_TURN.c.id.desc())


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn of the switch: `dials` from then on or not, since when, by whom, and why."""

    dials: bool
    at: datetime
    author: str
    reason: str


class Dialling:
    """The switch of one database, for all lines and workers. It is on until somebody turns it off."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def stopped(self) -> Turn | None:
        """Tell who stopped dialling, if it is stopped."""
        last = next(iter(self.turns(1)), None)
        return None if last is None or last.dials else last

    def turn(self, *, dials: bool, author: str, reason: str, now: datetime) -> bool:
        """Turn the switch; False if it stood so already, and nothing was written."""
        with self._engine.begin() as connection:
            take_write_lock(connection)
            last = connection.execute(_LAST.limit(1)).one_or_none()
            if dials is (last is None or last.dials):
                return False
            connection.execute(insert(_TURN), {"dials": dials, "at": now, "author": author, "reason": reason})
        return True

    def turns(self, most: int) -> tuple[Turn, ...]:
        """Read the last turns, the newest first."""
        with self._reader.begin() as connection:
            rows = connection.execute(_LAST.limit(most)).all()
        return tuple(Turn(dials=row.dials, at=row.at, author=row.author, reason=row.reason) for row in rows)
