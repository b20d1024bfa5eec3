"""/api/v1/people, /keys and /accesses: who may open the application, what else may, and who saw what."""

import asyncio
from datetime import datetime

from aiohttp import web
from pydantic import Field

from contesta.web import access_keys, membership
from contesta.web.access import LOG, Action, Permission, Role
from contesta.web.people import PEOPLE, Invited, Place
from contesta.web.routes import Route, body, query, told
from contesta.web.sessions import KEYS_MADE
from contesta.web.validation import Asked, Moment, Told
from storage.people import Person
from storage.people_access_log import AccessFilter
from storage.people_keys import AccessKey

PEOPLE_PATH = "/api/v1/people"
KEYS_PATH = "/api/v1/keys"
ONE = "/{number:[0-9]{1,9}}"
LARGEST_PAGE = 500


class Account(Told):
    """Somebody with an account."""

    id: int
    login: str
    name: str
    role: Role
    agent: str
    """How the telephone system calls the adviser; empty if the person is none."""
    extension: str
    """The SIP account of the telephone on which the person listens to conversations; empty without one."""
    may_sign_in: bool
    """Whether there is a password, and nobody has disabled the account."""
    second_factor: bool
    invitation_expires_at: datetime | None
    created_at: datetime
    disabled_at: datetime | None


class Accounts(Told):
    """All accounts, by name."""

    people: list[Account]


class Invitation(Told):
    """An invitation by which somebody chooses a password, once."""

    person: Account
    link: str
    """Whoever has it has the account: hand it over in person or by a safe way. It is not told again."""
    expires_at: datetime


class Changed(Told):
    """What became of an account."""

    person: Account
    invitation: Invitation | None
    """Of a new administrator, who must take in a second factor."""


class Key(Told):
    """A key of a wall screen or of another program, without its secret."""

    id: int
    kind: Role
    label: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    used_at: datetime | None
    """When it was last used, to the minute."""
    revoked_at: datetime | None


class Keys(Told):
    """All keys, the newest first."""

    keys: list[Key]


class NewKey(Told):
    """A key that was made."""

    kind: Role
    label: str
    secret: str
    """Not told again. A program sends it as `Authorization: Bearer`."""
    address: str
    """Of a wall: what to open on its screen; empty otherwise."""
    expires_at: datetime


class AccessesAsked(Asked):
    """Which lines of the access log."""

    since: Moment | None = Field(default=None, description="At this moment or later")
    until: Moment | None = Field(default=None, description="Before this moment")
    who: str = Field(default="", max_length=80)
    action: Action | None = None
    before: int | None = Field(default=None, ge=1, le=2**31 - 1, description="The `next` of the page before")
    size: int = Field(default=50, ge=1, le=LARGEST_PAGE)


class AccessLine(Told):
    """Who did or saw what."""

    at: datetime
    who: str
    """How the person signs in, or the label of a key."""
    role: str
    """Empty of those who had not signed in."""
    address: str
    action: Action
    what: str


class Accesses(Told):
    """Lines of the access log, the newest first."""

    lines: list[AccessLine]
    next: int | None
    """The `before` of the next page; null if there is none."""


async def people(request: web.Request) -> web.Response:
    """List everybody with an account, by name."""
    return told(Accounts(people=[_account(one) for one in await asyncio.to_thread(request.app[PEOPLE].everybody)]))


async def person(request: web.Request) -> web.Response:
    """Tell one account."""
    return told(_account(await membership.person_of(request)))


async def invite(request: web.Request) -> web.Response:
    """Make an account that waits for its owner to choose a password."""
    return told(_invitation(await membership.invited(request, body(request, Invited))))


async def change(request: web.Request) -> web.Response:
    """Give somebody another role or adviser's name. Nobody changes the own account so."""
    link = await membership.changed(request, body(request, Place))
    now = _account(await membership.person_of(request))
    return told(Changed(person=now, invitation=_invitation(link) if link else None))


async def invite_again(request: web.Request) -> web.Response:
    """Take password, second factor and sessions away, and give a new invitation."""
    return told(_invitation(await membership.invited_again(request, await membership.another(request))))


async def disable(request: web.Request) -> web.Response:
    """Let somebody in no more, and end the sessions that there are."""
    await membership.disabled(request)
    return told(_account(await membership.person_of(request)))


