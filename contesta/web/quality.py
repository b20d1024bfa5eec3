"""The pages of quality: an auditor's work, samples, one audit with what is done with it, an adviser's own audits."""

import asyncio
import secrets
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field

from contesta.auditing import desk as desk_of
from contesta.auditing import drawing
from contesta.auditing.drawing import Order, month_days
from contesta.format import day_and_hour, duration
from contesta.web import quality_desk
from contesta.web.access import Action, Permission, access_log, identity
from contesta.web.calls_read import known_names
from contesta.web.context import CLOCK, ENGINE, SETTINGS
from contesta.web.listening import Which, conversation_of
from contesta.web.pages import Context, page, render
from contesta.web.quality_read import (
    ACTIONS,
    AUDITS,
    CALIBRATIONS,
    MATRICES,
    NUMBER,
    ONE,
    PATH,
    SAMPLES,
    actor,
    audit_of,
    call_of,
    erased_of,
    number_of,
    recording_file,
    refusing,
    setting_of,
)
from contesta.web.quality_shown import (
    STEP_WORDS,
    action_shown,
    address_of,
    line_shown,
    results,
    sample_shown,
)
from contesta.web.routes import Route, body, query
from contesta.web.validation import Asked, Day, RefusedError
from quality.matrix.audit import Mode
from quality.matrix.coaching import ActionStep
from quality.matrix.lifecycle import COUNTED, State, Step, may
from storage.quality_actions import NewAction
from storage.quality_audits import NewAudit, StoredAudit, Wanted

OWN = "/mis-auditorias"
LAST_SAMPLES = 5

_Reason = Annotated[str, Field(max_length=1000)]


class ListAsked(Asked):
    """Which audit was just delivered, so that the page says so."""

    entregada: int | None = Field(default=None, ge=1, le=2**31 - 1)


class SampleAsked(Asked):
    """Which sample to draw: so many of each adviser, or as a margin of error needs. Without a seed one is made."""

    linea: str = Field(min_length=1)
    mes: str = Field(min_length=1, max_length=7)
    por_asesor: int = Field(ge=1, le=100)
    margen: str = Field(default="", max_length=10)
    semilla: str = Field(default="", max_length=64)


class BeginAsked(Asked):
    """Which conversation of a sample to audit; `ciega`: a second time, without seeing the first audit."""

    muestra: int = Field(ge=1, le=2**31 - 1)
    lugar: int = Field(ge=1, le=100_000)
    ciega: Literal["", "si"] = ""


class StepAsked(Asked):
    """What to do with an audit, and why."""

    paso: Literal["accept", "dispute", "uphold", "discard", "revise"]
    motivo: _Reason = ""


class ActionAsked(Asked):
    """What is agreed with the adviser, and until when."""

    que: str = Field(min_length=1, max_length=1000)
    plazo: Day


class ActionEnded(Asked):
    """How an action came out."""

    paso: ActionStep
    resultado: _Reason = ""


@page("calidad.html")
async def work(request: web.Request) -> Context:
    """Show an auditor's drafts, what waits for a decision, and the last samples."""
    audits, who, zone = request.app[AUDITS], actor(request), _zone(request)
    drafts, disputed, samples, waiting, names = await asyncio.gather(
        asyncio.to_thread(audits.all, Wanted(auditor=who.login, states=frozenset({State.DRAFT}))),
        asyncio.to_thread(audits.all, Wanted(states=frozenset({State.DISPUTED}))),
        asyncio.to_thread(request.app[SAMPLES].latest, LAST_SAMPLES),
        asyncio.to_thread(request.app[CALIBRATIONS].waiting_for, who.login),
        known_names(request),
    )
    made = await asyncio.gather(*(asyncio.to_thread(audits.all, Wanted(sample_id=sample.id)) for sample in samples))
    return {
        "delivered": query(request, ListAsked).entregada,
        "drafts": [line_shown(one, zone) for one in drafts],
        "disputes": [line_shown(one, zone) | {"decides": may(one.case, Step.UPHOLD, who)} for one in disputed],
        "calibrations": [
            {
                "number": one.number,
                "address": f"/calibraciones/{one.number}",
                "agent": one.contact.agent,
                "when": day_and_hour(one.contact.at, zone),
            }
            for one in waiting
        ],
        "samples": [sample_shown(sample, found, who.login, zone) for sample, found in zip(samples, made, strict=True)],
        "lines": names.lines,
        "month": f"{request.app[CLOCK]().astimezone(zone):%Y-%m}",
        "per_agent": drawing.OF_ART_2019,
    }


