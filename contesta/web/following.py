"""The public page on which citizens follow, change or cancel a request, with its number and code.

Whoever asked first may see what he told and change the hour; whoever joined later with the same telephone sees only
where it stands. Neither sees what the other told: many may have one telephone, and anybody may ask for a call to it.
Each cancels for himself alone. When the first has done so, the next may change the hour.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiohttp import hdrs, web

from callback_queue.policy import promise
from callback_queue.request import Asked, CallbackRequest, Filing, Place, Source, Window
from callback_queue.sms.message import State as MessageState
from callback_queue.states import IllegalStepError, Rescheduled, TakenBack
from callback_queue.wishes import as_seen
from contesta.callbacks import follow_words, form_words
from contesta.callbacks.form_answers import DOCUMENT_TYPES, SOON, form_of, subjects_of, window_of, written
from contesta.format import long_date, phone, public_hour
from contesta.web.access import remote
from contesta.web.context import CLOCK, ENGINE
from contesta.web.form import PATH as FORM_PATH
from contesta.web.form_ask import calling_number
from contesta.web.form_lines import CALLBACKS, FORMS, PUBLISHED, free_windows, rules_of
from contesta.web.form_state import sent_form
from contesta.web.limits import FORM_LIMITS
from contesta.web.pages import render
from contesta.web.routes import Route
from contesta.web.sessions import digest, new_secret
from ivr.line.model import Line
from storage.callback_forms import FormKind
from storage.callback_windows import WindowFullError
from storage.sms import SmsOutbox
from storage.sms import Told as Message

PATH = "/seguimiento"
ONE = PATH + "/{key:[A-Za-z0-9_-]{43}}"
OPEN_FOR = timedelta(minutes=30)

NUMBER, CODE = "radicado", "codigo"
_UNKNOWN = "El radicado o el código no coinciden. Revíselos e intente de nuevo."
_TOO_MANY = "Hubo demasiados intentos. Espere 15 minutos e intente de nuevo."
_NO_MORE = "Ya no se puede: la solicitud cambió mientras tanto. Vea abajo cómo está."
_CHOOSE = "Elija cuándo quiere que le llamemos."
_LONGEST_CODE = 20
_BAD_REQUEST = web.HTTPBadRequest.status_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A request that somebody has shown number and code of, as he may follow it; `line` None: it has no page now."""

    request: CallbackRequest
    filing: Filing
    line: Line | None

    @property
    def own(self) -> bool:
        """Whether this is the first number that the request was given."""
        return self.filing == self.request.filings[0]

    @property
    def leads(self) -> bool:
        """Whether he is the first of those who still want it."""
        return self.filing == self.request.filing


async def ask(request: web.Request) -> web.StreamResponse:
    """Ask for number and code."""
    return render(request, "follow_ask.html", {"number": "", "fault": ""})


async def look(request: web.Request) -> web.StreamResponse:
    """Open the way to a request, or say that something does not match: one answer for either."""
    said = await sent_form(request)
    number, code = "".join(said.get(NUMBER, "").split())[:_LONGEST_CODE], said.get(CODE, "").strip()[:_LONGEST_CODE]
    if not request.app[FORM_LIMITS].may_look(remote(request), number):
        status = web.HTTPTooManyRequests.status_code
        return render(request, "follow_ask.html", {"number": number, "fault": _TOO_MANY}, status)
    found = await asyncio.to_thread(request.app[CALLBACKS].filed, number, code)
    if found is None:
        context = {"number": number, "fault": _UNKNOWN}
        return render(request, "follow_ask.html", context, web.HTTPForbidden.status_code)
    way, now, forms = new_secret(), request.app[CLOCK](), request.app[FORMS]
    data = json.dumps({"number": number, "code": code})
    await asyncio.to_thread(forms.begin, way.digest, FormKind.WAY, data, now, now + OPEN_FOR)
    raise web.HTTPSeeOther(f"{PATH}/{way.text}")


async def show(request: web.Request) -> web.StreamResponse:
    """Show where a request stands."""
    return await _show(request, await _followed(request))


async def cancel(request: web.Request) -> web.StreamResponse:
    """Take one's own wish back."""
    followed = await _followed(request)
    try:
        await take_back(request, followed)
    except IllegalStepError:
        return await _show(request, followed, _NO_MORE, web.HTTPConflict.status_code)
    raise web.HTTPSeeOther(_here(request))


async def choose(request: web.Request) -> web.StreamResponse:
    """Show the hours that may be chosen instead."""
    return await _hours(request, await _leading(request))


