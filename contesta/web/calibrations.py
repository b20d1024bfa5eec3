"""The pages of calibration: a call is chosen, auditors mark it blind, then all is compared and an answer agreed on."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field, model_validator

from contesta.auditing.calibration_view import CalibrationTold, auditors_told, items_told, subitems_told
from contesta.auditing.drawing import EXCLUSION_WORDS, month_days
from contesta.format import day_and_hour, duration, whole
from contesta.recordings import recording_path
from contesta.web.access import Action, Permission, Role, access_log, identity
from contesta.web.context import CLOCK, LEDGER, SETTINGS
from contesta.web.pages import Context, page
from contesta.web.people import PEOPLE
from contesta.web.quality_read import AUDITS, CALIBRATIONS, MATRICES, NUMBER, SAMPLES, number_of, refusing, setting_of
from contesta.web.quality_shown import agreement_by_item, agreement_shown
from contesta.web.routes import Route, body, query, told
from contesta.web.validation import Asked, InvalidInputError, RefusedError
from quality.matrix.audit import Audit, Mark
from quality.matrix.calibration import Comparison, Phase, SubItemCompared, compare, subitems
from quality.matrix.lifecycle import State
from quality.matrix.sampling import Conversation, Exclusion
from storage.quality_audits import NewAudit, Wanted
from storage.quality_calibrations import Calibration, Contact

PATH = "/calibraciones"
ONE = f"{PATH}/{NUMBER}"
MOST_AUDITORS = 50
MARK_WORDS = {
    Mark.COMPLIES: ("ok", "Cumple"),
    Mark.FAILS: ("bad", "Falla"),
    Mark.NOT_APPLICABLE: ("stale", "No aplica"),
}
PHASE_WORDS = {
    Phase.BLIND: ("warn", "A ciegas"),
    Phase.SHOWN: ("warn", "Por acordar"),
    Phase.AGREED: ("ok", "Acordada"),
}
_FIELD = re.compile(r"s([0-9]{1,2}(?:\.[0-9]{1,2}){1,2})", re.ASCII)


class ListAsked(Asked):
    """Which month, such as "2019-09", empty: the current one; and a call to begin a session with."""

    mes: str = Field(default="", max_length=7)
    llamada: str = Field(default="", max_length=64)


class SessionAsked(Asked):
    """A session to begin: of which conversation of a call, counted from 1, by which auditors, and why."""

    llamada: str = Field(min_length=1, max_length=64)
    conversacion: int = Field(ge=1, le=100)
    auditores: list[str] = Field(max_length=MOST_AUDITORS)
    tema: str = ""


class AnswerAsked(Asked):
    """What was agreed on: `s1.1`, `s1.2`… hold marks."""

    marcas: dict[str, Mark] = Field(max_length=200)

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Put the fields of sub-items together."""
        marks = {found[1]: value for name, value in sent.items() if (found := _FIELD.fullmatch(name))}
        return {name: value for name, value in sent.items() if not _FIELD.fullmatch(name)} | {"marcas": marks}


@page("calibraciones.html")
async def show(request: web.Request) -> Context:
    """Show the sessions of a month, what they come to, and the way to begin another."""
    asked, zone = query(request, ListAsked), _zone(request)
    month = asked.mes or f"{request.app[CLOCK]().astimezone(zone):%Y-%m}"
    sessions = await asyncio.to_thread(request.app[CALIBRATIONS].between, *month_days(month, zone))
    agreed = [one for one in sessions if one.phase is Phase.AGREED]
    audits = [await _audits(request, one) for one in agreed]
    found = compare((each, one.answer) for each, one in zip(audits, agreed, strict=True))
    return {
        "month": month,
        "sessions": [_line(one, zone) for one in sessions],
        "agreed": len(agreed),
        "may_open": identity(request).may(Permission.COACH),
        "call": asked.llamada,
        **_compared(found),
        **(await _choices(request, asked.llamada, zone) if asked.llamada else {"conversations": [], "auditors": []}),
    }


async def open_session(request: web.Request) -> web.StreamResponse:
    """Begin a session."""
    asked, zone = body(request, SessionAsked), _zone(request)
    conversations = await _conversations(request, asked.llamada)
    if asked.conversacion > len(conversations):
        raise RefusedError("esa conversación no está en la llamada; vuelva a buscarla")
    one = conversations[asked.conversacion - 1]
    if one.exclusion not in {None, Exclusion.AUDITED}:
        raise RefusedError(f"no se puede calibrar: {EXCLUSION_WORDS[one.exclusion]}")
    if strangers := set(asked.auditores) - {login for login, _ in await _auditors(request)}:
        raise InvalidInputError(f"no es auditor: {', '.join(sorted(strangers))}", "body.auditores")
    contact = Contact(
        setting=await setting_of(request, one.line, one.call_id),
        call_id=one.call_id,
        agent=one.agent,
        at=one.at,
        day=one.at.astimezone(zone).date(),
        file=one.file,
    )
    with refusing():
        number = await asyncio.to_thread(
            request.app[CALIBRATIONS].open,
            contact,
            asked.tema,
            asked.auditores,
            identity(request).who,
            request.app[CLOCK](),
        )
    await access_log(request, Action.CALIBRATION_OPENED, f"calibración {number} {one.call_id}")
    raise web.HTTPSeeOther(f"{PATH}/{number}")


