"""The web application: what it is made of, and how it is served."""

import gc
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import aiohttp_jinja2
import jinja2
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from argon2 import PasswordHasher
from sqlalchemy import Engine

from contesta.settings import Settings
from contesta.web import (
    access,
    access_keys,
    accesses,
    account,
    administration,
    api,
    api_desk,
    api_desk_agenda,
    api_desk_contact,
    api_desk_queues,
    assets,
    board,
    bus,
    calibrations,
    callback_table,
    callback_work,
    callbacks,
    calls,
    campaigns,
    data_requests,
    desk,
    events,
    factors,
    following,
    form,
    form_lines,
    guard,
    health,
    home,
    invitations,
    learning,
    learning_read,
    limits,
    listening,
    metrics,
    own_learning,
    passwords,
    people,
    privacy,
    quality,
    quality_desk,
    quality_read,
    quality_results,
    recordings,
    results,
    routes,
    sessions,
    sign_in,
    waits,
)
from contesta.web.context import CLOCK, ENGINE, LEDGER, SETTINGS, Clock
from storage.database import connect
from storage.ledger import Ledger
from storage.people import People
from storage.people_access_log import AccessLog
from storage.people_keys import AccessKeys
from storage.people_sessions import Lifetime, Sessions

_HERE = Path(__file__).parent
_GARBAGE = (50_000, 50, 50)  # new objects, and looks at the young, until the next older ones are looked at

FEATURES: tuple[tuple[routes.Route, ...], ...] = (
    home.ROUTES,
    desk.ROUTES,
    board.ROUTES,
    listening.ROUTES,
    calls.ROUTES,
    callbacks.ROUTES,
    callback_table.ROUTES,
    callback_work.ROUTES,
    results.ROUTES,
    campaigns.ROUTES,
    quality.ROUTES,
    quality_desk.ROUTES,
    quality_results.ROUTES,
    calibrations.ROUTES,
    learning.ROUTES,
    own_learning.ROUTES,
    recordings.ROUTES,
    events.ROUTES,
    api.ROUTES,
    api_desk.ROUTES,
    api_desk_agenda.ROUTES,
    api_desk_contact.ROUTES,
    api_desk_queues.ROUTES,
    administration.ROUTES,
    access_keys.ROUTES,
    accesses.ROUTES,
    privacy.ROUTES,
    data_requests.ROUTES,
    account.ROUTES,
    sign_in.ROUTES,
    invitations.ROUTES,
    form.ROUTES,
    following.ROUTES,
    assets.ROUTES,
    health.ROUTES,
    metrics.ROUTES,
)
"""The routes of each part, in the order of the navigation."""

EVERY_ROUTE = tuple(route for feature in FEATURES for route in feature)

PREPARATIONS: tuple[Callable[[web.Application], None], ...] = (
    limits.prepare,
    form_lines.prepare,
    assets.prepare,
    bus.prepare,
    board.prepare,
    desk.prepare,
    listening.prepare,
    campaigns.prepare,
    waits.prepare,
    health.prepare,
    metrics.prepare,
    quality_read.prepare,
    learning_read.prepare,
)
"""What each part that needs it does before the application starts."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What tests choose otherwise: the clock, how long sessions live, how hard passwords are hashed and tried."""

    clock: Clock = _now
    sessions: Lifetime = field(default_factory=Lifetime)
    sign_in: limits.SignInRates = field(default_factory=limits.SignInRates)
    forms: limits.FormRates = field(default_factory=limits.FormRates)
    hasher: PasswordHasher = field(default_factory=PasswordHasher)


def make_app(settings: Settings, engine: Engine, policy: Policy | None = None) -> web.Application:
    """Build the application over the ledger's database."""
    policy = policy or Policy()
    app = web.Application(
        middlewares=[
            guard.errors_are_told,
            guard.only_our_names,
            guard.only_from_our_pages,
            sessions.identify,
            limits.not_too_often,
        ],
        client_max_size=routes.LARGEST_BODY_BYTES,
    )
    app[SETTINGS] = settings
    app[ENGINE] = engine
    app[LEDGER] = Ledger(engine)
    app[CLOCK] = policy.clock
    app[access.LOG] = AccessLog(engine)
    app[sessions.SESSIONS] = Sessions(engine, policy.sessions)
    app[sessions.KEYS_MADE] = AccessKeys(engine)
    app[people.PEOPLE] = People(engine)
    app[passwords.PASSWORDS] = passwords.Passwords(policy.hasher)
    app[factors.FACTORS] = factors.Factors(settings.web_key_file)
    app[limits.SIGN_IN_LIMITS] = limits.SignInLimits(policy.sign_in)
    app[limits.FORM_LIMITS] = limits.FormLimits(policy.forms)
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
    app[routes.ROUTES] = EVERY_ROUTE
    routes.register(app, EVERY_ROUTE)
    return app


def run_web(settings: Settings) -> None:
    """Serve the pages until SIGTERM or SIGINT."""
    app = make_app(settings, connect(settings.ledger_url))
    logging.getLogger("aiohttp.server").addFilter(is_of_ours)
    app.cleanup_ctx.append(_database)
    _collect_seldom()
    web.run_app(app, host=settings.web_host, port=settings.web_port, print=None, access_log=None, shutdown_timeout=3)


def is_of_ours(record: logging.LogRecord) -> bool:
    """Tell whether a fault may be ours: what is no HTTP is refused and worth no page of the log each."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


def _collect_seldom() -> None:
    """Look for garbage in cycles seldom: a full look stands still for 0.1 s, and next to nothing here is in cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE)


async def _database(app: web.Application) -> AsyncIterator[None]:
    yield
    app[ENGINE].dispose()
