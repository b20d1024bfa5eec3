"""/healthz: this process is alive. /readyz: what it shows is current, or why not.

Both are open to all, as those who probe have no key; so they say little, and what they ask is asked once a second at
most, however many probe.
"""

import asyncio
from datetime import datetime, timedelta

from aiohttp import web
from pydantic import BaseModel
from sqlalchemy import Engine, text
from sqlalchemy.exc import InterfaceError, OperationalError

from contesta.board.hub import Hub
from contesta.web.board import HUB
from contesta.web.context import CLOCK, ENGINE
from contesta.web.routes import Route
from storage.database import reader

DATABASE_SECONDS = 2.0
KEPT_FOR = timedelta(seconds=1)
LONGEST_SILENCE_SECONDS = 5.0


class Readiness(BaseModel):
    """Whether what is shown is current; if not, `reasons` says in Spanish what is missing."""

    ready: bool
    reasons: list[str]


class Readers:
    """Asks once for all who want to know at about the same time."""

    def __init__(self) -> None:
        self._asking: asyncio.Task[None] | None = None
        self._database = ""
        self._asked_at: datetime | None = None

    async def database_fault(self, engine: Engine, now: datetime) -> str:
        """Say what is wrong with the database; "" if it answers. It waits for DATABASE_SECONDS and no longer."""
        if self._asked_at is None or now - self._asked_at >= KEPT_FOR:
            if self._asking is None:
                self._asking = asyncio.create_task(self._ask(engine), name="ask the database")
            done, _ = await asyncio.wait([self._asking], timeout=DATABASE_SECONDS)
            if not done:
                return "la base de datos no responde"
            self._asking = None
            self._asked_at = now
        return self._database

    async def _ask(self, engine: Engine) -> None:
        try:
            await asyncio.to_thread(_read, engine)
        except (OperationalError, InterfaceError):
            self._database = "no se puede leer la base de datos"
        else:
            self._database = ""


READERS = web.AppKey("health_readers", Readers)


def _read(engine: Engine) -> None:
    with reader(engine).begin() as connection:
        connection.execute(text("SELECT count(*) FROM log_position"))


def _feed_fault(hub: Hub) -> str:
    """Say what is wrong with the board; "" if it is of this moment."""
    if hub.silence_seconds > LONGEST_SILENCE_SECONDS:
        return "el tablero no se actualiza"
    return "" if hub.feed.connected.is_set() else "la central telefónica no cuenta qué pasa"


async def alive(_request: web.Request) -> web.Response:
    """Say that this process answers."""
    return web.Response(text="ok\n")


async def ready(request: web.Request) -> web.Response:
    """Say whether what is shown is current."""
    app, now = request.app, request.app[CLOCK]()
    faults = [await app[READERS].database_fault(app[ENGINE], now), _feed_fault(app[HUB])]
    reasons = [fault for fault in faults if fault]
    told = Readiness(ready=not reasons, reasons=reasons)
    return web.json_response(text=told.model_dump_json(), status=503 if reasons else 200)


def prepare(app: web.Application) -> None:
    """Give the application what it is asked with."""
    app[READERS] = Readers()


ROUTES = (
    Route(method="GET", path="/healthz", handler=alive, permission=None),
    Route(method="GET", path="/readyz", handler=ready, permission=None),
)