@page("calibracion.html")
async def show_one(request: web.Request) -> Context:
    """Show who has delivered and, once all have, what each marked."""
    session, zone, known = await _session(request), _zone(request), identity(request)
    own = known.who in session.auditors
    audits = await _seen(request, session)
    rows = subitems(audits, session.answer)
    if audits:
        await access_log(request, Action.AUDIT_READ, f"calibración {session.number}")
    return {
        "one": _line(session, zone),
        "auditors": [(name, name in session.audits) for name in session.auditors],
        "begin": own
        and known.may(Permission.AUDIT)
        and session.phase is Phase.BLIND
        and known.who not in session.audits,
        "waits": own and known.who in session.audits,
        "close": known.may(Permission.COACH) and session.phase is Phase.BLIND,
        "agree": known.may(Permission.COACH) and session.phase is Phase.SHOWN and bool(audits),
        "who": [audit.auditor for audit in audits],
        "rows": [_row(one) for one in rows],
        "parted": sum(one.is_parted for one in rows),
        "marks": [(str(mark), word) for mark, (_, word) in MARK_WORDS.items()],
        "agreed_by": f"{session.agreed_by}, {day_and_hour(session.agreed_at, zone)}" if session.agreed_at else "",
        **_compared(compare([(audits, session.answer)])),
    }


async def begin(request: web.Request) -> web.StreamResponse:
    """Begin, or go on with, one's own blind audit."""
    session, who = await _session(request), identity(request).who
    if session.phase is not Phase.BLIND or who not in session.auditors or who in session.audits:
        raise RefusedError("usted no tiene que auditar en esta calibración, o ya se cerró")
    of = session.contact
    new = NewAudit(
        matrix=await asyncio.to_thread(request.app[MATRICES].of_contact, of.setting, of.day),
        setting=of.setting,
        call_id=of.call_id,
        agent=of.agent,
        at=of.at,
        day=of.day,
        auditor=who,
        file=of.file,
        blind=True,
    )
    with refusing():
        number = await asyncio.to_thread(request.app[AUDITS].start, new, request.app[CLOCK]())
    raise web.HTTPSeeOther(f"/calidad/auditorias/{number}")


async def close(request: web.Request) -> web.StreamResponse:
    """End the blind part though not all have delivered."""
    session = await _session(request)
    with refusing():
        await asyncio.to_thread(
            request.app[CALIBRATIONS].close, session.number, identity(request).who, request.app[CLOCK]()
        )
    await access_log(request, Action.CALIBRATION_CLOSED, f"calibración {session.number}")
    raise web.HTTPSeeOther(f"{PATH}/{session.number}")


async def agree(request: web.Request) -> web.StreamResponse:
    """Keep what was agreed on."""
    session, asked = await _session(request), body(request, AnswerAsked)
    wanted = {one.subitem.id for one in subitems(await _seen(request, session), None)}
    if wanted != set(asked.marcas):
        raise RefusedError("falta el acuerdo de algún subítem; márquelos todos")
    with refusing():
        await asyncio.to_thread(
            request.app[CALIBRATIONS].agree, session.number, asked.marcas, identity(request).who, request.app[CLOCK]()
        )
    await access_log(request, Action.CALIBRATION_AGREED, f"calibración {session.number}")
    raise web.HTTPSeeOther(f"{PATH}/{session.number}")


async def tell(request: web.Request) -> web.StreamResponse:
    """Tell a session."""
    session = await _session(request)
    audits = await _seen(request, session)
    found = compare([(audits, session.answer)])
    return told(
        CalibrationTold(
            number=session.number,
            phase=session.phase,
            call=session.contact.call_id,
            adviser=session.contact.agent,
            at=session.contact.at,
            subject=session.subject,
            auditors={name: name in session.audits for name in session.auditors},
            subitems=subitems_told(subitems(audits, session.answer), [audit.auditor for audit in audits]),
            by_auditor=auditors_told(found),
            by_item=items_told(found),
        )
    )


async def _session(request: web.Request) -> Calibration:
    found = await asyncio.to_thread(request.app[CALIBRATIONS].find, number_of(request))
    if found is None:
        raise web.HTTPNotFound
    return found


