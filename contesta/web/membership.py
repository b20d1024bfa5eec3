"""What an administrator does with the people who may open the application: inviting, changing and disabling them.

Pages and API ask here. Nobody does any of this to the own account: so there is always an administrator left.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from contesta.format import UNKNOWN
from contesta.web.access import Action, Role, access_log, identity
from contesta.web.context import CLOCK, SETTINGS
from contesta.web.people import INVITATION, PEOPLE, ROLE_WORDS, Invited, Place, new_invitation
from contesta.web.validation import RefusedError
from core.errors import ConfigurationError
from storage.people import NewPerson, Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An invitation: its address, which nobody is told again, and until when it can be used."""

    person: Person
    address: str
    ends: datetime


async def invited(request: web.Request, said: Invited) -> Link:
    """Make an account that waits for its invitation to be accepted.

    Raises:
        RefusedError: somebody else signs in by that name.
    """
    now = request.app[CLOCK]()
    secret, invitation = new_invitation(now)
    new = NewPerson(login=said.login, name=said.name, role=said.role, agent=said.agent, extension=said.extension)
    try:
        person = await asyncio.to_thread(request.app[PEOPLE].add, new, invitation, now)
    except ConfigurationError as error:
        raise RefusedError(str(error)) from error
    await access_log(request, Action.PERSON_INVITED, f"{person.login} ({ROLE_WORDS[said.role]})")
    return _link(request, person, secret, invitation.expires_at)


async def changed(request: web.Request, said: Place) -> Link | None:
    """Change what somebody is here for; the link of a new administrator, who needs a second factor."""
    person = await another(request)
    place = {"role": said.role, "agent": said.agent, "extension": said.extension}
    await asyncio.to_thread(request.app[PEOPLE].describe, person.id, **place)
    told = ", ".join((ROLE_WORDS[said.role], said.agent or UNKNOWN, *filter(None, [said.extension])))
    await access_log(request, Action.PERSON_CHANGED, f"{person.login} ({told})")
    if said.role is Role.ADMINISTRATOR and person.factor_seed is None:
        return await invited_again(request, person)
    return None


async def invited_again(request: web.Request, person: Person) -> Link:
    """Take password, second factor and sessions away, and give a new invitation."""
    secret, invitation = new_invitation(request.app[CLOCK]())
    await asyncio.to_thread(request.app[PEOPLE].invite_again, person.id, invitation)
    await access_log(request, Action.PERSON_RESET, person.login)
    return _link(request, person, secret, invitation.expires_at)


async def disabled(request: web.Request) -> None:
    """Let in no more whom the address names."""
    person = await another(request)
    await asyncio.to_thread(request.app[PEOPLE].disable, person.id, request.app[CLOCK]())
    await access_log(request, Action.PERSON_DISABLED, person.login)


async def person_of(request: web.Request) -> Person:
    """Read the account that the address names.

    Raises:
        web.HTTPNotFound: there is none.
    """
    found = await asyncio.to_thread(request.app[PEOPLE].find, int(request.match_info["number"]))
    if found is None:
        raise web.HTTPNotFound
    return found


async def another(request: web.Request) -> Person:
    """Read the account that the address names, which is not the own one.

    Raises:
        RefusedError: it is.
    """
    person = await person_of(request)
    if person.id == identity(request).user_id:
        raise RefusedError("esto no se puede hacer con la cuenta propia. Pídalo a otra persona que administre")
    return person


def _link(request: web.Request, person: Person, secret: str, ends: datetime) -> Link:
    origin = request.app[SETTINGS].web_origin or f"http://{request.host}"
    return Link(person=person, address=f"{origin}{INVITATION}{secret}", ends=ends)
