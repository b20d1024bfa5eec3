"""Recordings, by the audit that lets somebody hear them: served by range, and each time written to the access log."""

import asyncio
from pathlib import Path

from aiohttp import hdrs, web

from contesta.auditing import desk, evidence
from contesta.auditing.view import Evidence, Lanes
from contesta.auditing.waveform import outline
from contesta.web.access import Action, Permission, access_log
from contesta.web.context import ENGINE
from contesta.web.quality_read import NUMBER, ONE, audit_of, call_of, recording_file
from contesta.web.routes import Route, told
from storage.quality_audits import StoredAudit
from storage.recording_measures import RecordingMeasures


async def recording(request: web.Request) -> web.StreamResponse:
    """Give the recording of an audit's contact, or the part of it that was asked for."""
    one, path = await _heard(request)
    if request.method != hdrs.METH_HEAD:
        part = request.headers.get(hdrs.RANGE, "")[:40]
        await access_log(request, Action.RECORDING_HEARD, f"{one.audit.call} auditoría {one.number} {part}".strip())
    return web.FileResponse(path, headers={hdrs.CONTENT_TYPE: "audio/wav"})


async def lanes(request: web.Request) -> web.StreamResponse:
    """Give the outline of a recording."""
    _, path = await _heard(request)
    return told(desk.lanes(await asyncio.to_thread(outline, path)))


async def measures(request: web.Request) -> web.StreamResponse:
    """Give what was measured in a recording."""
    one, _ = await _heard(request)
    stored = await asyncio.to_thread(RecordingMeasures(request.app[ENGINE]).of, one.file)
    return told(evidence.told(evidence.of(stored, desk.holds(one, await call_of(request, one)))))


async def _heard(request: web.Request) -> tuple[StoredAudit, Path]:
    one = await audit_of(request)
    path = await asyncio.to_thread(recording_file, request, one)
    if path is None:
        raise web.HTTPNotFound
    return one, path


ROUTES = (
    Route(
        method="GET", path=f"{ONE}/grabacion", handler=recording, permission=Permission.READ_AUDITS, name="recording"
    ),
    Route(
        method="GET",
        path=f"/api/v1/audits/{NUMBER}/lanes",
        handler=lanes,
        permission=Permission.READ_AUDITS,
        answer=Lanes,
        summary="The outline of the recording of an audited contact",
    ),
    Route(
        method="GET",
        path=f"/api/v1/audits/{NUMBER}/evidence",
        handler=measures,
        permission=Permission.READ_AUDITS,
        answer=Evidence,
        summary="What was measured in the recording of an audited contact",
    ),
)
