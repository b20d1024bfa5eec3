"""The expected waits of the queues in a small file, written anew each second by whoever watches the line.

    {"at": "2026-11-27T15:00:00+00:00", "seconds": {"atencion": [180.0, 420.5]}}

So a call reads what is known without asking anybody. A file that is old, damaged or not there tells nothing: nobody is
offered anything then, and the call goes on.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from math import isfinite
from pathlib import Path

from ivr.dialogs.offer import Wait

NAME = "esperas.json"
FRESH = timedelta(seconds=10)
_LARGEST_BYTES = 100_000


class WaitsFile:
    """Implements `ivr.dialogs.offer.ExpectedWait` from a file. `now` gives an aware time."""

    def __init__(self, file: Path, now: Callable[[], datetime]) -> None:
        self._file, self._now = file, now

    def write(self, waits: Mapping[str, Wait]) -> None:
        """Tell what the waits are now.

        Raises:
            OSError: it cannot be written; what was told before grows old.
        """
        part = self._file.with_suffix(".part")
        seconds = {queue: [round(value, 1) for value in wait] for queue, wait in waits.items()}
        part.write_text(json.dumps({"at": self._now().isoformat(), "seconds": seconds}), encoding="utf-8")
        part.replace(self._file)

    def of(self, queue: str) -> Wait | None:
        """Return the wait of somebody who enters a queue now, None if nobody can tell."""
        try:
            with self._file.open("rb") as file:
                told = json.loads(file.read(_LARGEST_BYTES))
            age = self._now() - datetime.fromisoformat(told["at"])
            least, most = map(float, told["seconds"][queue])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        known = abs(age) <= FRESH and isfinite(most) and 0 <= least <= most
        return Wait(least, most) if known else None
