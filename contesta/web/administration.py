"""The pages of the people who may open the application."""

import asyncio
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from contesta import accounts
from contesta.format import day_and_hour, sentence
from contesta.settings import Settings
from contesta.web.access import Permission, Role, identity
from contesta.web.context import CLOCK, SETTINGS
from contesta.web.membership import Link, another, changed, disabled, invited, invited_again, person_of
from contesta.web.pages import render
from contesta.web.people import PEOPLE, ROLE_WORDS, Invited, Place, state_of
from contesta.web.routes import Route, body
from contesta.web.validation import RefusedError
from storage.people import Person

PATH = "/administracion/personas"
ONE = f"{PATH}/{{number:[0-9]{{1,9}}}}"

_BAD_REQUEST = web.HTTPBadRequest.status_code


async def show(request: web.Request) -> web.StreamResponse:
    """Show everybody."""
    return await _everybody(request)


async def invite(request: web.Request) -> web.StreamResponse:
    """Make an account, and show once the link by which its owner chooses a password."""
    said = body(request, Invited)
    try:
        return _link_page(request, await invited(request, said))
    except RefusedError as error:
        return await _everybody(request, said, str(error))


async def show_one(request: web.Request) -> web.StreamResponse:
    """Show what may be done with one account."""
    person, settings = await person_of(request), request.app[SETTINGS]
    context: dict[str, Any] = {
        "person": _line(person, ZoneInfo(settings.timezone), request.app[CLOCK]()),
        "own": person.id == identity(request).user_id,
        "roles": _roles(),
        "agents": await asyncio.to_thread(_agents, settings),
        "telephones": await asyncio.to_thread(_telephones, settings),
    }
    return render(request, "person.html", context)


async def change(request: web.Request) -> web.StreamResponse:
    """Give somebody another role or adviser's name. A new administrator is invited anew, for the second factor."""
    link = await changed(request, body(request, Place))
    if link is not None:
        return _link_page(request, link)
    raise web.HTTPSeeOther(PATH)


async def reset(request: web.Request) -> web.StreamResponse:
    """Take password, second factor and sessions away, and show a new link."""
    return _link_page(request, await invited_again(request, await another(request)))


async def disable(request: web.Request) -> web.StreamResponse:
    """Let somebody in no more."""
    await disabled(request)
    raise web.HTTPSeeOther(PATH)


async def _everybody(request: web.Request, said: Invited | None = None, fault: str = "") -> web.Response:
    settings, now = request.app[SETTINGS], request.app[CLOCK]()
    zone = ZoneInfo(settings.timezone)
    people = await asyncio.to_thread(request.app[PEOPLE].everybody)
    context: dict[str, Any] = {
        "people": [_line(person, zone, now) for person in people],
        "roles": _roles(),
        "agents": await asyncio.to_thread(_agents, settings),
        "telephones": await asyncio.to_thread(_telephones, settings),
        "said": said,
        "fault": sentence(fault),
    }
    return render(request, "people.html", context, _BAD_REQUEST if fault else 200)


def _roles() -> list[dict[str, str]]:
    return [{"id": str(role), "word": word} for role, word in ROLE_WORDS.items()]


def _agents(settings: Settings) -> list[str]:
    """Names of advisers that this line knows; others may be typed."""
    if not settings.secrets_file.exists():
        return []
    return [member.name for member in accounts.read(settings.secrets_file).members]


def _telephones(settings: Settings) -> list[str]:
    """Accounts of the telephones on which somebody may listen."""
    if not settings.secrets_file.exists():
        return []
    return [one.account for one in accounts.read(settings.secrets_file).listening]


def _line(person: Person, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    return {
        "id": person.id,
        "login": person.login,
        "name": person.name,
        "role": person.role,
        "role_word": ROLE_WORDS[Role(person.role)],
        "agent": person.agent,
        "extension": person.extension,
        "state": state_of(person, zone, now),
        "disabled": person.disabled_at is not None,
        "factor": person.factor_seed is not None,
    }


def _link_page(request: web.Request, link: Link) -> web.Response:
    name, zone = link.person.name, ZoneInfo(request.app[SETTINGS].timezone)
    context = {
        "title": f"Invitación de {name}",
        "sentence": f"Entregue este enlace a {name} en persona o por un medio seguro. Sirve una sola vez.",
        "secret": link.address,
        "ends": f"Vence el {day_and_hour(link.ends, zone)}. No se vuelve a mostrar.",
        "back": PATH,
        "back_word": "Volver a personas",
    }
    return render(request, "link.html", context)


_ADMINISTER = Permission.ADMINISTER

ROUTES = (
    Route(method="GET", path=PATH, handler=show, permission=_ADMINISTER, nav="Personas"),
    Route(method="POST", path=PATH, handler=invite, permission=_ADMINISTER, body=Invited),
    Route(method="GET", path=ONE, handler=show_one, permission=_ADMINISTER, name="person"),
    Route(method="POST", path=ONE, handler=change, permission=_ADMINISTER, body=Place),
    Route(method="POST", path=f"{ONE}/invitacion", handler=reset, permission=_ADMINISTER),
    Route(method="POST", path=f"{ONE}/desactivar", handler=disable, permission=_ADMINISTER),
)
