"""The board of a running line in a real browser, while `contesta demo` makes calls: what it shows is what happened."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from playwright.async_api import Page, async_playwright, expect

from contesta.format import percentage, whole
from contesta.stats_ledger import add_ledger
from contesta.web import sessions
from contesta.web.access import Role
from quality.metrics.aggregate import Aggregate, Period
from quality.metrics.figures import Tally
from storage.database import connect
from tests.running import RunningLine
from tests.web import CHROMIUM, CHROMIUM_OPTIONS, session_of

LONGEST_MS = 60_000


def today(line: RunningLine) -> Aggregate:
    """Today's figures by the ledger."""
    zone = ZoneInfo(line.settings.timezone)
    day = datetime.now(zone).date()
    figures = Aggregate(zone, period=Period(first=day, last=day))
    add_ledger(figures, line.settings.ledger_url, datetime.now(UTC))
    return figures


@contextlib.asynccontextmanager
async def board(line: RunningLine) -> AsyncIterator[Page]:
    """The line's board, in a browser."""
    address = line.settings.web_address.rstrip("/")
    engine = connect(line.settings.ledger_url)
    cookie = session_of(engine, Role.SUPERVISOR)
    engine.dispose()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        context = await browser.new_context(base_url=address, viewport={"width": 1280, "height": 900}, locale="es-CO")
        await context.add_cookies(
            [
                {
                    "name": sessions.COOKIE,
                    "value": cookie,
                    "url": address.replace("http:", "https:"),
                    "secure": True,
                    "httpOnly": True,
                    "sameSite": "Strict",
                }
            ]
        )
        page = await context.new_page()
        await page.goto("/tablero")
        yield page
        await browser.close()


async def shows(page: Page, tally: Tally) -> None:
    """Wait until the screen has exactly this sum."""
    parts = {
        "recibidas": tally.offered,
        "contestadas": tally.answered,
        "abandonadas": tally.abandoned,
        "fantasmas": tally.ghost,
        "otras": tally.overflow + tally.closed + tally.lost,
        "en espera": tally.waiting,
    }
    said = r"[\s+=]+".join(rf"{word}\s+{re.escape(whole(count))}" for word, count in parts.items() if count)
    wanted = re.compile(rf"^\s*{said}\s+●\s+Cuadra\s*$", re.IGNORECASE)
    await expect(page.locator(".balance p")).to_have_text(wanted, timeout=LONGEST_MS)


async def row_of(page: Page, section: str, name: str) -> list[str]:
    row = page.locator(f"{section} tbody tr").filter(has=page.get_by_role("rowheader", name=name))
    return [" ".join(cell.split()) for cell in await row.get_by_role("cell").all_inner_texts()]


def test_figures_on_the_screen_are_the_ledgers(line: RunningLine) -> None:
    async def scenario() -> None:
        async with board(line) as page:
            await expect(page.locator(".trust")).to_have_text(re.compile("En vivo"), timeout=LONGEST_MS)
            demo = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "contesta", "demo", "--calls", "6", "--rate", "240", "--seed", "11"),
                env=line.settings.as_child_environment(),
                stdout=asyncio.subprocess.DEVNULL,
            )
            await expect(page.locator("#espera .callers li").first).to_be_visible(timeout=LONGEST_MS)
            await expect(page.locator(".doing.talking").first).to_be_visible(timeout=LONGEST_MS)
            assert await demo.wait() == 0

            figures = await asyncio.to_thread(today, line)
            total = figures.total()
            assert total.offered >= 4
            assert total.waiting == 0
            await shows(page, total)
            cards = await page.locator(".card").all_inner_texts()
            assert f"{whole(total.answered_within)}/{whole(total.offered - total.ghost)}" in cards[3]
            assert percentage(total.answered_within, total.offered - total.ghost) in cards[3]
            assert percentage(total.abandoned, total.offered - total.ghost) in cards[4]
            for name, tally in figures.by_queue().items():
                cells = await row_of(page, "#colas", name)
                assert cells[0].split()[0] == whole(tally.waiting)
                assert cells[-1] == whole(tally.offered)
                assert f"{tally.abandoned}/{tally.offered - tally.ghost}" in cells[-2]
            for name, agent in figures.by_agent.items():
                cells = await row_of(page, "#asesores", name)
                assert (cells[3], cells[4]) == (whole(agent.answered), whole(agent.rings_unanswered))

    asyncio.run(scenario())


def test_a_feed_that_stands_still_is_told_in_time(line: RunningLine) -> None:
    async def scenario() -> None:
        pid = line.pid("web")
        async with board(line) as page:
            await expect(page.locator(".trust")).to_have_text(re.compile("En vivo"), timeout=LONGEST_MS)
            os.kill(pid, signal.SIGSTOP)
            try:
                await expect(page.locator(".trust")).to_have_text(re.compile("Sin señal hace"), timeout=LONGEST_MS)
                assert await page.locator(".card .ok").count() == 0
            finally:
                os.kill(pid, signal.SIGCONT)
            await expect(page.locator(".trust")).to_have_text(re.compile("En vivo"), timeout=LONGEST_MS)

    asyncio.run(scenario())
