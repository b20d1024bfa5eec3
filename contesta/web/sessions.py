"""Sessions: the cookie of a signed-in browser, the keys of others, and whose they are, asked anew at each request."""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import hdrs, web

from contesta.settings import Settings
from contesta.web.access import IDENTITY, KEYS, Identity, Role, needs_factor, remote
from contesta.web.context import CLOCK, SETTINGS
from storage.people_keys import AccessKey, AccessKeys
from storage.people_sessions import Browser, Sessions, SignedIn

COOKIE = "__Host-contesta"
STATIC = "/estatico/"

SESSIONS = web.AppKey("sessions", Sessions)
KEYS_MADE = web.AppKey("access_keys", AccessKeys)

_BEARER = "Bearer "
_LONGEST_BROWSER_NAME = 200

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """256 random bits: `text` for whoever is to hold it, `digest` for us to know it by."""

    text: str
    digest: bytes


def new_secret() -> Secret:
    """Make a secret that nobody can guess."""
    text = secrets.token_urlsafe(32)
    return Secret(text=text, digest=digest(text))


def digest(text: str) -> bytes:
    """Give what we keep of a secret. Of 256 random bits a plain hash tells nothing."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


@web.middleware
async def identify(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find out who is asking. A wrong key is refused even where none is needed."""
    if not request.path.startswith(STATIC):
        authorization = request.headers.get(hdrs.AUTHORIZATION, "")
        cookie = request.cookies.get(COOKIE)
        if authorization:
            request[IDENTITY] = await _of_bearer(request, authorization)
        elif cookie and (found := await _of_cookie(request, cookie)):
            request[IDENTITY] = found
    return await handler(request)


async def of_wall(request: web.Request) -> Identity:
    """Tell whose key is in the address.

    Raises:
        web.HTTPNotFound: it is no wall's key, or not any more.
    """
    found = await _key(request, request.match_info["key"], Role.WALL)
    if found is None:
        raise web.HTTPNotFound
    return found


async def is_over(request: web.Request) -> bool:
    """Tell whether the session or key of a long-lived answer has ended since, or may not any more what it could."""
    known = request.get(IDENTITY)
    now = request.app[CLOCK]()
    if known is None:
        return True
    if known.key_id is not None:
        return not await asyncio.to_thread(request.app[KEYS_MADE].alive, known.key_id, now)
    cookie = request.cookies.get(COOKIE, "")
    session = await asyncio.to_thread(request.app[SESSIONS].find, digest(cookie), now, using=False)
    found = _identity(session, request.app[SETTINGS])
    return found is None or found.permissions != known.permissions or found.agent != known.agent


async def begin(request: web.Request, response: web.StreamResponse, person_id: int) -> None:
    """Begin a session of a person, with a new token, and end the one that this browser had."""
    token = new_secret()
    browser = Browser(address=remote(request), name=request.headers.get(hdrs.USER_AGENT, "")[:_LONGEST_BROWSER_NAME])
    former = request.cookies.get(COOKIE)
    await asyncio.to_thread(
        request.app[SESSIONS].open,
        token.digest,
        person_id,
        browser,
        request.app[CLOCK](),
        former=digest(former) if former else None,
    )
    response.set_cookie(COOKIE, token.text, secure=True, httponly=True, samesite="Strict", path="/")


async def end(request: web.Request, response: web.StreamResponse, known: Identity) -> None:
    """End the session of this browser."""
    if known.session_id is not None and known.user_id is not None:
        await asyncio.to_thread(request.app[SESSIONS].close, known.session_id, known.user_id)
    response.del_cookie(COOKIE, secure=True, httponly=True, samesite="Strict", path="/")


async def _of_cookie(request: web.Request, cookie: str) -> Identity | None:
    session = await asyncio.to_thread(request.app[SESSIONS].find, digest(cookie), request.app[CLOCK]())
    return _identity(session, request.app[SETTINGS])


async def _of_bearer(request: web.Request, authorization: str) -> Identity:
    token = authorization.removeprefix(_BEARER)
    found = await _key(request, token, Role.INTEGRATION, Role.SITE) if token != authorization else None
    if found is None:
        raise web.HTTPUnauthorized
    return found


async def _key(request: web.Request, token: str, *roles: Role) -> Identity | None:
    found = await asyncio.to_thread(request.app[KEYS_MADE].find, digest(token), request.app[CLOCK]())
    return None if found is None or found.kind not in roles else _holder(found)


def _identity(found: SignedIn | None, settings: Settings) -> Identity | None:
    """Tell whose session it is. Whoever needs a second factor and has none is nobody."""
    if found is None or (needs_factor(found.role, settings) and not found.factor):
        return None
    return Identity(
        role=Role(found.role),
        who=found.login,
        name=found.name,
        user_id=found.person_id,
        session_id=found.session_id,
        agent=found.agent or None,
        shortcuts=found.shortcuts,
    )


def _holder(key: AccessKey) -> Identity:
    return Identity(role=KEYS[KEYS.index(Role(key.kind))], who=key.label, name=key.label, key_id=key.id)
