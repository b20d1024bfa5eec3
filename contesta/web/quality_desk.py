"""The auditor's desk, and the addresses by which its script keeps and delivers an audit."""

import asyncio
from typing import Annotated
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import ConfigDict, Field

from contesta.auditing import desk as desk_of
from contesta.auditing import desk_keys, drawing
from contesta.auditing.desk_keys import DeskAction
from contesta.auditing.view import Delivered, Desk, DeskWanted, Kept
from contesta.web.access import Action, Permission, access_log, identity
from contesta.web.context import CLOCK, SETTINGS
from contesta.web.listening import going_on
from contesta.web.openapi import CONTROLS
from contesta.web.pages import render
from contesta.web.quality_read import (
    AUDITS,
    CALIBRATIONS,
    DESKS_WANTED,
    NUMBER,
    PATH,
    SAMPLES,
    actor,
    audit_of,
    call_of,
    erased_of,
    number_of,
    recording_file,
    refusing,
)
from contesta.web.routes import Route, body, told
from contesta.web.validation import Asked, RefusedError
from core.errors import ConfigurationError
from quality.matrix.audit import Finding, Mark
from quality.matrix.lifecycle import Step
from storage.desk_preferences import DeskPreferences
from storage.quality_audits import StoredAudit
from storage.quality_samples import StoredSample

LONGEST_NOTE = 1000
_Plain = Annotated[str, Field(json_schema_extra={"pattern": f"^[^{CONTROLS}]*$"})]
_Note = Annotated[_Plain, Field(max_length=LONGEST_NOTE)]


class MarkAsked(Asked):
    """The mark of a sub-item."""

    number: str = Field(pattern=r"^[0-9]{1,2}(\.[0-9]{1,2}){1,2}$")
    mark: Mark
    seconds: float | None = Field(default=None, ge=0, le=86_400, allow_inf_nan=False)
    note: _Note = ""


class DraftAsked(Asked):
    """What an audit's draft has by now; `revision` is the one that it is based on."""

    revision: int = Field(ge=0, le=2**31 - 2)
    note: _Note = ""
    marks: list[MarkAsked] = Field(max_length=200)


class KeyAsked(Asked):
    """Another key for an action of the desk."""

    model_config = ConfigDict(str_strip_whitespace=False)

    action: DeskAction
    key: _Plain = Field(min_length=1, max_length=20)


class DeskAsked(Asked):
    """How somebody wants the desk: the keys that are not those it comes with, and when what was measured is shown."""

    keys: list[KeyAsked] = Field(max_length=len(DeskAction))
    evidence_last: bool


async def show(request: web.Request, one: StoredAudit) -> web.StreamResponse:
    """Show the desk, with a draft of whoever is asking."""
    return render(request, "mesa.html", {"audit": one, "title": f"Auditoría {one.number}"})


async def desk(request: web.Request) -> web.StreamResponse:
    """Give what the desk shows."""
    one, settings = await audit_of(request), request.app[SETTINGS]
    zone = ZoneInfo(settings.timezone)
    await access_log(request, Action.AUDIT_READ, f"auditoría {one.number}")
    call = await call_of(request, one)
    sample = await asyncio.to_thread(request.app[SAMPLES].find, one.sample_id) if one.sample_id else None
    file = await asyncio.to_thread(recording_file, request, one)
    wanted = await asyncio.to_thread(request.app[DESKS_WANTED].of, _person(request))
    laid_out = desk_of.desk(
        one,
        call,
        zone,
        settings.ghost_seconds,
        why=_why(one, sample, zone),
        place=_place(one, sample),
        address=str(request.app.router["recording"].url_for(number=str(one.number))) if file else None,
        erased=await erased_of(request, one),
        next_address=PATH,
        going_on=any(_is_of(one, each.call_id, each.agent) and each.since == one.at for each in going_on(request)),
        wanted=wanted,
    )
    return told(laid_out)


