"""The web application: what it is made of, and how it is served."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import aiohttp_jinja2
import jinja2
from aiohttp import web
from sqlalchemy import Engine

from contesta.settings import Settings
from contesta.web import access, assets, calls, guard, home, routes, sessions
from contesta.web.context import CLOCK, ENGINE, LEDGER, SETTINGS, Clock
from storage.database import connect
from storage.ledger import Ledger
from storage.people_access_log import AccessLog
from storage.people_keys import AccessKeys
from storage.people_sessions import Lifetime, Sessions

_HERE = Path(__file__).parent

FEATURES: tuple[tuple[routes.Route, ...], ...] = (home.ROUTES, calls.ROUTES, assets.ROUTES)
"""The routes of each part, in the order of the navigation."""

PREPARATIONS: tuple[Callable[[web.Application], None], ...] = (assets.prepare,)
"""What each part that needs it does before the application starts."""


def _now() -> datetime:
    return datetime.now(UTC)


def make_app(settings: Settings, engine: Engine, clock: Clock = _now) -> web.Application:
    """Build the application over the ledger's database."""
    app = web.Application(
        middlewares=[guard.errors_are_told, guard.only_our_names, guard.only_from_our_pages, sessions.identify],
        client_max_size=routes.LARGEST_BODY_BYTES,
    )
    app[SETTINGS] = settings
    app[ENGINE] = engine
    app[LEDGER] = Ledger(engine)
    app[CLOCK] = clock
    app[access.LOG] = AccessLog(engine)
    app[sessions.SESSIONS] = Sessions(engine, Lifetime())
    app[sessions.KEYS_MADE] = AccessKeys(engine)
    app.on_response_prepare.append(guard.add_headers)
    aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for prepare in PREPARATIONS:
        prepare(app)
    every = tuple(route for feature in FEATURES for route in feature)
    app[routes.ROUTES] = every
    routes.register(app, every)
    return app


def run_web(settings: Settings) -> None:
    """Serve the pages until SIGTERM or SIGINT."""
    app = make_app(settings, connect(settings.ledger_url))
    app.cleanup_ctx.append(_database)
    web.run_app(app, host=settings.web_host, port=settings.web_port, print=None, access_log=None, shutdown_timeout=3)


async def _database(app: web.Application) -> AsyncIterator[None]:
    yield
    app[ENGINE].dispose()
