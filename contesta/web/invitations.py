"""The page of an invitation: its holder chooses a password, once, and takes in a second factor where one is needed."""

import asyncio
from typing import Annotated, Any

from aiohttp import hdrs, web
from pydantic import Field, StringConstraints

from contesta.web import sessions
from contesta.web.access import HOME, Action, Role, access_log, needs_factor
from contesta.web.context import CLOCK, SETTINGS
from contesta.web.factors import FACTORS, seed_of
from contesta.web.pages import render
from contesta.web.passwords import LONGEST, PASSWORDS, SHORTEST, weakness
from contesta.web.people import INVITATION, PEOPLE, ROLE_WORDS
from contesta.web.routes import Route, body
from contesta.web.validation import Asked
from storage.people import Acceptance, Person

PATH = INVITATION + "{key}"


class Chosen(Asked):
    """What the invited person fills in."""

    name: str = Field(min_length=1, max_length=80)
    password: Annotated[str, StringConstraints(strip_whitespace=False, max_length=LONGEST)]
    again: Annotated[str, StringConstraints(strip_whitespace=False, max_length=LONGEST)]
    code: str = Field(default="", max_length=20)


async def show(request: web.Request) -> web.StreamResponse:
    """Show what is to be chosen."""
    person = await _invited(request)
    return await _form(request, person, person.name) if person else _over(request)


async def accept(request: web.Request) -> web.StreamResponse:
    """Use the invitation, and sign in."""
    said, key = body(request, Chosen), request.match_info["key"]
    person = await _invited(request)
    if person is None:
        return _over(request)
    if said.password != said.again:
        return await _form(request, person, said.name, "Las dos contraseñas no son iguales.")
    if fault := weakness(said.password, said.name, person.login):
        return await _form(request, person, said.name, fault)
    seed, step = None, 0
    if needs_factor(person.role, request.app[SETTINGS]):
        seed = seed_of(key)
        found = await asyncio.to_thread(request.app[FACTORS].step_of, said.code, seed, request.app[CLOCK]())
        if found is None:
            return await _form(request, person, said.name, "El código no coincide. Escriba el que muestra ahora.")
        step = found
    accepted = Acceptance(
        name=said.name,
        password_hash=await request.app[PASSWORDS].hashed(said.password),
        factor_seed=seed,
        factor_step=step,
    )
    member = await asyncio.to_thread(request.app[PEOPLE].accept, _digest(request), accepted, request.app[CLOCK]())
    if member is None:
        return _over(request)
    await access_log(request, Action.INVITATION_ACCEPTED, "", who=member.login)
    response = web.Response(status=web.HTTPSeeOther.status_code, headers={hdrs.LOCATION: HOME[Role(member.role)]})
    await sessions.begin(request, response, member.id)
    return response


def _digest(request: web.Request) -> bytes:
    return sessions.digest(request.match_info["key"])


async def _invited(request: web.Request) -> Person | None:
    return await asyncio.to_thread(request.app[PEOPLE].invited, _digest(request), request.app[CLOCK]())


async def _form(request: web.Request, person: Person, name: str, fault: str = "") -> web.Response:
    context: dict[str, Any] = {
        "person": person,
        "role": ROLE_WORDS[Role(person.role)],
        "name": name,
        "shortest": SHORTEST,
        "fault": fault,
        "factor": None,
    }
    if needs_factor(person.role, request.app[SETTINGS]):
        seed, factors = seed_of(request.match_info["key"]), request.app[FACTORS]
        secret = await asyncio.to_thread(factors.secret, seed)
        groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        picture = await asyncio.to_thread(factors.picture, seed, person.login, "Contesta")
        context["factor"] = {"secret": groups, "picture": picture}
    return render(request, "invitation.html", context, web.HTTPBadRequest.status_code if fault else 200)


def _over(request: web.Request) -> web.Response:
    return render(request, "invitation_over.html", {}, web.HTTPNotFound.status_code)


ROUTES = (
    Route(method="GET", path=PATH, handler=show, permission=None),
    Route(method="POST", path=PATH, handler=accept, permission=None, body=Chosen),
)
