"""People in the web application: what its pages and the terminal share of their roles, states and invitations."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, Field, WithJsonSchema

from contesta.format import short_date
from contesta.web.access import PEOPLE as ROLES
from contesta.web.access import Role
from contesta.web.sessions import new_secret
from contesta.web.validation import Asked
from storage.people import Invitation, People, Person

INVITED_FOR = timedelta(hours=72)
"""How long an invitation can be used."""

INVITATION = "/invitacion/"

PEOPLE = web.AppKey("people", People)

ROLE_WORDS = {
    Role.SUPERVISOR: "Supervisor",
    Role.AUDITOR: "Auditor de calidad",
    Role.ADVISER: "Asesor",
    Role.ADMINISTRATOR: "Administrador",
}


def _of_a_person(role: Role) -> Role:
    if role not in ROLES:
        raise ValueError("no es de una persona")
    return role


PersonRole = Annotated[
    Role, AfterValidator(_of_a_person), WithJsonSchema({"type": "string", "enum": [str(role) for role in ROLES]})
]


class Place(Asked):
    """What somebody is here for. `agent` is how queue_log calls the adviser, `extension` a telephone for listening."""

    role: PersonRole
    agent: str = Field(default="", max_length=80)
    extension: str = Field(default="", pattern=r"^[a-z0-9_]{0,40}$")


class Invited(Place):
    """Somebody to invite."""

    login: str = Field(pattern=r"^[a-z0-9][a-z0-9._@-]{1,59}$")
    name: str = Field(min_length=1, max_length=80)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is the matter with an account, in words; `tone` is how pages show it."""

    tone: str
    word: str


def state_of(person: Person, zone: tzinfo, now: datetime) -> State:
    """Tell whether somebody can sign in, and why not."""
    if person.disabled_at is not None:
        return State(tone="stale", word=f"Desactivada el {short_date(person.disabled_at, zone)}")
    if person.password_hash is not None:
        return State(tone="ok", word="Activa")
    ends = person.invitation_expires_at
    if ends is None or ends <= now:
        return State(tone="bad", word="Invitación vencida")
    return State(tone="warn", word=f"Invitada hasta el {short_date(ends, zone)}")


def new_invitation(now: datetime) -> tuple[str, Invitation]:
    """Make the secret of a link, and what is kept of it."""
    secret = new_secret()
    return secret.text, Invitation(digest=secret.digest, expires_at=now + INVITED_FOR)
