"""The pages, asked for as a browser would, and shown in a real one."""

import re
from collections.abc import Awaitable, Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page
from sqlalchemy import Engine

from contesta.web.access import Role
from contesta.web.sessions import COOKIE
from core.events import CallStarted, Connected, MenuStepped, QueueEntered, Source, StepResult
from storage.database import connect
from storage.ledger import Ledger
from tests.stories import at, events_of, log_of, restart, uid
from tests.web import Client, Office, assert_guarded, complaints_of, overflows, run_office

EVIL = """<script>document.title='owned'</script>"><img src=x onerror=alert(1)>' -- {{7*7}}"""


@pytest.fixture
def full(sqlite_engine: Engine) -> Engine:
    Ledger(sqlite_engine).apply(events_of(log_of(range(64), restart(250))))
    return sqlite_engine


@pytest.fixture
def evil(full: Engine) -> Engine:
    """A call in which every text that somebody outside could choose is hostile."""
    of: dict[str, Any] = {"call_id": EVIL, "channel_id": EVIL, "source": Source.AMI}
    Ledger(full).apply(
        [
            CallStarted(at=at(500), line=EVIL, number=EVIL, **of),
            MenuStepped(at=at(501), menu=EVIL, key=EVIL, result=StepResult.WRONG, **of),
            QueueEntered(at=at(502), queue=EVIL, **of),
            Connected(at=at(503), queue=EVIL, agent=EVIL, wait_seconds=1, **of),
        ]
    )
    return full


def browse(engine: Engine, scenario: Callable[[Client], Awaitable[None]]) -> None:
    """Run a scenario in the browser of a supervisor."""

    async def signed_in(office: Office) -> None:
        await scenario(await office.signed_in(Role.SUPERVISOR))

    run_office(engine, signed_in)


def links(page: str, pattern: str) -> list[str]:
    return [unescape(found) for found in re.findall(f'href="({pattern})"', page)]


def test_list_shows_every_call_once_over_its_pages(full: Engine) -> None:
    async def scenario(client: Client) -> None:
        seen: list[str] = []
        address = "/llamadas"
        while address:
            page = await (await client.get(address)).text()
            seen += links(page, '/llamadas/[^"]+')
            older = re.search(r'href="([^"]+)" rel="next"', page)
            address = unescape(older[1]) if older else ""
        assert seen == [f"/llamadas/{uid(call)}" for call in reversed(range(64))]

    browse(full, scenario)


def test_list_masks_numbers_and_tells_outcomes(full: Engine) -> None:
    async def scenario(client: Client) -> None:
        page = await (await client.get("/llamadas")).text()
        assert "300 *** **63" in page
        assert "573000000063" not in page
        for said in ("contestada", "abandonada", "fantasma", "desbordada", "rechazada", "perdida", "sin cola"):
            assert said in page
        assert "15:06:40" not in page, "hours are Colombia's"
        assert "10:09:" in page

    browse(full, scenario)


def test_filters_are_in_the_address_and_can_be_taken_off(full: Engine) -> None:
    async def scenario(client: Client) -> None:
        page = await (
            await client.get("/llamadas?cola=segunda&resultado=rechazada&desde=2026-01-01&hasta=2026-01-01")
        ).text()
        assert links(page, '/llamadas/[^"]+') == [f"/llamadas/{uid(call)}" for call in range(61, 0, -8)]
        assert "<option selected>rechazada</option>" in page
        assert "/llamadas?desde=2026-01-01&hasta=2026-01-01&resultado=rechazada" in links(page, '/llamadas[^"]*')
        page = await (await client.get("/llamadas?hasta=2025-12-31")).text()
        assert "Ninguna llamada cumple estos filtros" in page

    browse(full, scenario)


@pytest.mark.parametrize(
    ("address", "status", "says"),
    [
        ("/llamadas?desde=ayer", 400, "fecha no válida: «ayer»"),
        ("/llamadas?hasta=9999-12-31", 400, "fecha no válida"),
        ("/llamadas?resultado=excelente", 400, "resultado desconocido"),
        ("/llamadas?despues=aqu%C3%AD", 400, "aquí"),
        ("/llamadas/99.9", 404, "no existe"),
        ("/llamadas/", 404, "no existe"),
        ("/estatico/../app.py", 404, "no existe"),
        ("/estatico/%2e%2e/app.py", 404, "no existe"),
        ("/nada", 404, "no existe"),
    ],
)
def test_mistakes_are_told_in_words(full: Engine, address: str, status: int, says: str) -> None:
    async def scenario(client: Client) -> None:
        response = await client.get(address)
        assert response.status == status
        assert says.lower() in unescape(await response.text()).lower()
        assert_guarded(response)

    browse(full, scenario)


def test_call_is_told_step_by_step(full: Engine) -> None:
    async def scenario(client: Client) -> None:
        page = unescape(await (await client.get(f"/llamadas/{uid(8)}")).text())
        assert "Esperó 0:10, habló 0:21 con A. Ruiz; colgó el asesor." in page
        facts = re.findall(r'class="fact">([^<]+)<', page)
        assert facts[0] == "Llamó a la línea 018000910123"
        assert facts[-1] == "Colgó"
        assert "Respondió 4 a la pregunta «p1»" in facts
        assert re.findall(r'class="elapsed">([^<]+)<', page)[:3] == ["+00:00", "+00:03", "+00:04"]
        assert set(re.findall(r'class="source">([^<]+)<', page)) == {"queue_log"}

    browse(full, scenario)


