"""Everybody's own account: password, sessions, and whether single keys do something."""

import asyncio
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from aiohttp import hdrs, web
from pydantic import StringConstraints

from contesta.format import day_and_hour
from contesta.web import sessions
from contesta.web.access import Action, Identity, Permission, access_log, identity, remote
from contesta.web.context import CLOCK, SETTINGS
from contesta.web.limits import SIGN_IN_LIMITS
from contesta.web.pages import render
from contesta.web.passwords import LONGEST, PASSWORDS, SHORTEST, weakness
from contesta.web.people import PEOPLE, ROLE_WORDS
from contesta.web.routes import Route, body
from contesta.web.validation import Asked

PATH = "/cuenta"

_PROGRAMS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
_SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS": "Mac",
    "Linux": "Linux",
}

Typed = Annotated[str, StringConstraints(strip_whitespace=False, max_length=LONGEST)]


class NewPassword(Asked):
    """A change of password."""

    current: Typed
    password: Typed
    again: Typed


class Shortcuts(Asked):
    """Whether single keys do something: "on", or nothing."""

    shortcuts: str = ""


async def show(request: web.Request) -> web.StreamResponse:
    """Show one's own account."""
    return await _page(request)


async def change_password(request: web.Request) -> web.StreamResponse:
    """Keep another password, end all sessions but begin this one anew."""
    said, known = body(request, NewPassword), identity(request)
    app, address = request.app, remote(request)
    person = await asyncio.to_thread(app[PEOPLE].find, _user(known))
    if person is None or not app[SIGN_IN_LIMITS].may_try(known.who, address):
        raise web.HTTPTooManyRequests(headers={hdrs.RETRY_AFTER: "900"})
    if not (await app[PASSWORDS].matches(person.password_hash, said.current)).right:
        return await _page(request, "La contraseña actual no es esa.")
    app[SIGN_IN_LIMITS].succeeded(known.who, address)
    if said.password != said.again:
        return await _page(request, "Las dos contraseñas nuevas no son iguales.")
    if fault := weakness(said.password, person.name, person.login):
        return await _page(request, fault)
    await asyncio.to_thread(app[PEOPLE].set_password, person.id, await app[PASSWORDS].hashed(said.password))
    await access_log(request, Action.PASSWORD_CHANGED, "")
    response = web.Response(status=web.HTTPSeeOther.status_code, headers={hdrs.LOCATION: PATH})
    await sessions.begin(request, response, person.id)
    return response


async def end_session(request: web.Request) -> web.StreamResponse:
    """End one of one's own sessions."""
    known = identity(request)
    number = request.match_info["number"]
    if not await asyncio.to_thread(request.app[sessions.SESSIONS].close, int(number), _user(known)):
        raise web.HTTPNotFound
    await access_log(request, Action.SESSION_ENDED, "")
    raise web.HTTPSeeOther(PATH)


async def set_shortcuts(request: web.Request) -> web.StreamResponse:
    """Remember whether single keys do something."""
    on = body(request, Shortcuts).shortcuts == "on"
    await asyncio.to_thread(request.app[PEOPLE].set_shortcuts, _user(identity(request)), on=on)
    raise web.HTTPSeeOther(PATH)


def browser_name(told: str) -> str:
    """Give what a browser says of itself in two words: "Firefox en Linux"."""
    program = next((name for mark, name in _PROGRAMS.items() if mark in told), "Otro navegador")
    system = next((name for mark, name in _SYSTEMS.items() if mark in told), "")
    return f"{program} en {system}" if system else program


def _user(known: Identity) -> int:
    if known.user_id is None:
        raise web.HTTPForbidden
    return known.user_id


async def _page(request: web.Request, fault: str = "") -> web.Response:
    known, zone = identity(request), ZoneInfo(request.app[SETTINGS].timezone)
    now = request.app[CLOCK]()
    mine = await asyncio.to_thread(request.app[sessions.SESSIONS].of, _user(known), now)
    context: dict[str, Any] = {
        "role": ROLE_WORDS[known.role],
        "shortest": SHORTEST,
        "fault": fault,
        "sessions": [
            {
                "number": one.id,
                "here": one.id == known.session_id,
                "browser": browser_name(one.browser.name),
                "address": one.browser.address,
                "since": day_and_hour(one.created_at, zone),
                "seen": day_and_hour(one.seen_at, zone),
            }
            for one in mine
        ],
    }
    return render(request, "account.html", context, web.HTTPBadRequest.status_code if fault else 200)


ROUTES = (
    Route(method="GET", path=PATH, handler=show, permission=Permission.OWN_ACCOUNT),
    Route(
        method="POST",
        path=f"{PATH}/clave",
        handler=change_password,
        permission=Permission.OWN_ACCOUNT,
        body=NewPassword,
    ),
    Route(
        method="POST",
        path=f"{PATH}/sesiones/{{number:[0-9]{{1,9}}}}",
        handler=end_session,
        permission=Permission.OWN_ACCOUNT,
    ),
    Route(
        method="POST",
        path=f"{PATH}/atajos",
        handler=set_shortcuts,
        permission=Permission.OWN_ACCOUNT,
        body=Shortcuts,
    ),
)
