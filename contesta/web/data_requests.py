"""People who ask about their data: the register, each request with what can be done, and by when it is answered."""

import asyncio
import json
from collections.abc import Callable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import hdrs, web
from pydantic import Field

from contesta.data_requests import ASK_WORDS, corrected_text, dials, due_text, outcome_text, right_of
from contesta.erasing import remover
from contesta.format import day_and_hour, sentence
from contesta.subjects import WHAT_WORDS, subject_text
from contesta.web.access import Action, Permission, access_log, identity
from contesta.web.context import CLOCK, ENGINE, SETTINGS
from contesta.web.form_lines import PUBLISHED
from contesta.web.pages import render
from contesta.web.routes import Route, body
from contesta.web.validation import Asked, Day
from core.errors import ConfigurationError, NotAvailableError
from core.privacy.deadlines import Ask
from core.privacy.subject import Subject, What
from storage.corrections import Corrected, Corrections
from storage.data_requests import DataRequest, DataRequests
from storage.subject_data import SubjectData

PATH = "/administracion/solicitudes"
ONE = f"{PATH}/{{number:[0-9]{{1,9}}}}"
_BAD_REQUEST = web.HTTPBadRequest.status_code


class NewRequest(Asked):
    """What a person asks, and the day on which the entity received it."""

    ask: Ask
    what: What
    value: str = Field(min_length=1, max_length=128)
    received: Day
    detail: str = ""


class Correcting(Asked):
    """What is right; what is empty stays as it is."""

    name: str = Field(default="", max_length=120)
    document: str = Field(default="", max_length=40)
    telephone: str = Field(default="", max_length=40)


class Erasing(Asked):
    """Whether it was said that what is erased does not come back."""

    sure: str = ""


class Said(Asked):
    """Why the time is extended, or what was answered."""

    text: str = Field(min_length=1)


async def show(request: web.Request) -> web.StreamResponse:
    """Show the register."""
    return await _register(request)


async def add(request: web.Request) -> web.StreamResponse:
    """Note a request."""
    said = body(request, NewRequest)
    who, now = identity(request).who, request.app[CLOCK]()
    if said.received > now.astimezone(_zone(request)).date():
        return await _register(request, said, "El día en que se recibió no puede ser después de hoy.")

    def act() -> DataRequest:
        subject = Subject.read(said.what, said.value)
        return DataRequests(request.app[ENGINE]).add(said.ask, subject, said.detail, said.received, who, now)

    try:
        made = await asyncio.to_thread(act)
    except ConfigurationError as error:
        return await _register(request, said, sentence(str(error)))
    await access_log(request, Action.DATA_REQUEST_NOTED, f"solicitud {made.id}")
    raise web.HTTPSeeOther(f"{PATH}/{made.id}")


async def show_one(request: web.Request) -> web.StreamResponse:
    """Show one request and what can be done with it."""
    return await _one(request, await _found(request))


async def export(request: web.Request) -> web.StreamResponse:
    """Give all that is kept of the person, as one file. It is written to the access log first."""
    found = await _found(request)
    await access_log(request, Action.DATA_EXPORTED, f"solicitud {found.id}")
    told = await asyncio.to_thread(SubjectData(request.app[ENGINE]).export, found.subject)
    headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="datos-solicitud-{found.id}.json"'}
    text = json.dumps(told, ensure_ascii=False, indent=2)
    return web.Response(text=text, content_type="application/json", headers=headers)


async def erase(request: web.Request) -> web.StreamResponse:
    """Erase what may be erased of the person, and say what stays and why."""
    found = await _found(request)
    if found.ask is not Ask.ERASURE or found.answered_at is not None:
        return await _one(request, found, "Solo se borra con una solicitud de borrado en trámite.")
    if body(request, Erasing).sure != "on":
        return await _one(request, found, "Marque primero que sabe que no se puede deshacer.")
    remove, now = remover(request.app[SETTINGS]), request.app[CLOCK]()
    await access_log(request, Action.DATA_ERASED, f"solicitud {found.id}")
    try:
        done = await asyncio.to_thread(SubjectData(request.app[ENGINE]).erase, found.subject, remove, now)
    except OSError as error:
        raise NotAvailableError("un archivo no se pudo borrar: revise sus permisos y borre otra vez") from error
    return await _one(request, found, done=outcome_text(done))


async def correct(request: web.Request) -> web.StreamResponse:
    """Correct the person's data wherever they stand."""
    found, said = await _found(request), body(request, Correcting)
    if found.ask is not Ask.CORRECTION or found.answered_at is not None:
        return await _one(request, found, "Solo se corrige con una solicitud de corrección en trámite.")
    known, who, now = request.app[PUBLISHED], identity(request).who, request.app[CLOCK]()

    def act() -> Corrected:
        right = right_of(said.name, said.document, said.telephone)
        return Corrections(request.app[ENGINE], dials(known.current())).correct(
            found.id, found.subject, right, who, now
        )

    try:
        done = await asyncio.to_thread(act)
    except ConfigurationError as error:
        return await _one(request, found, sentence(str(error)))
    fields = ", ".join(
        word
        for word, given in (("nombre", said.name), ("documento", said.document), ("teléfono", said.telephone))
        if given
    )
    await access_log(request, Action.DATA_CORRECTED, f"solicitud {found.id}: {fields}")
    return await _one(request, await _found(request), done=corrected_text(done))


