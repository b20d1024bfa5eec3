"""The board on a wall, in a real browser: read from afar, by everybody who passes."""

from collections.abc import Iterator

import pytest

from contesta.board.view import QueueRow
from tests.board_scenes import BUSY, EMPTY, NOW, QUEUES, next_of
from tests.board_stage import Stage, Theatre, sees, sees_no, silence, violations

WALL = "/pared/una-clave"
PAGES = ("Ahora", "Colas", "Colas", "Asesores", "El día")
SMALL = """(least) => [...document.querySelectorAll('.figure, .number, .clock')]
    .filter((one) => one.closest('thead') === null && one.offsetParent !== null)
    .filter((one) => parseFloat(getComputedStyle(one).fontSize) < least * innerHeight)
    .map((one) => one.outerHTML)"""
CUT = """() => [...document.querySelectorAll('.tile, td, tbody th, .strip')]
    .filter((one) => one.scrollWidth > one.clientWidth + 1 || one.getBoundingClientRect().right > innerWidth)
    .map((one) => one.outerHTML)"""
SCROLLS = """() => document.documentElement.scrollHeight > innerHeight
    || document.documentElement.scrollWidth > innerWidth
    || document.querySelector('.board').getBoundingClientRect().bottom > innerHeight"""


@pytest.fixture(scope="module")
def theatre() -> Iterator[Theatre]:
    opened = Theatre()
    yield opened
    opened.close()


def many(row: QueueRow) -> QueueRow:
    """A queue in which everything is long."""
    return row.model_copy(
        update={
            "service_level": row.service_level.model_copy(update={"shown": "100,00\N{NO-BREAK SPACE}%"}),
            "waiting": row.waiting.model_copy(update={"shown": "188"}),
        }
    )


BIG = next_of(
    BUSY,
    queues=[*map(many, QUEUES), *(many(row.model_copy(update={"name": f"{row.name}-dos"})) for row in QUEUES)],
)


@pytest.mark.parametrize(
    "options",
    [
        {"viewport": {"width": 1920, "height": 1080}},
        {"viewport": {"width": 1280, "height": 720}, "color_scheme": "dark"},
        {"viewport": {"width": 1024, "height": 768}},
    ],
    ids=["full HD", "dark", "4:3"],
)
def test_every_page_is_read_from_afar_without_scrolling(theatre: Theatre, options: dict[str, object]) -> None:
    async def scenario(stage: Stage) -> None:
        stage.board = BIG
        async with stage.page(WALL, **options) as page:
            for place, title in enumerate(PAGES):
                await sees(page, f"{place + 1} de 5", ".foot h2")
                await sees(page, title, ".foot h2")
                assert await page.evaluate(SMALL, 0.08) == []
                assert await page.evaluate(CUT) == []
                assert not await page.evaluate(SCROLLS)
                assert await violations(page) == []
                stage.beat(NOW)
                await page.keyboard.press("ArrowRight")
            await sees(page, "Ahora", ".foot h2")

    theatre.play(scenario)


def test_pages_turn_every_fifteen_seconds_until_they_are_paused(theatre: Theatre) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.page(WALL) as page:
            await sees(page, "Ahora")
            for title in ("Colas", "Asesores", "El día", "Ahora"):
                stage.beat(NOW)
                await silence(page, 13)
                await sees_no(page, title, ".foot h2")
                stage.beat(NOW)
                await silence(page, 2)
                await sees(page, title, ".foot h2")
            await page.get_by_role("button", name="Pausar").click()
            await silence(page, 60)
            await sees(page, "Ahora", ".foot h2")
            await page.get_by_role("button", name="Página siguiente").click()
            await sees(page, "Colas", ".foot h2")

    theatre.play(scenario)


def test_nobody_is_named_and_nothing_leads_anywhere(theatre: Theatre) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.page(WALL) as page:
            told = ""
            for _ in range(4):
                await page.keyboard.press("ArrowRight")
                await silence(page, 0.1)
                told += await page.content()
            assert "Fuera de meta" in told
            for adviser in BUSY.advisers:
                assert adviser.name not in told
            for caller in BUSY.waiting:
                assert caller.number not in told
            assert await page.locator("a").count() == 0

    theatre.play(scenario)


def test_a_wall_that_hears_nothing_says_so(theatre: Theatre) -> None:
    async def scenario(stage: Stage) -> None:
        stage.board = EMPTY
        async with stage.page(WALL) as page:
            await sees(page, "En vivo", ".trust")
            stage.mute = True
            await silence(page, 6)
            await sees(page, "Sin señal hace", ".trust")
            assert await page.locator(".ok, .warn, .bad").count() == 0
            await silence(page, 26)
            await sees(page, "Sin datos desde las 10:42:07. Estas cifras no son actuales.", ".banner")
            assert not await page.evaluate(SCROLLS)
            assert await violations(page) == []
            stage.mute = False
            stage.refusal = 403
            await page.evaluate("() => dispatchEvent(new Event('online'))")
            await sees(page, "Su sesión terminó", ".banner")

    theatre.play(scenario)
