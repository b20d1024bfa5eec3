"""«Te llamamos»: the public page on which citizens ask to be called.

Four steps, each sent by POST and answered by a redirect; all works without scripts. What was said stands in the
database under the form's key (`form_state`), so a mistake loses nothing, and a page may be loaded again.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from callback_queue.request import Window
from contesta.callbacks import form_words
from contesta.callbacks.form_answers import (
    DOCUMENT_TYPES,
    SOON,
    STEPS,
    Part,
    faults,
    form_of,
    required,
    subjects_of,
    telephone_of,
    understood,
    window_of,
)
from contesta.format import phone
from contesta.web import form_state
from contesta.web.access import remote
from contesta.web.context import CLOCK
from contesta.web.form_ask import ask, calling_number, new_filing
from contesta.web.form_lines import free_windows, line_of, rules_of, with_page
from contesta.web.form_state import Form, FormState, sent_form
from contesta.web.limits import FORM_LIMITS
from contesta.web.pages import render
from contesta.web.routes import Route
from ivr.line.model import Line
from storage.callback_windows import WindowFullError

PATH = "/te-llamamos"
ONE = PATH + "/{line:[a-z][a-z0-9_]{0,31}}"
STEP = ONE + "/{key:[A-Za-z0-9_-]{43}}/{step:[1-4]}"
DONE = ONE + "/{key:[A-Za-z0-9_-]{43}}/listo"

QUICKEST = timedelta(seconds=3)
"""Nobody fills in the last three steps in less."""

PROOF_BITS = 14
"""Of the hash that a browser looks for: 16 000 tries, a second or two of a telephone."""

TRAP = "sitio_web"
PROOF = "prueba"
VERSION = "version"
"""Of the text of consent that was shown: nobody authorises what he has not read."""
_LAST = len(STEPS)
_WHEN = STEPS.index((Part.WHEN,)) + 1
_NONCE_LENGTH = 20

_TITLES = ("Sus datos", "Su solicitud", "Cuándo le llamamos", "Revise y autorice")
_TOO_QUICK = "Revise sus datos y envíe de nuevo: la solicitud llegó demasiado rápido."
_TRAPPED = "Deje vacío el campo «No llene este campo» y envíe de nuevo."
_OTHER_TEXT = (
    "El texto de la autorización cambió mientras usted escribía. Léalo y marque la casilla si está de acuerdo."
)
_TOO_MANY = (
    "Hoy ya recibimos varias solicitudes para este teléfono o desde este equipo. "
    "Intente más tarde o llame a la línea. Sus datos siguen aquí."
)


async def choose(request: web.Request) -> web.StreamResponse:
    """Show the lines, or lead to the only one."""
    lines = await with_page(request)
    if len(lines) == 1:
        raise web.HTTPSeeOther(f"{PATH}/{next(iter(lines))}")
    shown = [{"address": f"{PATH}/{line.name}", "title": line.title, "entity": line.entity} for line in lines.values()]
    return render(request, "form_lines.html", {"lines": shown})


async def first(request: web.Request) -> web.StreamResponse:
    """Show the first step, empty."""
    line = await line_of(request)
    return await _show(request, line, None, 1, {})


async def begin(request: web.Request) -> web.StreamResponse:
    """Take the first step in."""
    line = await line_of(request)
    sent = await sent_form(request)
    if not request.app[FORM_LIMITS].may_begin(remote(request)):
        raise web.HTTPTooManyRequests(headers={"Retry-After": "600"})
    state = _told(FormState(line=line.name), 1, sent)
    key = await form_state.begin(request, state)
    ahead = 1 if faults(line, 1, state.said, ()) else 2
    raise web.HTTPSeeOther(f"{PATH}/{line.name}/{key}/{ahead}")


async def show(request: web.Request) -> web.StreamResponse:
    """Show a step, with what was said; one that follows mistakes leads back to these."""
    line, form = await _form(request)
    if form is None:
        return _over(request)
    if form.state.done:
        raise web.HTTPSeeOther(_address(form, "listo"))
    step, windows = int(request.match_info["step"]), await free_windows(request, line)
    for before in range(1, step):
        if before not in form.state.tried or faults(line, before, form.state.said, windows):
            raise web.HTTPSeeOther(_address(form, before))
    found = faults(line, step, form.state.said, windows) if step in form.state.tried else {}
    return await _show(request, line, form, step, found)


async def take(request: web.Request) -> web.StreamResponse:
    """Take a step in; the last one asks for the call."""
    line, form = await _form(request)
    if form is None:
        return _over(request)
    if form.state.done:
        raise web.HTTPSeeOther(_address(form, "listo"))
    step, sent = int(request.match_info["step"]), await sent_form(request)
    state = _told(form.state, step, sent)
    unread = step == _LAST and not _has_read(line, sent)
    if unread:
        state = replace(state, said=state.said | {Part.CONSENT.value: ""})
    kept = await form_state.change(request, form, state)
    if kept is None:
        raise web.HTTPSeeOther(_address(form, step))
    windows = await free_windows(request, line)
    if unread:
        return await _show(request, line, kept, step, {}, _OTHER_TEXT, web.HTTPConflict.status_code)
    for tried in range(1, step + 1):
        if faults(line, tried, state.said, windows):
            raise web.HTTPSeeOther(_address(form, tried))
    if step < _LAST:
        raise web.HTTPSeeOther(_address(form, step + 1))
    return await _send(request, line, kept, proven=proves(form.key, sent.get(PROOF, "")))


async def done(request: web.Request) -> web.StreamResponse:
    """Show number and code of the request, and what happens now."""
    line, form = await _form(request)
    if form is None:
        return _over(request)
    if not form.state.done or form.state.filing is None:
        raise web.HTTPSeeOther(_address(form, 1))
    said, now = understood(form.state.said), request.app[CLOCK]()
    context = {
        **page_of(line),
        "number": form.state.filing.number,
        "code": form.state.filing.code,
        "joined": form.state.joined,
        "telephone": phone(said.telephone),
        "when": form_words.when(said.window, rules_of(line), now, line.calendar.zone),
        "from_number": calling_number(line),
    }
    return render(request, "form_done.html", context)


def page_of(line: Line) -> dict[str, Any]:
    """Give what every page of a line shows."""
    return {"entity": line.entity, "title": form_of(line).title, "line": line.name}


def proves(key: str, nonce: str) -> bool:
    """Tell whether a browser has done its work for a form."""
    if not 0 < len(nonce) <= _NONCE_LENGTH:
        return False
    found = hashlib.sha256(f"{key}:{nonce}".encode("utf-8", "replace")).digest()
    return int.from_bytes(found[:4], "big") >> (32 - PROOF_BITS) == 0


async def _form(request: web.Request) -> tuple[Line, Form | None]:
    line = await line_of(request)
    return line, await form_state.find(request, line.name)


def _told(state: FormState, step: int, sent: Mapping[str, str]) -> FormState:
    said = state.said | {part.value: sent.get(part, "") for part in STEPS[step - 1]}
    trap = sent.get(TRAP, "")[:100] if TRAP in sent else state.trap
    return replace(state, said=said, tried=tuple(sorted({*state.tried, step})), trap=trap)


def _has_read(line: Line, sent: Mapping[str, str]) -> bool:
    """Tell whether the text that is to be authorised is the one that the page has shown."""
    return line.web_consent is None or sent.get(VERSION) == line.web_consent.version


def _robot(request: web.Request, form: Form) -> str:
    if form.state.trap:
        return _TRAPPED
    return _TOO_QUICK if request.app[CLOCK]() - form.began_at < QUICKEST else ""


async def _send(request: web.Request, line: Line, form: Form, *, proven: bool) -> web.StreamResponse:
    if fault := _robot(request, form):
        return await _show(request, line, form, _LAST, {}, fault, web.HTTPBadRequest.status_code)
    telephone = telephone_of(form.state.said[Part.TELEPHONE])
    if form.state.filing is None and not request.app[FORM_LIMITS].may_ask(remote(request), telephone, proven=proven):
        return await _show(request, line, form, _LAST, {}, _TOO_MANY, web.HTTPTooManyRequests.status_code)
    return await _ask(request, line, form)


async def _ask(request: web.Request, line: Line, form: Form) -> web.StreamResponse:
    if form.state.filing is None:
        numbered = await form_state.change(request, form, replace(form.state, filing=await new_filing(request)))
        if numbered is None:
            raise web.HTTPSeeOther(_address(form, _LAST))
        form = numbered
    state = form.state
    if state.filing is None:
        raise RuntimeError("a form that is sent has its number")
    try:
        taken = await ask(request, line, understood(state.said), f"web:{form.digest.hex()}", state.filing)
    except WindowFullError:
        raise web.HTTPSeeOther(_address(form, _WHEN)) from None
    await form_state.change(request, form, replace(state, done=True, joined=taken.joined))
    raise web.HTTPSeeOther(_address(form, "listo"))


def _address(form: Form, step: int | str) -> str:
    return f"{PATH}/{form.state.line}/{form.key}/{step}"


def _over(request: web.Request) -> web.Response:
    line = request.match_info["line"]
    return render(request, "form_over.html", {"address": f"{PATH}/{line}"}, web.HTTPNotFound.status_code)


async def _show(
    request: web.Request,
    line: Line,
    form: Form | None,
    step: int,
    found: Mapping[Part, str],
    fault: str = "",
    status: int = 200,
) -> web.Response:
    said: dict[str, str] = {part.value: "" for part in Part} | (form.state.said if form else {})
    zone, now = line.calendar.zone, request.app[CLOCK]()
    context: dict[str, Any] = {
        **page_of(line),
        "intro": form_of(line).intro,
        "policy": form_of(line).policy,
        "step": step,
        "steps": _LAST,
        "step_title": _TITLES[step - 1],
        "action": _address(form, step) if form else f"{PATH}/{line.name}",
        "back": _address(form, step - 1) if form and step > 1 else "",
        "said": said,
        "faults": {part.value: text for part, text in found.items()},
        "fault": fault,
        "needed": {part.value: required(line, part) for part in Part},
        "telephone": phone(telephone_of(said[Part.TELEPHONE])) if step > 1 else "",
        "document_types": DOCUMENT_TYPES,
        "subjects": subjects_of(line),
        "trap": form.state.trap if form else "",
        "trapped": fault == _TRAPPED,
        "soon": SOON,
    }
    if step == _WHEN:
        windows = await free_windows(request, line)
        context |= {
            "days": form_words.days(windows, zone),
            "soonest": form_words.when(Window(), rules_of(line), now, zone),
        }
    if step == _LAST and form:
        consent = line.web_consent
        context |= {
            "consent": consent,
            "rows": _review(line, form, now),
            "key": form.key,
            "proof_bits": PROOF_BITS,
        }
    return render(request, "form.html", context, status)


def _review(line: Line, form: Form, now: datetime) -> list[dict[str, str]]:
    said = understood(form.state.said)
    person = said.person
    titles = {subject.name: subject.title for subject in subjects_of(line)}
    document = f"{DOCUMENT_TYPES.get(person.document_type, '')} {person.document}".strip()
    window = window_of(form.state.said.get(Part.WHEN, SOON)) or Window()
    told = (
        (1, "Nombre", person.name),
        (1, "Teléfono", phone(said.telephone)),
        (2, "Documento", document),
        (2, "Empresa", person.company),
        (2, "NIT", f"{person.nit[:-1]}-{person.nit[-1]}" if person.nit else ""),
        (2, "Asunto", titles.get(said.subject, "")),
        (2, "Qué necesita", said.description),
        (3, "Cuándo", form_words.when(window, rules_of(line), now, line.calendar.zone)),
    )
    return [{"name": name, "value": value, "address": _address(form, step)} for step, name, value in told if value]


ROUTES = (
    Route(method="GET", path=PATH, handler=choose, permission=None, public=True),
    Route(method="GET", path=ONE, handler=first, permission=None, public=True),
    Route(method="POST", path=ONE, handler=begin, permission=None, public=True),
    Route(method="GET", path=STEP, handler=show, permission=None, public=True),
    Route(method="POST", path=STEP, handler=take, permission=None, public=True),
    Route(method="GET", path=DONE, handler=done, permission=None, public=True),
)
