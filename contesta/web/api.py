"""The API for programs: everything that the pages show. Here, who is asking, and the API's own description.

The board's part is in `board`, the feed's in `events`; each module has its routes.
"""

import json
from functools import cache

from aiohttp import web

from contesta.web import api_callback_work, api_callbacks, api_calls, api_campaigns, api_form, api_people, results
from contesta.web.access import Permission, Role, identity
from contesta.web.openapi import document
from contesta.web.routes import ROUTES as EVERY_ROUTE
from contesta.web.routes import Route, told
from contesta.web.validation import Told


class Session(Told):
    """Who is asking: a person, or the holder of a key."""

    role: Role
    who: str
    """How the person signs in, or the label of the key: so the access log calls the asker."""
    name: str
    agent: str | None
    """How the telephone system calls the adviser, if the person is one."""
    only_own_calls: bool
    """Whether the only calls that may be read are those that this adviser answered."""
    permissions: list[Permission]


async def session(request: web.Request) -> web.Response:
    """Tell who is asking, and what that one may do."""
    known = identity(request)
    return told(
        Session(
            role=known.role,
            who=known.who,
            name=known.name,
            agent=known.agent,
            only_own_calls=known.only_agent is not None,
            permissions=sorted(known.permissions),
        )
    )


async def description(request: web.Request) -> web.Response:
    """Give the API's description in OpenAPI 3.1."""
    return web.Response(text=described(request.app[EVERY_ROUTE]), content_type="application/json")


@cache
def described(routes: tuple[Route, ...]) -> str:
    """Describe routes in JSON."""
    return json.dumps(document(routes), ensure_ascii=False, indent=2) + "\n"


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/session",
        handler=session,
        permission=Permission.READ_API_DESCRIPTION,
        answer=Session,
        summary="Tell who is asking",
    ),
    *api_calls.ROUTES,
    *api_callbacks.ROUTES,
    *results.API_ROUTES,
    *api_campaigns.ROUTES,
    *api_people.ROUTES,
    *api_form.ROUTES,
    *api_callback_work.ROUTES,
    Route(method="GET", path="/api/v1/openapi.json", handler=description, permission=Permission.READ_API_DESCRIPTION),
)
