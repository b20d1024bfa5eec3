"""The public pages in a real browser: by keyboard alone, without scripts, judged by axe."""

import re
from datetime import timedelta

from playwright.async_api import Page, expect
from sqlalchemy import Engine

from contesta.web.form import proves
from tests.te_llamamos import LINE, publish, set_clock
from tests.test_web_pages import SIZES, judged, press, sized
from tests.web import Office, run_office

LARGEST_PAGE_BYTES = 100_000
A_WHILE = timedelta(seconds=30)
REQUEST = {"tipo": "Cédula de c", "documento": "1.032.456.789", "asunto": "RUCOM", "descripcion": "Una pregunta"}
WORKED = "() => document.querySelector('[name=prueba]').value !== ''"
UNSEEN = (
    "() => { const box = document.activeElement.getBoundingClientRect(); return box.bottom < 0 || box.width === 0 }"
)


async def enter(page: Page, name: str = "") -> None:
    """Send the form, from a control of that name if one is given, and wait for the page that answers."""
    if name:
        await tab_to(page, name)
    async with page.expect_navigation():
        await press(page, "Enter")


async def tab_to(page: Page, name: str) -> None:
    """Press the tabulator until something is reached; each stop on the way is seen."""
    for _ in range(60):
        await press(page, "Tab")
        assert not await page.evaluate(UNSEEN)
        if await page.evaluate("() => document.activeElement.name || document.activeElement.innerText.trim()") == name:
            return
    raise AssertionError(f"the tabulator does not reach {name}")


def test_citizen_asks_by_keyboard_alone_and_cancels(sqlite_engine: Engine) -> None:
    """A mistake first: the focus is on what is to be mended."""

    async def scenario(office: Office) -> None:
        publish(office.settings)
        set_clock(office)
        async with office.page(viewport={"width": 360, "height": 800}) as page:
            loaded: list[int] = []
            page.on("response", lambda response: loaded.append(int(response.headers.get("content-length", "0"))))
            await page.goto(LINE)
            await tab_to(page, "nombre")
            await page.keyboard.type("María Peña")
            await enter(page)
            assert await page.evaluate("() => document.activeElement.getAttribute('role')") == "alert"
            await press(page, "Tab", "Enter")
            await page.keyboard.type("300 123 4567")
            await enter(page)
            assert "300 123 4567" in await page.inner_text(".echo")
            for field, text in REQUEST.items():
                await tab_to(page, field)
                await page.keyboard.type(text)
            await enter(page, "Continuar")
            await tab_to(page, "cuando")
            await press(page, "Space")
            await enter(page, "Continuar")
            await tab_to(page, "autorizo")
            assert not await page.is_checked("#autorizo")
            await press(page, "Space")
            await page.wait_for_function(WORKED)
            key = page.url.split("/")[-2]
            assert proves(key, await page.input_value("[name=prueba]")), "the browser has done its work meanwhile"
            office.clock.offset += A_WHILE
            await enter(page, "Pedir la llamada")
            assert "Solicitud recibida" in await page.inner_text("h1")
            assert sum(loaded) < LARGEST_PAGE_BYTES, "all pages of it together"
            await enter(page, "Seguir la solicitud")
            await tab_to(page, "Cancelar la solicitud")
            await press(page, "Enter")
            await enter(page, "Sí, cancelar")
            assert "Usted canceló la solicitud." in await page.inner_text("main")

    run_office(sqlite_engine, scenario)


async def walked(office: Office, page: Page, telephone: str) -> None:
    """Go through every page by pointer, each judged, mistakes too."""
    await page.goto(LINE)
    await judged(page)
    await page.click("button")
    await judged(page)
    await page.fill("#nombre", "Nombre-sin-ningún-espacio-" * 3)
    await page.fill("#telefono", telephone)
    await page.click("button")
    await page.click("button")
    await judged(page)
    await page.select_option("#tipo", "CC")
    await page.fill("#documento", "1032456789")
    await page.select_option("#asunto", "rucom")
    await page.fill("#descripcion", "x" * 300)
    await page.click("button")
    await page.click("summary >> nth=1")
    await judged(page)
    await page.check("details[open] input >> nth=3")
    await page.click("button")
    await page.click("button")
    await judged(page)
    await page.check("#autorizo")
    office.clock.offset += A_WHILE
    await page.click("button")
    await page.wait_for_url("**/listo")
    await judged(page)
    await page.click("button")
    await judged(page)
    await page.click("text=Cambiar la hora")
    await judged(page)
    await page.goto("/seguimiento")
    await judged(page)


def test_pages_are_for_everybody_with_and_without_scripts(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        publish(office.settings)
        set_clock(office)
        for number, (scheme, width) in enumerate(SIZES):
            async with sized(office, scheme, width) as page:
                await walked(office, page, f"300123450{number}")
        async with office.page(java_script_enabled=False, viewport={"width": 320, "height": 800}) as page:
            await page.goto(LINE)
            await page.fill("#nombre", "Ana")
            await page.fill("#telefono", "6011234567")
            await page.click("button")
            await page.select_option("#tipo", "PA")
            await page.fill("#documento", "AB 12345")
            await page.select_option("#asunto", "otro")
            await page.fill("#descripcion", "Nada más")
            await page.click("button")
            await page.check("#cuando")
            await page.click("button")
            await page.check("#autorizo")
            office.clock.offset += A_WHILE
            await page.click("button")
            await expect(page.locator(".secret").first).to_have_text(re.compile(r"^\s*[0-9]{11}\s*$"))

    run_office(sqlite_engine, scenario)
