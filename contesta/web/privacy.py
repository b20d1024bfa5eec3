"""The page of personal data: how long they stay, and what a legal hold keeps from being erased."""

import asyncio
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field

from contesta import lines
from contesta.erasing import WORDS, rules
from contesta.format import capital, day_and_hour, sentence, short_date, whole
from contesta.settings import Settings
from contesta.subjects import WHAT_WORDS, subject_text
from contesta.web.access import Action, Permission, access_log, identity
from contesta.web.context import CLOCK, ENGINE, SETTINGS
from contesta.web.pages import render
from contesta.web.routes import Route, body
from contesta.web.validation import Asked
from core.errors import ConfigurationError
from core.privacy.retention import Kind, Retention
from core.privacy.subject import Subject, What
from storage.holds import Hold, Holds

PATH = "/administracion/datos"
HOLDS = f"{PATH}/bloqueos"
_BAD_REQUEST = web.HTTPBadRequest.status_code


class HoldAsked(Asked):
    """What is not to be erased, and why."""

    what: What
    value: str = Field(min_length=1, max_length=128)
    reason: str = Field(min_length=1)


class LiftAsked(Asked):
    """Why a hold ends."""

    reason: str = Field(min_length=1)


async def show(request: web.Request) -> web.StreamResponse:
    """Show the rules and the holds."""
    return await _page(request)


async def hold(request: web.Request) -> web.StreamResponse:
    """Keep something from being erased."""
    said = body(request, HoldAsked)
    who, now = identity(request).who, request.app[CLOCK]()

    def act() -> Hold:
        return Holds(request.app[ENGINE]).set(Subject.read(said.what, said.value), said.reason, who, now)

    return await _done(request, act, Action.HOLD_SET, said)


async def lift(request: web.Request) -> web.StreamResponse:
    """End a hold."""
    number, said = int(request.match_info["number"]), body(request, LiftAsked)
    who, now = identity(request).who, request.app[CLOCK]()

    def act() -> Hold:
        return Holds(request.app[ENGINE]).lift(number, said.reason, who, now)

    return await _done(request, act, Action.HOLD_LIFTED)


async def _done(
    request: web.Request, act: Callable[[], Hold], action: Action, said: HoldAsked | None = None
) -> web.StreamResponse:
    try:
        done = await asyncio.to_thread(act)
    except ConfigurationError as error:
        return await _page(request, said, sentence(str(error)))
    await access_log(request, action, f"bloqueo {done.id}")
    raise web.HTTPSeeOther(f"{PATH}#bloqueos")


async def _page(request: web.Request, said: HoldAsked | None = None, fault: str = "") -> web.Response:
    settings = request.app[SETTINGS]
    zone = ZoneInfo(settings.timezone)
    kept, names = await asyncio.to_thread(_rules, settings)
    found = await asyncio.to_thread(Holds(request.app[ENGINE]).all)
    context: dict[str, Any] = {
        "rules": [
            {
                "kind": capital(WORDS[kind][1]),
                "usual": _days(kept.usual[kind]),
                "own": [
                    f"{line}: {_days(own[kind])}{'' if line in names else ' (ya no está publicada)'}"
                    for line, own in kept.by_line.items()
                    if kind in own
                ],
            }
            for kind in Kind
        ],
        "holds": [_hold(one, zone) for one in found],
        "whats": [{"id": str(what), "word": word} for what, word in WHAT_WORDS.items()],
        "said": said,
        "fault": fault,
        "address": HOLDS,
    }
    return render(request, "datos.html", context, _BAD_REQUEST if fault else 200)


def _rules(settings: Settings) -> tuple[Retention, set[str]]:
    """Read how long things stay, and which lines are published."""
    published = lines.published(settings)
    return rules(settings, published), {line.name for line in published.current()}


def _hold(one: Hold, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": one.id,
        "subject": subject_text(one.subject),
        "reason": one.reason,
        "set": f"{day_and_hour(one.at, zone)}, {one.author}",
        "stands": one.lifted_at is None,
        "lifted": f"Levantado el {short_date(one.lifted_at, zone)}, {one.lifted_by}: {one.lifted_reason}"
        if one.lifted_at
        else "",
    }


def _days(days: int) -> str:
    return "1 día" if days == 1 else f"{whole(days)} días"


_ADMINISTER = Permission.ADMINISTER

ROUTES = (
    Route(method="GET", path=PATH, handler=show, permission=_ADMINISTER, nav="Datos"),
    Route(method="POST", path=HOLDS, handler=hold, permission=_ADMINISTER, body=HoldAsked),
    Route(method="POST", path=f"{HOLDS}/{{number:[0-9]{{1,9}}}}", handler=lift, permission=_ADMINISTER, body=LiftAsked),
)
