"""The conversations in which the citizen answered the survey to the adviser, in a small file: nobody is asked twice.

    ["cb-5f0c-1"]

Whoever keeps what advisers type writes it anew at each answer, with the channels of the last hours. A file that is
damaged or not there tells of nobody: then the line asks, and what the citizen keys stands before what was typed.
"""

import json
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Final

NAME: Final = "respondidas.json"
LOOK_BACK: Final = timedelta(hours=5)
"""Longer than a call may last."""
_LARGEST_BYTES = 1_000_000


class AnsweredFile:
    """The file. Written by one process, read by any."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def write(self, channels: Collection[str]) -> None:
        """Tell in which conversations somebody answered.

        Raises:
            OSError: it cannot be written.
        """
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps(sorted(channels)), encoding="utf-8")
        part.replace(self._file)

    def has(self, channel: str) -> bool:
        """Tell whether the citizen of a conversation answered already."""
        try:
            with self._file.open("rb") as file:
                told = json.loads(file.read(_LARGEST_BYTES))
        except (OSError, ValueError):
            return False
        return isinstance(told, list) and channel in told
