"""/api/v1/form and /follow: the entity's own site asks for calls and follows them, with a key of its own.

The citizen stays the one who asks: he authorises the text of that version, and number and code are his.
"""

import asyncio
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web
from pydantic import BaseModel

from callback_queue.policy import next_allowed
from callback_queue.request import Filing, State, Window
from callback_queue.states import IllegalStepError
from contesta.callbacks import follow_words
from contesta.callbacks.form_answers import (
    DOCUMENT_TYPES,
    STEPS,
    Part,
    Said,
    faults,
    form_of,
    subjects_of,
    telephone_of,
    understood,
    written,
)
from contesta.web.access import Permission, identity
from contesta.web.context import CLOCK
from contesta.web.following import Followed, found_by, reschedule, take_back
from contesta.web.form_ask import ask, calling_number, new_filing
from contesta.web.form_lines import FORMS, WISHES, free_windows, line_of, rules_of
from contesta.web.form_models import (
    CallPromised,
    CallWanted,
    FiledBy,
    FollowedAttempt,
    FollowedCall,
    FormOffer,
    FormSubject,
    FormWindow,
    OtherTime,
)
from contesta.web.limits import FORM_LIMITS
from contesta.web.routes import IDEMPOTENCY_KEY, IDEMPOTENCY_PATTERN, Route, body, told
from contesta.web.sessions import new_secret
from contesta.web.validation import InvalidInputError, RefusedError
from ivr.line.model import Line
from storage.callback_forms import FormKind
from storage.callback_windows import WindowFullError

FORM_PATH = "/api/v1/form/{line:[a-z][a-z0-9_]{0,31}}"
FOLLOW_PATH = "/api/v1/follow"
REMEMBERED = timedelta(days=2)
"""How long an idempotency key is honoured."""

_FIELDS = {
    Part.NAME: "name",
    Part.TELEPHONE: "telephone",
    Part.DOCUMENT_TYPE: "document_type",
    Part.DOCUMENT: "document",
    Part.COMPANY: "company",
    Part.NIT: "nit",
    Part.SUBJECT: "subject",
    Part.DESCRIPTION: "description",
    Part.WHEN: "window_begins_at",
}


class _Kept(BaseModel):
    """What is remembered of a wish under an idempotency key."""

    digest: str
    filing: Filing


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """A wish under its name, with the filing number that it has."""

    origin: str
    filing: Filing


async def offer(request: web.Request) -> web.Response:
    """Give what a form of the entity's own shows: the text to authorise, subjects, and hours with places left."""
    line = await line_of(request)
    consent, now = line.web_consent, request.app[CLOCK]()
    return told(
        FormOffer(
            line=line.name,
            entity=line.entity,
            consent_version=consent.version if consent else "",
            consent_text=consent.text if consent else "",
            policy=form_of(line).policy,
            document_types=dict(DOCUMENT_TYPES),
            subjects=[FormSubject(name=each.name, title=each.title) for each in subjects_of(line)],
            windows=[each for window in await free_windows(request, line) if (each := _window(window))],
            soonest_at=next_allowed(rules_of(line), now),
        )
    )


async def want(request: web.Request) -> web.Response:
    """Ask for a call. With an Idempotency-Key the same wish may be sent again: it is answered again and done once."""
    line, wanted = await line_of(request), body(request, CallWanted)
    if (consent := line.web_consent) is None or wanted.consent_version != consent.version:
        raise RefusedError("el texto de la autorización es de otra versión; pida de nuevo el formulario y muéstrelo")
    digest = _digest_of(request, line)
    if digest is None:
        return await _taken(request, line, wanted)
    async with request.app[WISHES].setdefault(digest, asyncio.Lock()):  # sent again meanwhile, it counts once
        return await _taken(request, line, wanted)


