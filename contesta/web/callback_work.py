"""What supervisors do about promised calls: stop dialling, take one back, complete its number, leave people alone."""

import asyncio
from typing import Literal
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field
from sqlalchemy.exc import IntegrityError

from callback_queue.policy import may_ring
from callback_queue.request import CallbackRequest, Reason
from callback_queue.states import Cancelled, Completed, Event, IllegalStepError
from contesta.callbacks.form_answers import telephone_of
from contesta.format import day_and_hour, whole
from contesta.web.access import Action, Permission, access_log, identity
from contesta.web.callbacks import CALLBACKS, callback_address, found_of
from contesta.web.context import CLOCK, ENGINE, SETTINGS
from contesta.web.form_lines import PUBLISHED
from contesta.web.pages import render
from contesta.web.routes import Route, body, query
from contesta.web.validation import Asked, InvalidInputError, RefusedError
from core.numbers import ANONYMOUS, masked
from storage.callback_list import CallbackLists
from storage.callbacks import Callbacks
from storage.dialling import Dialling

LEFT_ALONE = "/no-llamar"
_LISTED = 100
_NO_NUMBER = "escriba un celular o un fijo de Colombia, con sus 10 cifras"


class Because(Asked):
    """Why something is done."""

    motivo: str = Field(min_length=1)


class Completing(Asked):
    """The telephone that somebody found out."""

    telefono: str = Field(min_length=1, max_length=40)


class DoneAsked(Asked):
    """What was just done, for the page that says so."""

    hecho: Literal["", "agregado", "quitado", "no-estaba"] = ""


class Number(Because):
    """A telephone that is to be left alone, or no longer, and why."""

    telefono: str = Field(min_length=1, max_length=40)
    hacer: Literal["agregar", "quitar"] = "agregar"


async def stop(request: web.Request) -> web.StreamResponse:
    """Stop dialling on all lines."""
    await turn(request, body(request, Because).motivo, dials=False)
    raise web.HTTPSeeOther(CALLBACKS)


async def resume(request: web.Request) -> web.StreamResponse:
    """Let promised calls be dialled again."""
    await turn(request, body(request, Because).motivo, dials=True)
    raise web.HTTPSeeOther(CALLBACKS)


async def cancel(request: web.Request) -> web.StreamResponse:
    """Take a promised call back for the entity."""
    found = await found_of(request)
    await cancelled(request, found)
    raise web.HTTPSeeOther(callback_address(found.id))


async def complete(request: web.Request) -> web.StreamResponse:
    """Give a promised call the telephone that it came without."""
    found = await found_of(request)
    await completed(request, found, body(request, Completing).telefono, "body.telefono")
    raise web.HTTPSeeOther(callback_address(found.id))


async def completed(request: web.Request, found: CallbackRequest, said: str, where: str) -> None:
    """Give a promised call the telephone that somebody wrote `where`, and say so in the access log.

    Raises:
        InvalidInputError: its line may not dial that.
        RefusedError: its line is gone, it has one by now, or another waits for the same telephone.
    """
    telephone = telephone_of(said)
    lines = {line.name: line for line in await asyncio.to_thread(request.app[PUBLISHED].current)}
    line = lines.get(found.line)
    if line is None:
        raise RefusedError(f"la línea «{found.line}» ya no está publicada; no llama a nadie")
    if not may_ring(line.callbacks, telephone):
        raise InvalidInputError(_NO_NUMBER, where)
    try:
        await _step(request, found, Completed(by=identity(request).who, telephone=telephone))
    except IntegrityError as error:
        raise RefusedError("ya hay otra devolución pendiente para ese número; cancele esta") from error
    await access_log(request, Action.CALLBACK_COMPLETED, found.id)


async def leave_alone_one(request: web.Request) -> web.StreamResponse:
    """Leave the person of a promised call alone."""
    found = await found_of(request)
    if not found.telephone:
        raise RefusedError("no se conoce el número")
    await _leave_alone(request, found.telephone, body(request, Because).motivo)
    await access_log(request, Action.LEFT_ALONE, found.id)
    raise web.HTTPSeeOther(callback_address(found.id))


async def show_left_alone(request: web.Request) -> web.StreamResponse:
    """Show who is to be left alone."""
    lists, zone = CallbackLists(request.app[ENGINE]), ZoneInfo(request.app[SETTINGS].timezone)
    count, entries = await asyncio.to_thread(lists.left_alone, _LISTED)
    context = {
        "count": "1 número" if count == 1 else f"{whole(count)} números",
        "more": count > len(entries),
        "listed": whole(len(entries)),
        "entries": [
            {
                "number": masked(each.telephone),
                "since": day_and_hour(each.at, zone),
                "author": each.author,
                "reason": each.reason,
            }
            for each in entries
        ],
        "said": _DONE[query(request, DoneAsked).hecho],
    }
    return render(request, "no_llamar.html", context)


