"""Visits that another goes on with, after an attended transfer into a queue while the adviser himself waited in it.

The entry stands under the consultation's channel, the rest under the citizen's. Figures count the two as one
(`quality.metrics.rows.Settling`); so does whoever lists what they count.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, not_, or_, select
from sqlmodel import col

from core.errors import ConfigurationError
from core.events import EndedBy
from quality.metrics.rows import Row, Settling
from quality.metrics.visits import Outcome
from storage.call_filter import UNHEARD, CallFilter, VisitKey, is_over
from storage.codec import storable
from storage.tables import LegRow, VisitRow

MOST = 10_000  # three values each in a statement; SQLite takes 32 766
_MARGIN = timedelta(seconds=2)  # within it may lie the other half of a stay that was logged in two


def passed_on(connection: Connection, wanted: CallFilter) -> frozenset[VisitKey]:
    """Find those that a filter would otherwise take in.

    Raises:
        ConfigurationError: there are more than MOST: the period is too long.
    """
    if not wanted.may_be_unheard:
        return frozenset()
    result = col(VisitRow.result)
    goes_on = select(col(LegRow.call_id)).where(
        col(LegRow.call_id) == col(VisitRow.call_id),
        col(LegRow.ended_by) == EndedBy.ATTENDED_TRANSFER,
        col(LegRow.ended_at) >= col(VisitRow.entered_at),
    )
    if wanted.as_of is not None:
        goes_on = goes_on.where(col(LegRow.ended_at) <= wanted.as_of)
    over = is_over(wanted)
    heard = col(VisitRow.entry_inferred), result.not_in(UNHEARD), over, goes_on.exists()
    settling = Settling()
    if not settling.take([_row(entry, adopting=True) for entry in connection.execute(_entries(wanted).where(*heard))]):
        return frozenset()
    rest = _entries(wanted).where(or_(result.in_(UNHEARD), not_(over)))
    unheard = [(_row(entry), (entry[0], entry[1], entry[2])) for entry in connection.execute(rest)]
    settling.take(row for row, _ in unheard)
    kept = set(map(id, settling.rest()))
    found = frozenset(key for row, key in unheard if id(row) not in kept)
    if len(found) > MOST:
        raise ConfigurationError(f"el período tiene más de {MOST} llamadas pasadas de cola en cola: pida uno más corto")
    return found


def _entries(wanted: CallFilter) -> Select[str, str, int, datetime, str]:
    call_id, queue, entered_at = col(VisitRow.call_id), col(VisitRow.queue), col(VisitRow.entered_at)
    query = select(call_id, queue, col(VisitRow.ordinal), entered_at, col(VisitRow.result))
    query = query.order_by(call_id, entered_at, queue)
    if wanted.queue is not None:
        query = query.where(queue == storable(wanted.queue))
    if wanted.since is not None:
        query = query.where(entered_at >= wanted.since - _MARGIN)
    if wanted.until is not None:
        query = query.where(entered_at < wanted.until + _MARGIN)
    return query


def _row(entry: tuple[str, str, int, datetime, str], *, adopting: bool = False) -> Row:
    _, queue, _, entered_at, result = entry
    outcome = Outcome(result) if adopting else Outcome.WAITING
    return Row(entered=int(entered_at.timestamp()), line="", queue=queue, result=outcome, wait_ms=0, adopting=adopting)
