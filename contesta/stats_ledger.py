"""The visits of the ledger, for figures. Its tables tell neither the presence of agents nor the rings they let pass."""

from datetime import UTC, datetime

from quality.metrics.aggregate import Aggregate
from quality.metrics.batch import Batch
from storage.database import connect
from storage.migrate import upgrade
from storage.visits import visits


def add_ledger(aggregate: Aggregate, database_url: str) -> None:
    """Add up the visits in the ledger at `database_url`."""
    engine = connect(database_url)
    upgrade(engine)
    for rows in visits(engine, _moment(aggregate.begin), _moment(aggregate.end)):
        aggregate.add(Batch.of(rows))
    engine.dispose()


def _moment(unix: float) -> datetime | None:
    return None if unix in {float("-inf"), float("inf")} else datetime.fromtimestamp(unix, UTC)
