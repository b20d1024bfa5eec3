"""How each auditor wants the desk: its keys, and when what was measured is shown."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, delete, insert, select

from storage.database import reader, table_of, take_write_lock
from storage.people_tables import DeskPreferencesRow

_PREFERENCES = table_of(DeskPreferencesRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskPreferences:
    """What somebody chose. `keys` has the actions whose key is another than the desk comes with."""

    keys: Mapping[str, str]
    evidence_last: bool


AS_IT_COMES = DeskPreferences(keys={}, evidence_last=False)


class DesksWanted:
    """The preferences in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def of(self, person_id: int) -> DeskPreferences:
        """Read what somebody chose."""
        query = select(_PREFERENCES).where(_PREFERENCES.c.person_id == person_id)
        with self._reader.begin() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return AS_IT_COMES
        return DeskPreferences(keys=json.loads(row.keys), evidence_last=row.evidence_last)

    def keep(self, person_id: int, wanted: DeskPreferences) -> None:
        """Keep what somebody chose."""
        values = {
            "person_id": person_id,
            "keys": json.dumps(dict(sorted(wanted.keys.items())), ensure_ascii=False),
            "evidence_last": wanted.evidence_last,
        }
        with self._engine.begin() as connection:
            take_write_lock(connection)
            connection.execute(delete(_PREFERENCES).where(_PREFERENCES.c.person_id == person_id))
            connection.execute(insert(_PREFERENCES), values)
