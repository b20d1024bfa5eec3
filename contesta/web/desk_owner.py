"""Whose desk it is, and what all parts of a desk know."""

from typing import Final

from aiohttp import web

from contesta.desk.keeper import Keeper
from contesta.desk.tree import Choice, choices
from contesta.web.access import identity
from contesta.web.validation import RefusedError
from ivr.line.model import Line, Queue
from storage.desk import DeskBook
from storage.desk_answers import DeskAnswers

KEEPER = web.AppKey("desk_keeper", Keeper)
BOOK = web.AppKey("desk_book", DeskBook)
TYPED = web.AppKey("desk_answers", DeskAnswers)

DESK: Final = "/api/v1/desk"


def owner(request: web.Request) -> str:
    """Give the adviser whose desk it is.

    Raises:
        web.HTTPForbidden: whoever asks has none.
    """
    agent = identity(request).agent
    if not agent:
        raise web.HTTPForbidden
    return agent


def with_telephone(request: web.Request) -> str:
    """Give the adviser whose desk it is, if there is a telephone to pause."""
    agent = owner(request)
    if not request.app[KEEPER].manager.serves(agent):
        raise RefusedError(f"{agent} no tiene teléfono en esta central, o ella aún no responde.")
    return agent


def lines_of(request: web.Request) -> set[str]:
    """Give the lines whose queues the adviser is in, now or by the line's file."""
    keeper, name = request.app[KEEPER], owner(request)
    agent, account = keeper.agent(name), keeper.manager.account(name)
    inside = set(agent.queues) if agent else set()
    return {
        line.name
        for line in keeper.lines.values()
        if any(queue.name in inside or fixed_in(queue, account) for queue in line.queues.values())
    }


def fixed_in(queue: Queue, account: str | None) -> bool:
    """Tell whether the line's file has a telephone in a queue; where it names nobody, it has all of them."""
    return account is not None and (not queue.members or account in queue.members)


def choices_of(line: Line | None) -> tuple[Choice, ...]:
    """Give the ways in which a conversation of a line may come out."""
    return choices(line.dispositions) if line else ()
