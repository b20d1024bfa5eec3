"""The contacts of a period by person: who called a line when, about what, and how it came out."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import Engine, and_, not_, or_, select
from sqlmodel import col

from callback_queue.request import ATTEMPT
from core.events import Resolution
from core.numbers import ANONYMOUS
from quality.metrics.repeats import Contact
from quality.metrics.visits import Outcome
from storage.database import reader
from storage.tables import CallRow, LegRow, VisitRow


def contacts(
    engine: Engine, since: datetime | None, until: datetime | None, days: int, ghost_seconds: int
) -> Iterator[Contact]:
    """Yield the calls that reached a queue in [since, until), and those of the `days` after it, person by person.

    Ghosts are none, and who withheld the number is nobody that could be known again.
    """
    entered_at, wait_ms = col(VisitRow.entered_at), col(VisitRow.wait_ms)
    ghost = and_(col(VisitRow.result) == Outcome.ABANDONED.value, wait_ms <= ghost_seconds * 1000)
    query = (
        select(
            col(CallRow.id),
            col(CallRow.line),
            col(CallRow.number),
            entered_at,
            col(LegRow.ended_at),
            col(LegRow.disposition),
            col(LegRow.resolution),
        )
        .join(VisitRow, col(VisitRow.call_id) == col(CallRow.id))
        .join(
            LegRow,
            and_(
                col(LegRow.call_id) == col(VisitRow.call_id),
                col(LegRow.queue) == col(VisitRow.queue),
                col(LegRow.ordinal) == col(VisitRow.ordinal),
            ),
            isouter=True,
        )
        .where(col(CallRow.number).not_in(["", ANONYMOUS]), or_(wait_ms.is_(None), not_(ghost)))
        .order_by(col(CallRow.line), col(CallRow.number), col(CallRow.started_at), col(CallRow.id), entered_at)
        .order_by(col(LegRow.connected_at))
    )
    if since is not None:
        query = query.where(entered_at >= since)
    if until is not None:
        query = query.where(entered_at < until + timedelta(days=days))
    with reader(engine).begin() as connection:
        for _, rows in groupby(connection.execute(query), lambda row: row.id):
            legs = list(rows)
            said = [leg for leg in legs if leg.disposition]
            yield Contact(
                line=legs[0].line,
                number=legs[0].number,
                began_at=legs[0].entered_at,
                ended_at=legs[-1].ended_at,
                subject=said[-1].disposition if said else "",
                solved=bool(said) and said[-1].resolution == Resolution.SOLVED.value,
                placed=legs[0].id.startswith(ATTEMPT),
            )
