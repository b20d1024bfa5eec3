"""Listening to a conversation that goes on, with one's own telephone: page, addresses, and what runs behind them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import datetime

from aiohttp import web
from pydantic import Field

from contesta import accounts
from contesta.board.view import End
from contesta.listening.conversations import Conversation, ListeningRefusedError, conversations
from contesta.listening.manager import Manager, Mode
from contesta.listening.room import Listener, Room, Session, Step
from contesta.web.access import GRANTS, LOG, Action, Permission, Role, identity, remote
from contesta.web.board import HUB, end_with
from contesta.web.context import CLOCK, SETTINGS
from contesta.web.desk_models import Beat
from contesta.web.desk_owner import KEEPER
from contesta.web.listening_models import Going, Listened, ListeningNow, Own
from contesta.web.pages import Context, page
from contesta.web.people import PEOPLE
from contesta.web.routes import Route, body, query, told
from contesta.web.streams import stream_of
from contesta.web.validation import Asked, RefusedError
from storage.people_access_log import Access

ROOM = web.AppKey("listening_room", Room)

PATH = "/escuchar"
_API = "/api/v1/listening"
_NEEDED = {Mode.LISTEN: Permission.LISTEN, Mode.WHISPER: Permission.WHISPER}
_ACTIONS = {
    Step.BEGAN: Action.LISTENING_BEGAN,
    Step.CHANGED: Action.LISTENING_CHANGED,
    Step.ENDED: Action.LISTENING_ENDED,
}


class ShownAsked(Asked):
    """Whose conversation the page begins at; its script reads it."""

    asesor: str = Field(default="", max_length=80)


class Which(Asked):
    """A conversation that goes on: the call and the adviser."""

    call: str = Field(min_length=1, max_length=200)
    agent: str = Field(min_length=1, max_length=200)


class How(Asked):
    """Whether to whisper to the adviser, or only to listen."""

    whisper: bool


@page("escuchar.html")
async def show(request: web.Request) -> Context:
    """Show the conversations that go on."""
    return {"agent": query(request, ShownAsked).asesor}


def going_on(request: web.Request) -> tuple[Conversation, ...]:
    """Give the conversations that go on."""
    return conversations(request.app[HUB].feed.engine.going_on())


def conversation_of(request: web.Request, asked: Which) -> Conversation:
    """Find a conversation that goes on.

    Raises:
        RefusedError: it does not, or nobody may listen to it.
    """
    found = next((one for one in going_on(request) if (one.call_id, one.agent) == (asked.call, asked.agent)), None)
    if found is None:
        raise RefusedError("esa conversación ya terminó")
    if found.refusal:
        raise RefusedError(found.refusal)
    return found


def listening_now(request: web.Request) -> ListeningNow:
    """Tell what goes on, and what whoever asks is listening to."""
    known, room, keeper = identity(request), request.app[ROOM], request.app[KEEPER]
    own = room.sessions.get(known.who)
    lines = {name: line.title for name, line in keeper.lines.items()}
    return ListeningNow(
        connected=keeper.connected(),
        may_whisper=known.may(Permission.WHISPER),
        may_audit=known.may(Permission.AUDIT),
        conversations=[
            Going(
                call=one.call_id,
                agent=one.agent,
                line=lines.get(one.line, one.line),
                queue=one.queue,
                since=one.since,
                refusal=one.refusal,
            )
            for one in going_on(request)
        ],
        own=_own(own) if own else None,
        said=room.said.get(known.who, ""),
    )


async def now(request: web.Request) -> web.Response:
    """Tell it once."""
    return told(listening_now(request))


async def follow(request: web.Request) -> web.StreamResponse:
    """Tell it again whenever it changes."""

    def look() -> bytes:
        return listening_now(request).model_dump_json().encode()

    return await stream_of(request, "listening", look)


async def begin(request: web.Request) -> web.Response:
    """Let the telephone of whoever asks ring, and who takes the call hear the conversation."""
    known = identity(request)
    to = conversation_of(request, body(request, Which))
    person = await asyncio.to_thread(request.app[PEOPLE].named, known.who)
    extension = person.extension if person else ""
    if not extension:
        raise RefusedError("su cuenta no tiene un teléfono de escucha; pídalo a quien administra")
    listener = Listener(who=known.who, role=known.role, address=remote(request), extension=extension)
    with _refusing():
        await request.app[ROOM].begin(listener, to, Mode.LISTEN)
    return told(Listened(said="Suena su teléfono de escucha. Contéstelo para oír."))


async def change(request: web.Request) -> web.Response:
    """Whisper to the adviser, or only listen again."""
    whisper = body(request, How).whisper
    with _refusing():
        await request.app[ROOM].switch(identity(request).who, Mode.WHISPER if whisper else Mode.LISTEN)
    said = "El asesor le oye a usted; el ciudadano no." if whisper else "Ya nadie le oye a usted."
    return told(Listened(said=said))


async def stop(request: web.Request) -> web.Response:
    """Stop listening."""
    with _refusing():
        await request.app[ROOM].stop(identity(request).who)
    return told(Listened(said="Dejó de escuchar."))


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """Say why somebody may not listen."""
    try:
        yield
    except ListeningRefusedError as refused:
        raise RefusedError(str(refused)) from refused


def _own(one: Session) -> Own:
    return Own(
        call=one.to.call_id,
        agent=one.to.agent,
        whispering=one.mode is Mode.WHISPER,
        answered_at=one.answered_at,
    )


ROUTES = (
    Route(method="GET", path=PATH, handler=show, permission=Permission.LISTEN, query=ShownAsked, nav="Escuchar"),
    Route(
        method="GET",
        path=_API,
        handler=now,
        permission=Permission.LISTEN,
        answer=ListeningNow,
        summary="The conversations that go on, and one's own listening",
    ),
    Route(
        method="GET",
        path=f"{_API}/stream",
        handler=follow,
        permission=Permission.LISTEN,
        events={"listening": ListeningNow, "heartbeat": Beat, "end": End},
        summary="The same, as server-sent events",
    ),
    Route(
        method="POST",
        path=f"{_API}/begin",
        handler=begin,
        permission=Permission.LISTEN,
        body=Which,
        answer=Listened,
        summary="Listen to a conversation with one's own telephone",
    ),
    Route(
        method="POST",
        path=f"{_API}/mode",
        handler=change,
        permission=Permission.WHISPER,
        body=How,
        answer=Listened,
        summary="Whisper to the adviser, or only listen",
    ),
    Route(
        method="POST",
        path=f"{_API}/stop",
        handler=stop,
        permission=Permission.LISTEN,
        answer=Listened,
        summary="Stop listening",
    ),
)


def prepare(app: web.Application) -> None:
    """Have a room for who listens, as long as the application runs."""
    settings, people, log = app[SETTINGS], app[PEOPLE], app[LOG]

    def write(step: str, listener: Listener, what: str, at: datetime) -> None:
        known = {"who": listener.who, "role": listener.role, "address": listener.address}
        log.write(Access(at=at, action=_ACTIONS[step], what=what, **known))

    def may(who: str, mode: Mode) -> bool:
        person = people.named(who)
        return person is not None and person.may_sign_in and _NEEDED[mode] in GRANTS[Role(person.role)]

    manager = Manager(lambda: accounts.read(settings.secrets_file), settings.manager_port)
    app[ROOM] = Room(manager, write, may, app[CLOCK])
    app.cleanup_ctx.append(_room)


async def _room(app: web.Application) -> AsyncIterator[None]:
    running = asyncio.create_task(app[ROOM].run(), name="listening")
    running.add_done_callback(end_with)
    yield
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
