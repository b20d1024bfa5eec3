"""Recordings, by the audit that lets somebody hear them: served by range, and each time written to the access log."""

import asyncio

from aiohttp import hdrs, web

from contesta.auditing import desk
from contesta.auditing.view import Lanes
from contesta.auditing.waveform import outline
from contesta.web.access import Action, Permission, access_log
from contesta.web.quality_read import NUMBER, ONE, audit_of, call_of, recording_file
from contesta.web.routes import Route, told


async def recording(request: web.Request) -> web.StreamResponse:
    """Give the recording of an audit's contact, or the part of it that was asked for."""
    one = await audit_of(request)
    path = await asyncio.to_thread(recording_file, request, one)
    if path is None:
        raise web.HTTPNotFound
    if request.method != hdrs.METH_HEAD:
        part = request.headers.get(hdrs.RANGE, "")[:40]
        await access_log(request, Action.RECORDING_HEARD, f"{one.audit.call} auditoría {one.number} {part}".strip())
    return web.FileResponse(path, headers={hdrs.CONTENT_TYPE: "audio/wav"})


async def lanes(request: web.Request) -> web.StreamResponse:
    """Give what is drawn of a recording."""
    one = await audit_of(request)
    path = await asyncio.to_thread(recording_file, request, one)
    if path is None:
        raise web.HTTPNotFound
    drawn, call = await asyncio.gather(asyncio.to_thread(outline, path), call_of(request, one))
    return told(desk.lanes(drawn, one, call))


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
        summary="What is drawn of the recording of an audited contact",
    ),
)
