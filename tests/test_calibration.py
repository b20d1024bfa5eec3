"""Calibration: blind until all have marked, then compared with what was agreed on; figures by item and auditor."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page
from sqlalchemy import Engine

from contesta.web.access import Role
from quality.matrix.audit import Mark
from quality.matrix.calibration import Phase, compare, subitems
from quality.matrix.lifecycle import Actor, IllegalStepError, Step
from storage.quality_audits import Audits
from storage.quality_calibrations import Calibrations, Contact
from tests.audits import LINE, failing
from tests.stories import at, uid
from tests.test_quality_pages import delivered, prepared
from tests.test_quality_store import DAY, GOOD, IRIS, NO_GOODBYE, NOW, OSCAR, new
from tests.test_web_pages import judged, sized
from tests.web import Client, Office, run_office

CONTACT = Contact(setting=LINE, call_id="call-1", agent="Ana Ruiz", at=at(10), day=DAY, file="1.wav")
EVA = Actor(login="eva", audits=True)
ADDRESS = "/calibraciones/1"


def test_auditors_are_held_against_the_answer_by_item_with_kappa() -> None:
    """Two sessions: Iris fails 6.4 and 7.1 where only 6.4 and then nothing was agreed on; Oscar sees no failure."""
    first = [failing(1, "6.4", "7.1", auditor="iris"), failing(1, auditor="oscar")]
    second = [failing(2, "7.1", auditor="iris"), failing(2, auditor="oscar")]
    agreed = {number: finding.mark for number, finding in failing(1, "6.4").findings.items()}
    nothing = {number: finding.mark for number, finding in failing(2).findings.items()}
    found = compare([(first, agreed), (second, nothing)])
    iris, oscar = found.auditors
    size = len(agreed)
    assert (iris.auditor, iris.agreement.equal, iris.agreement.pairs) == ("iris", 2 * size - 2, 2 * size)
    assert (iris.bias.only_this, iris.bias.only_others) == (2, 0), "she alone finds what was not agreed on"
    assert (oscar.bias.only_this, oscar.bias.only_others) == (0, 1), "he missed the one that was"
    item = found.by_item["6.4"]
    assert (item.equal, item.pairs) == (3, 4)
    assert item.kappa == pytest.approx(0.5)
    assert item.interval is not None
    assert found.by_item["1.1"].kappa is None, "always the same mark: chance alone would agree"
    rows = {one.subitem.id: one for one in subitems(first, agreed)}
    assert (rows["6.4"].marks, rows["6.4"].agreed, rows["6.4"].is_parted) == (
        (Mark.FAILS, Mark.COMPLIES),
        Mark.FAILS,
        True,
    )
    assert not rows["1.1"].is_parted
    between = compare([(first, None)])
    assert (between.auditors, between.by_item["7.1"].equal) == ((), 0), "without an answer, against each other"


def test_session_closes_with_its_last_audit_and_is_agreed_on_once(engine: Engine) -> None:
    sessions, audits = Calibrations(engine), Audits(engine)
    with pytest.raises(IllegalStepError, match="al menos dos"):
        sessions.open(CONTACT, "", ["iris", "iris"], "marta", NOW)
    number = sessions.open(CONTACT, "Despedidas", ["oscar", "iris"], "marta", NOW)
    with pytest.raises(IllegalStepError, match="lo va a auditar: iris"):
        sessions.open(CONTACT, "", ["iris", "eva"], "marta", NOW)
    with pytest.raises(IllegalStepError, match="primero deben entregar"):
        sessions.agree(number, {}, "marta", NOW)
    for minute, (who, found) in enumerate(((IRIS, NO_GOODBYE), (OSCAR, GOOD))):
        with pytest.raises(IllegalStepError, match="al menos dos auditores hayan"):
            sessions.close(number, "marta", NOW)
        made = audits.start(new(who, blind=True), NOW)
        audits.save(made, who, found, "", 0)
        audits.step(made, Step.DELIVER, who, NOW + timedelta(minutes=minute))
        (told,) = sessions.between(DAY, DAY)
        assert (told.phase is Phase.BLIND) == (who is IRIS)
        assert len(audits.counted(None, DAY, DAY)) == (0 if who is IRIS else 2), "while open, in no figure at all"
    assert (told.closed_by, told.closed_at) == ("", NOW + timedelta(minutes=1))
    answer = {key: found.mark for key, found in NO_GOODBYE.items()}
    sessions.agree(number, answer, "marta", NOW)
    with pytest.raises(IllegalStepError, match="ya se guardó"):
        sessions.agree(number, answer, "marta", NOW)
    again = audits.revise(told.audits["oscar"], OSCAR, NOW, "Ahora lo oigo")
    audits.save(again, OSCAR, NO_GOODBYE, "", 0)
    audits.step(again, Step.DELIVER, OSCAR, NOW + timedelta(hours=1))
    (kept,) = sessions.between(DAY, DAY)
    assert (kept.phase, kept.answer, kept.audits) == (Phase.AGREED, answer, told.audits), "what was blind stays"


def test_who_delivers_after_the_session_was_closed_is_not_compared(sqlite_engine: Engine) -> None:
    sessions, audits = Calibrations(sqlite_engine), Audits(sqlite_engine)
    number = sessions.open(CONTACT, "", ["iris", "oscar", "eva"], "marta", NOW)
    late = audits.start(new(EVA, blind=True), NOW)
    for who in (IRIS, OSCAR):
        made = audits.start(new(who, blind=True), NOW)
        audits.save(made, who, GOOD, "", 0)
        audits.step(made, Step.DELIVER, who, NOW)
    assert [one.number for one in sessions.waiting_for("eva")] == [number]
    sessions.close(number, "marta", NOW + timedelta(hours=1))
    audits.save(late, EVA, GOOD, "", 0)
    audits.step(late, Step.DELIVER, EVA, NOW + timedelta(hours=2))
    (told,) = sessions.of_contact(CONTACT.call_id, CONTACT.agent, CONTACT.at)
    assert (set(told.audits), told.closed_by) == ({"iris", "oscar"}, "marta")
    assert sessions.waiting_for("eva") == ()


async def marked(client: Client, fails: str) -> int:
    response = await client.post(f"{ADDRESS}/auditoria", allow_redirects=False)
    assert response.status == 303, await response.text()
    number = int(response.headers["Location"].rpartition("/")[2])
    await delivered(client, number, fails)
    return number


async def opened(page: Page) -> None:
    """A supervisor chooses a call and two auditors."""
    await page.goto("/calibraciones?mes=2026-01")
    await page.get_by_label("Identificador de la llamada").fill("no-hay")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("text=No hay conversaciones con ese identificador.")
    await page.goto(f"/llamadas/{uid(0)}")
    await page.get_by_role("link", name="Calibrar con esta llamada").press("Enter")
    await page.get_by_label("Persona iris").check()
    await page.get_by_label("Persona oscar").check()
    await page.get_by_label("Tema, si quiere").fill("Despedidas")
    await judged(page)
    await page.get_by_role("button", name="Abrir la calibración").press("Enter")
    await page.wait_for_url(re.compile("/calibraciones/1$"))


async def marked_blind(iris: Client, oscar: Client, others: tuple[Client, ...]) -> None:
    """Both deliver; until the second has, nobody reads the first."""
    assert "Calibraciones que esperan su auditoría" in await (await iris.get("/calidad")).text()
    first = await marked(iris, "6.4")
    assert "Calibraciones que esperan su auditoría" not in await (await iris.get("/calidad")).text()
    for client in (oscar, *others):
        assert (await client.get(f"/calidad/auditorias/{first}")).status == 409
        assert (await client.get(f"/calidad/auditorias/{first}/grabacion")).status == 409
        told = await (await client.get("/api/v1/calibrations/1")).json()
        assert (told["phase"], told["subitems"], told["by_item"]) == ("blind", [], {})
    assert (await iris.get(f"/calidad/auditorias/{first}")).status == 200, "her own she may read"
    assert (await iris.post(f"{ADDRESS}/auditoria")).status == 409, "once"
    await marked(oscar, "8.2")
    for client in others:
        assert (await client.get(f"/calidad/auditorias/{first}")).status == 200


async def agreed_on(page: Page, folder: Path) -> None:
    await page.goto(ADDRESS)
    assert "Difieren en 2 de 27 subítems." in await page.inner_text("main")
    await page.select_option("[name='s6.4']", "fails")
    await judged(page)
    await page.screenshot(path=folder / "por_acordar.png", full_page=True)
    await page.select_option("[name='s8.2']", "complies")
    await page.get_by_role("button", name="Guardar el acuerdo").press("Enter")
    await page.wait_for_selector("text=Guardó el acuerdo supervisor")
    await page.screenshot(path=folder / "acordada.png", full_page=True)


def test_nobody_sees_the_others_until_all_have_marked_and_then_they_agree(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    async def scenario(office: Office) -> None:
        prepared(sqlite_engine, office)
        iris = await office.signed_in(Role.AUDITOR, login="iris")
        oscar = await office.signed_in(Role.AUDITOR, login="oscar")
        eva = await office.signed_in(Role.AUDITOR, login="eva")
        supervisor = await office.signed_in(Role.SUPERVISOR)
        async with sized(office, "light", 1280, Role.SUPERVISOR) as page:
            await opened(page)
            assert (await eva.post(f"{ADDRESS}/auditoria")).status == 409, "she is not asked to"
            await marked_blind(iris, oscar, (eva, supervisor))
            await agreed_on(page, tmp_path)
        told = await (await supervisor.get("/api/v1/calibrations/1")).json()
        assert told["phase"] == "agreed"
        assert {one["auditor"]: (one["only_this"], one["only_agreed"]) for one in told["by_auditor"]} == {
            "iris": (0, 0),
            "oscar": (1, 1),
        }
        assert told["by_item"]["6.4"] == {"pairs": 2, "equal": 1, "kappa": 0.0, "low": 0.0, "high": 0.0}
        assert (await supervisor.post(f"{ADDRESS}/acuerdo", data={"s6.4": "fails"})).status == 409, "once, and all"
        async with sized(office, "dark", 320, Role.SUPERVISOR) as page:
            for number, path in enumerate(("/calibraciones?mes=2026-01", ADDRESS)):
                await page.goto(path)
                await judged(page)
                await page.screenshot(path=tmp_path / f"{number}-320.png", full_page=True)

    run_office(sqlite_engine, scenario)
