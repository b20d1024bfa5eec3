"""Ports of 127.0.0.1 for servers under test, each for one server of one process until that process ends.

The kernel gives the ports from 32768 on to whoever connects anywhere, so that one which was free when it was looked for
may be taken when the server has started. Those below are shared out here; a locked file tells who has which.
"""

import contextlib
import fcntl
import random
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

LOCALHOST = "127.0.0.1"
LISTENING = range(10_000, 18_000)
AUDIO = range(18_000, 32_500)
AUDIO_PORTS = 500
_FOLDER = Path(tempfile.gettempdir()) / "contesta-ports"
_kept: list[IO[bytes]] = []


def free_port(count: int = 1) -> int:
    """The first of `count` ports nobody listens on now, over TCP or UDP, and nobody else who asks here is given."""
    for first in random.sample(LISTENING, len(LISTENING)):
        claims = [_claim(port) for port in range(first, first + count) if _unused(port)]
        held = [claim for claim in claims if claim]
        if len(held) == count:
            _kept.extend(held)
            return first
        for claim in held:
            claim.close()
    return pytest.fail("no port is free")


@contextlib.contextmanager
def audio_ports() -> Iterator[int]:
    """The first of AUDIO_PORTS ports that nobody else who asks here has meanwhile."""
    for first in random.sample(AUDIO[::AUDIO_PORTS], len(AUDIO) // AUDIO_PORTS):
        if claim := _claim(first):
            with claim:
                yield first
            return
    pytest.fail("all ports for audio are in use")


def _claim(port: int) -> "IO[bytes] | None":
    _FOLDER.mkdir(exist_ok=True)
    file = (_FOLDER / str(port)).open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def _unused(port: int) -> bool:
    with contextlib.ExitStack() as stack:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            probe = stack.enter_context(socket.socket(socket.AF_INET, kind))
            try:
                probe.bind((LOCALHOST, port))
            except OSError:
                return False
    return True
