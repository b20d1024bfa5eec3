"""The example lines, called by real telephones: each as its entity wrote it, but for the hours."""

import asyncio
import random
from collections.abc import Iterator

import pytest

from agi_scripts import scripts
from agi_scripts.call import desk_in
from ivr.line.model import SPANISH
from telephony.phone import Call, Phone
from tests.attention import Attention
from tests.line_stage import EXAMPLES, Stage, closed_now, open_now, telephone_system
from tests.people import random_mobile
from tests.running import eventually

ANM, ART, SOPORTE = "018000933833", "018000919101", "018000919102"


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    files = {
        "anm.yaml": open_now((EXAMPLES / "anm.yaml").read_text(encoding="utf-8")),
        "art.yaml": open_now((EXAMPLES / "art.yaml").read_text(encoding="utf-8")),
        "art_soporte.yaml": closed_now((EXAMPLES / "art_soporte.yaml").read_text(encoding="utf-8")),
    }
    with telephone_system(files) as running, running.scripts(scripts(desk_in(running.settings.data_dir))):
        yield running


class Caller:
    """A citizen who listens, presses a key when asked, and sees what the line has noted of it."""

    def __init__(self, stage: Stage, call: Call, call_id: str) -> None:
        self._stage = stage
        self.call = call
        self.id = call_id
        (line,) = (each for each in stage.lines if each.name == stage.facts("LLAMADA", call_id)[0][6])
        self._attention = Attention(call, stage.settings.sounds_dir / SPANISH / line.sounds)

    async def press(self, key: str, asked: str, fact: str, times: int = 1) -> list[str]:
        """Press a key once a prompt is said; return the data of the fact that it makes, written for the nth time."""
        await self._attention.hears(asked)
        await self.call.digits(key)

        def noted() -> list[list[str]]:
            return self._stage.facts(fact, self.id)[times - 1 :]

        return (await asyncio.to_thread(eventually, noted, what=fact))[0][5:]


async def dial(stage: Stage, number: str, phone: Phone) -> Caller:
    mine = random_mobile(random.Random())
    call = await phone.dial(number, from_number=mine)
    await call.wait_answered()
    return Caller(stage, call, await asyncio.to_thread(stage.call_of, mine))


async def hangs_up(call: Call) -> None:
    call.answer()
    await asyncio.sleep(1)
    call.hang_up()


def test_the_anm_line_from_the_consent_to_the_last_question(stage: Stage) -> None:
    async def run() -> str:
        async with stage.caller() as phone, stage.adviser(0, hangs_up) as adviser:
            await adviser.register()
            caller = await dial(stage, ANM, phone)
            assert await caller.press("1", "idioma", "IDIOMA") == ["es"]
            assert await caller.press("1", "consentimiento_pregunta", "CONSENTIMIENTO") == ["2025-11", "accepted"]
            assert (await caller.press("0", "menu_principal", "MENU"))[:3] == ["principal", "0", "chosen"]
            await stage.until("COMPLETEAGENT", caller.id)
            for number, (key, question) in enumerate((("5", "satisfaccion"), ("4", "percepcion"), ("3", "confianza"))):
                asked = f"encuesta_{question}"
                assert (await caller.press(key, asked, "ENCUESTA", number + 1))[:3] == [question, key, "anm_servicio"]
            await caller.call.wait_ended(60)
            assert caller.call.ended_here is False
            return caller.id

    call_id = asyncio.run(run())
    assert stage.facts("ENTERQUEUE", call_id)[0][2] == "anm_atencion"
    (recorded,) = stage.facts("GRABACION", call_id)
    assert recorded[2] == "anm_atencion"


def test_who_chooses_wayuunaiki_and_declines_is_attended_without_recording(stage: Stage) -> None:
    async def run() -> str:
        async with stage.caller() as phone, stage.adviser(0, hangs_up) as adviser:
            await adviser.register()
            caller = await dial(stage, ANM, phone)
            assert await caller.press("2", "idioma", "IDIOMA") == ["guc"]
            assert await caller.press("2", "consentimiento_pregunta", "CONSENTIMIENTO") == ["2025-11", "declined"]
            assert (await caller.press("2", "menu_principal", "MENU"))[:3] == ["principal", "2", "chosen"]
            assert (await caller.press("1", "menu_tramites", "MENU", 2))[:3] == ["tramites", "1", "chosen"]
            await stage.until("COMPLETEAGENT", caller.id)
            caller.call.hang_up()
            await stage.until("FIN", caller.id)
            return caller.id

    call_id = asyncio.run(run())
    assert stage.facts("GRABACION", call_id) == []
    assert stage.facts("ENCUESTA", call_id) == []


def test_key_3_of_the_art_line_is_the_callback_mailbox(stage: Stage) -> None:
    async def run() -> str:
        async with stage.caller() as phone:
            caller = await dial(stage, ART, phone)
            assert await caller.press("1", "consentimiento_pregunta", "CONSENTIMIENTO") == ["2019-09", "accepted"]
            assert (await caller.press("3", "menu_principal", "MENU"))[:3] == ["principal", "3", "chosen"]
            begun = await stage.until("BUZON", caller.id)
            caller.call.hang_up()
            await stage.until("FIN", caller.id)
            return begun[6]

    assert asyncio.run(run()) == "begun"


def test_outside_hours_the_support_line_says_so_and_takes_the_callers_data(stage: Stage) -> None:
    async def run() -> None:
        async with stage.caller() as phone:
            caller = await dial(stage, SOPORTE, phone)
            assert stage.facts("LLAMADA", caller.id)[0][6] == "art_soporte"
            assert await caller.press("1", "consentimiento_pregunta", "CONSENTIMIENTO") == ["2019-09", "accepted"]
            await stage.until("BUZON", caller.id)
            caller.call.hang_up()
            await stage.until("FIN", caller.id)
            assert stage.facts("ENTERQUEUE", caller.id) == []

    asyncio.run(run())