async def change_left_alone(request: web.Request) -> web.StreamResponse:
    """Leave a telephone alone, or call it again."""
    said = body(request, Number)
    telephone = whose(said.telefono, "body.telefono")
    if said.hacer == "agregar":
        await left_alone(request, telephone, said.motivo)
        raise web.HTTPSeeOther(f"{LEFT_ALONE}?hecho=agregado")
    was_noted = await called_again(request, telephone, said.motivo)
    raise web.HTTPSeeOther(f"{LEFT_ALONE}?hecho={'quitado' if was_noted else 'no-estaba'}")


_DONE = {
    "": "",
    "agregado": "El número quedó en la lista. No se le llama, salvo que lo pida.",
    "quitado": "El número ya no está en la lista.",
    "no-estaba": "Ese número no estaba en la lista.",
}


def whose(said: str, where: str) -> str:
    """Give the telephone that somebody wrote `where`.

    Raises:
        InvalidInputError: it is none.
    """
    telephone = telephone_of(said)
    if telephone == ANONYMOUS:
        raise InvalidInputError(_NO_NUMBER, where)
    return telephone


async def left_alone(request: web.Request, telephone: str, reason: str) -> None:
    """Leave a telephone alone, and say so in the access log."""
    await _leave_alone(request, telephone, reason)
    await access_log(request, Action.LEFT_ALONE, masked(telephone))


async def called_again(request: web.Request, telephone: str, reason: str) -> bool:
    """Let a telephone be called again, and say so in the access log; False if nobody had noted it."""
    if not await asyncio.to_thread(Callbacks(request.app[ENGINE]).call_again, telephone):
        return False
    await access_log(request, Action.CALLED_AGAIN, f"{masked(telephone)}: {reason}")
    return True


async def cancelled(request: web.Request, found: CallbackRequest) -> None:
    """Take a promised call back, and say so in the access log.

    Raises:
        RefusedError: it is over, or being made.
    """
    await _step(request, found, Cancelled(by=identity(request).who, reason=Reason.BY_STAFF))
    await access_log(request, Action.CALLBACK_CANCELLED, found.id)


async def turn(request: web.Request, reason: str, *, dials: bool) -> None:
    """Turn the switch, and say so in the access log if it stood otherwise."""
    switch, who, now = Dialling(request.app[ENGINE]), identity(request).who, request.app[CLOCK]()
    action = Action.DIALLING_RESUMED if dials else Action.DIALLING_STOPPED
    if await asyncio.to_thread(lambda: switch.turn(dials=dials, author=who, reason=reason, now=now)):
        await access_log(request, action, reason)


async def _leave_alone(request: web.Request, telephone: str, reason: str) -> None:
    store, who, now = Callbacks(request.app[ENGINE]), identity(request).who, request.app[CLOCK]()
    await asyncio.to_thread(store.leave_alone, telephone, who, reason, now)


async def _step(request: web.Request, found: CallbackRequest, event: Event) -> None:
    store, now = Callbacks(request.app[ENGINE]), request.app[CLOCK]()
    try:
        await asyncio.to_thread(store.step, found.id, event, now)
    except IllegalStepError as error:
        raise RefusedError("ya no se puede: la devolución cambió mientras tanto") from error


_WORK = Permission.WORK_CALLBACKS
_ONE = CALLBACKS + "/{request_id:[^/]+}"

ROUTES = (
    Route(method="POST", path=f"{CALLBACKS}/detener", handler=stop, permission=_WORK, body=Because),
    Route(method="POST", path=f"{CALLBACKS}/reanudar", handler=resume, permission=_WORK, body=Because),
    Route(method="POST", path=f"{_ONE}/cancelar", handler=cancel, permission=_WORK),
    Route(method="POST", path=f"{_ONE}/telefono", handler=complete, permission=_WORK, body=Completing),
    Route(method="POST", path=f"{_ONE}/no-llamar", handler=leave_alone_one, permission=_WORK, body=Because),
    Route(method="GET", path=LEFT_ALONE, handler=show_left_alone, permission=_WORK, query=DoneAsked),
    Route(method="POST", path=LEFT_ALONE, handler=change_left_alone, permission=_WORK, body=Number),
)
