"""Follows a queue_log that is being written, through rotation, truncation and restarts of ours.

A position says how far the log was taken: the file, the offset, a fingerprint of what stands before it, and how the
last line was numbered in its second. Kept with the events it stands for, in one transaction, it makes that every line
is taken exactly once. Whoever tails pulls: `read` opens, takes what is there, and closes.
"""

import hashlib
import os
import re
import zlib
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path

from core.events import Event

from .lines import LONGEST_LINE_BYTES, DamagedLine
from .reader import Fault, Seconds, opened, raw_lines

_FINGERPRINT_BYTES = 512
_ROTATED = re.compile(r"[.-][0-9][0-9.T_-]*(\.gz)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far a log was taken. `line` counts the lines taken of this file; `second` and `order` are the last line's."""

    inode: int
    offset: int = 0
    fingerprint: str = ""
    line: int = 0
    second: int = 0
    order: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one reading gave. `place_lost`: the file that was being read is gone, and with it what was unread."""

    events: tuple[Event, ...] = ()
    position: Position | None
    faults: tuple[Fault, ...] = ()
    place_lost: bool = False


class Tailer:
    """Takes the lines of the log at `path` from `position` on; None: from the beginning of the file there."""

    def __init__(self, path: Path, position: Position | None = None) -> None:
        self._path = path
        self.position = position

    def read(self, max_lines: int = 1000) -> Batch:
        """Take at most so many whole lines and move on; an empty batch when there is nothing new.

        A file that was rotated away is read to its end before its successor, once its successor has something in it.

        Raises:
            OSError: a file is there and cannot be read.
        """
        try:
            return self._read(max_lines)
        except FileNotFoundError:  # in the middle of a rotation; nothing was moved on, so nothing is missed
            return Batch(position=self.position)

    def _read(self, max_lines: int) -> Batch:
        path = self._where_we_were()
        taking = _Taking(self.position, max_lines)
        lost = path is None and self.position is not None
        if path is None:
            path = self._path
            taking.start_new_file()
        while True:
            successor = self._successor(path)
            taking.take(path, closed=successor is not None)
            if successor is None or taking.lines_left == 0:
                break
            path = successor
            taking.start_new_file()
        self.position = taking.position
        return Batch(
            events=tuple(taking.events), position=taking.position, faults=tuple(taking.faults), place_lost=lost
        )

    def _where_we_were(self) -> Path | None:
        """Return the file that `position` speaks of, under whatever name it has now."""
        position = self.position
        if position is None:
            return None
        files = [file for file in (self._path, *rotated(self._path)) if file.exists()]
        files.sort(key=lambda file: file.stat().st_ino != position.inode)
        return next((file for file in files if _holds(file, position)), None)

    def _successor(self, path: Path) -> Path | None:
        """Return the file that goes on where a rotated one ends; None while `path` may still be written to."""
        if path == self._path:
            return None
        older = rotated(self._path)
        newer = older[older.index(path) + 1 :] if path in older else []
        return next((file for file in (*newer, self._path) if file.exists() and file.stat().st_size), None)


def rotated(path: Path) -> list[Path]:
    """Return the files that the log at `path` was rotated away to, oldest first.

    Raises:
        OSError: its folder cannot be read, or a file went away meanwhile.
    """
    name = path.name
    beside = (
        file
        for file in path.parent.iterdir()
        if file.name.startswith(name) and _ROTATED.fullmatch(file.name[len(name) :])
    )
    return sorted(beside, key=lambda file: file.stat().st_mtime_ns)


class _Taking:
    """One reading over one or more files."""

    def __init__(self, position: Position | None, max_lines: int) -> None:
        self.position = position
        self.lines_left = max_lines
        self.events: list[Event] = []
        self.faults: list[Fault] = []
        self._seconds = Seconds(position.second, position.order) if position else Seconds()

    def start_new_file(self) -> None:
        """Forget the place in the file, not the numbering within the second."""
        self.position = None

    def take(self, path: Path, *, closed: bool) -> None:
        """Take lines of one file from the position on. `closed`: nobody writes to it, so its last line is whole."""
        with opened(path) as file:
            offset, line = (self.position.offset, self.position.line) if self.position else (0, 0)
            file.seek(offset)
            for raw in raw_lines(file):
                if not self.lines_left or not (raw.endswith(b"\n") or closed or len(raw) > LONGEST_LINE_BYTES):
                    break
                offset, line = offset + len(raw), line + 1
                self.lines_left -= 1
                self._decode(raw, path, line)
            self.position = Position(
                inode=os.fstat(file.fileno()).st_ino,
                offset=offset,
                fingerprint=_fingerprint(file, offset),
                line=line,
                second=self._seconds.second,
                order=self._seconds.order,
            )

    def _decode(self, raw: bytes, path: Path, line: int) -> None:
        events = self._seconds.events(raw)
        if isinstance(events, DamagedLine):
            self.faults.append(Fault(file=str(path), line=line, damage=events))
        else:
            self.events += events


def _holds(path: Path, position: Position) -> bool:
    """Tell whether `position` is a place in this file."""
    with opened(path) as file:
        if position.offset == 0:
            return os.fstat(file.fileno()).st_ino == position.inode
        return _fingerprint(file, position.offset) == position.fingerprint


def _fingerprint(file: BufferedIOBase, offset: int) -> str:
    """Return a mark of the bytes before `offset`, "" where the file does not reach so far."""
    start = max(0, offset - _FINGERPRINT_BYTES)
    try:
        file.seek(start)
        before = file.read(offset - start)
    except (EOFError, zlib.error):
        return ""
    return hashlib.blake2b(before, digest_size=16).hexdigest() if len(before) == offset - start else ""
