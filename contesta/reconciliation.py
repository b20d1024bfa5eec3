"""The ledger set right by queue_log: after each gap of the manager interface, and every night.

What the log has and the ledger has not is added. That is the whole repair: where both tell a fact the fold believes the
log, so that what the live feed only supposed (a call that vanished, a caller who left) gives way by itself. What still
differs then is no gap but a contradiction, and somebody has to look at it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from pathlib import Path

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from contesta.comparison import LONGEST_CALL, Difference, compare
from storage.ledger import Ledger
from telephony.queue_log.tailer import rotated

NIGHTS = timedelta(days=2)
SETTLING = timedelta(seconds=10)
AFTER_GAP_SECONDS = 20.0
AGAIN_SECONDS = 60.0
CALLS_AT_ONCE = 500
CALLS_NAMED = 50

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What differed, and what of it still does now that the log was applied."""

    found: tuple[Difference, ...]
    remaining: tuple[Difference, ...]
    damaged_lines: int

    @property
    def repaired_calls(self) -> frozenset[str]:
        """Calls that differed and no longer do."""
        remaining = {difference.call_id for difference in self.remaining}
        return frozenset(difference.call_id for difference in self.found) - remaining


def reconcile(
    ledger: Ledger, files: Sequence[Path], *, since: datetime | None = None, settled_before: datetime | None = None
) -> Reconciliation:
    """Compare as `compare` does, apply what the log tells of the calls that differ, and compare again.

    What is left is logged as an error with the calls that it is about.

    Raises:
        OSError: a file cannot be read.
        sqlalchemy.exc.OperationalError: the database is away; what was repaired until then stays so.
    """
    before = after = compare(ledger, files, since=since, settled_before=settled_before)
    if before.differences:
        calls = list(before.told.values())
        for start in range(0, len(calls), CALLS_AT_ONCE):
            ledger.apply(event for told in calls[start : start + CALLS_AT_ONCE] for event in told)
        ledger.apply(before.restarts)
        after = compare(ledger, files, since=since, settled_before=settled_before)
    result = Reconciliation(found=before.differences, remaining=after.differences, damaged_lines=before.damaged_lines)
    if result.remaining:
        wrong = sorted({difference.call_id for difference in result.remaining})
        log.error(
            "ledger differs from queue_log",
            differences=len(result.remaining),
            calls=len(wrong),
            first=wrong[:CALLS_NAMED],
        )
    return result


def files_of(queue_log: Path, since: datetime | None = None) -> list[Path]:
    """Return the log and those of its rotated files that were written to after `since`."""
    older = rotated(queue_log) if queue_log.parent.exists() else []
    files = [file for file in older if since is None or file.stat().st_mtime >= since.timestamp()]
    return [*files, *([queue_log] if queue_log.exists() else [])]


def next_night(now: datetime, at: time, zone: tzinfo) -> datetime:
    """Return the first moment after `now` when the clock of `zone` shows `at`."""
    day = now.astimezone(zone).date()
    nights = (datetime.combine(day + timedelta(days=days), at, zone).astimezone(UTC) for days in range(2))
    return next(night for night in nights if night > now)


class Reconciler:
    """Reconciles the last NIGHTS of one line, when it is time. Each result is a line of our log."""

    def __init__(self, ledger: Ledger, queue_log: Path, at: time, zone: tzinfo) -> None:
        self._ledger = ledger
        self._queue_log = queue_log
        self._at, self._zone = at, zone
        self._gap = asyncio.Event()

    def after_gap(self) -> None:
        """Say that the manager interface may have told less than happened."""
        self._gap.set()

    async def run(self, after_gap_seconds: float = AFTER_GAP_SECONDS) -> None:
        """Reconcile after gaps, once the log has been read, and every night, until cancelled."""
        night = next_night(datetime.now(UTC), self._at, self._zone)
        while True:
            try:
                async with asyncio.timeout(AGAIN_SECONDS):
                    await self._gap.wait()
            except TimeoutError:
                if datetime.now(UTC) < night:
                    continue
            reason = "gap" if self._gap.is_set() else "night"
            await asyncio.sleep(after_gap_seconds if reason == "gap" else 0)
            self._gap.clear()
            try:
                await asyncio.to_thread(self._reconcile, reason)
            except (OperationalError, InterfaceError, OSError) as error:
                log.error("cannot reconcile", reason=reason, error=str(error), again_in=AGAIN_SECONDS)  # noqa: TRY400 - its trace tells nothing
                await asyncio.sleep(AGAIN_SECONDS)
                self._gap.set()
                continue
            if datetime.now(UTC) >= night:
                night = next_night(datetime.now(UTC), self._at, self._zone)

    def _reconcile(self, reason: str) -> None:
        now = datetime.now(UTC)
        since = now - NIGHTS
        result = reconcile(
            self._ledger,
            files_of(self._queue_log, since - LONGEST_CALL),
            since=since,
            settled_before=now - SETTLING,
        )
        log.info(
            "reconciled",
            reason=reason,
            found=len(result.found),
            repaired_calls=len(result.repaired_calls),
            remaining=len(result.remaining),
            damaged_lines=result.damaged_lines,
        )
