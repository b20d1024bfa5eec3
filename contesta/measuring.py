"""`contesta measure`: measures each recording after its call, one at a time and after everybody else's work.

What it needs for sound is imported with the first recording. A recording is either measured or not: whoever is killed
in the middle of one begins it anew.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from contesta.recordings import recording_path
from contesta.settings import Settings
from core.errors import ConfigurationError
from storage.database import connect
from storage.migrate import upgrade
from storage.recording_measures import RecordingMeasures, StoredMeasures

LOOK_SECONDS = 3.0
FORGET_SECONDS = 3600.0
AT_ONCE = 20
NICENESS = 15
_STILL_WRITTEN = timedelta(seconds=2)

log = structlog.get_logger()


class Measuring:
    """Measures what is missing. `now` gives an aware time."""

    def __init__(
        self,
        store: RecordingMeasures,
        recordings: Path,
        now: Callable[[], datetime],
        prepare: Callable[[Path], object] = lambda _: None,
    ) -> None:
        """`prepare` is done with each recording that could be measured."""
        self._store, self._recordings, self._now, self._prepare = store, recordings, now, prepare

    def work(self, stopped: Callable[[], bool] = lambda: False) -> int:
        """Measure what there is, and return how many recordings that were; ends early once `stopped`."""
        done = 0
        for file in self._store.missing(AT_ONCE):
            if stopped():
                break
            path = recording_path(self._recordings, file)
            if path is not None and self._is_being_written(path):
                continue
            self._store.keep(self._measured(file, path))
            done += 1
        return done

    def _is_being_written(self, path: Path) -> bool:
        return self._now().timestamp() - path.stat().st_mtime < _STILL_WRITTEN.total_seconds()

    def _measured(self, file: str, path: Path | None) -> StoredMeasures:
        from contesta.audio import contract  # noqa: PLC0415  what sound needs, once there is some
        from quality.audio.detectors import neural  # noqa: PLC0415  as above
        from quality.audio.read import measured  # noqa: PLC0415  as above

        at = self._now()
        if path is None:
            return StoredMeasures(file=file, measured_at=at, fault="el archivo ya no está")
        try:
            measures = contract(measured(path, neural()))
            self._prepare(path)
            return StoredMeasures(file=file, measured_at=at, measures=measures)
        except ConfigurationError as error:
            log.warning("recording cannot be measured", file=file, error=str(error))
            return StoredMeasures(file=file, measured_at=at, fault="el archivo está dañado o vacío")


def _prepare(settings: Settings, recording: Path) -> None:
    """Find out now what is heard in place of a recording, so that the first who listens need not wait for it."""
    from contesta.masked import audible  # noqa: PLC0415  what sound needs, once there is some

    audible(settings, recording)


def _forget_gone(settings: Settings) -> None:
    from contesta.masked import forget_gone  # noqa: PLC0415  as above

    if gone := forget_gone(settings):
        log.info("copies of recordings that are gone were removed", count=gone)


def run_service(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT."""
    os.nice(NICENESS)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    engine = connect(settings.ledger_url)
    store = RecordingMeasures(engine)
    measuring = Measuring(
        store, settings.recordings_dir, lambda: datetime.now(UTC), lambda path: _prepare(settings, path)
    )
    ready = False
    forgotten: float | None = None
    while not stop.is_set():
        try:
            if not ready:
                upgrade(engine)
                ready = True
            if forgotten is None or time.monotonic() - forgotten > FORGET_SECONDS:
                _forget_gone(settings)
                forgotten = time.monotonic()
            pause = 0.0 if measuring.work(stop.is_set) == AT_ONCE else LOOK_SECONDS
        except (OperationalError, InterfaceError, OSError) as error:
            log.warning("recordings wait to be measured", error=type(error).__name__)
            pause = LOOK_SECONDS
        stop.wait(pause)
