"""Streams of server-sent events: how many may be open, and how one is kept going until there is a reason to end it.

A version of a large board is 130 kB of JSON ten times a second, which nobody's network should carry for each screen. So
it is compressed, and that once for all who read it: each event is compressed by itself and ended with a full flush
(RFC 1951, zlib's Z_FULL_FLUSH), so that the same bytes fit into everybody's gzip stream, wherever it is. Such a
stream has no end of its own, so it has no checksum either; TCP and TLS have theirs.
"""

import asyncio
import contextlib
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
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
LOOK_SECONDS: Final = 0.25
AT_ONCE: Final = 500
OF_ONE: Final = 8

GZIP: Final = "gzip"
_GZIP_HEAD: Final = bytes.fromhex("1f8b08000000000000ff")  # RFC 1952: deflate, no name, no time
_SHORT_BYTES: Final = 256
_LEVEL: Final = 1  # a tenth of the size in a millisecond; the highest takes ten times as long for a fifth less

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
    _written: dict[tuple[bool, bool], tuple[int, bytes]] = field(default_factory=dict)

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

    def event_of(self, version: Version, *, wall: bool, packed: bool) -> bytes:
        """Write a version as an event, once for all whose streams are alike."""
        sequence, written = self._written.get((wall, packed), (None, b""))
        if sequence != version.sequence:
            payload = version.wall_payload if wall else version.payload
            written = b"event: board\nid: %d\ndata: %b\n\n" % (version.sequence, payload)
            written = packed_alone(written) if packed else written
            self._written[wall, packed] = version.sequence, written
        return written


STREAMS = web.AppKey("streams", Streams)


def packed_alone(data: bytes) -> bytes:
    """Compress data so that it can follow, and be followed by, anything that was compressed so.

    What is short is put in as it is (RFC 1951, 3.2.4): to compress it would gain nothing and take longer.
    """
    if len(data) <= _SHORT_BYTES:
        return struct.pack("<BHH", 0, len(data), len(data) ^ 0xFFFF) + data
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)


async def stream(request: web.Request, hub: Hub, *, wall: bool) -> web.StreamResponse:
    """Tell each version of the board until the client goes, the session is over or the server stops.

    A client that comes back with the newest version (Last-Event-ID) does not get it again. One that reads slowly misses
    versions, and one that does not read at all is left.
    """
    streams = request.app[STREAMS]
    with streams.place(identity(request)):
        packed = _takes_gzip(request)
        headers = {hdrs.CONTENT_TYPE: "text/event-stream", hdrs.VARY: hdrs.ACCEPT_ENCODING, "X-Accel-Buffering": "no"}
        response = web.StreamResponse(headers=headers | ({hdrs.CONTENT_ENCODING: GZIP} if packed else {}))
        with contextlib.suppress(ConnectionResetError):
            await response.prepare(request)
            try:
                if packed:
                    await response.write(_GZIP_HEAD)
                await _Telling(request, response, hub, wall=wall, packed=packed).run(streams)
            except TimeoutError:
                if request.transport is not None:
                    request.transport.abort()
        return response


async def stream_of(request: web.Request, name: str, look: Callable[[], bytes]) -> web.StreamResponse:
    """Tell what `look` gives, as an event of that name, whenever it is another. Ends as `stream` does."""
    streams = request.app[STREAMS]
    with streams.place(identity(request)):
        response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "text/event-stream", "X-Accel-Buffering": "no"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionResetError):
            try:
                await _Looking(request, response, name, look).run(streams)
            except TimeoutError:
                if request.transport is not None:
                    request.transport.abort()
        return response


class _Looking:
    """One stream of what is looked at again and again."""

    def __init__(
        self, request: web.Request, response: web.StreamResponse, name: str, look: Callable[[], bytes]
    ) -> None:
        self._request = request
        self._response = response
        self._name = name.encode()
        self._look = look

    async def run(self, streams: Streams) -> None:
        await self._write(b"retry: %d\n\n" % RETRY_MS)
        loop = asyncio.get_running_loop()
        beat_at, check_at, before = loop.time(), loop.time() + streams.check_seconds, b""
        while not streams.stopping:
            if loop.time() >= check_at:
                check_at = loop.time() + streams.check_seconds
                if await is_over(self._request):
                    await self._write(f"event: end\ndata: {_OVER.model_dump_json()}\n\n".encode())
                    return
            now = self._look()
            if now != before:
                await self._write(b"event: %b\ndata: %b\n\n" % (self._name, now))
                before = now
            if loop.time() >= beat_at:
                beat_at = loop.time() + HEARTBEAT_SECONDS
                at = self._request.app[CLOCK]()
                await self._write(b'event: heartbeat\ndata: {"at":"%b"}\n\n' % at.isoformat().encode())
            await asyncio.sleep(LOOK_SECONDS)
        await self._write(f"event: end\ndata: {_STOPPING.model_dump_json()}\n\n".encode())

    async def _write(self, data: bytes) -> None:
        async with asyncio.timeout(WRITE_SECONDS):
            await self._response.write(data)


class _Telling:
    """One stream."""

    def __init__(
        self, request: web.Request, response: web.StreamResponse, hub: Hub, *, wall: bool, packed: bool
    ) -> None:
        self._request = request
        self._response = response
        self._hub = hub
        self._wall = wall
        self._packed = packed
        self._told = _sequence(request.headers.get("Last-Event-ID", ""))
        self._loop = asyncio.get_running_loop()

    async def run(self, streams: Streams) -> None:
        await self._say(b"retry: %d\n\n" % RETRY_MS)
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
                await self._write(streams.event_of(version, wall=self._wall, packed=self._packed))
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
        await self._say(f"event: {name}\ndata: {told.model_dump_json()}\n\n".encode())

    async def _say(self, data: bytes) -> None:
        await self._write(packed_alone(data) if self._packed else data)

    async def _write(self, data: bytes) -> None:
        async with asyncio.timeout(WRITE_SECONDS):
            await self._response.write(data)


def _takes_gzip(request: web.Request) -> bool:
    """Tell whether a client takes gzip; one that has it with a weight of its own, perhaps 0, gets it plain."""
    accepted = request.headers.get(hdrs.ACCEPT_ENCODING, "").split(",")
    return GZIP in {coding.strip().lower() for coding in accepted}


def _sequence(said: str) -> int | None:
    """Read what a client says it has last; None if it is nothing of ours."""
    return int(said) if said.isascii() and said.isdigit() and len(said) < 20 else None  # noqa: PLR2004  digits of 64 bits
