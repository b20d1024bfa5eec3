"""The board: its page, its wall, its streams, and what its figures are asked about."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from contesta.board.day import WEEK, chart
from contesta.board.goals import Goals
from contesta.board.hub import Hub, Source
from contesta.board.links import Links
from contesta.board.live import LiveLine, Nothing
from contesta.board.moment import Moment
from contesta.board.past import Past
from contesta.board.view import Board, DayChart, End, Heartbeat, WallBoard, Why
from contesta.board.why_text import explanation
from contesta.web import validation
from contesta.web.access import Permission
from contesta.web.bus import BUS
from contesta.web.context import CLOCK, ENGINE, SETTINGS
from contesta.web.pages import Context, page
from contesta.web.routes import Route, query, told
from contesta.web.streams import STREAMS, Streams, stream
from contesta.web.validation import Asked
from quality.metrics.limits import Metric

SOURCE = web.AppKey[Source]("board_source")
"""Where the boards come from; whoever plays a log again puts another before the application starts."""
GOALS = web.AppKey("goals", Goals)
HUB = web.AppKey("hub", Hub)
PAST = web.AppKey("past", Past)

log = structlog.get_logger()


class At(Asked):
    """Which moment's board; without one, this moment's. It is that of the whole minute."""

    at: validation.Moment | None = None


class Shown(Asked):
    """What the page is opened at; its script reads it."""

    momento: str = ""


class OfDay(Asked):
    """Which local day; without one, today."""

    date: validation.Day | None = None


class OfFigure(At):
    """Which figure is asked about, of the line or of a queue."""

    figure: Metric
    queue: str = ""


@page("tablero.html")
async def show(request: web.Request) -> Context:
    """Show the board."""
    return {"timezone": request.app[SETTINGS].timezone}


@page("pared.html")
async def show_wall(request: web.Request) -> Context:
    """Show the board for a wall."""
    address = request.app.router["wall_stream"].url_for(key=request.match_info["key"])
    return {"timezone": request.app[SETTINGS].timezone, "stream": str(address)}


async def board(request: web.Request) -> web.StreamResponse:
    """Give the board of this moment, or of a past one."""
    return told((await _moment(request, query(request, At).at)).board)


async def follow(request: web.Request) -> web.StreamResponse:
    """Tell each version of the board, a sign of life each second, and why it ends.

    `id` of a board is its sequence; who comes back with the newest as Last-Event-ID does not get it again.
    """
    return await stream(request, request.app[HUB], wall=False)


async def follow_wall(request: web.Request) -> web.StreamResponse:
    """Tell each version of the board for a wall."""
    return await stream(request, request.app[HUB], wall=True)


async def day(request: web.Request) -> web.StreamResponse:
    """Give a day by quarter hours."""
    source, past = request.app[SOURCE], request.app[PAST]
    now, zone = source.clock(), source.place.zone
    wanted = query(request, OfDay).date or now.astimezone(zone).date()
    return told(chart(await past.day(wanted), await past.day(wanted - WEEK), wanted, now, zone))


async def why(request: web.Request) -> web.StreamResponse:
    """Say why a figure is what it is."""
    asked = query(request, OfFigure)
    now = await _moment(request, asked.at)
    there = await request.app[PAST].on_duty(now.board.at, asked.queue)
    links = Links(day=now.snapshot.day, zone=request.app[SOURCE].place.zone, as_of=asked.at)
    try:
        said = explanation(now, asked.figure, asked.queue, there, links)
    except KeyError as unknown:
        raise web.HTTPNotFound from unknown
    return told(said)


async def _moment(request: web.Request, at: dt.datetime | None) -> Moment:
    if at is None:
        return request.app[HUB].moment
    if at > request.app[CLOCK]():
        raise validation.RefusedError("ese momento no ha llegado; escoja uno anterior")
    return await request.app[PAST].moment(at)


ROUTES = (
    Route(method="GET", path="/tablero", handler=show, permission=Permission.WATCH_BOARD, query=Shown, nav="Tablero"),
    Route(method="GET", path="/pared/{key}", handler=show_wall, permission=Permission.WATCH_WALL),
    Route(
        method="GET",
        path="/pared/{key}/flujo",
        handler=follow_wall,
        permission=Permission.WATCH_WALL,
        name="wall_stream",
        events={"board": WallBoard, "heartbeat": Heartbeat, "end": End},
    ),
    Route(
        method="GET",
        path="/api/v1/board",
        handler=board,
        permission=Permission.WATCH_BOARD,
        query=At,
        answer=Board,
        summary="The board of this moment, or of a past minute",
    ),
    Route(
        method="GET",
        path="/api/v1/board/stream",
        handler=follow,
        permission=Permission.WATCH_BOARD,
        events={"board": Board, "heartbeat": Heartbeat, "end": End},
        summary="Each version of the board, as it comes to be",
    ),
    Route(
        method="GET",
        path="/api/v1/board/day",
        handler=day,
        permission=Permission.WATCH_BOARD,
        query=OfDay,
        answer=DayChart,
        summary="A day by quarter hours, and the same weekday one week before",
    ),
    Route(
        method="GET",
        path="/api/v1/board/why",
        handler=why,
        permission=Permission.WATCH_BOARD,
        query=OfFigure,
        answer=Why,
        summary="Why a figure of the board is what it is",
    ),
)


def prepare(app: web.Application) -> None:
    """Have a hub run as long as the application does."""
    settings, database, clock = app[SETTINGS], app[ENGINE], app[CLOCK]
    app[GOALS] = Goals(database, settings.board_thresholds, settings.ghost_seconds)
    app[SOURCE] = LiveLine(settings, app[GOALS], database, clock)
    app[STREAMS] = Streams()
    app.cleanup_ctx.append(_hub)
    app.on_shutdown.append(_end_streams)


async def _hub(app: web.Application) -> AsyncIterator[None]:
    source = app[SOURCE]
    app[PAST] = Past(app[ENGINE], source.place, app[GOALS], source.clock)
    try:
        asked = await source.targets()
    except SQLAlchemyError as error:
        log.warning("the board begins without the agreements", error=str(error))
        asked = app[GOALS].without_agreements(source.clock().astimezone(source.place.zone).date())
    app[HUB] = Hub(app[BUS], source.place, Nothing(source.place.zone), asked, source.clock)
    running = asyncio.create_task(_run(source, app[HUB]), name="board")
    running.add_done_callback(end_with)
    yield
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def _run(source: Source, hub: Hub) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(source.keep(hub), name="board: feed")
        tasks.create_task(hub.run(), name="board: look")


def end_with(running: "asyncio.Task[None]") -> None:
    """End the program with a part of it: it is started anew, and nobody looks at a board that stands still."""
    if not running.cancelled() and (defect := running.exception()):
        log.critical("a part failed", part=running.get_name(), exc_info=defect)
        raise web.GracefulExit


async def _end_streams(app: web.Application) -> None:
    app[STREAMS].stopping = True
