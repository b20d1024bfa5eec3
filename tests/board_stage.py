"""The board's page over boards that a test makes up: the real frame and files, and a stream that a test speaks through.

async def scenario(stage: Stage) -> None:
    async with stage.page() as page:
        await sees(page, "En vivo")
        stage.tell(next_of(BUSY, connected=False))
        await sees(page, "Central sin conexión")

theatre.play(scenario)
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp_jinja2
import jinja2
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, async_playwright
from pydantic import BaseModel

import contesta.web
from contesta.board.view import Board, DayChart, End, Heartbeat, Mode
from contesta.settings import Settings
from contesta.web import assets, guard
from contesta.web.access import IDENTITY, Identity, Role
from contesta.web.context import SETTINGS
from contesta.web.pages import Context, page
from contesta.web.routes import ROUTES, Handler, Route, register
from tests.board_scenes import BUSY, DAY, NOW, WHY, of_wall, past
from tests.web import CHROMIUM, CHROMIUM_OPTIONS, complaints_of

AXE = (assets.PACKAGES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
LONGEST_SECONDS = 40
TEMPLATES = Path(contesta.web.__file__).parent / "templates"


@dataclass
class Stage:
    """What the page is told.

    `refusal` is the status that the stream answers with, None while it is let in; a page that was refused asks once
    more to learn why. A `mute` stream opens and tells nothing.
    """

    browser: Browser
    board: Board = BUSY
    day: DayChart = DAY
    refusal: int | None = None
    mute: bool = False
    address: str = ""
    opened: int = 0
    asked_why: int = 0
    _streams: dict[asyncio.Queue[bytes | None], str] = field(default_factory=dict)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def tell(self, board: Board) -> None:
        """Send a board to every page, and to those that come."""
        self.board = board
        for stream, kind in self._streams.items():
            stream.put_nowait(self._event("board", self._shown(kind)))

    def beat(self, at: datetime) -> None:
        """Send a sign of life, at a time of the server's."""
        self._all(self._event("heartbeat", Heartbeat(at=at, sequence=self.board.sequence)))

    def end(self, reason: str, *, again: bool) -> None:
        """Send the last word of every stream."""
        self._all(self._event("end", End(reason=reason, again=again)))
        self.hang_up()

    def hang_up(self) -> None:
        """Break every stream."""
        self._all(None)

    @property
    def watched(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is so of the streams."""
        async with asyncio.timeout(LONGEST_SECONDS), self._changed:
            await self._changed.wait_for(true)

    async def until_asked_why(self, times: int) -> None:
        """Wait until pages that were refused have asked why so often."""
        await self.until(lambda: self.asked_why >= times)

    @contextlib.asynccontextmanager
    async def page(self, address: str = "/tablero", **options: Any) -> AsyncIterator[Page]:  # noqa: ANN401  as playwright's own
        """A page in Chromium whose clock stands still until the test moves it. It must complain of nothing.

        That the server refused is no complaint: a browser logs it whatever the page does.
        """
        context = await self.browser.new_context(
            base_url=self.address, locale="es-CO", timezone_id="Europe/Madrid", **options
        )
        page = await context.new_page()
        complaints = complaints_of(page)
        await page.clock.install(time=NOW)
        await page.clock.pause_at(NOW + timedelta(seconds=1))
        await page.goto(address)
        yield page
        assert [one for one in complaints if "the server responded with a status of" not in one] == []
        await context.close()

    def _all(self, event: bytes | None) -> None:
        for stream in self._streams:
            stream.put_nowait(event)

    def _shown(self, kind: str) -> BaseModel:
        return of_wall(self.board) if kind == "wall" else self.board

    @staticmethod
    def _event(name: str, told: BaseModel) -> bytes:
        return f"event: {name}\ndata: {told.model_dump_json()}\n\n".encode()

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Accept") == "text/event-stream":
            self.opened += 1
        else:
            self.asked_why += 1
            async with self._changed:
                self._changed.notify_all()
        if self.refusal:
            said = guard.Said(code="refused", message="Su sesión terminó o no ha ingresado. Ingrese de nuevo.")
            return web.json_response(text=guard.Problem(error=said).model_dump_json(), status=self.refusal)
        kind = "wall" if request.path.startswith("/pared") else "board"
        told: asyncio.Queue[bytes | None] = asyncio.Queue()
        told.put_nowait(b": hello\n\n" if self.mute else self._event("board", self._shown(kind)))
        self._streams[told] = kind
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        try:
            await response.prepare(request)
            async with self._changed:
                self._changed.notify_all()
            while (event := await told.get()) is not None:
                await response.write(event)
        except ConnectionResetError:
            logging.getLogger(__name__).debug("a page went")
        finally:
            del self._streams[told]
            async with self._changed:
                self._changed.notify_all()
        return response

    async def _past(self, request: web.Request) -> web.Response:
        at = datetime.fromisoformat(request.query["at"]).astimezone(UTC)
        if at > NOW:
            said = guard.Said(code="invalid_input", message="Ese momento aún no ha pasado.", where="query.at")
            return web.json_response(text=guard.Problem(error=said).model_dump_json(), status=400)
        return web.json_response(text=past(self.board.model_copy(update={"mode": Mode.PAST}), at).model_dump_json())

    async def _day(self, _request: web.Request) -> web.Response:
        return web.json_response(text=self.day.model_dump_json())

    async def _why(self, _request: web.Request) -> web.Response:
        return web.json_response(text=WHY.model_dump_json())

    def application(self) -> web.Application:
        """Build what is served."""
        app = web.Application(middlewares=[_signed_in])
        app[SETTINGS] = Settings()
        app.on_response_prepare.append(guard.add_headers)
        aiohttp_jinja2.setup(
            app,
            loader=jinja2.FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        assets.prepare(app)
        shown = (("/tablero", _board, "Tablero"), ("/llamadas", _calls, "Llamadas"), ("/pared/{key}", _wall, ""))
        told = (
            ("/pared/{key}/flujo", self._stream),
            ("/api/v1/board/stream", self._stream),
            ("/api/v1/board", self._past),
            ("/api/v1/board/day", self._day),
            ("/api/v1/board/why", self._why),
        )
        every = (
            *(Route(method="GET", path=path, handler=one, permission=None, nav=nav) for path, one, nav in shown),
            *(Route(method="GET", path=path, handler=one, permission=None) for path, one in told),
            *assets.ROUTES,
        )
        app[ROUTES] = every
        register(app, every)
        return app


@web.middleware
async def _signed_in(request: web.Request, handler: Handler) -> web.StreamResponse:
    request[IDENTITY] = Identity(role=Role.SUPERVISOR, who="marta", name="Marta Gil")
    return await handler(request)


@page("tablero.html")
async def _board(_request: web.Request) -> Context:
    return {"timezone": "America/Bogota"}


@page("error.html")
async def _calls(request: web.Request) -> Context:
    return {"said": f"Llamadas: {request.query_string}"}


@page("pared.html")
async def _wall(request: web.Request) -> Context:
    return {"timezone": "America/Bogota", "stream": f"{request.path}/flujo"}


async def turn(page: Page, true: Callable[[], Awaitable[bool]], what: str) -> None:
    """Let the page's clock go on, little by little, until something is so.

    What comes over the network takes its time whatever that clock says: after two seconds of the page's it goes on a
    twentieth as fast, so that signs of life are not missed however long we wait.
    """
    deadline = asyncio.get_running_loop().time() + LONGEST_SECONDS
    looks = 0
    while not await true():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"{what}, in: {await page.locator('body').inner_text()}")
        await page.clock.run_for(20 if looks < 100 else 1)
        await asyncio.sleep(0.02)
        looks += 1


async def sees(page: Page, text: str, within: str = "body") -> None:
    """Wait until a part of the page shows a text."""

    async def shown() -> bool:
        return any(text in one for one in await page.locator(within).filter(visible=True).all_inner_texts())

    await turn(page, shown, f"never saw {text!r}")


async def sees_no(page: Page, text: str, within: str = "body") -> None:
    """Wait until no part of the page shows a text."""

    async def gone() -> bool:
        return not any(text in one for one in await page.locator(within).filter(visible=True).all_inner_texts())

    await turn(page, gone, f"always saw {text!r}")


async def violations(page: Page) -> list[str]:
    """What axe finds in the page as it is."""
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE)
    looking = asyncio.ensure_future(page.evaluate("() => axe.run({resultTypes: ['violations']})"))
    while not looking.done():
        await page.clock.run_for(1)
        await asyncio.sleep(0.01)
    return [
        f"{found['id']}: {', '.join(node['html'][:90] for node in found['nodes'][:3])}"
        for found in looking.result()["violations"]
    ]


async def silence(page: Page, seconds: float) -> None:
    """Let time pass in which the server says nothing."""
    await page.clock.run_for(round(seconds * 1000))


class Theatre:
    """A browser for all the stages of a file: it takes longer to start than most scenarios."""

    def __init__(self) -> None:
        self._loop = asyncio.Runner()
        self._playwright = self._loop.run(async_playwright().start())
        self._browser = self._loop.run(
            self._playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        )

    def play(self, scenario: Callable[[Stage], Awaitable[None]]) -> None:
        """Run a scenario on a stage of its own."""
        self._loop.run(self._play(scenario))

    def close(self) -> None:
        """End the browser."""
        self._loop.run(self._browser.close())
        self._loop.run(self._playwright.stop())
        self._loop.close()

    async def _play(self, scenario: Callable[[Stage], Awaitable[None]]) -> None:
        stage = Stage(browser=self._browser)
        async with TestServer(stage.application()) as server:
            stage.address = str(server.make_url("")).rstrip("/")
            try:
                await scenario(stage)
            finally:
                for context in self._browser.contexts:
                    await context.close()
                stage.hang_up()
