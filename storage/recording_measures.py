"""What was measured in recordings, by their files. A recording is measured once; one that cannot be has its fault."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Engine, Text, delete, insert, select
from sqlmodel import Field, Session, col

from storage.database import UtcDateTime, reader, table_of, take_write_lock
from storage.projection import RecordingState
from storage.tables import LedgerTable, RecordingRow


class RecordingMeasuresRow(LedgerTable, table=True):
    """One recording. `measures` is JSON, as `contesta audio` prints it; with a fault it is empty."""

    __tablename__ = "recording_measures"
    file: str = Field(primary_key=True)
    measured_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    fault: str
    measures: str = Field(sa_column=Column(Text, nullable=False))


_MEASURES = table_of(RecordingMeasuresRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMeasures:
    """What a recording came to, or why it came to nothing."""

    file: str
    measured_at: datetime
    fault: str = ""
    measures: Mapping[str, Any] = field(default_factory=dict)


class RecordingMeasures:
    """The measures in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def missing(self, most: int) -> tuple[str, ...]:
        """Return files of recordings that are complete and not measured yet, oldest first."""
        with Session(self._reader) as session:
            found = session.scalars(
                select(col(RecordingRow.file))
                .outerjoin(RecordingMeasuresRow, col(RecordingMeasuresRow.file) == col(RecordingRow.file))
                .where(col(RecordingRow.state) == RecordingState.DONE, col(RecordingMeasuresRow.file).is_(None))
                .order_by(col(RecordingRow.at), col(RecordingRow.file))
                .limit(most)
            )
            return tuple(found)

    def keep(self, one: StoredMeasures) -> None:
        """Keep what a recording came to, in place of what it came to before."""
        with self._engine.begin() as connection:
            take_write_lock(connection)
            connection.execute(delete(_MEASURES).where(_MEASURES.c.file == one.file))
            connection.execute(
                insert(_MEASURES).values(
                    file=one.file,
                    measured_at=one.measured_at,
                    fault=one.fault,
                    measures=json.dumps(one.measures) if one.measures else "",
                )
            )

    def of(self, file: str) -> StoredMeasures | None:
        """Return what a recording came to, None if it was not measured."""
        with Session(self._reader) as session:
            row = session.get(RecordingMeasuresRow, file)
            if row is None:
                return None
            return StoredMeasures(
                file=row.file,
                measured_at=row.measured_at,
                fault=row.fault,
                measures=json.loads(row.measures) if row.measures else {},
            )
