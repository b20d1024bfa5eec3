"""Tells the call scripts how long callers will wait: what the board's engine knows, written to a file each second.

The board watches the line already; so an expected wait costs no connection, no access to the database and no work in
the process that callers talk to. While the telephone system tells nothing, nothing is written, and the file grows old.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from functools import partial

import structlog
from aiohttp import web

from contesta.board.hub import Hub
from contesta.board.view import Mode
from contesta.web.board import HUB, SOURCE
from contesta.web.context import SETTINGS
from ivr.dialogs.offer import Wait
from ivr.waits import NAME, WaitsFile
from quality.metrics.live import LiveEngine
from quality.metrics.waits import expected_waits

TELL_SECONDS = 1.0

log = structlog.get_logger()


def prepare(app: web.Application) -> None:
    """Tell the waits as long as the application runs."""
    app.cleanup_ctx.append(_run)


def waits_of(engine: LiveEngine, now: datetime) -> dict[str, Wait]:
    """Tell the waits of all queues as the call scripts want them."""
    told = expected_waits(engine.snapshot(now), partial(engine.recent, now=now))
    return {queue: Wait(wait.low_seconds, wait.high_seconds) for queue, wait in told.items()}


async def tell(hub: Hub, file: WaitsFile, clock: Callable[[], datetime]) -> None:
    """Write the waits again and again while the line is being watched."""
    failed = False
    while True:
        if hub.feed.connected.is_set():
            try:
                await asyncio.to_thread(file.write, waits_of(hub.feed.engine, clock()))
                failed = False
            except OSError as error:
                if not failed:
                    log.warning("cannot tell the expected waits", error=str(error))
                failed = True
        await asyncio.sleep(TELL_SECONDS)


async def _run(app: web.Application) -> AsyncIterator[None]:
    source = app[SOURCE]
    if source.place.mode is not Mode.LIVE:  # a log that is played again says nothing of callers
        yield
        return
    file = WaitsFile(app[SETTINGS].data_dir / NAME, source.clock)
    telling = asyncio.create_task(tell(app[HUB], file, source.clock), name="expected waits")
    yield
    telling.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await telling
