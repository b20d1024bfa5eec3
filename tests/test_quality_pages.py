"""Audits in a real browser: by keyboard alone, disputed, decided and read; recordings by range; who may do what."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import soundfile
from playwright.async_api import Page
from sqlalchemy import Engine

from contesta.measuring import Measuring
from contesta.web.access import Action, Role
from contesta.web.quality_read import AUDITS
from quality.matrix.audit import Mark
from quality.matrix.lifecycle import State
from storage.ledger import Ledger
from storage.quality_audits import StoredAudit
from storage.recording_measures import RecordingMeasures
from tests.audits import LINE
from tests.stories import events_of, log_of, uid
from tests.test_web_pages import judged
from tests.web import Client, Office, complaints_of, run_office

SECONDS = 20
RATE = 8000
ADVISER = "Ana Ruiz"
SAMPLE = {"linea": LINE.line, "mes": "2026-01", "por_asesor": "3", "semilla": "enero"}


def record(folder: Path, calls: range) -> None:
    """Two-channel recordings: the adviser (left) is heard in the first half, the citizen in the second."""
    folder.mkdir(parents=True)
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(SECONDS * RATE // 2) / RATE)
    silence = np.zeros_like(tone)
    audio = np.stack([np.concatenate([tone, silence]), np.concatenate([silence, tone])], axis=1)
    for call in calls:
        soundfile.write(folder / f"{uid(call)}.wav", audio, RATE, subtype="PCM_16")


def prepared(engine: Engine, office: Office) -> None:
    """Sixty-four calls; the sixteen conversations are recorded, but for one."""
    Ledger(engine).apply(events_of(log_of(range(64))))
    record(office.settings.recordings_dir, range(57))


def measure(engine: Engine, office: Office) -> None:
    measuring = Measuring(RecordingMeasures(engine), office.settings.recordings_dir, in_a_minute)
    while measuring.work():
        pass


def in_a_minute() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=1)


def audit(office: Office, number: int) -> StoredAudit:
    found = office.app[AUDITS].find(number)
    assert found is not None
    return found


async def begun(client: Client, place: int = 1, **more: str) -> str:
    """Begin an audit of the first sample, and give its address."""
    said = {"muestra": "1", "lugar": str(place)} | more
    response = await client.post("/calidad/auditorias", data=said, allow_redirects=False)
    assert response.status == 303, await response.text()
    return response.headers["Location"]


async def delivered(client: Client, number: int, fails: str = "6.4") -> None:
    """Mark everything, with a failure, and deliver."""
    desk = await (await client.get(f"/api/v1/audits/{number}")).json()
    numbers = [each["number"] for part in desk["categories"] for item in part["items"] for each in item["subitems"]]
    marks = [
        {"number": each, "mark": "fails", "seconds": 12.5, "note": "Colgó sin despedirse"}
        if each == fails
        else {"number": each, "mark": "complies"}
        for each in numbers
    ]
    saved = await client.put(
        f"/api/v1/audits/{number}", json={"revision": desk["revision"], "note": "", "marks": marks}
    )
    assert saved.status == 200, await saved.text()
    response = await client.post(f"/api/v1/audits/{number}/deliver")
    assert response.status == 200, await response.text()


async def tab_to(page: Page, text: str) -> None:
    """Press Tab until what has the focus says `text`."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        focused = await page.evaluate("() => document.activeElement?.innerText ?? ''")
        if focused.startswith(text):
            return
    raise AssertionError(f"no Tab leads to {text!r}")