async def extend(request: web.Request) -> web.StreamResponse:
    """Take the further days that the law gives, before the first are over."""
    found, said, now = await _found(request), body(request, Said), request.app[CLOCK]()
    if found.due < _today(request):
        return await _one(request, found, "El plazo ya venció: no se puede ampliar. Responda ya.")
    store = DataRequests(request.app[ENGINE])
    return await _changed(request, found, lambda: store.extend(found.id, said.text, now), Action.DATA_REQUEST_EXTENDED)


async def answer(request: web.Request) -> web.StreamResponse:
    """Close a request with what was answered."""
    found, said, now = await _found(request), body(request, Said), request.app[CLOCK]()
    store, who = DataRequests(request.app[ENGINE]), identity(request).who
    return await _changed(
        request, found, lambda: store.answer(found.id, said.text, who, now), Action.DATA_REQUEST_ANSWERED
    )


async def _changed(
    request: web.Request, found: DataRequest, act: Callable[[], DataRequest], action: Action
) -> web.StreamResponse:
    try:
        await asyncio.to_thread(act)
    except ConfigurationError as error:
        return await _one(request, found, sentence(str(error)))
    await access_log(request, action, f"solicitud {found.id}")
    raise web.HTTPSeeOther(f"{PATH}/{found.id}")


async def _found(request: web.Request) -> DataRequest:
    store = DataRequests(request.app[ENGINE])
    found = await asyncio.to_thread(store.find, int(request.match_info["number"]))
    if found is None:
        raise web.HTTPNotFound
    return found


async def _register(request: web.Request, said: NewRequest | None = None, fault: str = "") -> web.Response:
    zone, today = _zone(request), _today(request)
    found = await asyncio.to_thread(DataRequests(request.app[ENGINE]).all)
    context: dict[str, Any] = {
        "requests": [_line(one, zone, today) for one in found],
        "asks": [{"id": str(ask), "word": word} for ask, word in ASK_WORDS.items()],
        "whats": [{"id": str(what), "word": word} for what, word in WHAT_WORDS.items() if what.person],
        "today": today.isoformat(),
        "said": said,
        "fault": fault,
        "address": PATH,
    }
    return render(request, "solicitudes.html", context, _BAD_REQUEST if fault else 200)


async def _one(request: web.Request, one: DataRequest, fault: str = "", done: tuple[str, ...] = ()) -> web.Response:
    context: dict[str, Any] = {
        "one": _line(one, _zone(request), _today(request)),
        "fault": fault,
        "done": done,
        "address": f"{PATH}/{one.id}",
        "back": PATH,
    }
    return render(request, "solicitud.html", context, _BAD_REQUEST if fault else 200)


def _line(one: DataRequest, zone: ZoneInfo, today: date) -> dict[str, Any]:
    tone, word = due_text(one, today)
    return {
        "id": one.id,
        "ask": ASK_WORDS[one.ask],
        "subject": subject_text(one.subject),
        "detail": one.detail,
        "received": f"{one.received.day}/{one.received:%m/%Y}",
        "noted": f"{day_and_hour(one.at, zone)}, {one.author}",
        "state": {"tone": tone, "word": word},
        "open": one.answered_at is None,
        "claim": one.ask.claim,
        "late": one.due < today,
        "erasure": one.ask is Ask.ERASURE,
        "correction": one.ask is Ask.CORRECTION,
        "extended": one.extended_reason,
        "answer": one.answer,
        "answered": f"{day_and_hour(one.answered_at, zone)}, {one.answered_by}" if one.answered_at else "",
    }


def _zone(request: web.Request) -> ZoneInfo:
    return ZoneInfo(request.app[SETTINGS].timezone)


def _today(request: web.Request) -> date:
    return request.app[CLOCK]().astimezone(_zone(request)).date()


_ADMINISTER = Permission.ADMINISTER

ROUTES = (
    Route(method="GET", path=PATH, handler=show, permission=_ADMINISTER, nav="Solicitudes"),
    Route(method="POST", path=PATH, handler=add, permission=_ADMINISTER, body=NewRequest),
    Route(method="GET", path=ONE, handler=show_one, permission=_ADMINISTER),
    Route(method="GET", path=f"{ONE}/datos.json", handler=export, permission=_ADMINISTER),
    Route(method="POST", path=f"{ONE}/borrar", handler=erase, permission=_ADMINISTER, body=Erasing),
    Route(method="POST", path=f"{ONE}/corregir", handler=correct, permission=_ADMINISTER, body=Correcting),
    Route(method="POST", path=f"{ONE}/ampliar", handler=extend, permission=_ADMINISTER, body=Said),
    Route(method="POST", path=f"{ONE}/responder", handler=answer, permission=_ADMINISTER, body=Said),
)
