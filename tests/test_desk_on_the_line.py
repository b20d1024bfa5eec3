"""The adviser's desk beside a real telephone: who calls, what is written, and what it comes to in the figures."""

import asyncio
import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright, expect

from contesta.comparison import differences
from contesta.lines import SHIPPED
from contesta.web import sessions
from contesta.web.access import Role
from storage.database import connect
from storage.people import Acceptance, Invitation, NewPerson, People
from storage.people_sessions import Browser, Lifetime, Sessions
from telephony.phone import Call
from telephony.phone.audio import tone
from tests.people import ADVISER_HERTZ, advisers_at_work, callers_phone, choose_an_adviser
from tests.running import RunningLine, eventually, start_line
from tests.web import CHROMIUM, CHROMIUM_OPTIONS

LONGEST_MS = 60_000
NOTE = "Preguntó por el certificado <b>2026</b>"


@pytest.fixture
def wrapping(tmp_path: Path) -> Iterator[RunningLine]:
    """A line whose advisers are paused after each call until they have classified it."""
    folder = tmp_path / "lineas"
    folder.mkdir()
    text = SHIPPED.read_text(encoding="utf-8")
    another = "    survey: atencion\n  especial: {title: Casos especiales, members: [asesor1], extension: '802'}\n"
    text = text.replace("    survey: atencion\n", another)
    (folder / SHIPPED.name).write_text(f"{text}\nwrap_up_seconds: 600\n", encoding="utf-8")
    with start_line(tmp_path, lines_dir=str(folder)) as running:
        yield running


def session_of(line: RunningLine, agent: str) -> str:
    """Give the cookie of an adviser's session."""
    engine, now = connect(line.settings.ledger_url), datetime.now(UTC)
    people, invitation, token = People(engine), sessions.new_secret(), sessions.new_secret()
    new = NewPerson(login=f"puesto-{os.urandom(4).hex()}", name=agent, role=Role.ADVISER, agent=agent)
    people.add(new, Invitation(digest=invitation.digest, expires_at=now + timedelta(days=1)), now)
    chosen = Acceptance(name=agent, password_hash="-", factor_seed=None, factor_step=0)
    accepted = people.accept(invitation.digest, chosen, now)
    assert accepted is not None
    Sessions(engine, Lifetime()).open(token.digest, accepted.id, Browser(address="127.0.0.1", name="test"), now)
    engine.dispose()
    return token.text


def figures(line: RunningLine) -> dict[str, Any]:
    """What `contesta stats --json` says."""
    done = subprocess.run(
        [sys.executable, "-m", "contesta", "stats", "--json"],
        env=line.settings.as_child_environment(),
        capture_output=True,
        check=True,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


async def sees(page: Page, text: str) -> None:
    await expect(page.locator(".own-state .doing")).to_have_text(re.compile(text), timeout=LONGEST_MS)


def test_a_call_is_seen_written_about_through_a_crash_and_classified_by_keyboard(  # noqa: PLR0915  one story
    wrapping: RunningLine,
) -> None:
    line, agent = wrapping, wrapping.accounts.scripted[0].name
    hang_up = asyncio.Event()

    async def answer(call: Call) -> None:
        call.answer()
        call.play(tone(ADVISER_HERTZ, 1.0), repeat=True)
        ended = asyncio.create_task(call.wait_ended(300))
        with suppress(TimeoutError):
            await asyncio.wait([ended, asyncio.create_task(hang_up.wait())], return_when=asyncio.FIRST_COMPLETED)
        call.hang_up()

    async def scenario() -> None:  # noqa: PLR0915  one story
        address = line.settings.web_address.rstrip("/")
        async with (
            advisers_at_work(line, 300, count=1, on_call=answer),
            callers_phone(line) as phone,
            async_playwright() as playwright,
        ):
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
            context = await browser.new_context(
                base_url=address, locale="es-CO", viewport={"width": 1280, "height": 900}
            )
            cookie = {"name": sessions.COOKIE, "value": session_of(line, agent)}
            where = {"url": address.replace("http:", "https:"), "secure": True, "httpOnly": True, "sameSite": "Strict"}
            await context.add_cookies([cookie | where])  # type: ignore[list-item]  # playwright's own mapping
            page = await context.new_page()
            await page.goto("/")
            await sees(page, "Disponible")
            assert page.url.endswith("/puesto"), "where an adviser works"
            mine = f"PJSIP/{line.accounts.scripted[0].account}"

            def rung(queue: str) -> bool:
                return mine in line.asterisk.console(f"queue show {queue}")

            own = page.locator("li", has_text="Casos especiales")
            assert not rung("especial")
            await own.get_by_role("button", name="Entrar a la cola Casos especiales").click()
            await expect(own).to_contain_text("● Recibe sus llamadas", timeout=LONGEST_MS)
            assert rung("especial")
            await own.get_by_role("button", name="Salir de la cola Casos especiales").click()
            await expect(own).to_contain_text("◌ No recibe sus llamadas", timeout=LONGEST_MS)
            assert not rung("especial")
            assert rung(line.queue), "the line's file has him there"
            await expect(page.locator("li", has_text="fija por la línea").get_by_role("button")).to_have_count(0)

            call = await phone.dial(line.number, from_number="3105551234")
            await choose_an_adviser(line, call)
            await sees(page, "En conversación")
            await expect(page.locator(".who")).to_contain_text("310 *** **34", timeout=LONGEST_MS)
            await page.get_by_label("Nota").fill(NOTE)
            await expect(page.get_by_text("Borrador guardado")).to_be_visible(timeout=LONGEST_MS)

            line.kill("web")
            await asyncio.to_thread(eventually, lambda: _answers(address), 90, "the pages come back")
            await page.goto("/puesto")
            await sees(page, "En conversación")
            await expect(page.get_by_label("Nota")).to_have_value(NOTE, timeout=LONGEST_MS)

            hang_up.set()
            await sees(page, "Tipificando")
            await asyncio.sleep(2)  # of work after the call: the log's times are whole seconds
            paused = r"paused:tipificaci"
            await asyncio.to_thread(
                eventually, lambda: re.search(paused, line.asterisk.console(f"queue show {line.queue}")), 60, "paused"
            )
            await page.locator("#quien").click()
            await page.keyboard.press("1")
            chosen = page.locator("input[name=tipificacion]:checked")
            await expect(chosen).to_have_count(1)
            disposition = await chosen.get_attribute("value")
            await page.get_by_label("Solución", exact=True).fill("Se le dio el radicado")
            await page.keyboard.press("Control+Enter")
            await expect(page.get_by_text("Tipificada:")).to_be_visible(timeout=LONGEST_MS)
            await sees(page, "Disponible")
            await browser.close()

            told = await asyncio.to_thread(eventually, lambda: _disposed(line), 60, "the ledger has the disposition")
            assert told is not None
            totals = told["totals"]
            assert (totals["answered"], totals["disposed"]) == (1, 1)
            assert totals["work_seconds"] > 0
            talk = told["by_agent"][agent]["talk_seconds"]
            assert totals["tmo_seconds"] == talk + totals["work_seconds"]
            assert told["by_disposition"].keys() == {disposition}
            assert await asyncio.to_thread(differences, line.ledger(), [line.settings.queue_log]) == []
            assert NOTE not in line.settings.queue_log.read_text(encoding="utf-8")

    asyncio.run(scenario())


def _answers(address: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"{address}/healthz") as answer:  # noqa: S310  our own address
        return bool(answer.status == 200)
    return False


def _disposed(line: RunningLine) -> dict[str, Any] | None:
    told = figures(line)
    return told if told["totals"]["disposed"] else None
