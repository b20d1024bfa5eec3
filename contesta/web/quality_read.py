"""The audits that whoever asks may read, and what he may do with them. Pages, API and recordings ask here."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import web

from callback_queue.request import Source
from contesta.erasing import erased_text
from contesta.recordings import recording_path
from contesta.web.access import Role, identity
from contesta.web.context import ENGINE, LEDGER, SETTINGS
from contesta.web.validation import RefusedError
from quality.matrix.calibration import Phase
from quality.matrix.lifecycle import Actor, IllegalStepError, State
from quality.matrix.matrix import Channel, ContactKind, Setting
from quality.metrics.history import CallHistory
from storage.callbacks import Callbacks
from storage.desk_preferences import DesksWanted
from storage.expiry import erasures
from storage.quality_actions import Actions
from storage.quality_audits import Audits, StoredAudit, Wanted
from storage.quality_calibrations import Calibration, Calibrations
from storage.quality_matrices import Matrices
from storage.quality_samples import Samples

NUMBER = "{number:[0-9]{1,9}}"
PATH = "/calidad"
ONE = f"{PATH}/auditorias/{NUMBER}"

_UNFINISHED = frozenset({State.DRAFT, State.DISCARDED})

AUDITS = web.AppKey("audits", Audits)
ACTIONS = web.AppKey("actions", Actions)
SAMPLES = web.AppKey("samples", Samples)
MATRICES = web.AppKey("matrices", Matrices)
CALIBRATIONS = web.AppKey("calibrations", Calibrations)
DESKS_WANTED = web.AppKey("desks_wanted", DesksWanted)


def prepare(app: web.Application) -> None:
    """Give the pages of quality what the ledger keeps for them."""
    app[AUDITS] = Audits(app[ENGINE])
    app[ACTIONS] = Actions(app[ENGINE])
    app[SAMPLES] = Samples(app[ENGINE])
    app[MATRICES] = Matrices(app[ENGINE])
    app[CALIBRATIONS] = Calibrations(app[ENGINE])
    app[DESKS_WANTED] = DesksWanted(app[ENGINE])


def actor(request: web.Request) -> Actor:
    """Tell who is asking, as audits know people."""
    known = identity(request)
    return Actor(login=known.who, audits=known.role is Role.AUDITOR, agent=known.agent or "")


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    """Say what the states of an audit do not allow."""
    try:
        yield
    except IllegalStepError as illegal:
        raise RefusedError(str(illegal)) from illegal


async def audit_of(request: web.Request) -> StoredAudit:
    """Read the audit that the address names.

    Raises:
        web.HTTPNotFound: there is none, or whoever asks may not read it: the two look the same.
        RefusedError: it belongs to a calibration that is open, or whoever asks is to audit the same contact blind.
    """
    one = await asyncio.to_thread(request.app[AUDITS].find, number_of(request))
    if one is None or not _readable(one, request):
        raise web.HTTPNotFound
    who = actor(request)
    if who.audits and one.audit.auditor != who.login:
        wanted = Wanted(
            call_id=one.audit.call, agent=one.audit.agent, auditor=who.login, states=frozenset({State.DRAFT})
        )
        own = await asyncio.to_thread(request.app[AUDITS].all, wanted)
        if any(draft.audit.blind for draft in own):
            raise RefusedError("usted audita este contacto a ciegas; entregue primero la suya")
    if one.audit.auditor != who.login and who.agent != one.audit.agent:
        contact = (one.audit.call, one.audit.agent, one.at)
        for session in await asyncio.to_thread(request.app[CALIBRATIONS].of_contact, *contact):
            refuse_before_all_have_marked(session, one, who)
    return one


def refuse_before_all_have_marked(session: Calibration, one: StoredAudit, who: Actor) -> None:
    """Keep the audits of an open calibration from everybody, and all of its contact from who is still to mark it.

    Raises:
        RefusedError: it is kept from this person.
    """
    if session.phase is not Phase.BLIND:
        return
    if one.audit.blind and one.audit.auditor in session.auditors:
        raise RefusedError("es de una calibración en curso; se puede ver cuando todos hayan entregado")
    if who.login in session.auditors and who.login not in session.audits:
        raise RefusedError("usted calibra este contacto a ciegas; entregue primero la suya")


def number_of(request: web.Request) -> int:
    """Give the number in an address."""
    return int(request.match_info["number"])


async def call_of(request: web.Request, one: StoredAudit) -> CallHistory | None:
    """Read the call of an audit; None if the ledger does not have it any more."""
    return await asyncio.to_thread(request.app[LEDGER].call, one.audit.call)


async def setting_of(request: web.Request, line: str, call_id: str) -> Setting:
    """Tell in what setting a contact was: who called whom, as the ledger has it; what rings is a voice call."""
    promised = await asyncio.to_thread(Callbacks(request.app[ENGINE]).of_channel, call_id)
    if promised is None:
        kind = ContactKind.INBOUND
    else:
        kind = ContactKind.CAMPAIGN if promised.source is Source.CAMPAIGN else ContactKind.CALLBACK
    return Setting(line=line, channel=Channel.VOICE, kind=kind)


async def erased_of(request: web.Request, one: StoredAudit) -> str:
    """Say that the recording of an audit's contact was erased, and why; "" if it was not."""
    gone = await asyncio.to_thread(erasures, request.app[ENGINE], one.audit.call)
    zone = ZoneInfo(request.app[SETTINGS].timezone)
    return next((erased_text(each, zone) for each in gone if each.file == one.file), "") if one.file else ""


def recording_file(request: web.Request, one: StoredAudit) -> Path | None:
    """Find the recording of an audit's contact; None if there is nothing to hear."""
    return recording_path(request.app[SETTINGS].recordings_dir, one.file)


def _readable(one: StoredAudit, request: web.Request) -> bool:
    known = identity(request)
    if known.role is Role.ADVISER:
        return one.audit.agent == known.agent and one.state not in _UNFINISHED and not one.audit.blind
    return one.state not in _UNFINISHED or one.audit.auditor == known.who
