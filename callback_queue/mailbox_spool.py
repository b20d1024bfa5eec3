"""Where requests of the mailbox wait, each a file of its own, until the store has them.

    FOLDER/2506030001.jsonl      request 2506030001 (the day and a count), one entry a line

An entry is on the disk before the caller hears on: what was confirmed outlives the program, the database and the
machine's power. A filing number is taken by making its file: several programs at once never give the same one. The
files are their owner's only.

Whoever takes them into the store reads `requests`, writes each as it is now (by its number, so that twice is once), and
calls `settle` for those that are over and safely stored.
"""

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, tzinfo
from itertools import count
from pathlib import Path

from callback_queue.mailbox_request import Caller, MailboxRequest, begun, entry, read
from core import codes
from core.calendar import BOGOTA
from core.errors import NotAvailableError

_NAME = re.compile(r"([0-9]{6})([0-9]{4,6})\.jsonl", re.ASCII)
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600
_KEEP_NUMBERS = timedelta(days=7)


class Spool:
    """The requests in one folder. `now` gives an aware time; days begin in `zone`."""

    def __init__(self, folder: Path, *, now: Callable[[], datetime], zone: tzinfo = BOGOTA) -> None:
        self._folder, self._now, self._zone = folder, now, zone
        self._day, self._last = "", 0

    # -- writing

    def begin(self, caller: Caller) -> "Writing":
        """Give a filing number and begin a request.

        Raises:
            NotAvailableError: it cannot be written.
        """
        at = self._now()
        day = f"{at.astimezone(self._zone):%y%m%d}"
        code = codes.new(secrets.choice)
        try:
            if day != self._day:
                self._open_day(day, at)
            for number in count(self._last + 1):
                name = f"{day}{number:04}"
                with contextlib.suppress(FileExistsError):
                    _append(self._file(name), begun(name, code, caller, at), os.O_CREAT | os.O_EXCL)
                    self._last = number
                    _sync_folder(self._folder)
                    break
        except OSError as failed:
            self._day = ""
            raise NotAvailableError(f"no se puede guardar en {self._folder}: {failed.strerror}") from failed
        return Writing(self._file(name), name, code, self._now)

    # -- reading

    def requests(self) -> Iterator[MailboxRequest]:
        """Yield the requests that are there, oldest first; those that are being left now as far as they came."""
        for number in self._numbers():
            if request := self.read(number):
                yield request

    def read(self, number: str) -> MailboxRequest | None:
        """Return one request, None if it is not there, settled, or has no legible beginning."""
        try:
            return read(self._file(number).read_bytes().splitlines(keepends=True))
        except FileNotFoundError:
            return None

    def illegible(self) -> tuple[Path, ...]:
        """Return files with something in them that no request can be made of: for a person to look at."""
        files = [self._file(number) for number in self._numbers() if self.read(number) is None]
        return tuple(file for file in files if file.exists() and file.stat().st_size)

    def settle(self, number: str) -> None:
        """Empty the file of a request that is in the store; its number stays taken."""
        with contextlib.suppress(FileNotFoundError):
            os.truncate(self._file(number), 0)

    def _numbers(self) -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            return sorted(
                entry.name.partition(".")[0] for entry in os.scandir(self._folder) if _NAME.fullmatch(entry.name)
            )
        return []

    def _file(self, number: str) -> Path:
        return self._folder / f"{number}.jsonl"

    def _open_day(self, day: str, at: datetime) -> None:
        """Find the day's last number, and forget emptied files whose numbers nobody will give again."""
        self._folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        self._folder.chmod(_FOLDER_MODE)
        past = f"{(at - _KEEP_NUMBERS).astimezone(self._zone):%y%m%d}"
        self._last = 0
        for number in self._numbers():
            file = self._file(number)
            if number[:6] == day:
                self._last = max(self._last, int(number[6:]))
            elif number[:6] < past and not file.stat().st_size:
                file.unlink(missing_ok=True)
        self._day = day


class Writing:
    """One request that is being left; what a method was told is on the disk when it returns.

    Methods raise NotAvailableError when it cannot be written.
    """

    def __init__(self, file: Path, number: str, code: str, now: Callable[[], datetime]) -> None:
        self.number, self.code = number, code
        self._file, self._now = file, now
        self._finished = False

    def confirm(self, what: str, value: str) -> None:
        """Keep a field that the caller confirmed."""
        self._write("confirmed", what=what, value=value)

    def speaking(self, what: str, file: str) -> None:
        """Keep where something is being recorded that the caller says."""
        self._write("speaking", what=what, file=file)

    def spoke(self, what: str, file: str, seconds: float) -> None:
        """Keep that it was said; 0 s, that nothing was."""
        self._write("spoke", what=what, file=file, seconds=round(seconds, 1))

    def finish(self, *, complete: bool) -> None:
        """Keep that the caller came to the end; `complete` if nothing required is missing."""
        self._write("finished", complete=complete)
        self._finished = True

    def leave(self) -> None:
        """Keep that the caller is gone; after the end it says nothing new, and the request may be settled already."""
        if not self._finished:
            self._write("left")

    def _write(self, kind: str, **said: object) -> None:
        try:
            _append(self._file, entry(kind, self._now(), **said))
        except OSError as failed:
            raise NotAvailableError(f"no se puede guardar la solicitud {self.number}: {failed.strerror}") from failed


def _append(file: Path, line: bytes, flags: int = 0) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | flags, _FILE_MODE)
    try:
        size = os.fstat(descriptor).st_size
        if os.write(descriptor, line) < len(line):
            os.ftruncate(descriptor, size)  # what comes later must not be read as the rest of this
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
