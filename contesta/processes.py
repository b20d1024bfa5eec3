"""Our own processes: one of each per line, told apart by a lock that the kernel frees when its holder dies."""

import contextlib
import fcntl
import os
import signal
import struct
import time
from collections.abc import Iterator
from pathlib import Path

from core.errors import NotAvailableError

_FLOCK = struct.Struct("hhqqi4x")  # struct flock of Linux on 64 bits: type, whence, start, length, pid


@contextlib.contextmanager
def only_one(folder: Path, name: str) -> Iterator[None]:
    """Hold the lock `name` of this line while the block runs.

    Raises:
        NotAvailableError: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("a") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise NotAvailableError(
                f"«contesta {name}» ya está en marcha (proceso {holder(folder, name)}). Deténgalo con: contesta stop"
            ) from error
        yield


def holder(folder: Path, name: str) -> int | None:
    """Process id of whoever holds the lock `name`, None if nobody does. Never in the way of who wants it."""
    try:
        with (folder / f"{name}.lock").open("rb") as file:
            asked = _FLOCK.pack(fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)
            kind, _, _, _, pid = _FLOCK.unpack(fcntl.fcntl(file, fcntl.F_GETLK, asked))
    except FileNotFoundError:
        return None
    return None if kind == fcntl.F_UNLCK else int(pid)


def end(folder: Path, name: str, timeout_seconds: float = 10) -> bool:
    """Ask whoever holds the lock `name` to stop, and kill it if it does not. True if there was somebody."""
    pid = holder(folder, name)
    if pid is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + timeout_seconds
        while holder(folder, name) == pid:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)  # it is not our child: there is nothing to wait on but its lock
    return True