async def prefer(request: web.Request) -> web.StreamResponse:
    """Keep how whoever asks wants the desk; keys that contradict each other are refused."""
    asked = body(request, DeskAsked)
    chosen = {each.action: each.key for each in asked.keys}
    try:
        desk_keys.check(chosen)
    except ConfigurationError as wrong:
        raise RefusedError(str(wrong)) from wrong
    wanted = DeskPreferences(
        keys={str(action): key for action, key in chosen.items()}, evidence_last=asked.evidence_last
    )
    await asyncio.to_thread(request.app[DESKS_WANTED].keep, _person(request), wanted)
    return told(desk_of.wanted_told(wanted))


async def save(request: web.Request) -> web.StreamResponse:
    """Keep a draft."""
    asked = body(request, DraftAsked)
    found = {each.number: Finding(mark=each.mark, seconds=each.seconds, note=each.note) for each in asked.marks}
    await audit_of(request)
    with refusing():
        kept = await asyncio.to_thread(
            request.app[AUDITS].save, number_of(request), actor(request), found, asked.note, asked.revision
        )
    return told(Kept(revision=kept))


async def deliver(request: web.Request) -> web.StreamResponse:
    """Deliver an audit, and tell where to go: the list of its sample."""
    one = await audit_of(request)
    with refusing():
        await asyncio.to_thread(
            request.app[AUDITS].step, one.number, Step.DELIVER, actor(request), request.app[CLOCK]()
        )
    await access_log(request, Action.AUDIT_STEPPED, f"auditoría {one.number} {Step.DELIVER}")
    if one.audit.blind and one.sample_id is None:
        contact = (one.audit.call, one.audit.agent, one.at)
        for session in await asyncio.to_thread(request.app[CALIBRATIONS].of_contact, *contact):
            if session.audits.get(one.audit.auditor) == one.number:
                return told(Delivered(next=f"/calibraciones/{session.number}"))
    sample = f"#muestra-{one.sample_id}" if one.sample_id else ""
    return told(Delivered(next=f"{PATH}?entregada={one.number}{sample}"))


def _person(request: web.Request) -> int:
    number = identity(request).user_id
    if number is None:
        raise web.HTTPForbidden
    return number


def _why(one: StoredAudit, sample: StoredSample | None, zone: ZoneInfo) -> str:
    if one.audit.blind:
        return "Es una segunda auditoría a ciegas, para medir el acuerdo. No cuenta en las cifras."
    if sample is None:
        return "No salió de una muestra."
    drawn = next((each for each in sample.drawn if _is_of(one, each.call_id, each.agent)), None)
    return drawing.why(drawn, sample, zone) if drawn else "No salió de una muestra."


def _place(one: StoredAudit, sample: StoredSample | None) -> str:
    """Say which of its sample it is: "7/10"."""
    if sample is None:
        return ""
    places = [place for place, each in enumerate(sample.drawn, 1) if _is_of(one, each.call_id, each.agent)]
    return f"{places[0]}/{len(sample.drawn)}" if places else ""


def _is_of(one: StoredAudit, call_id: str, agent: str) -> bool:
    return (one.audit.call, one.audit.agent) == (call_id, agent)


_API = f"/api/v1/audits/{NUMBER}"

ROUTES = (
    Route(
        method="PUT",
        path="/api/v1/desk-preferences",
        handler=prefer,
        permission=Permission.AUDIT,
        body=DeskAsked,
        answer=DeskWanted,
        summary="Keep how one wants the auditor's desk",
    ),
    Route(
        method="GET", path=_API, handler=desk, permission=Permission.AUDIT, answer=Desk, summary="An audit on the desk"
    ),
    Route(
        method="PUT",
        path=_API,
        handler=save,
        permission=Permission.AUDIT,
        body=DraftAsked,
        answer=Kept,
        summary="Keep a draft of an audit",
    ),
    Route(
        method="POST",
        path=f"{_API}/deliver",
        handler=deliver,
        permission=Permission.AUDIT,
        answer=Delivered,
        summary="Deliver an audit",
    ),
)