async def draw(request: web.Request) -> web.StreamResponse:
    """Draw a sample and keep it."""
    asked, zone, settings = body(request, SampleAsked), _zone(request), request.app[SETTINGS]
    first, last = month_days(asked.mes, zone)
    order = Order(
        line=asked.linea,
        first=first,
        last=last,
        size=drawing.size_of(None if asked.margen else asked.por_asesor, asked.margen),
        seed=asked.semilla or secrets.token_hex(4),
    )
    made = await asyncio.to_thread(
        drawing.make,
        request.app[ENGINE],
        settings.recordings_dir,
        order,
        zone,
        identity(request).who,
        request.app[CLOCK](),
    )
    await access_log(request, Action.SAMPLE_DRAWN, f"muestra {made.id}")
    raise web.HTTPSeeOther(f"{PATH}#muestra-{made.id}")


async def begin(request: web.Request) -> web.StreamResponse:
    """Begin the audit of a conversation of a sample, or go on with it."""
    asked, zone = body(request, BeginAsked), _zone(request)
    sample = await asyncio.to_thread(request.app[SAMPLES].find, asked.muestra)
    if sample is None or asked.lugar > len(sample.drawn):
        raise RefusedError("esa conversación no está en la muestra; vuelva a la lista")
    one = sample.drawn[asked.lugar - 1]
    setting, day = await setting_of(request, one.line, one.call_id), one.at.astimezone(zone).date()
    matrix = await asyncio.to_thread(request.app[MATRICES].of_contact, setting, day)
    new = NewAudit(
        matrix=matrix,
        setting=setting,
        call_id=one.call_id,
        agent=one.agent,
        at=one.at,
        day=day,
        auditor=identity(request).who,
        file=one.file,
        blind=bool(asked.ciega),
        sample_id=sample.id,
    )
    with refusing():
        number = await asyncio.to_thread(request.app[AUDITS].start, new, request.app[CLOCK]())
    raise web.HTTPSeeOther(address_of(number))


async def begin_live(request: web.Request) -> web.StreamResponse:
    """Begin the audit of a conversation that goes on, or go on with it."""
    one = conversation_of(request, body(request, Which))
    if one.since.microsecond:
        raise RefusedError("la conversación acaba de comenzar; intente de nuevo")  # the log, whose time names it, lags
    setting, day = await setting_of(request, one.line, one.call_id), one.since.astimezone(_zone(request)).date()
    new = NewAudit(
        matrix=await asyncio.to_thread(request.app[MATRICES].of_contact, setting, day),
        setting=setting,
        call_id=one.call_id,
        agent=one.agent,
        at=one.since,
        day=day,
        auditor=identity(request).who,
        file=one.file,
        mode=Mode.LIVE,
    )
    with refusing():
        number = await asyncio.to_thread(request.app[AUDITS].start, new, request.app[CLOCK]())
    raise web.HTTPSeeOther(address_of(number))


async def show(request: web.Request) -> web.StreamResponse:
    """Show an audit: on the desk while it is a draft, else as it was delivered, with what may be done with it."""
    one = await audit_of(request)
    if one.state is State.DRAFT:
        return await quality_desk.show(request, one)
    await access_log(request, Action.AUDIT_READ, f"auditoría {one.number}")
    return render(request, "auditoria.html", await _told(request, one))


async def step(request: web.Request) -> web.StreamResponse:
    """Accept, dispute, uphold, discard, or begin the version that takes an audit's place."""
    one, asked = await audit_of(request), body(request, StepAsked)
    audits, now = request.app[AUDITS], request.app[CLOCK]()
    number = one.number
    with refusing():
        if asked.paso == "revise":
            number = await asyncio.to_thread(audits.revise, number, actor(request), now, asked.motivo)
        else:
            await asyncio.to_thread(audits.step, number, Step(asked.paso), actor(request), now, asked.motivo)
    await access_log(request, Action.AUDIT_STEPPED, f"auditoría {one.number} {asked.paso}")
    raise web.HTTPSeeOther(PATH if asked.paso == "discard" else address_of(number))


