"""The adviser's desk: its page, and what runs behind it as long as the application does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from aiohttp import web

from contesta import accounts
from contesta.desk.keeper import Keeper
from contesta.desk.manager import Manager
from contesta.lines import published
from contesta.web.access import Permission
from contesta.web.board import HUB, end_with
from contesta.web.context import CLOCK, ENGINE, SETTINGS
from contesta.web.desk_owner import BOOK, KEEPER, TYPED, owner
from contesta.web.pages import Context, page
from contesta.web.routes import Route
from ivr.line.model import Line
from storage.desk import DeskBook
from storage.desk_answers import DeskAnswers


@page("puesto.html")
async def show(request: web.Request) -> Context:
    """Show the desk of whoever asks."""
    return {"agent": owner(request), "timezone": request.app[SETTINGS].timezone}


ROUTES = (Route(method="GET", path="/puesto", handler=show, permission=Permission.WORK_AT_DESK, nav="Puesto"),)


def prepare(app: web.Application) -> None:
    """Have a keeper of desks run as long as the application does."""
    app[BOOK], app[TYPED] = DeskBook(app[ENGINE]), DeskAnswers(app[ENGINE])
    app.cleanup_ctx.append(_keeper)


async def _keeper(app: web.Application) -> AsyncIterator[None]:
    settings = app[SETTINGS]
    of_lines = published(settings)

    def lines() -> tuple[Line, ...]:
        return of_lines.current()

    manager = Manager(lambda: accounts.read(settings.secrets_file), settings.manager_port)
    keeper = app[KEEPER] = Keeper(app[BOOK], app[TYPED], manager, lambda: app[HUB].feed, lines, app[CLOCK])
    running = asyncio.create_task(keeper.run(), name="desk")
    running.add_done_callback(end_with)
    yield
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
