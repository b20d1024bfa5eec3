"""Citizens' names, spoken to the adviser who is to call them.

A name is said by the same voice as every prompt, when its request is about to be dialled, into a file of its own: the
request's id, and a hash of what is said, so that another attempt finds it made. It is personal data: a file is removed
as soon as its request is over. No call waits for a name: an adviser hears it only once somebody answered, and what is
not made by then, or cannot be made, the telephone system passes over.

The voice has a process of its own (`contesta.callbacks.speaking`): while it speaks it lets nothing else of its
process run. That process ends when whoever tells it names does, however he ends.
"""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

import structlog

from callback_queue.request import CallbackRequest
from callback_queue.told import name_text

TOO_LATE_SECONDS: Final = 5.0
"""A name that is not begun by then is not made: the adviser has heard who it is, or will not in time."""

AGAIN_SECONDS: Final = 30.0
"""Where the voice ends by itself it is not started more often than this."""

SUFFIX = ".wav"
APART = "_"

log = structlog.get_logger()


class SpokenNames:
    """The sounds of names, below one folder."""

    def __init__(self, folder: Path, again_seconds: float = AGAIN_SECONDS) -> None:
        self._folder = folder
        self._again_seconds = again_seconds
        self._voice: subprocess.Popen[bytes] | None = None
        self._started_at = float("-inf")

    def start(self) -> None:
        """Start the voice, unless it goes on or ended just now; nobody waits for it."""
        if self._voice is not None and self._voice.poll() is None:
            return
        if time.monotonic() - self._started_at < self._again_seconds:
            return
        self.stop()
        self._started_at = time.monotonic()
        command = [sys.executable, "-m", "contesta.callbacks.speaking", str(self._folder)]
        self._voice = subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0, start_new_session=True)
        if self._voice.stdin:
            os.set_blocking(self._voice.stdin.fileno(), False)

    def stop(self) -> None:
        """End the voice."""
        if self._voice is not None:
            with self._voice as ending:
                ending.kill()
            self._voice = None

    def say(self, requests: Sequence[CallbackRequest]) -> Mapping[str, str]:
        """Have the names of some requests said; returns what each will be kept as. It waits for nothing.

        Left out are those that the voice, behind already, does not take.
        """
        self.start()
        said: dict[str, str] = {}
        left = 0
        for request in requests:
            if text := name_text(request.person.name):
                name = f"{request.id}{APART}{hashlib.sha256(text.encode()).hexdigest()[:16]}"
                if self._tell(name, text):
                    said[request.id] = name
                else:
                    left += 1
        if left:
            log.warning("names not said", names=left)
        return said

    def _tell(self, name: str, text: str) -> bool:
        """Tell the voice to say something. So short a line is written whole or not at all."""
        if self._voice is None or self._voice.stdin is None:
            return False
        line = json.dumps({"name": name, "text": text, "until": time.time() + TOO_LATE_SECONDS}) + "\n"
        with contextlib.suppress(OSError):  # it is behind, or gone
            return os.write(self._voice.stdin.fileno(), line.encode()) == len(line)
        return False

    def remove_over(self, open_among: Callable[[Collection[str]], AbstractSet[str]]) -> int:
        """Remove the names of requests that are over; returns how many. `open_among` tells which are not."""
        kept = {file: file.name.partition(APART)[0] for file in self._folder.glob(f"*{APART}*")}
        going_on = open_among(set(kept.values())) if kept else frozenset()
        over = [file for file, request_id in kept.items() if request_id not in going_on]
        for file in over:
            file.unlink(missing_ok=True)
        return len(over)