async def agree(request: web.Request) -> web.StreamResponse:
    """Open an action with the adviser of an audit."""
    one, asked = await audit_of(request), body(request, ActionAsked)
    if one.state not in COUNTED:
        raise RefusedError("las acciones se acuerdan sobre una auditoría vigente")
    new = NewAction(audit_id=one.number, what=asked.que, due=asked.plazo, opened_by=identity(request).who)
    with refusing():
        await asyncio.to_thread(request.app[ACTIONS].open, new, request.app[CLOCK]())
    raise web.HTTPSeeOther(address_of(one.number))


async def end(request: web.Request) -> web.StreamResponse:
    """End an action."""
    asked = body(request, ActionEnded)
    with refusing():
        closed = await asyncio.to_thread(
            request.app[ACTIONS].close,
            number_of(request),
            asked.paso,
            identity(request).who,
            request.app[CLOCK](),
            asked.resultado,
        )
    raise web.HTTPSeeOther(address_of(closed.audit_id))


@page("mis_auditorias.html")
async def own(request: web.Request) -> Context:
    """Show an adviser his audits and what was agreed with him."""
    agent, zone = identity(request).only_agent, _zone(request)
    states = COUNTED | {State.SUPERSEDED}
    found, actions = await asyncio.gather(
        asyncio.to_thread(request.app[AUDITS].all, Wanted(agent=agent, states=states)),
        asyncio.to_thread(request.app[ACTIONS].all, agent),
    )
    today = request.app[CLOCK]().astimezone(zone).date()
    return {
        "audits": [line_shown(one, zone) for one in found if not one.audit.blind],
        "actions": [action_shown(one, today) for one in actions],
    }


async def _told(request: web.Request, one: StoredAudit) -> dict[str, Any]:
    zone, who = _zone(request), actor(request)
    call = await call_of(request, one)
    file = await asyncio.to_thread(recording_file, request, one)
    actions = await asyncio.to_thread(request.app[ACTIONS].all, None, one.number)
    today = request.app[CLOCK]().astimezone(zone).date()
    return {
        "audit": one,
        "line": line_shown(one, zone),
        "categories": desk_of.categories(one.audit),
        "results": results(one),
        "facts": desk_of.facts(one, call, zone, request.app[SETTINGS].ghost_seconds),
        "recording": str(request.app.router["recording"].url_for(number=str(one.number))) if file else "",
        "silent_because": desk_of.silent_because(one, call, await erased_of(request, one)),
        "steps": [
            {"when": day_and_hour(done.at, zone), "who": done.who, "what": STEP_WORDS[done.step], "reason": done.reason}
            for done in one.steps
        ],
        "address": address_of(one.number),
        "replaces": address_of(one.supersedes) if one.supersedes else "",
        "replaced_by": address_of(one.superseded_by) if one.superseded_by else "",
        "may": {str(each): may(one.case, each, who) for each in Step},
        "may_coach": identity(request).may(Permission.COACH) and one.state in COUNTED and not one.audit.blind,
        "actions": [action_shown(each, today) for each in actions],
        "clock": duration,
    }


def _zone(request: web.Request) -> ZoneInfo:
    return ZoneInfo(request.app[SETTINGS].timezone)


ROUTES = (
    Route(method="GET", path=PATH, handler=work, permission=Permission.AUDIT, query=ListAsked, nav="Calidad"),
    Route(method="POST", path=f"{PATH}/muestras", handler=draw, permission=Permission.AUDIT, body=SampleAsked),
    Route(method="POST", path=f"{PATH}/auditorias", handler=begin, permission=Permission.AUDIT, body=BeginAsked),
    Route(
        method="POST",
        path=f"{PATH}/auditorias/en-linea",
        handler=begin_live,
        permission=Permission.AUDIT,
        body=Which,
    ),
    Route(method="GET", path=ONE, handler=show, permission=Permission.READ_AUDITS),
    Route(method="POST", path=f"{ONE}/paso", handler=step, permission=Permission.READ_AUDITS, body=StepAsked),
    Route(method="POST", path=f"{ONE}/acciones", handler=agree, permission=Permission.COACH, body=ActionAsked),
    Route(method="POST", path=f"{PATH}/acciones/{NUMBER}", handler=end, permission=Permission.COACH, body=ActionEnded),
    Route(method="GET", path=OWN, handler=own, permission=Permission.OWN_AUDITS, nav="Mis auditorías"),
)
