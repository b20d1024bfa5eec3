"""What can be heard: recordings of audits, what callers said in surveys, and what they left for a promised call.

Served by range, and each time written to the access log.
"""

import asyncio
from pathlib import Path
from urllib.parse import quote

from aiohttp import hdrs, web

from callback_queue.request import CallbackRequest
from contesta.auditing import desk, evidence
from contesta.auditing.view import Evidence, Lanes
from contesta.auditing.waveform import outline
from contesta.masked import audible
from contesta.recordings import recording_path
from contesta.web.access import Action, Permission, access_log
from contesta.web.context import ENGINE, LEDGER, SETTINGS
from contesta.web.quality_read import NUMBER, ONE, audit_of, call_of, recording_file
from contesta.web.routes import Route, told
from core.errors import ConfigurationError, NotAvailableError
from storage.quality_audits import StoredAudit
from storage.recording_measures import RecordingMeasures


async def recording(request: web.Request) -> web.StreamResponse:
    """Give the recording of an audit's contact, or the part of it that was asked for."""
    one, path = await _audited(request)
    return await hear(request, path, f"{one.audit.call} auditoría {one.number}")


def comment_address(call_id: str, position: int) -> str:
    """Give the address of what a caller said to the question at `position` among the answers of a call."""
    return f"{_COMMENTS}/{quote(call_id, safe='')}/{position}"


async def comment(request: web.Request) -> web.StreamResponse:
    """Give what a caller said to a question of a survey, or the part of it that was asked for."""
    position = int(request.match_info["position"])
    call = await asyncio.to_thread(request.app[LEDGER].call, request.match_info["call_id"])
    if call is None or position >= len(call.survey):
        raise web.HTTPNotFound
    folder = request.app[SETTINGS].messages_dir
    path = await asyncio.to_thread(recording_path, folder, call.survey[position].file)
    if path is None:
        raise web.HTTPNotFound
    return await hear(request, path, f"{call.call_id} comentario {position + 1}")


async def message(request: web.Request, of: CallbackRequest) -> web.StreamResponse:
    """Give what a citizen left spoken in a promised call, or the part of it that was asked for."""
    number = int(request.match_info["number"])
    path = await asyncio.to_thread(message_file, request, of, number)
    if path is None:
        raise web.HTTPNotFound
    return await hear(request, path, f"{of.id} {of.recordings[number].file}")


def message_file(request: web.Request, of: CallbackRequest, number: int) -> Path | None:
    """Find a recording of a promised call, by its place among them; None if there is nothing to hear."""
    folder = request.app[SETTINGS].messages_dir
    return recording_path(folder, of.recordings[number].file) if number < len(of.recordings) else None


async def hear(request: web.Request, path: Path, what: str) -> web.StreamResponse:
    """Give a file's sound, or the part of it that was asked for, once it is written down who hears `what`.

    Keypad tones are silent in it.
    """
    try:
        heard = await asyncio.to_thread(audible, request.app[SETTINGS], path)
    except (ConfigurationError, OSError) as error:
        raise NotAvailableError("la grabación no se puede leer: el archivo está dañado, o no hay espacio") from error
    if request.method != hdrs.METH_HEAD:
        part = request.headers.get(hdrs.RANGE, "")[:40]
        await access_log(request, Action.RECORDING_HEARD, f"{what} {part}".strip())
    return web.FileResponse(heard, headers={hdrs.CONTENT_TYPE: "audio/wav"})


async def lanes(request: web.Request) -> web.StreamResponse:
    """Give the outline of a recording."""
    _, path = await _audited(request)
    return told(desk.lanes(await asyncio.to_thread(outline, path)))


async def measures(request: web.Request) -> web.StreamResponse:
    """Give what was measured in a recording."""
    one, _ = await _audited(request)
    stored = await asyncio.to_thread(RecordingMeasures(request.app[ENGINE]).of, one.file)
    return told(evidence.told(evidence.of(stored, desk.holds(one, await call_of(request, one)))))


async def _audited(request: web.Request) -> tuple[StoredAudit, Path]:
    one = await audit_of(request)
    path = await asyncio.to_thread(recording_file, request, one)
    if path is None:
        raise web.HTTPNotFound
    return one, path


_COMMENTS = "/encuestas/comentarios"

ROUTES = (
    Route(
        method="GET",
        path=_COMMENTS + "/{call_id:[^/]+}/{position:[0-9]{1,6}}",
        handler=comment,
        permission=Permission.READ_RESULTS,
        name="comment",
    ),
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
