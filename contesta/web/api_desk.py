"""The adviser's desk over the API: his own state, and his pauses. The page asks here too."""

from aiohttp import web

from contesta.board.view import End
from contesta.web.access import Permission
from contesta.web.desk_models import Beat, Before, DeskNow, Done, PauseSaid
from contesta.web.desk_owner import DESK, KEEPER, owner, with_telephone
from contesta.web.routes import Route, body, told
from contesta.web.streams import stream_of


def desk_now(request: web.Request) -> DeskNow:
    """Tell what the adviser is doing now."""
    name, keeper = owner(request), request.app[KEEPER]
    agent, current = keeper.agent(name), keeper.current.get(name)
    return DeskNow(
        agent=name,
        state=agent.state if agent else None,
        since=agent.since if agent else None,
        reason=agent.reason if agent else "",
        queues=list(agent.queues) if agent else [],
        connected=keeper.connected(),
        contact=None
        if current is None
        else Before(
            channel=current.channel_id,
            call=current.call_id,
            queue=current.queue,
            phase=current.phase,
            since=current.since,
            until=current.until,
        ),
    )


async def now(request: web.Request) -> web.Response:
    """Tell what the adviser is doing, and what is before him."""
    return told(desk_now(request))


async def follow(request: web.Request) -> web.StreamResponse:
    """Tell it again whenever it changes."""

    def look() -> bytes:
        return desk_now(request).model_dump_json().encode()

    owner(request)
    return await stream_of(request, "desk", look)


async def pause(request: web.Request) -> web.Response:
    """Take no more calls."""
    reason, keeper = body(request, PauseSaid).reason, request.app[KEEPER]
    agent = with_telephone(request)
    await keeper.end_wrap_up(agent)
    await keeper.manager.pause(agent, reason)
    return told(Done(said=f"En pausa: {reason}."))


async def ready(request: web.Request) -> web.Response:
    """Take calls again; what was not classified can be classified later."""
    keeper, agent = request.app[KEEPER], with_telephone(request)
    await keeper.end_wrap_up(agent)
    await keeper.manager.let_go(agent)
    return told(Done(said="Disponible para recibir llamadas."))


_WORK = Permission.WORK_AT_DESK

ROUTES = (
    Route(method="GET", path=DESK, handler=now, permission=_WORK, answer=DeskNow, summary="The adviser's own state"),
    Route(
        method="GET",
        path=f"{DESK}/stream",
        handler=follow,
        permission=_WORK,
        events={"desk": DeskNow, "heartbeat": Beat, "end": End},
        summary="The adviser's own state, as it changes",
    ),
    Route(
        method="POST",
        path=f"{DESK}/pause",
        handler=pause,
        permission=_WORK,
        body=PauseSaid,
        answer=Done,
        summary="Take no more calls",
    ),
    Route(
        method="POST", path=f"{DESK}/ready", handler=ready, permission=_WORK, answer=Done, summary="Take calls again"
    ),
)