def test_call_that_was_cut_off_says_what_is_not_known(full: Engine) -> None:
    async def scenario(client: Client) -> None:
        page = unescape(await (await client.get(f"/llamadas/{uid(7)}")).text())
        assert "Se perdió mientras esperaba en la cola atencion: la central se reinició." in page
        assert "La central se reinició durante la llamada; lo que siguió no se conoce." in page

    browse(full, scenario)


@pytest.mark.parametrize("address", ["/llamadas", f"/llamadas/{uid(0)}", "/healthz", "/estatico/contesta.css"])
def test_every_answer_is_guarded_and_only_read(full: Engine, address: str) -> None:
    async def scenario(client: Client) -> None:
        for method in ("GET", "HEAD"):
            response = await client.request(method, address)
            assert response.status == 200
            assert_guarded(response)
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
            response = await client.request(method, address)
            assert response.status == 405
            assert response.headers["Allow"] == "GET,HEAD"
            assert_guarded(response)

    browse(full, scenario)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("127.0.0.1:8080", 200),
        ("[::1]:8080", 200),
        ("LOCALHOST:1", 200),
        ("malo.example", 421),
        ("127.0.0.1.malo.example:8080", 421),
        ("localhost@malo.example", 421),
        ("169.254.169.254", 421),
        ("", 421),
    ],
)
def test_only_this_machines_names_are_answered(full: Engine, host: str, status: int) -> None:
    async def scenario(client: Client) -> None:
        response = await client.get("/llamadas", headers={"Host": host})
        assert response.status == status
        assert ("Llamadas, las más recientes" in await response.text()) is (status == 200)

    browse(full, scenario)


def test_hostile_data_is_shown_as_text(evil: Engine) -> None:
    async def scenario(client: Client) -> None:
        page = await (await client.get("/llamadas")).text()
        (link,) = (one for one in links(page, '/llamadas/[^"]+') if "script" in one)
        story = await (await client.get(link)).text()
        for html in (page, story):
            assert "<script" not in html
            assert "<img" not in html
            assert "&lt;script&gt;" in html
        assert "49" not in re.findall(r"<h1>.*?</h1>", story)[0]

    browse(evil, scenario)


def test_without_its_database_the_page_says_so(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        browser = await office.visitor(Cookie=f"{COOKIE}=anything")
        for address in ("/llamadas", "/healthz", "/llamadas/1.1"):
            response = await browser.get(address)
            assert response.status == 503
            assert "No se puede leer el libro de llamadas" in await response.text()
            assert_guarded(response)

    engine = connect(f"sqlite:///{tmp_path / 'nowhere' / 'ledger.db'}")
    run_office(engine, scenario)
    engine.dispose()


def test_page_refreshes_itself_only_when_asked_to(full: Engine) -> None:
    async def scenario(client: Client) -> None:
        assert "http-equiv" not in await (await client.get("/llamadas")).text()
        page = await (await client.get("/llamadas?cola=segunda&actualizar=si")).text()
        assert '<meta http-equiv="refresh" content="10">' in page
        assert "/llamadas?cola=segunda" in links(page, '/llamadas[^"]*'), "and it can be stopped"

    browse(full, scenario)


CONTRAST = """() => {
    const light = (colour) => {
        const [r, g, b] = colour.match(/[0-9.]+/g).map(Number).map((c) => c / 255)
            .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if (colour !== 'rgba(0, 0, 0, 0)') return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    const poor = [];
    for (const element of document.querySelectorAll('body *')) {
        if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
        const [a, b] = [light(getComputedStyle(element).color), light(behind(element))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) poor.push(`${element.outerHTML.slice(0, 80)} ${ratio}`);
    }
    return poor;
}"""


def test_in_a_real_browser(evil: Engine) -> None:
    """Light, dark and 320 px wide: nothing hostile runs, nothing overflows, everything can be read and reached."""

    async def scenario(office: Office) -> None:
        for scheme, width in (("light", 1280), ("dark", 1280), ("light", 320), ("dark", 320)):
            viewport = {"width": width, "height": 800}
            async with office.page(Role.SUPERVISOR, color_scheme=scheme, viewport=viewport) as page:
                complaints = complaints_of(page)
                await page.goto("/llamadas")
                await look(page)
                await page.keyboard.press("Tab")
                assert await page.evaluate("() => document.activeElement.textContent") == "Ir al contenido"
                await page.locator("tbody a").nth(3).focus()
                await page.keyboard.press("Enter")
                await page.wait_for_url("**/llamadas/**")
                await look(page)
                await page.goto("/llamadas?cola=segunda")
                await page.get_by_role("link", name="Quitar el filtro Cola: segunda").click()
                await page.locator("tbody a").first.click()
                assert "owned" not in await page.title()
                assert "<script>" in await page.locator("main").inner_text()
                await look(page)
                assert complaints == []

    async def look(page: Page) -> None:
        assert not await overflows(page)
        assert await page.evaluate(CONTRAST) == []

    run_office(evil, scenario)
