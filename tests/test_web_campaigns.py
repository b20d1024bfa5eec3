"""The pages of campaigns: a base is uploaded, looked over, corrected, published, paused, and taken away again."""

import io
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from playwright.async_api import Page, expect
from sqlalchemy import Engine

import ivr
from callback_queue.campaign.dispositions import Disposition
from contesta.lines import examine_files
from contesta.web import campaigns
from contesta.web.access import Action, Role
from contesta.web.campaigns import LINES
from contesta.web.context import ENGINE
from ivr.line.model import Line
from storage.campaigns import Campaigns, Outcome
from tests.test_web_pages import SIZES, judged, sized
from tests.web import Client, Office, run_office

NOW = datetime(2026, 6, 2, 17, tzinfo=UTC)
ANM = Path(ivr.__file__).parent / "lines" / "anm.yaml"
PICTURES = os.environ.get("PICTURES", "")
BASE = """Nombre;Celular;Otro;Cédula
Ana Muñoz;300 123 4567;;52123456
Luis Peña;300 123 4567;;80123456
<script>alert(1)</script>;12345;;1
=cmd|' /C calc'!A0;;3109876543;2
Eva;;;3
""" + "".join(f"Persona {number};31{number:08};;{100 + number}\n" for number in range(40))


def publish_line(office: Office) -> Line:
    """Let the line of the mining agency be published here."""
    (examined,) = examine_files([ANM])
    assert examined.line is not None
    published = office.app[LINES]
    published.add({"anm": (examined.line.edition, ANM.read_text(encoding="utf-8"))})
    published.make_current({"anm": examined.line.edition}, NOW)
    return examined.line


def form(name: str = "Septiembre", content: bytes = BASE.encode(), file: str = "base.csv", **more: str) -> FormData:
    said = FormData()
    said.add_field("nombre", name)
    said.add_field("donde", more.get("donde", "anm/anm_servicio"))
    said.add_field("base", io.BytesIO(content), filename=file, content_type="text/csv")
    return said


async def uploaded(client: Client, **more: Any) -> str:  # noqa: ANN401  each its own type
    """Upload a base; give the address of its draft."""
    response = await client.post("/campanas", data=form(**more), allow_redirects=False)
    assert response.status == 303, await response.text()
    return response.headers["Location"]


async def picture(page: Page, name: str) -> None:
    """Keep a picture of a page for people to look at, if they ask for it: PICTURES=folder."""
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def worked(office: Office, number: int) -> None:
    """Let records of a campaign come out in many ways."""
    store = Campaigns(office.app[ENGINE])
    records = [each for each in store.records(number) if each.record.telephones]
    for place, record in enumerate(records[:35]):
        disposition = list(Disposition)[place % 9 if place % 2 else 0]
        done = disposition is Disposition.SURVEY_DONE
        answers = {"satisfaccion": 5 - place % 3, "percepcion": 4, "confianza": 3} if done else {}
        store.dispose(number, record.position, Outcome(disposition=disposition, author="luis", answers=answers), NOW)