async def change(request: web.Request) -> web.StreamResponse:
    """Take another hour."""
    followed, said = await _leading(request), await sent_form(request)
    line, window = followed.line, window_of(said.get("cuando", ""))
    free = await free_windows(request, line) if line else ()
    if line is None or window is None or (window != Window() and window not in free):
        return await _hours(request, followed, _CHOOSE, _BAD_REQUEST)
    try:
        await reschedule(request, line, followed.request, window)
    except WindowFullError as full:
        return await _hours(request, followed, f"{full}.", web.HTTPConflict.status_code)
    except IllegalStepError:
        return await _show(request, followed, _NO_MORE, web.HTTPConflict.status_code)
    raise web.HTTPSeeOther(_here(request))


async def export(request: web.Request) -> web.StreamResponse:
    """Give all that is kept of the citizen for this request, as a file."""
    followed = await _own(request)
    what = followed.request
    calls = (*what.came_from, *(attempt.channel_id for attempt in what.attempts))
    messages = await asyncio.to_thread(SmsOutbox(request.app[ENGINE]).about, what.id, *calls)
    until = what.wish_of(followed.filing.number).left_at
    mine = [each for each in messages if each.number == what.telephone and (until is None or each.at <= until)]
    answer = json.dumps(data_of(followed, mine), ensure_ascii=False, indent=2) + "\n"
    name = f"mis-datos-{followed.filing.number}.json"
    headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"'}
    return web.Response(text=answer, content_type="application/json", headers=headers)


async def take_back(request: web.Request, followed: Followed) -> None:
    """Take the wish of a filing number back; the call stays for others who want it.

    Raises:
        IllegalStepError: it cannot be taken back any more, or was.
    """
    event = TakenBack(by="citizen", number=followed.filing.number)
    if not follow_words.may_cancel(followed.request):
        raise IllegalStepError(followed.request, event)
    await asyncio.to_thread(request.app[CALLBACKS].step, followed.request.id, event, request.app[CLOCK]())


async def reschedule(request: web.Request, line: Line, what: CallbackRequest, window: Window) -> None:
    """Choose another time for a request.

    Raises:
        WindowFullError: the last place was taken meanwhile.
        IllegalStepError: it cannot be changed any more.
    """
    now = request.app[CLOCK]()
    place = Place(queue=what.place.queue, since=what.place.since)
    asked = Asked(source=Source.WEB, origin="", line=line.name, telephone="", place=place, window=window)
    owed = promise(rules_of(line), asked, now)
    event = Rescheduled(by="citizen", window=window, due_at=owed.due_at, expires_at=owed.expires_at)
    store = request.app[CALLBACKS]
    await asyncio.to_thread(store.step, what.id, event, now, places=form_of(line).per_window)


async def found_by(request: web.Request, number: str, code: str) -> Followed | None:
    """Give the request of a number, if the code is right."""
    found = await asyncio.to_thread(request.app[CALLBACKS].filed, number, code)
    if found is None:
        return None
    current = await asyncio.to_thread(request.app[PUBLISHED].current)
    line = next((line for line in current if line.name == found.line and line.web), None)
    filing = next(each for each in found.filings if each.number == number)
    return Followed(request=as_seen(found, filing), filing=filing, line=line)


def data_of(followed: Followed, messages: Sequence[Message]) -> dict[str, Any]:
    """Give what is kept of the citizen, by Spanish names: whoever asks for it reads it."""
    what, words = followed.request, followed.request.wish_of(followed.filing.number).said
    consent, person = what.consent, words.person
    return {
        "radicado": followed.filing.number,
        "linea": what.line,
        "recibida": what.asked_at.isoformat(),
        "telefono": what.telephone,
        "nombre": person.name,
        "tipo_de_documento": person.document_type,
        "documento": person.document,
        "empresa": person.company,
        "nit": person.nit,
        "asunto": words.subject,
        "descripcion": words.description,
        "autorizacion": consent
        and {"version": consent.version, "respuesta": consent.answer, "momento": consent.at.isoformat()},
        "intentos": [
            {"momento": attempt.committed_at.isoformat(), "resultado": attempt.result} for attempt in what.attempts
        ],
        "mensajes": [
            {
                "momento": message.at.isoformat(),
                "proposito": message.purpose,
                "texto": message.text,
                "estado": message.state,
                "entregado": message.delivered,
            }
            for message in messages
        ],
        "termino": what.ended_at and what.ended_at.isoformat(),
        "motivo": what.reason,
        "solucion": what.solution and what.solution.text,
    }


async def _followed(request: web.Request) -> Followed:
    key = digest(request.match_info["key"])
    kept = await asyncio.to_thread(request.app[FORMS].find, key, FormKind.WAY, request.app[CLOCK]())
    shown = json.loads(kept.data) if kept else None
    followed = await found_by(request, shown["number"], shown["code"]) if shown else None
    if followed is None:
        raise web.HTTPSeeOther(PATH)
    return followed


