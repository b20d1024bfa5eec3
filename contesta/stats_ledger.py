"""The visits of the ledger, for figures. Its tables tell neither the presence of agents nor the rings they let pass."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from quality.metrics.aggregate import Aggregate
from quality.metrics.batch import Batch
from quality.metrics.rows import Row, Settling, rows_of
from storage.database import connect
from storage.ledger import Ledger
from storage.listing import CallFilter
from storage.migrate import upgrade

_PAGE = 1000
_LONGEST_CALL = timedelta(days=1)


def add_ledger(aggregate: Aggregate, database_url: str) -> None:
    """Add up the visits in the ledger at `database_url`."""
    engine = connect(database_url)
    upgrade(engine)
    settling = Settling()
    for rows in _pages(aggregate, Ledger(engine)):
        aggregate.add(Batch.of(settling.take(rows)))
    aggregate.add(Batch.of(settling.rest()))
    engine.dispose()


def _pages(aggregate: Aggregate, ledger: Ledger) -> Iterator[list[Row]]:
    """Yield the rows of the calls that may have entered a queue in the period."""
    bounded = CallFilter(
        since=_moment(aggregate.begin, -_LONGEST_CALL), until=_moment(aggregate.end, timedelta(seconds=1))
    )
    after = None
    while True:
        page = ledger.calls(bounded, after, _PAGE)
        yield [row for call in page.calls for row in rows_of(call)]
        after = page.next
        if after is None:
            return


def _moment(unix: float, margin: timedelta) -> datetime | None:
    return None if unix in {float("-inf"), float("inf")} else datetime.fromtimestamp(unix, UTC) + margin