def test_base_is_looked_over_published_paused_and_taken_away(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        publish_line(office)
        supervisor = await office.signed_in(Role.SUPERVISOR)
        address = await uploaded(supervisor)
        page = await (await supervisor.get(address)).text()
        assert "Se llamará a 41 personas" in page
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page
        both = [("telefono", "1"), ("telefono", "2"), ("nombre", "0"), ("documento", "3")]
        corrected = await supervisor.post(f"{address}/columnas", data=both, allow_redirects=False)
        assert corrected.status == 303
        assert "Se llamará a 42 personas" in await (await supervisor.get(address)).text()
        assert (await supervisor.post(f"{address}/columnas", data={"telefono": "99"})).status == 400
        assert (await supervisor.post(f"{address}/reanudar")).status == 409
        assert (await supervisor.post(f"{address}/publicar", allow_redirects=False)).status == 303
        assert (await supervisor.post(f"{address}/descartar")).status == 409
        assert (await supervisor.post(f"{address}/columnas", data=both)).status == 409
        assert (await supervisor.post(f"{address}/pausar", allow_redirects=False)).status == 303
        assert (await supervisor.post(f"{address}/reanudar", allow_redirects=False)).status == 303
        table = await (await supervisor.get(f"{address}/base.csv")).text()
        assert "'=cmd|' /C calc'!A0" in table
        assert table.count("\r\n") == 46
        done = [access.action for access in reversed(office.accesses())]
        assert done == [
            Action.CAMPAIGN_LOADED,
            Action.CAMPAIGN_PUBLISHED,
            Action.CAMPAIGN_PAUSED,
            Action.CAMPAIGN_RESUMED,
            Action.CAMPAIGN_EXPORTED,
        ]

    run_office(sqlite_engine, scenario)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"content": b"\x89PNG\x00"}, "No es un archivo de texto ni de Excel"),
        ({"content": b"a,b\nx,y\n"}, "No se encontró la columna del teléfono"),
        ({"content": b""}, "Elija el archivo de la base"),
        ({"name": ""}, "Escriba un nombre de campaña"),
        ({"name": "x" * 400}, "Escriba un nombre de campaña"),
        ({"donde": "otra/x"}, "No hay línea «otra»"),
        ({"donde": "anm/otra"}, "No hay encuesta «otra»"),
        ({"content": bytes(21 * 1024 * 1024)}, "El archivo pasa de 20 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_upload_that_cannot_be_taken_says_why(sqlite_engine: Engine, more: dict[str, Any], told: str) -> None:
    async def scenario(office: Office) -> None:
        publish_line(office)
        supervisor = await office.signed_in(Role.SUPERVISOR)
        response = await supervisor.post("/campanas", data=form(**more))
        assert response.status == 400
        assert told in await response.text()
        assert (await supervisor.post("/campanas", data={"nombre": "x"})).status == 415
        assert Campaigns(office.app[ENGINE]).all() == ()

    run_office(sqlite_engine, scenario)


def test_file_with_a_hostile_name_is_only_a_word(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        publish_line(office)
        supervisor = await office.signed_in(Role.SUPERVISOR)
        await uploaded(supervisor, file="../../../etc/cron.d/x\u202e.csv")
        (campaign,) = Campaigns(office.app[ENGINE]).all()
        assert "/" not in campaign.file
        assert not [path for path in office.settings.data_dir.rglob("*") if "cron" in str(path)]

    run_office(sqlite_engine, scenario)


def test_programs_and_people_are_told_the_same(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        publish_line(office)
        supervisor, auditor = await office.signed_in(Role.SUPERVISOR), await office.signed_in(Role.AUDITOR)
        number = int((await uploaded(supervisor)).rpartition("/")[2])
        assert (await supervisor.post(f"/api/v1/campaigns/{number}/publish")).status == 200
        assert (await auditor.post(f"/api/v1/campaigns/{number}/pause")).status == 403
        said = {"disposition": "survey_done", "answers": {"satisfaccion": 5}}
        record = f"/api/v1/campaigns/{number}/records/1"
        assert (await supervisor.put(record, json=said)).status == 200
        assert (await supervisor.put(f"/api/v1/campaigns/{number}/records/3", json=said)).status == 404
        assert (await supervisor.put(record, json=said | {"answers": {"satisfaccion": 99}})).status == 400
        told = await (await auditor.get(f"/api/v1/campaigns/{number}")).json()
        assert told["campaign"]["counts"]["to_manage"] == 41
        assert told["dispositions"][0] == {"name": "survey_done", "title": "Encuesta efectiva", "count": 1, "of": 41}
        assert told["questions"][0]["answered"] == 1
        (listed,) = (await (await auditor.get("/api/v1/campaigns")).json())["campaigns"]
        assert listed == told["campaign"]
        assert json.dumps(told).count("300") == 0, "no telephone in what programs are told"

    run_office(sqlite_engine, scenario)


def test_pages_of_campaigns_are_for_everybody(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        publish_line(office)
        supervisor = await office.signed_in(Role.SUPERVISOR)
        running = await uploaded(supervisor, name="Satisfacción de septiembre")
        await supervisor.post(f"{running}/publicar")
        worked(office, int(running.rpartition("/")[2]))
        draft = await uploaded(supervisor, name="Obras por impuestos")
        for scheme, width in SIZES:
            async with sized(office, scheme, width, Role.SUPERVISOR) as page:
                for name, address in (("lista", "/campanas"), ("borrador", draft), ("resultados", running)):
                    await page.goto(address)
                    await judged(page)
                    await picture(page, f"campanas_{name}_{scheme}")
        async with office.page(Role.SUPERVISOR) as page:
            await page.goto("/campanas")
            await page.get_by_label("Nombre de la campaña").fill("Octubre")
            base = {"name": "base.csv", "mimeType": "text/csv", "buffer": BASE.encode()}
            await page.get_by_label("Base, en CSV o XLSX").set_input_files(base)  # type: ignore[arg-type]  # playwright's own dict
            await page.get_by_role("button", name="Cargar y revisar").click()
            await expect(page.locator("h1")).to_have_text("Revisar «Octubre»")
            await page.get_by_role("button", name="Publicar: llamar a").click()
            await expect(page.locator("h1")).to_have_text("Octubre")
            await page.get_by_role("button", name="Poner en pausa").click()
            await expect(page.get_by_role("button", name="Reanudar")).to_be_visible()

    run_office(sqlite_engine, scenario)


def test_auditor_sees_results_and_runs_nothing(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        publish_line(office)
        address = await uploaded(await office.signed_in(Role.SUPERVISOR))
        auditor = await office.signed_in(Role.AUDITOR)
        page = await (await auditor.get(address)).text()
        assert "Publicar" not in page
        assert "300 123 4567" not in page
        assert "Cargar una base" not in await (await auditor.get("/campanas")).text()
        assert campaigns.ROUTES[0].nav == "Campañas"

    run_office(sqlite_engine, scenario)
