"""The keys of wall screens and of other programs: making them and taking them back."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import AfterValidator, Field, WithJsonSchema

from contesta.format import UNKNOWN, day_and_hour, short_date
from contesta.web.access import KEYS, Action, Permission, Role, access_log, identity
from contesta.web.context import CLOCK, SETTINGS
from contesta.web.pages import render
from contesta.web.routes import Route, body
from contesta.web.sessions import KEYS_MADE, new_secret
from contesta.web.validation import Asked
from storage.people_keys import AccessKey, NewKey

PATH = "/administracion/claves"
WALL = "/pared/"

KIND_WORDS = {Role.WALL: "Tablero de pared", Role.INTEGRATION: "Otro programa", Role.SITE: "Sitio de la entidad"}


def _of_a_key(kind: Role) -> Role:
    if kind not in KEYS:
        raise ValueError("no es de una clave")
    return kind


KeyKind = Annotated[
    Role, AfterValidator(_of_a_key), WithJsonSchema({"type": "string", "enum": [str(kind) for kind in KEYS]})
]


class KeyWanted(Asked):
    """A key to make. It opens nothing after `days` days."""

    kind: KeyKind
    label: str = Field(min_length=1, max_length=80)
    days: int = Field(default=90, ge=1, le=366)


async def show(request: web.Request) -> web.StreamResponse:
    """Show all keys, without their secrets."""
    zone, now = _zone(request), request.app[CLOCK]()
    keys = await asyncio.to_thread(request.app[KEYS_MADE].all)
    context: dict[str, Any] = {
        "keys": [_line(key, zone, now) for key in keys],
        "kinds": [{"id": str(kind), "word": word} for kind, word in KIND_WORDS.items()],
    }
    return render(request, "keys.html", context)


async def make(request: web.Request) -> web.StreamResponse:
    """Make a key, and show its secret once."""
    return _secret(request, await made(request, body(request, KeyWanted)))


async def revoke(request: web.Request) -> web.StreamResponse:
    """Take a key back, for good."""
    await revoked(request)
    raise web.HTTPSeeOther(PATH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A new key: its secret, which nobody is told again; of a wall, the address to open there, else ""."""

    key: NewKey
    secret: str
    address: str


async def made(request: web.Request, said: KeyWanted) -> Made:
    """Make a key."""
    secret, now, settings = new_secret(), request.app[CLOCK](), request.app[SETTINGS]
    key = NewKey(
        token=secret.digest,
        kind=said.kind,
        label=said.label,
        created_by=identity(request).who,
        expires_at=now + timedelta(days=said.days),
    )
    await asyncio.to_thread(request.app[KEYS_MADE].add, key, now)
    await access_log(request, Action.KEY_MADE, f"{said.label} ({KIND_WORDS[said.kind]})")
    origin = settings.web_origin or f"http://{request.host}"
    return Made(key=key, secret=secret.text, address=f"{origin}{WALL}{secret.text}" if said.kind is Role.WALL else "")


async def revoked(request: web.Request) -> AccessKey:
    """Take back the key that the address names, and give it as it is then.

    Raises:
        web.HTTPNotFound: there is none.
    """
    number = int(request.match_info["number"])
    key = await asyncio.to_thread(request.app[KEYS_MADE].revoke, number, request.app[CLOCK]())
    if key is None:
        raise web.HTTPNotFound
    await access_log(request, Action.KEY_REVOKED, f"{key.label} ({KIND_WORDS[Role(key.kind)]})")
    return key


def _secret(request: web.Request, new: Made) -> web.Response:
    context = {
        "title": f"Clave «{new.key.label}»",
        "sentence": (
            "Abra esta dirección en la pantalla de la pared. Quien la tenga ve el tablero, sin datos personales."
            if new.address
            else "Configure esta clave en el otro programa, que la envía como «Authorization: Bearer»."
        ),
        "secret": new.address or new.secret,
        "ends": f"Vence el {short_date(new.key.expires_at, _zone(request))}. No se vuelve a mostrar.",
        "back": PATH,
        "back_word": "Volver a claves",
    }
    return render(request, "link.html", context)


def _zone(request: web.Request) -> ZoneInfo:
    return ZoneInfo(request.app[SETTINGS].timezone)


def _line(key: AccessKey, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    if key.revoked_at is not None:
        state = {"tone": "stale", "word": f"Retirada el {short_date(key.revoked_at, zone)}"}
    elif not key.works(now):
        state = {"tone": "stale", "word": f"Venció el {short_date(key.expires_at, zone)}"}
    else:
        state = {"tone": "ok", "word": f"Sirve hasta el {short_date(key.expires_at, zone)}"}
    return {
        "id": key.id,
        "label": key.label,
        "kind": KIND_WORDS[Role(key.kind)],
        "made": f"{short_date(key.created_at, zone)}, {key.created_by}",
        "used": day_and_hour(key.used_at, zone) if key.used_at else UNKNOWN,
        "state": state,
        "works": key.works(now),
    }


_ADMINISTER = Permission.ADMINISTER

ROUTES = (
    Route(method="GET", path=PATH, handler=show, permission=_ADMINISTER, nav="Claves"),
    Route(method="POST", path=PATH, handler=make, permission=_ADMINISTER, body=KeyWanted),
    Route(method="POST", path=f"{PATH}/{{number:[0-9]{{1,9}}}}/retirar", handler=revoke, permission=_ADMINISTER),
)
