"""The people who may open the application: inviting, changing and disabling them.

Nobody does any of this to the own account: so there is always an administrator left.
"""

import asyncio
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from contesta import accounts
from contesta.format import UNKNOWN, day_and_hour
from contesta.settings import Settings
from contesta.web.access import Action, Permission, Role, access_log, identity
from contesta.web.context import CLOCK, SETTINGS
from contesta.web.pages import render
from contesta.web.people import INVITATION, PEOPLE, ROLE_WORDS, Invited, Place, new_invitation, state_of
from contesta.web.routes import Route, body
from core.errors import ConfigurationError
from storage.people import NewPerson, Person

PATH = "/administracion/personas"
ONE = f"{PATH}/{{number:[0-9]{{1,9}}}}"

_BAD_REQUEST = web.HTTPBadRequest.status_code


async def show(request: web.Request) -> web.StreamResponse:
    """Show everybody."""
    return await _everybody(request)


async def invite(request: web.Request) -> web.StreamResponse:
    """Make an account, and show once the link by which its owner chooses a password."""
    said, now = body(request, Invited), request.app[CLOCK]()
    secret, invitation = new_invitation(now)
    new = NewPerson(login=said.login, name=said.name, role=said.role, agent=said.agent)
    try:
        person = await asyncio.to_thread(request.app[PEOPLE].add, new, invitation, now)
    except ConfigurationError as error:
        return await _everybody(request, said, str(error))
    await access_log(request, Action.PERSON_INVITED, f"{person.login} ({ROLE_WORDS[said.role]})")
    return _link(request, person, secret, invitation.expires_at)


async def show_one(request: web.Request) -> web.StreamResponse:
    """Show what may be done with one account."""
    person, settings = await _person(request), request.app[SETTINGS]
    context: dict[str, Any] = {
        "person": _line(person, ZoneInfo(settings.timezone), request.app[CLOCK]()),
        "own": person.id == identity(request).user_id,
        "roles": _roles(),
        "agents": await asyncio.to_thread(_agents, settings),
    }
    return render(request, "person.html", context)


async def change(request: web.Request) -> web.StreamResponse:
    """Give somebody another role or adviser's name. A new administrator is invited anew, for the second factor."""
    said, person = body(request, Place), await _other(request)
    await asyncio.to_thread(request.app[PEOPLE].describe, person.id, role=said.role, agent=said.agent)
    await access_log(
        request, Action.PERSON_CHANGED, f"{person.login} ({ROLE_WORDS[said.role]}, {said.agent or UNKNOWN})"
    )
    if said.role is Role.ADMINISTRATOR and person.factor_seed is None:
        return await _invite_again(request, person)
    raise web.HTTPSeeOther(PATH)


async def reset(request: web.Request) -> web.StreamResponse:
    """Take password, second factor and sessions away, and show a new link."""
    return await _invite_again(request, await _other(request))


async def disable(request: web.Request) -> web.StreamResponse:
    """Let somebody in no more."""
    person = await _other(request)
    await asyncio.to_thread(request.app[PEOPLE].disable, person.id, request.app[CLOCK]())
    await access_log(request, Action.PERSON_DISABLED, person.login)
    raise web.HTTPSeeOther(PATH)


async def _invite_again(request: web.Request, person: Person) -> web.Response:
    secret, invitation = new_invitation(request.app[CLOCK]())
    await asyncio.to_thread(request.app[PEOPLE].invite_again, person.id, invitation)
    await access_log(request, Action.PERSON_RESET, person.login)
    return _link(request, person, secret, invitation.expires_at)


async def _person(request: web.Request) -> Person:
    found = await asyncio.to_thread(request.app[PEOPLE].find, int(request.match_info["number"]))
    if found is None:
        raise web.HTTPNotFound
    return found


async def _other(request: web.Request) -> Person:
    person = await _person(request)
    if person.id == identity(request).user_id:
        raise ConfigurationError("esto no se puede hacer con la cuenta propia. Pídalo a otra persona que administre")
    return person


async def _everybody(request: web.Request, said: Invited | None = None, fault: str = "") -> web.Response:
    settings, now = request.app[SETTINGS], request.app[CLOCK]()
    zone = ZoneInfo(settings.timezone)
    people = await asyncio.to_thread(request.app[PEOPLE].everybody)
    context: dict[str, Any] = {
        "people": [_line(person, zone, now) for person in people],
        "roles": _roles(),
        "agents": await asyncio.to_thread(_agents, settings),
        "said": said,
        "fault": fault and f"{fault[:1].upper()}{fault[1:]}.",
    }
    return render(request, "people.html", context, _BAD_REQUEST if fault else 200)


def _roles() -> list[dict[str, str]]:
    return [{"id": str(role), "word": word} for role, word in ROLE_WORDS.items()]


def _agents(settings: Settings) -> list[str]:
    """Names of advisers that this line knows; others may be typed."""
    if not settings.secrets_file.exists():
        return []
    return [member.name for member in accounts.read(settings.secrets_file).members]


def _line(person: Person, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    return {
        "id": person.id,
        "login": person.login,
        "name": person.name,
        "role": person.role,
        "role_word": ROLE_WORDS[Role(person.role)],
        "agent": person.agent,
        "state": state_of(person, zone, now),
        "disabled": person.disabled_at is not None,
        "factor": person.factor_seed is not None,
    }


def _link(request: web.Request, person: Person, secret: str, ends: datetime) -> web.Response:
    settings = request.app[SETTINGS]
    zone = ZoneInfo(settings.timezone)
    context = {
        "title": f"Invitación de {person.name}",
        "sentence": f"Entregue este enlace a {person.name} en persona o por un medio seguro. Sirve una sola vez.",
        "secret": f"{settings.web_origin or f'http://{request.host}'}{INVITATION}{secret}",
        "ends": f"Vence el {day_and_hour(ends, zone)}. No se vuelve a mostrar.",
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
