"""How a page is made: from a template, with what every page has."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

import aiohttp_jinja2
from aiohttp import web

from contesta.web.access import IDENTITY, Identity
from contesta.web.routes import ROUTES, Handler, Route

NONCE = web.RequestKey("nonce", str)

Context = Mapping[str, Any]
Shows = Callable[[web.Request], Awaitable[Context]]


def page(template: str) -> Callable[[Shows], Handler]:
    """Make a handler of a function that gives what its template shows."""

    def of(handler: Shows) -> Handler:
        @wraps(handler)
        async def show(request: web.Request) -> web.Response:
            return render(request, template, await handler(request))

        return show

    return of


def render(request: web.Request, template: str, context: Context, status: int = 200) -> web.Response:
    """Answer with a page.

    Beside `context` it has `user` (None: nobody has signed in), `nav`, and `nonce` for scripts and import maps.
    """
    return aiohttp_jinja2.render_template(template, request, {**_frame(request), **context}, status=status)


def _frame(request: web.Request) -> Context:
    request[NONCE] = secrets.token_urlsafe(16)
    known: Identity | None = request.get(IDENTITY)
    nav = [
        {"name": route.nav, "address": route.path, "here": request.path.startswith(route.path)}
        for route in request.app[ROUTES]
        if known is not None and route.nav and _may(known, route)
    ]
    return {"user": known, "nav": nav, "nonce": request[NONCE]}


def _may(known: Identity, route: Route) -> bool:
    return route.permission is None or known.may(route.permission)
