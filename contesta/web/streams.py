"""Streams of server-sent events: how many may be open, and how one is kept going until there is a reason to end it."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from aiohttp import hdrs, web
from pydantic import BaseModel

from contesta.board.hub import Hub, Version
from contesta.board.view import End, Heartbeat
from contesta.web.access import Identity, identity
from contesta.web.context import CLOCK
from contesta.web.sessions import is_over

HEARTBEAT_SECONDS: Final = 1.0
CHECK_SECONDS: Final = 20.0
WRITE_SECONDS: Final = 10.0
LONGEST_SILENCE_SECONDS: Final = 3.0  # of the hub: then there is nothing to give a sign of life of
RETRY_MS: Final = 1000
AT_ONCE: Final = 500
OF_ONE: Final = 8

_OVER = End(reason="Su sesión terminó o su clave ya no vale. Ingrese de nuevo.", again=False)
_STOPPING = End(reason="El servidor se está reiniciando.", again=True)


@dataclass(slots=True)
class Streams:
    """The streams that are open. `stopping`: the server ends, and so must they."""

    at_once: int = AT_ONCE
    of_one: int = OF_ONE
    check_seconds: float = CHECK_SECONDS
    stopping: bool = False
    _open: Counter[tuple[str, int | None]] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """How many are open."""
        return self._open.total()

    @contextlib.contextmanager
    def place(self, known: Identity) -> Iterator[None]:
        """Have one more open.

        Raises:
            web.HTTPTooManyRequests: this session or key has as many as it may.
            web.HTTPServiceUnavailable: all together are as many as there may be.
        """
        retry = {hdrs.RETRY_AFTER: "10"}
        holder = ("session", known.session_id) if known.key_id is None else ("key", known.key_id)
        if self._open[holder] >= self.of_one:
            raise web.HTTPTooManyRequests(headers=retry)
        if self.count >= self.at_once:
            raise web.HTTPServiceUnavailable(headers=retry)
        self._open[holder] += 1
        try:
            yield
        finally:
            self._open[holder] -= 1
            self._open += Counter()  # forgets who has none


STREAMS = web.AppKey("streams", Streams)


async def stream(request: web.Request, hub: Hub, *, wall: bool) -> web.StreamResponse:
    """Tell each version of the board until the client goes, the session is over or the server stops.

    A client that comes back with the newest version (Last-Event-ID) does not get it again. One that reads slowly misses
    versions, and one that does not read at all is left.
    """
    streams = request.app[STREAMS]
    with streams.place(identity(request)):
        response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "text/event-stream", "X-Accel-Buffering": "no"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionResetError):
            try:
                await _Telling(request, response, hub, wall=wall).run(streams)
            except TimeoutError:
                if request.transport is not None:
                    request.transport.abort()
        return response


class _Telling:
    """One stream."""

    def __init__(self, request: web.Request, response: web.StreamResponse, hub: Hub, *, wall: bool) -> None:
        self._request = request
        self._response = response
        self._hub = hub
        self._wall = wall
        self._told = _sequence(request.headers.get("Last-Event-ID", ""))
        self._loop = asyncio.get_running_loop()

    async def run(self, streams: Streams) -> None:
        await self._write(b"retry: %d\n\n" % RETRY_MS)
        beat_at, check_at = self._loop.time(), self._loop.time() + streams.check_seconds
        while not streams.stopping:
            if self._loop.time() >= check_at:
                check_at = self._loop.time() + streams.check_seconds
                if await is_over(self._request):
                    await self._event("end", _OVER)
                    return
            if self._loop.time() >= beat_at:
                beat_at = self._loop.time() + HEARTBEAT_SECONDS
                await self._beat(self._request.app[CLOCK]())
            version = await self._next(beat_at)
            if version is not None:
                self._told = version.sequence
                payload = version.wall_payload if self._wall else version.payload
                await self._write(b"event: board\nid: %d\ndata: %b\n\n" % (version.sequence, payload))
        await self._event("end", _STOPPING)

    async def _next(self, until: float) -> Version | None:
        """Wait for a version that was not told, no longer than to a time of the loop."""
        try:
            async with asyncio.timeout_at(until):
                return await self._hub.other_than(self._told)
        except TimeoutError:
            return None

    async def _beat(self, now: datetime) -> None:
        """Give a sign of life of the board; a hub that looks no more has none, however well its streams go on."""
        if self._hub.silence_seconds < LONGEST_SILENCE_SECONDS:
            await self._event("heartbeat", Heartbeat(at=now, sequence=self._hub.version.sequence))

    async def _event(self, name: str, told: BaseModel) -> None:
        await self._write(f"event: {name}\ndata: {told.model_dump_json()}\n\n".encode())

    async def _write(self, data: bytes) -> None:
        async with asyncio.timeout(WRITE_SECONDS):
            await self._response.write(data)


def _sequence(said: str) -> int | None:
    """Read what a client says it has last; None if it is nothing of ours."""
    return int(said) if said.isascii() and said.isdigit() and len(said) < 20 else None  # noqa: PLR2004  digits of 64 bits