async def keys(request: web.Request) -> web.Response:
    """List all keys, the newest first."""
    return told(Keys(keys=[_key(one) for one in await asyncio.to_thread(request.app[KEYS_MADE].all)]))


async def make_key(request: web.Request) -> web.Response:
    """Make a key. Its secret is in the answer, and nowhere else."""
    new = await access_keys.made(request, body(request, access_keys.KeyWanted))
    key = new.key
    return told(
        NewKey(kind=Role(key.kind), label=key.label, secret=new.secret, address=new.address, expires_at=key.expires_at)
    )


async def revoke_key(request: web.Request) -> web.Response:
    """Take a key back, for good."""
    return told(_key(await access_keys.revoked(request)))


async def accesses(request: web.Request) -> web.Response:
    """Read the access log, the newest lines first. Nothing changes it."""
    asked = query(request, AccessesAsked)
    wanted = AccessFilter(since=asked.since, until=asked.until, who=asked.who or None, action=asked.action)
    found = await asyncio.to_thread(request.app[LOG].read, wanted, asked.before, asked.size)
    lines = [
        AccessLine(at=one.at, who=one.who, role=one.role, address=one.address, action=Action(one.action), what=one.what)
        for one in found.lines
    ]
    return told(Accesses(lines=lines, next=found.next))


def _account(one: Person) -> Account:
    return Account(
        id=one.id,
        login=one.login,
        name=one.name,
        role=Role(one.role),
        agent=one.agent,
        extension=one.extension,
        may_sign_in=one.may_sign_in,
        second_factor=one.factor_seed is not None,
        invitation_expires_at=one.invitation_expires_at,
        created_at=one.created_at,
        disabled_at=one.disabled_at,
    )


def _invitation(link: membership.Link) -> Invitation:
    return Invitation(person=_account(link.person), link=link.address, expires_at=link.ends)


def _key(one: AccessKey) -> Key:
    return Key(
        id=one.id,
        kind=Role(one.kind),
        label=one.label,
        created_at=one.created_at,
        created_by=one.created_by,
        expires_at=one.expires_at,
        used_at=one.used_at,
        revoked_at=one.revoked_at,
    )


_ADMINISTER = Permission.ADMINISTER

ROUTES = (
    Route(
        method="GET",
        path=PEOPLE_PATH,
        handler=people,
        permission=_ADMINISTER,
        answer=Accounts,
        summary="List the people with an account",
    ),
    Route(
        method="POST",
        path=PEOPLE_PATH,
        handler=invite,
        permission=_ADMINISTER,
        body=Invited,
        answer=Invitation,
        summary="Invite somebody",
    ),
    Route(
        method="GET",
        path=PEOPLE_PATH + ONE,
        handler=person,
        permission=_ADMINISTER,
        answer=Account,
        summary="Tell one account",
    ),
    Route(
        method="PUT",
        path=PEOPLE_PATH + ONE,
        handler=change,
        permission=_ADMINISTER,
        body=Place,
        answer=Changed,
        summary="Give somebody another role or adviser's name",
    ),
    Route(
        method="POST",
        path=PEOPLE_PATH + ONE + "/invitation",
        handler=invite_again,
        permission=_ADMINISTER,
        answer=Invitation,
        summary="Reset an account",
    ),
    Route(
        method="POST",
        path=PEOPLE_PATH + ONE + "/disable",
        handler=disable,
        permission=_ADMINISTER,
        answer=Account,
        summary="Disable an account",
    ),
    Route(
        method="GET",
        path=KEYS_PATH,
        handler=keys,
        permission=_ADMINISTER,
        answer=Keys,
        summary="List the keys of screens and programs",
    ),
    Route(
        method="POST",
        path=KEYS_PATH,
        handler=make_key,
        permission=_ADMINISTER,
        body=access_keys.KeyWanted,
        answer=NewKey,
        summary="Make a key",
    ),
    Route(
        method="POST",
        path=KEYS_PATH + ONE + "/revoke",
        handler=revoke_key,
        permission=_ADMINISTER,
        answer=Key,
        summary="Take a key back",
    ),
    Route(
        method="GET",
        path="/api/v1/accesses",
        handler=accesses,
        permission=Permission.READ_ACCESS_LOG,
        query=AccessesAsked,
        answer=Accesses,
        summary="Read the access log",
    ),
)