async def _own(request: web.Request) -> Followed:
    """Give the request to whoever asked first for it.

    Raises:
        web.HTTPNotFound: somebody who joined later asks.
    """
    followed = await _followed(request)
    if not followed.own:
        raise web.HTTPNotFound
    return followed


async def _leading(request: web.Request) -> Followed:
    """Give the request to the first of those who still want it.

    Raises:
        web.HTTPNotFound: another asks.
    """
    followed = await _followed(request)
    if not followed.leads:
        raise web.HTTPNotFound
    return followed


async def _show(request: web.Request, followed: Followed, fault: str = "", status: int = 200) -> web.Response:
    what, line = followed.request, followed.line
    if fault:
        now_is = await asyncio.to_thread(request.app[CALLBACKS].get, what.id)
        what = as_seen(now_is, followed.filing) if now_is else what
    context: dict[str, Any] = {
        "number": followed.filing.number,
        "own": followed.own,
        "leads": followed.leads,
        "heading": follow_words.heading(what),
        "ended": what.state.final,
        "fault": fault,
        "next": "",
        "steps": [],
        "rows": [],
        "here": _here(request),
        "may_cancel": follow_words.may_cancel(what),
        "may_change": followed.leads and line is not None and follow_words.may_change(what),
        "again": f"{FORM_PATH}/{what.line}",
        **_line_context(line),
    }
    if line is not None:
        zone, now = line.calendar.zone, request.app[CLOCK]()
        context["next"] = follow_words.next_step(what, rules_of(line), now, zone)
        if followed.own:
            messages = await asyncio.to_thread(SmsOutbox(request.app[ENGINE]).about, what.id)
            sent = [message.at for message in messages if message.state is MessageState.SENT]
            context["steps"] = follow_words.steps(what, sent, zone)
            context["rows"] = _rows(line, followed)
    return render(request, "follow.html", context, status)


def _line_context(line: Line | None) -> dict[str, Any]:
    if line is None:
        return {"entity": "", "from_number": ""}
    return {"entity": line.entity, "from_number": calling_number(line)}


def _rows(line: Line, followed: Followed) -> list[tuple[str, str]]:
    what, zone = followed.request, line.calendar.zone
    words = what.wish_of(followed.filing.number).said
    person = words.person
    titles = {subject.name: subject.title for subject in subjects_of(line)}
    rows = (
        ("Recibida", f"{long_date(what.asked_at, zone)}, {public_hour(what.asked_at, zone)}"),
        ("Teléfono", phone(what.telephone)),
        ("Nombre", person.name),
        ("Documento", f"{DOCUMENT_TYPES.get(person.document_type, '')} {person.document}".strip()),
        ("Empresa", person.company),
        ("NIT", f"{person.nit[:-1]}-{person.nit[-1]}" if person.nit else ""),
        ("Asunto", titles.get(words.subject, words.subject)),
        ("Qué necesita", words.description),
        ("Autorización", f"Versión {what.consent.version}" if what.consent else ""),
    )
    return [row for row in rows if row[1]]


async def _hours(request: web.Request, followed: Followed, fault: str = "", status: int = 200) -> web.Response:
    what, line = followed.request, followed.line
    if line is None or not follow_words.may_change(what):
        return await _show(request, followed, _NO_MORE, web.HTTPConflict.status_code)
    zone, now = line.calendar.zone, request.app[CLOCK]()
    context = {
        **_line_context(line),
        "number": followed.filing.number,
        "here": _here(request),
        "fault": fault,
        "days": form_words.days(await free_windows(request, line), zone),
        "soonest": form_words.when(Window(), rules_of(line), now, zone),
        "soon": SOON,
        "chosen": written(what.window),
    }
    return render(request, "follow_hours.html", context, status)


def _here(request: web.Request) -> str:
    return f"{PATH}/{request.match_info['key']}"


ROUTES = (
    Route(method="GET", path=PATH, handler=ask, permission=None, public=True),
    Route(method="POST", path=PATH, handler=look, permission=None, public=True),
    Route(method="GET", path=ONE, handler=show, permission=None, public=True),
    Route(method="POST", path=f"{ONE}/cancelar", handler=cancel, permission=None, public=True),
    Route(method="GET", path=f"{ONE}/hora", handler=choose, permission=None, public=True),
    Route(method="POST", path=f"{ONE}/hora", handler=change, permission=None, public=True),
    Route(method="GET", path=f"{ONE}/mis-datos.json", handler=export, permission=None, public=True),
)
