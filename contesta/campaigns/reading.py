"""Reads uploaded files in a process of its own, with limits on its memory and time: whatever a file does, we go on."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

from callback_queue.campaign import sheet
from callback_queue.campaign.columns import table
from callback_queue.campaign.sheet import MOST_BYTES, Row
from core.errors import ConfigurationError

MEMORY_BYTES: Final = 1536 * 1024 * 1024
SECONDS: Final = 60
_SPREAD = (
    "el libro no se puede abrir en poca memoria: suele haber una celda escrita muy lejos de los datos. Copie los datos "
    "a un libro nuevo, o guárdelo como .csv"
)


def read(content: bytes) -> tuple[Row, ...]:
    """Give the rows of an uploaded file, from the titles on if it has any.

    Raises:
        ConfigurationError: it cannot be read; says what, where and how to mend it.
    """
    if len(content) > MOST_BYTES:
        return tuple(sheet.rows(content))
    try:
        child = subprocess.run(
            [sys.executable, "-m", "contesta.campaigns.reading"],
            input=content,
            capture_output=True,
            timeout=2 * SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as slow:
        raise ConfigurationError(_SPREAD) from slow
    if child.returncode != 0:
        raise ConfigurationError(_SPREAD)
    told = [json.loads(line) for line in child.stdout.splitlines()]
    if told and isinstance(told[-1], str):
        raise ConfigurationError(told[-1])
    return tuple(table([Row(number=number, cells=tuple(cells)) for number, cells in told]))


def _lines(content: bytes) -> Iterator[str]:
    """Yield each row as JSON, and what is wrong, if anything is, as a text at the end."""
    try:
        for row in sheet.rows(content):
            yield json.dumps([row.number, row.cells])
    except ConfigurationError as wrong:
        yield json.dumps(str(wrong))


def _main() -> None:
    import resource  # noqa: PLC0415  only this process limits itself

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in _lines(sys.stdin.buffer.read()):
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    _main()
