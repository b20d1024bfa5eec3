"""Tests and training in a real browser: taken by keyboard and gone on with, written down, corrected and read."""

import re
from pathlib import Path

from playwright.async_api import Page
from sqlalchemy import Engine

from contesta.web.access import Action, Role
from contesta.web.learning_read import KNOWLEDGE
from core.calendar import BOGOTA
from quality.learning.knowledge_text import ART_2019, parse
from tests.test_web_pages import judged, sized
from tests.web import Office, complaints_of, run_office

ADVISER = "Ana Ruiz"
SOURCE = ART_2019.read_text(encoding="utf-8").replace("valid_to: 2019-09-30\n", "")
NO_BREAK = "\N{NO-BREAK SPACE}"


def load(office: Office) -> None:
    office.app[KNOWLEDGE].load(parse(SOURCE, "e.yaml"), office.clock())


async def tab_to(page: Page, text: str) -> None:
    """Press Tab until what has the focus, or its label, says `text`."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        focused = await page.evaluate(
            "() => (document.activeElement?.closest('label') ?? document.activeElement)?.innerText ?? ''"
        )
        if focused.strip().startswith(text):
            return
    raise AssertionError(f"no Tab leads to {text!r}")


def test_adviser_takes_a_test_by_keyboard_stops_goes_on_and_passes(sqlite_engine: Engine, tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        load(office)
        right = {each.id: sorted(each.right) for each in parse(SOURCE, "e").questions}
        async with office.page(Role.ADVISER, ADVISER, viewport={"width": 1280, "height": 900}) as page:
            complaints = complaints_of(page)
            await page.goto("/mi-formacion")
            await judged(page)
            await tab_to(page, "Comenzar")
            await page.keyboard.press("Enter")
            await page.wait_for_url(re.compile("/evaluaciones/1$"))
            await judged(page)
            await tab_to(page, "Reducir el número de trámites")
            await page.keyboard.press("ArrowDown")
            await page.wait_for_function("() => document.getElementById('guardado').textContent.includes('Faltan 9.')")
            await page.screenshot(path=tmp_path / "evaluacion.png", full_page=True)
            await page.goto("/mi-formacion")
            assert "Sin entregar: faltan 9 preguntas" in await page.inner_text("main"), "kept by itself"
            await tab_to(page, "Continuar")
            await page.keyboard.press("Enter")
            await page.wait_for_selector("[name=p1][value=b]:checked")
            for number, letters in right.items():
                for letter in letters if number != "10" else []:
                    await page.check(f"[name=p{number}][value={letter}]")
            await page.get_by_role("button", name="Entregar").press("Enter")
            await page.wait_for_selector("[role=alert]")
            assert "Faltan preguntas por responder: 10." in await page.inner_text("[role=alert]")
            await judged(page)
            await page.screenshot(path=tmp_path / "faltan.png", full_page=True)
            await page.check("[name=p10][value=b]")
            await page.get_by_role("button", name="Entregar").press("Enter")
            await page.wait_for_selector("text=Aprobó")
            text = (await page.inner_text("main")).replace(NO_BREAK, " ")
            assert "90,00 % (9/10)" in text
            assert "Coordinar a las entidades" in text, "who has passed sees what is right"
            await judged(page)
            await page.screenshot(path=tmp_path / "resultado.png", full_page=True)
            assert [said for said in complaints if "400" not in said] == []
        other = await office.signed_in(Role.ADVISER, "Luis Gil")
        assert (await other.get("/mi-formacion/evaluaciones/1")).status == 404, "another adviser's"
        sent = await other.put("/api/v1/knowledge/attempts/1/answers/1", json={"letters": ["a"]})
        assert sent.status == 404
        own = await office.signed_in(Role.ADVISER, ADVISER)
        late = await own.put("/api/v1/knowledge/attempts/1/answers/1", json={"letters": ["a"]})
        assert late.status == 409
        assert "ya se entregó" in (await late.json())["error"]["message"]

    run_office(sqlite_engine, scenario)


def test_what_is_right_is_not_told_while_attempts_are_left(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        load(office)
        adviser = await office.signed_in(Role.ADVISER, ADVISER)
        for attempt in (1, 2):
            await adviser.post("/mi-formacion/evaluaciones", data={"evaluacion": "servicio-al-ciudadano"})
            sheet = {f"p{number}": "a" for number in range(1, 11)} | {"paso": "entregar"}
            told = await (await adviser.post(f"/mi-formacion/evaluaciones/{attempt}", data=sheet)).text()
            assert "No aprobó" in told
            assert ("Mejorar la confianza" in told) is (attempt == 2)
        third = await adviser.post("/mi-formacion/evaluaciones", data={"evaluacion": "servicio-al-ciudadano"})
        assert third.status == 409
        assert "Ya usó los 2 intentos" in await third.text()
        strange = await adviser.post("/mi-formacion/evaluaciones/1", data={"paso": "guardar", "otra": "x"})
        assert strange.status == 400

    run_office(sqlite_engine, scenario)


def test_supervisor_writes_training_down_and_reads_the_month(sqlite_engine: Engine, tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        load(office)
        office.person(Role.ADVISER, ADVISER)
        adviser = await office.signed_in(Role.ADVISER, "Luis Gil")
        await adviser.post("/mi-formacion/evaluaciones", data={"evaluacion": "servicio-al-ciudadano"})
        right = {f"p{each.id}": sorted(each.right) for each in parse(SOURCE, "e").questions}
        await adviser.post("/mi-formacion/evaluaciones/1", data=right | {"paso": "entregar"})
        today = office.clock().astimezone(BOGOTA).date()
        async with office.page(Role.SUPERVISOR, viewport={"width": 1280, "height": 900}) as page:
            complaints = complaints_of(page)
            await page.goto("/formacion")
            await judged(page)
            await page.get_by_label("Tema").fill('Capacitación "Relaciones Humanas"')
            await page.get_by_label("Lugar").fill("IQ Outsourcing")
            await page.get_by_label("Formador").fill("Gestión Humana")
            await page.get_by_label("Horas", exact=True).fill("1,5")
            await page.get_by_label(ADVISER).check()
            await page.get_by_label("Otros, separados por comas").fill("Eva Mora, Rosa Paz")
            await page.get_by_role("button", name="Guardar la capacitación").press("Enter")
            await page.wait_for_selector("text=1 capacitación, 1,5 horas de formación.")
            text = (await page.inner_text("main")).replace(NO_BREAK, " ")
            assert "Llegaron a 3 de 4 asesores." in text
            assert "Promedio general: 100,00 % (10/10). La presentaron 1 de 2 asesores; aprobaron 1 de 1." in text
            await judged(page)
            await page.screenshot(path=tmp_path / "formacion.png", full_page=True)
            await page.get_by_role("link", name="Corregir").click()
            await judged(page)
            assert await page.get_by_label("Eva Mora").is_checked()
            await page.get_by_label("Horas", exact=True).fill("2")
            await page.get_by_role("button", name="Guardar los cambios").click()
            await page.wait_for_selector("text=1 capacitación, 2 horas de formación.")
            assert complaints == []
        client = await office.signed_in(Role.SUPERVISOR)
        month = f"{today:%Y-%m}"
        told = await (await client.get(f"/api/v1/training?month={month}")).json()
        assert (told["minutes"], told["attended_minutes"], told["reach"]["numerator"]) == (120, 360, 3)
        known = await (await client.get(f"/api/v1/knowledge?month={month}")).json()
        assert known["tests"][0]["average"] == {"value": 1.0, "numerator": 10, "denominator": 10}
        same = {"dia": f"{today}", "tema": 'Capacitación "Relaciones Humanas"', "lugar": "IQ Outsourcing"}
        same |= {"formador": "Gestión Humana", "horas": "3"}
        assert (await client.post("/formacion/capacitaciones", data=same)).status == 409, "the same with other hours"
        assert (await client.post("/formacion/capacitaciones", data=same | {"horas": "30"})).status == 400
        own = await (await (await office.signed_in(Role.ADVISER, ADVISER)).get("/mi-formacion")).text()
        assert "2 horas en total." in own
        assert "Rosa Paz" not in own, "an adviser sees nobody else"
        gone = await client.post("/formacion/capacitaciones/1/borrar")
        assert gone.status == 200
        assert "No hay capacitaciones en este mes." in await gone.text()
        assert [line.who for line in office.accesses(Action.TRAINING_REMOVED)] == ["supervisor"]

    run_office(sqlite_engine, scenario)


def test_pages_of_learning_on_a_telephone_and_in_the_dark(sqlite_engine: Engine, tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        load(office)
        supervisor, adviser = await office.signed_in(Role.SUPERVISOR), await office.signed_in(Role.ADVISER, "adviser")
        today = office.clock().astimezone(BOGOTA).date()
        session = {"dia": f"{today}", "tema": "PQRS " * 20, "lugar": "ART", "formador": "Eva", "horas": "1"}
        await supervisor.post("/formacion/capacitaciones", data=session | {"asesores": "adviser"})
        await adviser.post("/mi-formacion/evaluaciones", data={"evaluacion": "servicio-al-ciudadano"})
        async with sized(office, "dark", 320, Role.SUPERVISOR) as page:
            for address in ("/formacion", "/formacion/capacitaciones/1"):
                await page.goto(address)
                await judged(page)
                await page.screenshot(path=tmp_path / f"{address.rpartition('/')[2]}-320.png", full_page=True)
        async with office.page(
            Role.ADVISER, "adviser", viewport={"width": 320, "height": 800}, color_scheme="dark"
        ) as page:
            for address in ("/mi-formacion", "/mi-formacion/evaluaciones/1"):
                await page.goto(address)
                await judged(page)
                await page.screenshot(path=tmp_path / f"mi{address.rpartition('/')[2]}-320.png", full_page=True)

    run_office(sqlite_engine, scenario)