async def _seen(request: web.Request, session: Calibration) -> list[Audit]:
    """Read what auditors marked: nothing while others are still to mark, nor for who has a blind draft of it."""
    if session.phase is Phase.BLIND:
        return []
    who = identity(request).who
    if who in session.auditors and who not in session.audits:
        of = session.contact
        own = Wanted(call_id=of.call_id, agent=of.agent, auditor=who, states=frozenset({State.DRAFT}))
        if await asyncio.to_thread(request.app[AUDITS].all, own):
            raise RefusedError("usted tiene un borrador a ciegas de este contacto; entréguelo o descártelo primero")
    return await _audits(request, session)


async def _audits(request: web.Request, session: Calibration) -> list[Audit]:
    found = await asyncio.gather(
        *(asyncio.to_thread(request.app[AUDITS].find, number) for number in session.audits.values())
    )
    return [one.audit for one in found if one is not None]


async def _choices(request: web.Request, call_id: str, zone: ZoneInfo) -> Context:
    """Lay out the conversations of a call, and who may be asked to mark one."""
    conversations, auditors = await asyncio.gather(_conversations(request, call_id), _auditors(request))
    return {
        "conversations": [
            {
                "place": place,
                "said": f"{day_and_hour(one.at, zone)}, {one.agent}, {duration(one.seconds * 1000)}",
                "why_not": EXCLUSION_WORDS[one.exclusion] if one.exclusion not in {None, Exclusion.AUDITED} else "",
            }
            for place, one in enumerate(conversations, 1)
        ],
        "auditors": auditors,
    }


async def _conversations(request: web.Request, call_id: str) -> list[Conversation]:
    """Read the conversations of a call; those that cannot be heard say why."""
    call = await asyncio.to_thread(request.app[LEDGER].call, call_id)
    if call is None:
        return []
    until = (call.ended_at or request.app[CLOCK]()) + timedelta(seconds=1)
    found = await asyncio.to_thread(request.app[SAMPLES].conversations, call.line, call.started_at, until)
    folder = request.app[SETTINGS].recordings_dir
    of_call = sorted((one for one in found if one.call_id == call_id), key=lambda one: one.at)
    return [
        replace(one, exclusion=Exclusion.FILE_MISSING)
        if one.exclusion in {None, Exclusion.AUDITED} and recording_path(folder, one.file) is None
        else one
        for one in of_call
    ]


async def _auditors(request: web.Request) -> list[tuple[str, str]]:
    """Give who audits: sign-in name and name."""
    everybody = await asyncio.to_thread(request.app[PEOPLE].everybody)
    return [(one.login, one.name) for one in everybody if one.role == Role.AUDITOR and one.disabled_at is None]


def _line(one: Calibration, zone: ZoneInfo) -> dict[str, Any]:
    tone, word = PHASE_WORDS[one.phase]
    return {
        "number": one.number,
        "address": f"{PATH}/{one.number}",
        "when": day_and_hour(one.contact.at, zone),
        "agent": one.contact.agent,
        "line": one.contact.setting.line,
        "subject": one.subject,
        "opened": f"{one.opened_by}, {day_and_hour(one.opened_at, zone)}",
        "delivered": f"{len(one.audits)} de {len(one.auditors)}",
        "tone": tone,
        "word": word,
    }


def _row(one: SubItemCompared) -> dict[str, Any]:
    most = max(Mark, key=one.marks.count)
    return {
        "number": one.subitem.id,
        "title": one.subitem.title,
        "marks": [MARK_WORDS[mark] for mark in one.marks],
        "parted": one.is_parted,
        "agreed": MARK_WORDS[one.agreed] if one.agreed else None,
        "likely": "" if one.is_parted else str(most),
    }


def _compared(found: Comparison) -> dict[str, Any]:
    return {
        "by_auditor": [
            {
                "auditor": one.auditor,
                "only_this": whole(one.bias.only_this),
                "only_agreed": whole(one.bias.only_others),
                **agreement_shown(one.agreement),
            }
            for one in found.auditors
        ],
        **agreement_by_item(found.by_item),
    }


def _zone(request: web.Request) -> ZoneInfo:
    return ZoneInfo(request.app[SETTINGS].timezone)


_READ, _LEAD = Permission.READ_QUALITY, Permission.COACH

ROUTES = (
    Route(method="GET", path=PATH, handler=show, permission=_READ, query=ListAsked),
    Route(method="POST", path=PATH, handler=open_session, permission=_LEAD, body=SessionAsked),
    Route(method="GET", path=ONE, handler=show_one, permission=_READ),
    Route(method="POST", path=f"{ONE}/auditoria", handler=begin, permission=Permission.AUDIT),
    Route(method="POST", path=f"{ONE}/cerrar", handler=close, permission=_LEAD),
    Route(method="POST", path=f"{ONE}/acuerdo", handler=agree, permission=_LEAD, body=AnswerAsked),
    Route(
        method="GET",
        path=f"/api/v1/calibrations/{NUMBER}",
        handler=tell,
        permission=_READ,
        answer=CalibrationTold,
        summary="A calibration session",
    ),
)