def test_whole_audit_by_keyboard_alone(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        prepared(sqlite_engine, office)
        measure(sqlite_engine, office)
        auditor = await office.signed_in(Role.AUDITOR)
        await auditor.post("/calidad/muestras", data=SAMPLE)
        async with office.page(Role.AUDITOR, viewport={"width": 1440, "height": 900}) as page:
            complaints = complaints_of(page)
            await page.goto("/calidad")
            await judged(page)
            await tab_to(page, "Auditar")
            await page.keyboard.press("Enter")
            await page.wait_for_function("() => document.activeElement?.id === 'sub-1.1'")
            await page.wait_for_function("() => document.querySelector('.lane-names li')")
            await page.wait_for_selector(".spans, .help:has-text('No hay momentos')")
            keys = page.keyboard
            for _ in range(2):
                await keys.press("l")
            await page.wait_for_function("() => document.querySelector('.time').textContent.startsWith('0:10')")
            for number in ("1.1", "2.1", "2.2", "3.1", "3.2", "4.1", "4.2", "4.3", "5.1", "5.2"):
                assert await page.evaluate("() => document.activeElement.id") == f"sub-{number}"
                await keys.press("c")
            await keys.press("n")
            await keys.press("c")
            await keys.press("f")
            await page.wait_for_function("() => document.activeElement?.id === 'nota-6.2'")
            await keys.type("Saludó sin decir su nombre")
            await page.wait_for_function("() => document.querySelector('.saved').textContent.includes('Guardado')")
            await keys.press("Control+Enter")
            await page.wait_for_selector("[role=alert]")
            assert "Faltan 14 subítems por marcar; el primero es el 6.3." in await page.inner_text("[role=alert]")
            for _ in range(14):
                await keys.press("c")
            await keys.press("c")
            await keys.press("n")
            await keys.press("Control+z")
            assert await page.locator("#sub-10\\.1 [aria-pressed=true]").inner_text() == "Cumple"
            await judged(page)
            await keys.press("?")
            await page.wait_for_selector("dialog[open]")
            await judged(page)
            await keys.press("Escape")
            await keys.press("Control+Enter")
            await page.wait_for_url(re.compile("entregada=1"))
            assert "La auditoría 1 quedó entregada" in await page.inner_text("main")
            assert complaints == []
        found = audit(office, 1)
        assert (found.state, found.audit.auditor) == (State.DELIVERED, "auditor")
        fails = {number: one for number, one in found.audit.findings.items() if one.mark is not Mark.COMPLIES}
        assert fails["5.3"].mark is Mark.NOT_APPLICABLE
        assert (fails["6.2"].seconds, fails["6.2"].note) == (10.0, "Saludó sin decir su nombre")
        assert set(fails) == {"5.3", "6.2"}

    run_office(sqlite_engine, scenario)


async def three_audits(engine: Engine, office: Office) -> Client:
    """Three audits by Iris, the second made again blind by somebody else; give Iris's browser."""
    prepared(engine, office)
    iris = await office.signed_in(Role.AUDITOR, login="iris")
    await iris.post("/calidad/muestras", data=SAMPLE)
    for place in (1, 2, 3):
        await begun(iris, place)
        await delivered(iris, place)
    other = await office.signed_in(Role.AUDITOR)
    blind = int((await begun(other, 2, ciega="si")).rpartition("/")[2])
    assert (await other.get("/calidad/auditorias/2")).status == 409, "who is to audit blind does not look"
    await delivered(other, blind, fails="8.2")
    return iris


def test_adviser_disputes_and_another_auditor_decides(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        iris = await three_audits(sqlite_engine, office)
        async with office.page(Role.ADVISER, ADVISER) as page:
            await page.goto("/mis-auditorias")
            await judged(page)
            assert await page.locator("tbody tr").count() == 3, "blind ones are not shown"
            await page.goto("/calidad/auditorias/1")
            await judged(page)
            await page.click(".jump")
            await page.wait_for_function("() => document.getElementById('grabacion').currentTime >= 12")
            await page.fill("#objecion", "Sí me despedí, se oye en 0:14")
            await page.click("text=Objetar la auditoría")
            await page.wait_for_selector("text=Objetada")
        assert (await iris.post("/calidad/auditorias/1/paso", data={"paso": "uphold", "motivo": "x"})).status == 409
        async with office.page(Role.AUDITOR) as page:
            await page.goto("/calidad")
            assert "Usted puede decidir." in await page.inner_text("main")
            await page.goto("/calidad/auditorias/1")
            await judged(page)
            await page.fill("#reemplazo", "Tiene razón: se despide en 0:14")
            await page.click("text=Hacer la nueva versión")
            await page.click("#sub-6\\.4 >> text=Cumple")
            await page.click("text=Entregar la auditoría")
            await page.wait_for_url(re.compile("entregada="))
        old = audit(office, 1)
        assert old.state is State.SUPERSEDED
        assert audit(office, old.superseded_by or 0).reason == "Tiene razón: se despide en 0:14"

    run_office(sqlite_engine, scenario)


def test_supervisor_reads_results_and_follows_what_was_agreed(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        await three_audits(sqlite_engine, office)
        supervisor = await office.signed_in(Role.SUPERVISOR)
        agreed = {"que": "Practicar el guion de despedida", "plazo": "2026-02-01"}
        await supervisor.post("/calidad/auditorias/2/acciones", data=agreed)
        async with office.page(Role.SUPERVISOR, viewport={"width": 1280, "height": 900}) as page:
            await page.goto("/resultados?mes=2026-01")
            await judged(page)
            shown = (await page.inner_text("main")).replace("\N{NO-BREAK SPACE}", " ")
            assert "Calidad crítica de negocio: 100,00 % (3/3; entre 43,9 % y 100,0 %)." in shown
            assert "Calidad no crítica: 93,75 % (45/48;" in shown
            assert "con muestra insuficiente para asegurarlo" in shown
            assert "6. Atención en la línea" in shown
            assert "1 auditoría doble a ciegas." in shown
            await page.goto("/calidad/auditorias/2")
            assert "Vencida" in await page.inner_text("main")
            await page.fill("[name=resultado]", "Lo practicó tres días")
            await page.click("text=Se hizo")
            await page.wait_for_selector("text=Resultado: Lo practicó tres días")
        told = await (await supervisor.get("/api/v1/quality?month=2026-01")).json()
        assert (told["audits"], told["non_critical"]["numerator"], told["non_critical"]["denominator"]) == (3, 45, 48)
        assert told["by_adviser"][ADVISER]["business_critical"]["complies"] is True

    run_office(sqlite_engine, scenario)


def test_pages_on_a_telephone_and_in_the_dark(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        prepared(sqlite_engine, office)
        auditor = await office.signed_in(Role.AUDITOR)
        async with office.page(Role.AUDITOR, viewport={"width": 320, "height": 800}, color_scheme="dark") as page:
            for path in ("/calidad", "/resultados"):
                await page.goto(path)
                await judged(page)
            await auditor.post("/calidad/muestras", data=SAMPLE)
            await begun(auditor)
            for path in ("/calidad", "/calidad/auditorias/1"):
                await page.goto(path)
                await page.wait_for_selector("h2")
                await judged(page)
            await delivered(auditor, 1)
            for path in ("/calidad/auditorias/1", "/resultados?mes=2026-01"):
                await page.goto(path)
                await judged(page)

    run_office(sqlite_engine, scenario)


def test_recording_is_served_by_range_to_those_of_its_audit_and_each_time_is_logged(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        prepared(sqlite_engine, office)
        auditor = await office.signed_in(Role.AUDITOR)
        await auditor.post("/calidad/muestras", data=SAMPLE)
        address = await begun(auditor)
        number = int(address.rpartition("/")[2])
        part = await auditor.get(f"{address}/grabacion", headers={"Range": "bytes=44-143"})
        assert (part.status, len(await part.read()), part.content_type) == (206, 100, "audio/wav")
        assert part.headers["Content-Range"] == f"bytes 44-143/{44 + SECONDS * RATE * 4}"
        (line,) = office.accesses(Action.RECORDING_HEARD)
        assert (line.who, line.what) == (
            "auditor",
            f"{audit(office, number).audit.call} auditoría {number} bytes=44-143",
        )
        lanes = await (await auditor.get(f"/api/v1/audits/{number}/lanes")).json()
        assert lanes["duration_seconds"] == SECONDS
        assert [lane["id"] for lane in lanes["lanes"]] == ["citizen", "adviser"]
        citizen, adviser = (np.array(lane["peaks"]) for lane in lanes["lanes"])
        half = len(adviser) // 2
        assert adviser[: half - 1].min() > 0.4
        assert adviser[half + 1 :].max() == 0
        assert citizen[half + 1 :].min() > 0.4
        assert (await auditor.get(f"/api/v1/audits/{number}/evidence")).status == 503, "not measured yet"
        measure(sqlite_engine, office)
        measured = await (await auditor.get(f"/api/v1/audits/{number}/evidence")).json()
        assert {speech["lane"] for speech in measured["speech"]} == {"citizen", "adviser"}
        others = {
            "a draft is its auditor's": await office.signed_in(Role.AUDITOR, login="otra"),
            "an adviser sees no draft": await office.signed_in(Role.ADVISER, ADVISER),
            "nor does a supervisor": await office.signed_in(Role.SUPERVISOR),
        }
        for why, client in others.items():
            assert (await client.get(f"{address}/grabacion")).status == 404, why
        await delivered(auditor, number)
        for client in others.values():
            assert (await client.get(f"{address}/grabacion")).status == 200
        stranger = await office.signed_in(Role.ADVISER, "Luis Gil")
        assert (await stranger.get(f"{address}/grabacion")).status == 404, "another adviser's"
        assert (await stranger.get(address)).status == 404
        administrator = await office.signed_in(Role.ADMINISTRATOR)
        assert (await administrator.get(f"{address}/grabacion")).status == 403
        assert len(office.accesses(Action.RECORDING_HEARD)) == 4

    run_office(sqlite_engine, scenario)


def test_recording_that_is_gone_or_lies_elsewhere_is_not_served(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        prepared(sqlite_engine, office)
        auditor = await office.signed_in(Role.AUDITOR)
        await auditor.post("/calidad/muestras", data=SAMPLE)
        address = await begun(auditor)
        one = audit(office, 1)
        path = office.settings.recordings_dir / one.file
        path.write_bytes(b"no es audio")
        assert (await auditor.get("/api/v1/audits/1/lanes")).status == 503
        assert (await auditor.get("/api/v1/audits/1/evidence")).status == 503
        path.unlink()
        assert (await auditor.get(f"{address}/grabacion")).status == 404
        desk = await (await auditor.get("/api/v1/audits/1")).json()
        assert desk["recording"] is None
        assert desk["silent_because"] == "No se puede oír: el archivo de la grabación ya no está."
        secret = office.settings.recordings_dir.parent / "secreto.wav"
        secret.write_bytes(b"x")
        path.symlink_to(secret)
        assert (await auditor.get(f"{address}/grabacion")).status == 404, "a link out of the folder"

    run_office(sqlite_engine, scenario)


def test_draft_that_was_saved_elsewhere_is_not_overwritten(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        prepared(sqlite_engine, office)
        auditor = await office.signed_in(Role.AUDITOR)
        await auditor.post("/calidad/muestras", data=SAMPLE)
        await begun(auditor)
        draft = {"revision": 0, "note": "una", "marks": [{"number": "6.1", "mark": "complies"}]}
        assert (await (await auditor.put("/api/v1/audits/1", json=draft)).json()) == {"revision": 1}
        again = await auditor.put("/api/v1/audits/1", json=draft | {"note": "otra"})
        assert again.status == 409
        assert "cambió en otra ventana" in (await again.json())["error"]["message"]
        early = await auditor.post("/api/v1/audits/1/deliver")
        assert early.status == 409
        assert "no está completa" in (await early.json())["error"]["message"]
        for marks in ([{"number": "6.1", "mark": "bien"}], [{"number": "x", "mark": "fails"}], "x"):
            refused = await auditor.put("/api/v1/audits/1", json=draft | {"marks": marks, "revision": 1})
            assert refused.status == 400
        other = await office.signed_in(Role.AUDITOR, login="otra")
        assert (await other.put("/api/v1/audits/1", json=draft | {"revision": 1})).status == 404
        assert (await auditor.post("/calidad/auditorias/1/paso", data={"paso": "discard"})).status == 200
        assert audit(office, 1).state is State.DISCARDED

    run_office(sqlite_engine, scenario)


def test_sample_is_as_large_as_its_margin_of_error_needs(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        prepared(sqlite_engine, office)
        auditor = await office.signed_in(Role.AUDITOR)
        wrong = await auditor.post("/calidad/muestras", data=SAMPLE | {"margen": "0,5"})
        assert wrong.status == 400
        assert "margen de error de 1 % a 50 %" in await wrong.text()
        told = await (await auditor.post("/calidad/muestras", data=SAMPLE | {"margen": "20"})).text()
        assert "0 de 10 auditadas. margen de error 20 %, entre 15 conversaciones." in told

    run_office(sqlite_engine, scenario)


def test_auditor_changes_a_key_and_sees_what_was_measured_last(sqlite_engine: Engine, tmp_path: Path) -> None:
    """The key of «Cumple» becomes X, that of «No aplica» is refused; what was measured comes when all is marked."""

    async def scenario(office: Office) -> None:
        prepared(sqlite_engine, office)
        measure(sqlite_engine, office)
        auditor = await office.signed_in(Role.AUDITOR)
        await auditor.post("/calidad/muestras", data=SAMPLE)
        await begun(auditor)
        async with office.page(Role.AUDITOR, viewport={"width": 1440, "height": 900}) as page:
            await page.goto("/calidad/auditorias/1")
            await page.wait_for_selector(".spans, .help:has-text('No hay momentos')")
            await page.keyboard.press("?")
            await page.get_by_label("Ver lo medido solo cuando todo esté marcado").check()
            await page.wait_for_selector("text=Guardado.")
            change = page.get_by_role("button", name="Cambiar: Cumple")
            await change.press("Enter")
            await page.keyboard.press("n")
            await page.wait_for_selector("[role=alert]")
            assert "Esa tecla ya es de «No aplica»; «Cumple» necesita otra" in await page.inner_text("[role=alert]")
            await judged(page)
            await page.screenshot(path=tmp_path / "teclas.png")
            await change.press("Enter")
            await page.keyboard.press("Escape")
            assert await page.locator("dialog[open]").count() == 1, "Esc leaves the key, not the dialog"
            await change.press("Enter")
            await page.keyboard.press("x")
            await page.wait_for_selector("text=«Cumple» es ahora X.")
            await page.goto("/calidad/auditorias/1")
            await page.wait_for_function("() => document.activeElement?.id === 'sub-1.1'")
            await page.keyboard.press("c")
            await page.keyboard.press("x")
            assert await page.locator("[aria-pressed=true]").count() == 1, "C does nothing any more"
            assert await page.locator("#sub-1\\.1 [aria-pressed=true]").inner_text() == "Cumple"
            assert await page.locator(".spans").count() == 0
            assert "Lo medido se muestra cuando todo esté marcado." in await page.inner_text(".heard")
            for _ in range(26):
                await page.keyboard.press("x")
            await page.wait_for_selector(".spans, .help:has-text('No hay momentos')")
        other = await office.signed_in(Role.AUDITOR, login="otra")
        wanted = {"keys": [{"action": "deliver", "key": "x"}], "evidence_last": False}
        refused = await other.put("/api/v1/desk-preferences", json=wanted)
        assert refused.status == 409
        for key in ("Tab", "Ctrl+w", "Enter", "XX", "<b>"):
            wanted = {"keys": [{"action": "again", "key": key}], "evidence_last": False}
            assert (await other.put("/api/v1/desk-preferences", json=wanted)).status == 409, key
        nothing = await (await other.put("/api/v1/desk-preferences", json={"keys": [], "evidence_last": False})).json()
        assert not any(one["chosen"] for one in nothing["keys"]), "each person's own"

    run_office(sqlite_engine, scenario)
