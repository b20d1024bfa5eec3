"""The calls of a period, each with all that was told of it, from the ledger or from queue_log files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path

from contesta.comparison import LONGEST_CALL, calls_of_log
from contesta.settings import Settings
from core.errors import ConfigurationError
from core.events import SystemRestarted
from quality.metrics.history import CallHistory
from storage.database import connect
from storage.ledger import Ledger
from storage.migrate import upgrade
from telephony.queue_log.reader import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Local days, both included, and a line; None and "" ask for nothing."""

    zone: tzinfo
    first: date | None = None
    last: date | None = None
    line: str = ""

    def holds(self, day: date) -> bool:
        """Tell whether a day is one of these."""
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)

    def day_of(self, call: CallHistory) -> date:
        """Give the local day on which a call began."""
        return call.started_at.astimezone(self.zone).date()


def day(option: str, said: str) -> date | None:
    """Read the day that an option of a command tells; None for none.

    Raises:
        ConfigurationError: it is no day.
    """
    try:
        return date.fromisoformat(said) if said else None
    except ValueError as error:
        raise ConfigurationError(f"{option} {said}: no es un día; escríbalo como 2025-06-03.") from error


def calls_told(settings: Settings, span: Span, queue_log: Sequence[Path]) -> Iterator[CallHistory]:
    """Read the calls that reached into a span, from files if there are any, else from the ledger.

    Raises:
        ConfigurationError: a file cannot be read.
    """
    if queue_log:
        yield from of_queue_log(queue_log, span)
        return
    engine = connect(settings.ledger_url)
    upgrade(engine)
    yield from of_ledger(Ledger(engine), span)
    engine.dispose()


def of_ledger(ledger: Ledger, span: Span) -> Iterator[CallHistory]:
    """Read the calls that reached into a span, those that began shortly before it too."""
    since = None if span.first is None else _midnight(span.first, span.zone) - LONGEST_CALL
    until = None if span.last is None else _midnight(span.last + timedelta(days=1), span.zone)
    return (call for call in ledger.histories(since, until) if span.line in {"", call.line})


def of_queue_log(files: Sequence[Path], span: Span) -> Iterator[CallHistory]:
    """Read the calls that files tell of.

    Raises:
        ConfigurationError: a file cannot be read.
    """
    try:
        events = list(Reader(files))
    except OSError as error:
        raise ConfigurationError(f"No puedo leer {error.filename}: {error.strerror}. Revise --queue-log.") from error
    restarts = [event for event in events if isinstance(event, SystemRestarted)]
    return (call for _, call in calls_of_log(events, restarts, {}) if span.line in {"", call.line})


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
