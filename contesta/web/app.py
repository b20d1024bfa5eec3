"""The web application: reads the ledger, on this machine only, until there is a sign-in."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp_jinja2
import jinja2
from aiohttp import web
from sqlalchemy import Engine

from contesta.settings import LOCALHOST, Settings
from contesta.web import guard, pages
from storage.database import connect
from storage.ledger import Ledger

ENGINE = web.AppKey("engine", Engine)
_HERE = Path(__file__).parent


def make_app(settings: Settings, ledger: Ledger) -> web.Application:
    """Build the application over a ledger."""
    app = web.Application(middlewares=[guard.errors_are_pages, guard.only_reading_and_only_here])
    app[pages.SETTINGS] = settings
    app[pages.LEDGER] = ledger
    app.on_response_prepare.append(guard.add_headers)
    aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    app.router.add_get("/", pages.calls)
    app.router.add_get("/llamadas/{call_id:.+}", pages.call, name="call")
    app.router.add_get("/healthz", pages.health)
    app.router.add_static("/estilo/", _HERE / "static", name="static")
    return app


def run_web(settings: Settings) -> None:
    """Serve the pages on loopback until SIGTERM or SIGINT."""
    engine = connect(settings.ledger_url)
    app = make_app(settings, Ledger(engine))
    app[ENGINE] = engine
    app.cleanup_ctx.append(_database)
    web.run_app(app, host=LOCALHOST, port=settings.web_port, print=None, access_log=None, shutdown_timeout=3)


async def _database(app: web.Application) -> AsyncIterator[None]:
    yield
    app[ENGINE].dispose()
