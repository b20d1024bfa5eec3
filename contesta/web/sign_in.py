"""Signing in and out.

Whatever is wrong (no such account, wrong password, wrong or used code, disabled account), the answer is the same and
so is the work: what differs would tell who has an account.
"""

import asyncio
from typing import Annotated
from urllib.parse import unquote

import structlog
from aiohttp import hdrs, web
from pydantic import Field, StringConstraints

from contesta.web import sessions
from contesta.web.access import (
    HOME,
    IDENTITY,
    Action,
    Identity,
    Permission,
    Role,
    access_log,
    identity,
    needs_factor,
    remote,
)
from contesta.web.context import CLOCK, SETTINGS
from contesta.web.factors import FACTORS
from contesta.web.limits import SIGN_IN_LIMITS
from contesta.web.pages import render
from contesta.web.passwords import LONGEST, PASSWORDS
from contesta.web.people import PEOPLE
from contesta.web.routes import SIGN_IN, Route, body, query
from contesta.web.validation import Asked
from storage.people import Person

_UNKNOWN = "(cuenta desconocida)"
_NO_SEED = bytes(16)

_WRONG = "El usuario, la contraseña o el código no coinciden. Revíselos e intente de nuevo."
_TOO_MANY = "Hubo demasiados intentos con este usuario o desde este equipo. Espere 15 minutos e intente de nuevo."

log = structlog.get_logger()


class Asking(Asked):
    """Where to go once signed in."""

    volver: str = Field(default="", max_length=1000)


class Credentials(Asking):
    """What somebody signs in with. A password is taken exactly as it was typed."""

    login: str = Field(max_length=80)
    password: Annotated[str, StringConstraints(strip_whitespace=False, max_length=LONGEST)]
    code: str = Field(default="", max_length=20)


async def show(request: web.Request) -> web.StreamResponse:
    """Show the form, or go on if there is nothing to do."""
    asked = query(request, Asking)
    known: Identity | None = request.get(IDENTITY)
    if known is not None and known.user_id is not None:
        raise web.HTTPSeeOther(_next(asked.volver, known.role))
    return _form(request, asked.volver)


async def sign_in(request: web.Request) -> web.StreamResponse:
    """Let somebody in, or say that something does not match."""
    said = body(request, Credentials)
    login, address = said.login.casefold(), remote(request)
    limits = request.app[SIGN_IN_LIMITS]
    if not limits.may_try(login, address):
        log.warning("sign-in locked out", address=address)
        return _form(request, said.volver, login, _TOO_MANY, web.HTTPTooManyRequests.status_code)
    if not request.app[PASSWORDS].has_room:  # before anything is looked up: a flood is to cost next to nothing
        raise web.HTTPTooManyRequests(headers={hdrs.RETRY_AFTER: "5"})
    person = await asyncio.to_thread(request.app[PEOPLE].named, login)
    if not await _proves(request, person, said) or person is None:
        who = person.login if person else _UNKNOWN
        await access_log(request, Action.SIGN_IN_REFUSED, "", who=who)
        return _form(request, said.volver, login, _WRONG, web.HTTPForbidden.status_code)
    limits.succeeded(login, address)
    await access_log(request, Action.SIGNED_IN, "", who=person.login)
    response = web.Response(
        status=web.HTTPSeeOther.status_code, headers={hdrs.LOCATION: _next(said.volver, Role(person.role))}
    )
    await sessions.begin(request, response, person.id)
    return response


async def sign_out(request: web.Request) -> web.StreamResponse:
    """End this browser's session, and let the browser forget what it kept of us."""
    await access_log(request, Action.SIGNED_OUT, "")
    response = web.Response(status=web.HTTPSeeOther.status_code, headers={hdrs.LOCATION: SIGN_IN})
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    await sessions.end(request, response, identity(request))
    return response


async def _proves(request: web.Request, person: Person | None, said: Credentials) -> bool:
    """Whether password and code are right. All of it is looked at, whatever is wrong already."""
    app, now = request.app, request.app[CLOCK]()
    stored = person.password_hash if person else None
    seed = person.factor_seed if person else None
    match = await app[PASSWORDS].matches(stored, said.password)
    step = await asyncio.to_thread(app[FACTORS].step_of, said.code, seed or _NO_SEED, now)
    if person is None or stored is None or not match.right or not person.may_sign_in:
        return False
    if seed is None:
        if needs_factor(person.role, app[SETTINGS]):
            return False
    elif step is None or not await asyncio.to_thread(app[PEOPLE].use_factor_step, person.id, step):
        return False
    if match.outdated:
        fresh = await app[PASSWORDS].hashed(said.password)
        await asyncio.to_thread(app[PEOPLE].refresh_hash, person.id, stored, fresh)
    return True


def _form(request: web.Request, back: str, login: str = "", fault: str = "", status: int = 200) -> web.Response:
    return render(request, "sign_in.html", {"back": back, "login": login, "fault": fault}, status)


def _next(back: str, role: Role) -> str:
    """Where to go: to an address of ours that was asked for, else to the role's own page.

    Browsers read a backslash as a slash, leave tabs out, and take what follows two slashes for another site.
    """
    plain = unquote(back)
    ours = plain.startswith("/") and not plain.startswith("//") and "\\" not in plain and plain.isprintable()
    return back if ours and not plain.startswith(SIGN_IN) else HOME[role]


ROUTES = (
    Route(method="GET", path=SIGN_IN, handler=show, permission=None, query=Asking),
    Route(method="POST", path=SIGN_IN, handler=sign_in, permission=None, body=Credentials),
    Route(method="POST", path="/salir", handler=sign_out, permission=Permission.OWN_ACCOUNT),
)
