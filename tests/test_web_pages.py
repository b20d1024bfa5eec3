"""The pages of signing in and administering, in a real browser: seen, reached by keyboard, and judged by axe."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pyotp
from playwright.async_api import Page, expect
from sqlalchemy import Engine

from contesta.web.access import Role
from contesta.web.assets import PACKAGES
from contesta.web.factors import FACTORS
from contesta.web.people import PEOPLE, new_invitation
from storage.people import NewPerson
from tests.web import FACTOR_SEED, PASSWORD, Office, complaints_of, overflows, run_office

AXE = (PACKAGES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"
SIZES = (("light", 1280), ("dark", 320))
ELSEWHERE = "https://malo.example/"
LONG = "Nombre-sin-ningún-espacio-" * 3
SMALL_TARGETS = """() => [
        ...document.querySelectorAll("main button, main input:not([type=checkbox], [type=radio]), main select"),
    ].filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)"""


async def judged(page: Page) -> None:
    """Nothing that axe objects to, nothing wider than the page, nothing that a finger misses."""
    await page.evaluate(AXE)
    found = await page.evaluate(f"() => axe.run({RULES})")
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]] == []
    assert not await overflows(page), page.url
    assert await page.evaluate(SMALL_TARGETS) == []


@asynccontextmanager
async def sized(office: Office, scheme: str, width: int, role: Role | None = None) -> AsyncIterator[Page]:
    """A page in light or dark and of a width, that must not complain of anything."""
    async with office.page(role, color_scheme=scheme, viewport={"width": width, "height": 800}) as page:
        complaints = complaints_of(page)
        yield page
        assert complaints == []


def invite(office: Office, role: Role, login: str) -> str:
    secret, invitation = new_invitation(office.clock())
    office.app[PEOPLE].add(NewPerson(login=login, name=LONG, role=role), invitation, office.clock())
    return f"/invitacion/{secret}"


def test_pages_are_for_everybody(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        office.person(Role.ADVISER, agent=LONG)
        invitation = invite(office, Role.ADMINISTRATOR, "invitada")
        office.key(Role.WALL)
        number = office.person(Role.SUPERVISOR).id
        administrator = await office.signed_in(Role.ADMINISTRATOR)
        await administrator.post("/administracion/claves", data={"kind": "integration", "label": LONG, "days": "7"})
        for scheme, width in SIZES:
            async with sized(office, scheme, width) as page:
                for address in ("/ingreso", invitation):
                    await page.goto(address)
                    await judged(page)
            async with sized(office, scheme, width, Role.ADMINISTRATOR) as page:
                for address in ("personas", f"personas/{number}", "claves", "accesos", "datos", "solicitudes"):
                    await page.goto(f"/administracion/{address}")
                    await judged(page)
                    assert await page.get_by_role("button", name="Salir").is_visible()
                await page.goto("/cuenta")
                await judged(page)
                await page.goto("/administracion/claves")
                await page.get_by_label("Nombre", exact=True).fill("Pared del segundo piso")
                await page.get_by_role("button", name="Crear la clave").click()
                await expect(page.locator("h1")).to_have_text("Clave «Pared del segundo piso»")
                await judged(page)

    run_office(sqlite_engine, scenario)


def test_error_pages_are_for_everybody_too(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        async with office.page(Role.SUPERVISOR, color_scheme="dark", viewport={"width": 320, "height": 800}) as page:
            for address in ("/nada", "/administracion/personas", "/invitacion/x"):
                await page.goto(address)
                await judged(page)

    run_office(sqlite_engine, scenario)


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def name_of_focus(page: Page) -> str:
    return str(await page.evaluate("() => document.activeElement.id || document.activeElement.innerText"))


def test_administrator_signs_in_invites_and_signs_out_by_keyboard(sqlite_engine: Engine) -> None:
    """A wrong password first; each step is reached with the tabulator, and the focus is seen."""

    async def scenario(office: Office) -> None:
        office.person(Role.ADMINISTRATOR)
        async with office.page(viewport={"width": 1280, "height": 800}) as page:
            await page.goto("/")
            assert page.url.endswith("/ingreso?volver=/")
            assert await name_of_focus(page) == "login"
            await page.keyboard.type("administrator")
            await press(page, "Tab")
            await page.keyboard.type("wrong")
            await press(page, "Enter")
            await page.wait_for_selector("[role=alert]")
            assert await page.input_value("#login") == "administrator"
            assert await page.input_value("#password") == ""
            await press(page, "Tab")
            await page.keyboard.type(PASSWORD)
            await press(page, "Tab")
            secret = office.app[FACTORS].secret(FACTOR_SEED)
            await page.keyboard.type(pyotp.TOTP(secret).at(office.clock()))
            await press(page, "Enter")
            await page.wait_for_url("**/administracion/personas")
            await press(page, "Tab")
            assert await name_of_focus(page) == "Ir al contenido"
            await press(page, "Enter", "Tab")
            assert await name_of_focus(page) == "Persona administrator"
            outline = await page.evaluate("() => getComputedStyle(document.activeElement).outlineWidth")
            assert outline == "3px"
            await press(page, "Tab")
            fields = {
                "name": "Ana Ruiz",
                "login": "ana.ruiz",
                "role": "Ase",
                "agent": "Ana Ruiz",
                "extension": "Ninguno",
            }
            for field, text in fields.items():
                assert await name_of_focus(page) == field
                await page.keyboard.type(text)
                await press(page, "Tab")
            await press(page, "Enter")
            await page.wait_for_selector(".secret")
            address = await page.locator(".secret").inner_text()
            assert address.startswith(f"{office.address}/invitacion/")
            await page.get_by_role("button", name="Salir").focus()
            await press(page, "Enter")
            await page.wait_for_url("**/ingreso")
            invited = office.app[PEOPLE].named("ana.ruiz")
            assert invited is not None
            assert (invited.role, invited.agent) == (Role.ADVISER, "Ana Ruiz")
            await page.goto("/administracion/personas")
            assert page.url.endswith("/ingreso?volver=/administracion/personas")

    run_office(sqlite_engine, scenario)


def test_invited_administrator_scans_types_and_is_in(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        address = invite(office, Role.ADMINISTRATOR, "luz")
        async with office.page(viewport={"width": 320, "height": 800}) as page:
            await page.goto(address)
            box = await page.locator(".qr svg").bounding_box()
            assert box is not None
            assert box["width"] >= 200, "a telephone can scan it"
            await page.fill("#name", "Luz Marina")
            for field in ("password", "again"):
                await page.fill(f"#{field}", "una frase larga y propia")
            secret = (await page.locator(".secret").inner_text()).replace(" ", "")
            await page.fill("#code", pyotp.TOTP(secret).at(office.clock()))
            await page.get_by_role("button", name="Guardar e ingresar").click()
            await page.wait_for_url("**/administracion/personas")
            await expect(page.get_by_role("link", name="Luz Marina")).to_have_count(
                2
            )  # in the list and as the own account
            office.clock.offset += timedelta(hours=13)
            await page.reload()
            assert "/ingreso?volver=" in page.url

    run_office(sqlite_engine, scenario)


def test_another_site_cannot_use_a_session(sqlite_engine: Engine) -> None:
    """A page of another site, in the same browser, fetches from ours and sends it a form."""

    async def scenario(office: Office) -> None:
        person = office.person(Role.SUPERVISOR)
        attack = f"""
            <form method="post" action="{office.address}/cuenta/atajos"></form>
            <script>
              fetch("{office.address}/cuenta/atajos", {{method: "POST", credentials: "include", mode: "no-cors"}})
                .catch(() => 0).finally(() => document.forms[0].submit())
            </script>"""
        async with office.page(Role.SUPERVISOR) as page:
            await page.route(
                "https://malo.example/", lambda route: route.fulfill(content_type="text/html", body=attack)
            )
            await page.goto("https://malo.example/")
            await page.wait_for_url("**/cuenta/atajos")
            await expect(page.locator("h1")).to_have_text("No se puede mostrar")
            assert office.find(person).shortcuts, "the form would have switched them off"
            await page.goto("/cuenta")
            assert page.url.endswith("/cuenta"), "and the session is there"

    run_office(sqlite_engine, scenario)
