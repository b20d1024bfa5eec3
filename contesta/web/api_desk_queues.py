"""The queues of an adviser's desk over the API: which ring him, and which he may enter and leave by himself."""

from typing import Final

from aiohttp import web

from contesta.web.access import Permission
from contesta.web.desk_models import Done, QueueOfDesk
from contesta.web.desk_owner import DESK, KEEPER, fixed_in, lines_of, owner, with_telephone
from contesta.web.routes import Route, told
from contesta.web.validation import RefusedError
from quality.metrics.agents import AgentState

_QUEUE: Final = DESK + "/queues/{queue}"


def queues_of(request: web.Request) -> list[QueueOfDesk]:
    """Tell the queues of the adviser's lines, and whether he is in them."""
    keeper, name = request.app[KEEPER], owner(request)
    agent = keeper.agent(name)
    inside = set(agent.queues) if agent else set()
    account = keeper.manager.account(name)
    return [
        QueueOfDesk(
            name=queue.name,
            title=queue.title,
            line=keeper.lines[line].title,
            inside=queue.name in inside,
            fixed=fixed_in(queue, account),
        )
        for line in sorted(lines_of(request))
        for queue in keeper.lines[line].queues.values()
    ]


async def join(request: web.Request) -> web.Response:
    """Have a queue ring the adviser too; who is in a pause is in it there as well."""
    queue, keeper, agent = _asked(request), request.app[KEEPER], with_telephone(request)
    if queue.inside:
        raise RefusedError(f"ya está en la cola «{queue.title}»")
    now = keeper.agent(agent)
    await keeper.manager.join(agent, queue.name)
    if now and now.state is AgentState.PAUSED:
        await keeper.manager.pause(agent, now.reason)
    return told(Done(said=f"Entró a la cola «{queue.title}»."))


async def leave(request: web.Request) -> web.Response:
    """Have a queue ring the adviser no more."""
    queue, keeper, agent = _asked(request), request.app[KEEPER], with_telephone(request)
    if queue.fixed:
        raise RefusedError(f"el archivo de la línea lo tiene siempre en la cola «{queue.title}»; haga una pausa")
    if not queue.inside:
        raise RefusedError(f"no está en la cola «{queue.title}»")
    await keeper.manager.leave(agent, queue.name)
    return told(Done(said=f"Salió de la cola «{queue.title}»."))


def _asked(request: web.Request) -> QueueOfDesk:
    """Find the queue that the address names, among those of the adviser's lines.

    Raises:
        web.HTTPNotFound: there is none.
    """
    found = next((each for each in queues_of(request) if each.name == request.match_info["queue"]), None)
    if found is None:
        raise web.HTTPNotFound
    return found


ROUTES = (
    Route(
        method="POST",
        path=f"{_QUEUE}/join",
        handler=join,
        permission=Permission.WORK_AT_DESK,
        answer=Done,
        summary="Take the calls of one more queue of the adviser's lines",
    ),
    Route(
        method="POST",
        path=f"{_QUEUE}/leave",
        handler=leave,
        permission=Permission.WORK_AT_DESK,
        answer=Done,
        summary="Take no more calls of a queue",
    ),
)
