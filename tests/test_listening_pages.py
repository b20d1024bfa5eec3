"""Which conversations may be listened to, and the pages on which they are listened to and audited while they go on."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.async_api import expect
from sqlalchemy import Engine

from callback_queue.policy import rules_of
from callback_queue.request import Asked, Place, Source
from callback_queue.states import Claimed, Dialled
from contesta.board.hub import Feed
from contesta.listening.conversations import NOT_AUTHORISED, NOT_RECORDED, conversations
from contesta.live_feed import LiveFeed
from contesta.web.access import Role
from contesta.web.board import HUB
from contesta.web.quality_read import AUDITS
from core.events import Event
from quality.matrix.audit import Mark, Mode
from quality.matrix.lifecycle import State
from quality.metrics.history import build
from storage.callbacks import Callbacks
from storage.ledger import Ledger
from telephony.queue_log.lines import DamagedLine
from telephony.queue_log.reader import Seconds
from tests.stories import START
from tests.test_web_campaigns import PICTURES
from tests.test_web_pages import judged
from tests.web import Office, complaints_of, run_office

ANA, LUIS = "Ana Ruiz", "Luis Peña"
RECORDED = "2026/01/01/x.wav"


def talking(channel: str, agent: str, *more: str, second: int = START) -> list[Event]:
    """A call that an adviser answered after 7 s, and nothing of its end; `more` is told after the answer."""
    told = [
        (0, "NONE|NONE|LLAMADA|" + f"{channel}|anm|+573001234567"),
        (1, "atencion|NONE|ENTERQUEUE||+573001234567|1"),
        (8, f"atencion|{agent}|CONNECT|7|{channel}1|3"),
        *((8, each) for each in more),
    ]
    seconds, events = Seconds(), list[Event]()
    for after, rest in told:
        decoded = seconds.events(f"{second + after}|{channel}|{rest}".encode())
        assert not isinstance(decoded, DamagedLine)
        events += decoded
    return events


def consent(answer: str) -> str:
    return f"NONE|NONE|CONSENTIMIENTO|2026|{answer}"


def recording(agent: str) -> str:
    return f"atencion|{agent}|GRABACION|{RECORDED}"


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ((recording(ANA),), ""),
        ((consent("accepted"), recording(ANA)), ""),
        ((consent("accepted"),), NOT_RECORDED),
        ((), NOT_RECORDED),
        ((recording(LUIS),), NOT_RECORDED),
        ((consent("none"),), NOT_AUTHORISED),
        ((consent("declined"),), NOT_AUTHORISED),
        ((consent("declined"), recording(ANA)), NOT_AUTHORISED),
    ],
)
def test_only_what_is_authorised_and_recorded_may_be_listened_to(more: tuple[str, ...], refusal: str) -> None:
    (one,) = conversations([build(talking("1767280000.1", ANA, *more))])
    assert (one.agent, one.refusal) == (ANA, refusal)


def test_what_is_over_is_no_conversation() -> None:
    over = talking("1767280000.1", ANA, recording(ANA), f"atencion|{ANA}|COMPLETECALLER|7|20|1")
    assert conversations([build(over)]) == ()


async def fed(office: Office, engine: Engine) -> Feed:
    """The live feed with two conversations that go on: Ana's may be listened to, Luis's not."""
    async with asyncio.timeout(30):
        while not isinstance(office.app[HUB].feed, LiveFeed):  # noqa: ASYNC110  a feed of the hub comes untold
            await asyncio.sleep(0.02)
    feed, second = office.app[HUB].feed, int((office.clock() - timedelta(minutes=3)).timestamp())
    events = talking("1767280000.1", ANA, recording(ANA), second=second)
    events += talking("1767280000.2", LUIS, consent("declined"), second=second)
    Ledger(engine).apply(events)
    for event in events:
        feed.engine.take(event)
    feed.engine.fold()
    feed.connected.set()
    return feed


def test_what_nobody_may_do_is_refused_with_its_reason(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        await fed(office, sqlite_engine)
        supervisor = await office.signed_in(Role.SUPERVISOR)
        auditor = await office.signed_in(Role.AUDITOR)

        async def refused(call: str, agent: str) -> str:
            answer = await supervisor.post("/api/v1/listening/begin", json={"call": call, "agent": agent})
            assert answer.status == 409
            return str((await answer.json())["error"]["message"])

        assert "no autorizó" in await refused("1767280000.2", LUIS)
        assert "ya terminó" in await refused("1767280000.2", ANA)
        assert "no tiene un teléfono de escucha" in await refused("1767280000.1", ANA)
        assert (await auditor.post("/api/v1/listening/mode", json={"whisper": True})).status == 403
        assert (await supervisor.post("/api/v1/listening/stop")).status == 409
        live = {"call": "1767280000.2", "agent": LUIS}
        assert (await auditor.post("/calidad/auditorias/en-linea", data=live)).status == 409

    run_office(sqlite_engine, scenario)


def test_an_audit_knows_that_we_called_and_what_the_contact_was_classified_as(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        feed, now = await fed(office, sqlite_engine), office.clock()
        store, second = Callbacks(sqlite_engine), int((now - timedelta(minutes=2)).timestamp())
        place = Place(queue="atencion", since=now)
        asked = Asked(source=Source.WEB, origin="web:1", line="anm", telephone="+573001234567", place=place)
        request = store.ask(asked, rules_of(None), now).request
        for step in (Claimed(by="worker:w", worker="w", until=now + timedelta(minutes=1)), Dialled(by="worker:w")):
            store.step(request.id, step, now)
        channel = f"cb-{request.id}-1"
        events = talking(channel, ANA, recording(ANA), second=second)
        for event in events:
            feed.engine.take(event)
        feed.engine.fold()
        auditor = await office.signed_in(Role.AUDITOR)
        begun = await auditor.post("/calidad/auditorias/en-linea", data={"call": channel, "agent": ANA})
        assert begun.status == 200, await begun.text()

        over = f"atencion|{ANA}|COMPLETECALLER|7|20|1"
        classified = f"atencion|{ANA}|TIPIFICACION|solucionada/rucom|RUCOM|solved|ana|120|{second + 8}"
        Ledger(sqlite_engine).apply(talking(channel, ANA, recording(ANA), over, classified, second=second))
        desk = await (await auditor.get("/api/v1/audits/1")).json()
        facts = {each["title"]: each["text"] for each in desk["facts"]}
        assert facts["Contacto"] == "voz, devolución de llamada"
        assert facts["Tipificación"] == "RUCOM, solucionada en primer contacto"
        assert (facts["Esperó"], facts["Timbró"]) == ("0:07", "3 s hasta que contestó"), "6.1 is for who called us"

    run_office(sqlite_engine, scenario)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_a_conversation_is_audited_while_it_goes_on(sqlite_engine: Engine, scheme: str, width: int) -> None:
    async def scenario(office: Office) -> None:
        feed = await fed(office, sqlite_engine)
        viewport = {"width": width, "height": 900}
        async with office.page(Role.AUDITOR, color_scheme=scheme, viewport=viewport) as page:
            complaints = complaints_of(page)
            await page.goto("/escuchar")
            await expect(page.get_by_text(f"{NOT_AUTHORISED}.")).to_be_visible(timeout=60_000)
            await judged(page)
            if PICTURES:
                await page.screenshot(path=f"{PICTURES}/escuchar-{scheme}-{width}.png", full_page=True)
            await page.get_by_role("button", name=f"Auditar en línea a {ANA}").click()
            await expect(page.get_by_text("En curso")).to_be_visible(timeout=60_000)
            await expect(page.locator("dl")).to_contain_text("3 s hasta que contestó; mire el 6.1")
            await expect(page.locator("dl")).to_contain_text("en línea")
            await judged(page)
            await page.locator("#sub-6\\.2").focus()
            await page.keyboard.press("f")
            await page.keyboard.type("Saludó sin decir su nombre")
            await page.wait_for_function("() => document.querySelector('.saved').textContent.includes('Guardado')")
            if PICTURES:
                await page.screenshot(path=f"{PICTURES}/en-linea-{scheme}-{width}.png", full_page=True)
            found = office.app[AUDITS].find(1)
            assert found is not None
            assert (found.audit.mode, found.state, found.file) == (Mode.LIVE, State.DRAFT, RECORDED)
            failure = found.audit.findings["6.2"]
            assert failure.mark is Mark.FAILS
            assert failure.seconds is not None
            assert 150 < failure.seconds < 900, "seconds count from the answer, almost three minutes ago"
            event = talking("1767280000.1", ANA, f"atencion|{ANA}|COMPLETECALLER|7|20|1")[-1]
            over = replace(event, at=office.clock())
            feed.engine.take(over)
            feed.engine.fold()
            await expect(page.get_by_text(re.compile("La conversación terminó a los"))).to_be_visible(timeout=60_000)
            assert complaints == []

    run_office(sqlite_engine, scenario)
