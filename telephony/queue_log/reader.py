"""Reads whole queue_log files, plain or gzip, in the order they were written, whatever order they are named in.

Rotated files may overlap: the repeated lines come out again, and the fold takes them once. Damaged lines are counted
and the first ones kept with file and line number; nothing in a file ends the reading.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from itertools import islice
from pathlib import Path

from core.events import Event

from .decode import decode
from .lines import LONGEST_LINE_BYTES, DamagedLine, parse

_MOST_KEPT = 100
_LATE = 1 << 32
_LINES_FOR_A_TIME = 1000
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A damaged line and where it stands; `line` counts from 1."""

    file: str
    line: int
    damage: DamagedLine


class Seconds:
    """Numbers the lines of one second in the order they are read.

    Where the log goes back in time, lines come last in their second: most repeat what an earlier file told.
    """

    def __init__(self, second: int = 0, order: int = 0) -> None:
        """Go on after the line numbered `order` of `second`."""
        self.second = second
        self.order = order
        self._late = 0

    def events(self, raw: bytes) -> tuple[Event, ...] | DamagedLine:
        """Decode the next line."""
        line = parse(raw)
        if isinstance(line, DamagedLine):
            return line
        if line.second < self.second:
            self._late += 1
            return decode(raw, line, _LATE + self._late)
        self.order = self.order + 1 if line.second == self.second else 0
        self.second = line.second
        return decode(raw, line, self.order)


class Reader:
    """Iterates over the events of several files; counts what it passes."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = in_order(paths)
        self.lines = 0
        self.bytes = 0
        self.faults_count = 0
        self.faults: list[Fault] = []

    def __iter__(self) -> Iterator[Event]:
        """Yield the events in the order of the files.

        Raises:
            OSError: a file cannot be read.
        """
        seconds = Seconds()
        for path in self._paths:
            with opened(path) as file:
                for number, raw in whole_lines(file):
                    self.lines += 1
                    self.bytes += len(raw)
                    events = seconds.events(raw)
                    if isinstance(events, DamagedLine):
                        self._note(Fault(file=str(path), line=number, damage=events))
                    else:
                        yield from events

    def _note(self, fault: Fault) -> None:
        self.faults_count += 1
        if len(self.faults) < _MOST_KEPT:
            self.faults.append(fault)


def opened(path: Path) -> BufferedIOBase:
    """Open a file for reading bytes, unpacked if it is gzip.

    Raises:
        OSError: it cannot be read.
    """
    file = path.open("rb")
    if file.read(len(_GZIP_MAGIC)) != _GZIP_MAGIC:
        file.seek(0)
        return file
    file.close()
    return gzip.open(path)


def raw_lines(file: BufferedIOBase) -> Iterator[bytes]:
    """Yield the lines of a file, endless ones in pieces. An archive that breaks off ends in a line that says so."""
    try:
        while raw := file.readline(LONGEST_LINE_BYTES + 1):
            yield raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield f"({error})".encode()


def whole_lines(file: BufferedIOBase) -> Iterator[tuple[int, bytes]]:
    """Yield each line with its number; of an endless one, the beginning."""
    number, ended = 0, True
    for raw in raw_lines(file):
        if ended:
            number += 1
            yield number, raw
        ended = raw.endswith(b"\n")


def in_order(paths: Iterable[Path]) -> list[Path]:
    """Sort files by the first time that can be read in them.

    Raises:
        OSError: a file cannot be read.
    """
    return sorted(paths, key=first_second)


def first_second(path: Path) -> int:
    """Return the first time that can be read in a file, in seconds of Unix time; 0 if none.

    Raises:
        OSError: it cannot be read.
    """
    with opened(path) as file:
        for raw in islice(raw_lines(file), _LINES_FOR_A_TIME):
            line = parse(raw)
            if not isinstance(line, DamagedLine):
                return line.second
    return 0