async def _taken(request: web.Request, line: Line, wanted: CallWanted) -> web.Response:
    named = await _named(request, line, wanted)
    windows = await free_windows(request, line) if named is None else [_as_offered(line, wanted)]
    said = _said(wanted, windows)
    if named is None:
        _refuse(line, said, windows)
        if not request.app[FORM_LIMITS].program_may_ask(telephone_of(wanted.telephone)):
            raise web.HTTPTooManyRequests(headers={"Retry-After": "3600"})
    if named is None:
        filing = await new_filing(request)
        named = await _remembered(request, line, wanted, filing)
    try:
        taken = await ask(request, line, understood(said), named.origin, named.filing)
    except WindowFullError as full:
        raise RefusedError(str(full)) from full
    return told(
        CallPromised(
            number=named.filing.number,
            code=named.filing.code,
            joined=taken.request.filings[0] != named.filing,
            telephone=taken.request.telephone,
            window=_window(understood(said).window),
            calls_from=calling_number(line),
        )
    )


async def follow(request: web.Request) -> web.Response:
    """Tell where a request stands to whoever has its number and code."""
    return told(_followed(await _filed(request, body(request, FiledBy))))


async def cancel(request: web.Request) -> web.Response:
    """Take a citizen's own wish back; the call stays for others of his telephone who want it."""
    said = body(request, FiledBy)
    found = await _filed(request, said)
    try:
        await take_back(request, found)
    except IllegalStepError as error:
        raise RefusedError("la solicitud ya no se puede cancelar") from error
    return told(_followed(await _found(request, said)))


async def change(request: web.Request) -> web.Response:
    """Choose another time for the citizen."""
    said = body(request, OtherTime)
    found = await _filed(request, said)
    if not found.leads:
        raise RefusedError("esta solicitud se unió a otra anterior: use el radicado y el código de la primera")
    if found.line is None:
        raise RefusedError("la línea ya no recibe solicitudes")
    windows = await free_windows(request, found.line)
    window = Window() if said.window_begins_at is None else _begins_at(windows, said.window_begins_at)
    if window is None:
        raise RefusedError("esa hora ya no está libre; elija otra")
    try:
        await reschedule(request, found.line, found.request, window)
    except WindowFullError as full:
        raise RefusedError(str(full)) from full
    except IllegalStepError as error:
        raise RefusedError("la solicitud ya no se puede cambiar") from error
    return told(_followed(await _found(request, said)))


async def _found(request: web.Request, said: FiledBy) -> Followed:
    found = await found_by(request, said.number, said.code)
    if found is None:
        raise web.HTTPNotFound
    return found


async def _filed(request: web.Request, said: FiledBy) -> Followed:
    if not request.app[FORM_LIMITS].program_may_look(said.number):
        raise web.HTTPTooManyRequests(headers={"Retry-After": "3600"})
    return await _found(request, said)


async def _named(request: web.Request, line: Line, wanted: CallWanted) -> _Named | None:
    """Give what is known of a wish by its idempotency key; None if it is new."""
    digest = _digest_of(request, line)
    if digest is None:
        return None
    kept = await asyncio.to_thread(request.app[FORMS].find, digest, FormKind.PROGRAM, request.app[CLOCK]())
    if kept is None:
        return None
    before = _Kept.model_validate_json(kept.data)
    if before.digest != _body_digest(wanted):
        raise RefusedError("esa Idempotency-Key ya se usó con otros datos; use otra para otra solicitud")
    return _Named(origin=f"api:{digest.hex()}", filing=before.filing)


async def _remembered(request: web.Request, line: Line, wanted: CallWanted, filing: Filing) -> _Named:
    """Remember a new wish under its idempotency key, before anything is done of it."""
    digest, now = _digest_of(request, line), request.app[CLOCK]()
    if digest is None:
        return _Named(origin=f"api:{new_secret().digest.hex()}", filing=filing)
    data = _Kept(digest=_body_digest(wanted), filing=filing).model_dump_json()
    begin = request.app[FORMS].begin
    if await asyncio.to_thread(begin, digest, FormKind.PROGRAM, data, now, now + REMEMBERED):
        return _Named(origin=f"api:{digest.hex()}", filing=filing)
    again = await _named(request, line, wanted)
    if again is None:
        raise RefusedError("la misma solicitud se está recibiendo en este momento; envíela de nuevo")
    return again


