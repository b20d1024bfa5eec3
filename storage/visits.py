"""The queue visits of a period, as figures take them, read a part at a time and from one snapshot."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from quality.metrics.rows import Row, Settling, rows_of
from storage.database import reader
from storage.listing import stored
from storage.projection import in_parts
from storage.tables import CallRow, VisitRow

_MARGIN = timedelta(seconds=2)  # within it may lie the other half of a stay that was logged in two


def visits(engine: Engine, since: datetime, until: datetime) -> Iterator[list[Row]]:
    """Yield the visits that callers entered in [since, until), each once.

    With them come other visits of the same calls, and those of seconds about: whoever counts leaves out what is not of
    the period.
    """
    entered_at = col(VisitRow.entered_at)
    calls = select(VisitRow.call_id).where(entered_at >= since - _MARGIN, entered_at < until + _MARGIN).distinct()
    settling = Settling()
    with Session(reader(engine)) as session:
        for part in in_parts(session.exec(calls).all()):
            told = stored(session, session.exec(select(CallRow).where(col(CallRow.id).in_(part))).all())
            yield settling.take(row for call in told for row in rows_of(call))
            session.expunge_all()
    yield settling.rest()