def _digest_of(request: web.Request, line: Line) -> bytes | None:
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is None:
        return None
    if not re.fullmatch(IDEMPOTENCY_PATTERN, key, re.ASCII):
        raise InvalidInputError(
            f"«{IDEMPOTENCY_KEY}» debe tener de 8 a 128 letras, cifras, guiones, puntos o dos puntos",
            f"header.{IDEMPOTENCY_KEY}",
        )
    return hashlib.sha256(f"{identity(request).key_id} {line.name} {key}".encode()).digest()


def _body_digest(wanted: CallWanted) -> str:
    return hashlib.sha256(wanted.model_dump_json().encode()).hexdigest()


def _said(wanted: CallWanted, windows: Sequence[Window]) -> Said:
    said = {part.value: str(getattr(wanted, field)) for part, field in _FIELDS.items() if part is not Part.WHEN}
    window = Window() if wanted.window_begins_at is None else _begins_at(windows, wanted.window_begins_at)
    return said | {Part.WHEN.value: written(window) if window else "full", Part.CONSENT.value: "si"}


def _as_offered(line: Line, wanted: CallWanted) -> Window:
    """Give the window that a wish, known by its key, was let in with: it may be full of that very wish by now."""
    begins = wanted.window_begins_at
    length = timedelta(minutes=form_of(line).window_minutes)
    return Window(not_before=begins, not_after=begins + length) if begins else Window()


def _refuse(line: Line, said: Said, windows: Sequence[Window]) -> None:
    for step in range(1, len(STEPS) + 1):
        for part, fault in faults(line, step, said, windows).items():
            if part is Part.WHEN:
                raise RefusedError("esa hora ya no está libre; elija otra")
            raise InvalidInputError(fault.rstrip("."), f"body.{_FIELDS[part]}")


def _begins_at(windows: Sequence[Window], moment: datetime) -> Window | None:
    return next((window for window in windows if window.not_before == moment), None)


def _window(window: Window) -> FormWindow | None:
    if window.not_before is None or window.not_after is None:
        return None
    return FormWindow(begins_at=window.not_before, ends_at=window.not_after)


def _followed(found: Followed) -> FollowedCall:
    what = found.request
    mine, left = found.own, what.wish_of(found.filing.number).left_at
    return FollowedCall(
        number=found.filing.number,
        own=mine,
        state=what.state,
        reason=what.reason if mine or left or found.leads else None,
        heading=follow_words.heading(what),
        window=_window(what.window),
        due_at=what.due_at if what.state is State.WAITING else None,
        attempts=[FollowedAttempt(at=each.committed_at, result=each.result) for each in what.attempts] if mine else [],
        may_cancel=follow_words.may_cancel(what),
        may_change=found.leads and found.line is not None and follow_words.may_change(what),
    )


_ASK = Permission.ASK_FOR_CALLS

ROUTES = (
    Route(
        method="GET",
        path=FORM_PATH,
        handler=offer,
        permission=_ASK,
        answer=FormOffer,
        summary="Give what a form of the entity's own shows",
        public=True,
    ),
    Route(
        method="POST",
        path=FORM_PATH,
        handler=want,
        permission=_ASK,
        body=CallWanted,
        answer=CallPromised,
        summary="Ask for a call",
        public=True,
        idempotent=True,
    ),
    Route(
        method="POST",
        path=FOLLOW_PATH,
        handler=follow,
        permission=_ASK,
        body=FiledBy,
        answer=FollowedCall,
        summary="Tell where a request stands",
        public=True,
    ),
    Route(
        method="POST",
        path=f"{FOLLOW_PATH}/cancel",
        handler=cancel,
        permission=_ASK,
        body=FiledBy,
        answer=FollowedCall,
        summary="Take a request back",
        public=True,
    ),
    Route(
        method="POST",
        path=f"{FOLLOW_PATH}/change",
        handler=change,
        permission=_ASK,
        body=OtherTime,
        answer=FollowedCall,
        summary="Choose another time",
        public=True,
    ),
)
