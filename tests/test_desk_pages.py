"""The adviser's desk in a browser and over the API: who calls and why, what is written, the agenda."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect
from sqlalchemy import Engine

from callback_queue.policy import next_allowed, rules_of
from callback_queue.refusals import OWNERS_TIME
from callback_queue.request import Asked, CallbackRequest, Consent, ConsentAnswer, Person, Place, Reason, Source, State
from contesta.desk.contact import Current, Phase, after, pause
from contesta.live_feed import LiveFeed
from contesta.web.access import Action, Role
from contesta.web.board import HUB
from contesta.web.desk_owner import BOOK, KEEPER
from core.events import Event, Resolution
from ivr.line.model import Line
from quality.metrics.agents import AgentNow, AgentState, Member, Telephone
from storage.callbacks import Callbacks
from storage.ledger import Ledger
from telephony.queue_log.lines import DamagedLine
from telephony.queue_log.reader import Seconds
from tests.callbacks import talked
from tests.test_web_campaigns import PICTURES, publish_line
from tests.test_web_pages import judged
from tests.web import Office, complaints_of, run_office

ANA, LUIS = "Ana Ruiz", "Luis Peña"
NUMBER = "+573001234567"
HOSTILE = "<script>alert(1)</script> «ñ» ' \" {{7*7}} \N{SMILING FACE WITH SUNGLASSES}\n../../etc"
RUCOM = "solucionada/rucom"
ZONE = ZoneInfo("America/Bogota")


def call(
    channel: str, began: datetime, queue: str, number: str = NUMBER, agent: str = ANA, consent: str = "none"
) -> list[Event]:
    """A call that an adviser of the mining agency answered after 10 s, of a minute."""
    second, seconds, events = int(began.timestamp()), Seconds(), list[Event]()
    for at, rest in (
        (0, f"NONE|NONE|LLAMADA|{channel}|anm|{number}"),
        (1, "NONE|NONE|IDIOMA|es"),
        (1, f"NONE|NONE|CONSENTIMIENTO|2026-01|{consent}"),
        (1, f"{queue}|NONE|ENTERQUEUE||{number}|1"),
        (11, f"{queue}|{agent}|CONNECT|10|{channel}1|3"),
        (71, f"{queue}|{agent}|COMPLETECALLER|10|60|1"),
        (71, "NONE|NONE|FIN|caller|16"),
    ):
        decoded = seconds.events(f"{second + at}|{channel}|{rest}".encode())
        assert not isinstance(decoded, DamagedLine)
        events += decoded
    return events


async def prepared(office: Office, engine: Engine) -> Line:
    """The line of the mining agency with Ana in its queue; she has had a call of today and one of the day before."""
    line = publish_line(office)
    office.app[KEEPER].lines = {line.name: line}
    async with asyncio.timeout(30):
        while not isinstance(office.app[HUB].feed, LiveFeed):  # noqa: ASYNC110  a feed of the hub comes untold
            await asyncio.sleep(0.02)
    now, queue = office.clock(), line.queue.name
    office.app[HUB].feed.engine.take(Member(at=now, queue=queue, agent=ANA, telephone=Telephone.FREE))
    ledger = Ledger(engine)
    ledger.apply(call("1767280000.1", now - timedelta(hours=25), queue, agent=LUIS))
    ledger.apply(call("cb-x-1", now - timedelta(minutes=5), queue, consent="accepted"))
    return line


def test_a_conversation_is_told_kept_classified_and_corrected(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        line = await prepared(office, sqlite_engine)
        ana, luis = await office.signed_in(Role.ADVISER, ANA), await office.signed_in(Role.ADVISER, LUIS)
        supervisor, address = await office.signed_in(Role.SUPERVISOR), "/api/v1/desk/contacts/cb-x-1"
        told = await (await ana.get(address)).json()
        assert (told["number"], told["queue"], told["language"]) == ("300 *** **67", line.queue.name, "es")
        assert [one["call"] for one in told["calls"]] == [None], "another adviser's call is told, and not opened"
        assert RUCOM in {one["path"] for one in told["choices"]}
        assert (await luis.get(address)).status == 404

        draft = {"disposition": "", "note": HOSTILE, "solution": HOSTILE, "answers": []}
        assert (await ana.put(f"{address}/draft", json=draft)).status == 200
        assert (await luis.put(f"{address}/draft", json=draft)).status == 404
        assert (await (await ana.get(address)).json())["draft"] == draft
        for wrong in ("", "solucionada", "no/hay", HOSTILE.replace("\n", ""), "x" * 5000):
            assert (await ana.post(f"{address}/disposition", json=draft | {"disposition": wrong})).status == 400
        saved = await ana.post(f"{address}/disposition", json=draft | {"disposition": RUCOM})
        assert saved.status == 200, await saved.text()
        assert (await supervisor.post(f"{address}/disposition", json={"disposition": RUCOM})).status == 409
        corrected = {"disposition": "escalada/zeta", "agent": ANA, "note": "Se escaló"}
        assert (await supervisor.post(f"{address}/disposition", json=corrected)).status == 200

        told = await (await ana.get(address)).json()
        assert [one["disposition"] for one in told["words"]] == [RUCOM, "escalada/zeta"]
        assert (told["words"][0]["note"], told["draft"]["note"]) == (HOSTILE, "")
        assert set(told["most_used"]) == {RUCOM, "escalada/zeta"}
        waiting = office.app[BOOK].untold()
        Ledger(sqlite_engine).apply([word.fact for _, word in waiting])
        history = Ledger(sqlite_engine).call("cb-x-1")
        assert history is not None
        leg = history.visits[0].legs[0]
        assert (leg.disposition, leg.resolution, leg.work_ms) == ("escalada/zeta", Resolution.ESCALATED, 0)
        page = await (await supervisor.get("/llamadas/cb-x-1")).text()
        assert "Tipificó «RUCOM», solucionada en primer contacto" in page.replace("&#39;", "'")
        assert page.count("<script>alert") == 0

    run_office(sqlite_engine, scenario)


def test_the_next_call_is_promised_only_in_hours_that_are_legal(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        line = await prepared(office, sqlite_engine)
        ana, address = await office.signed_in(Role.ADVISER, ANA), "/api/v1/desk/contacts/cb-x-1/disposition"
        night = datetime.now(ZONE).replace(hour=23, minute=30) + timedelta(days=1)
        refused = await ana.post(address, json={"disposition": RUCOM, "call_again_at": night.isoformat()})
        assert refused.status == 409
        offered = (await (await ana.get("/api/v1/desk/contacts/cb-x-1")).json())["hours"]
        assert offered
        assert all(next_allowed(rules_of(line), at) == at for at in map(datetime.fromisoformat, offered))
        said = await ana.post(address, json={"disposition": RUCOM, "call_again_at": offered[-1]})
        assert said.status == 200, await said.text()
        request = Callbacks(sqlite_engine).open_of(NUMBER, "anm")
        assert request is not None
        assert (request.source, request.promised_at) == (Source.APPOINTMENT, datetime.fromisoformat(offered[-1]))
        assert request.consent is not None, "what was authorised in the call covers what was agreed on in it"
        assert (request.consent.version, request.consent.answer) == ("2026-01", ConsentAnswer.ACCEPTED)
        supervisor = await office.signed_in(Role.SUPERVISOR)
        assert "Autorizó (versión 2026-01)" in await (await supervisor.get(f"/devoluciones/{request.id}")).text()

    run_office(sqlite_engine, scenario)


def stored(store: Callbacks, request_id: str) -> CallbackRequest:
    found = store.get(request_id)
    assert found is not None
    return found


def test_the_promised_call_behind_a_conversation_comes_to_what_is_said_of_it(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        line = await prepared(office, sqlite_engine)
        store, now = Callbacks(sqlite_engine), office.clock()
        authorised = Consent(version="web-1", answer=ConsentAnswer.ACCEPTED, at=now)
        asked = Asked(
            source=Source.WEB,
            origin="web:1",
            consent=authorised,
            line="anm",
            telephone=NUMBER,
            place=Place(queue=line.queue.name, since=now),
            person=Person(name="Rosa <b>Gil</b>"),
            subject="certificado",
            description=HOSTILE,
        )
        request = store.ask(asked, rules_of(line), now).request
        talked(store, request.id, ANA, now)
        channel = f"cb-{request.id}-1"
        Ledger(sqlite_engine).apply(call(channel, now - timedelta(minutes=2), line.queue.name))
        ana, address = await office.signed_in(Role.ADVISER, ANA), f"/api/v1/desk/contacts/{channel}"
        behind = (await (await ana.get(address)).json())["callback"]
        assert (behind["name"], behind["description"], behind["attempt"]) == ("Rosa <b>Gil</b>", HOSTILE, 1)
        assert (await ana.get(f"/api/v1/desk/callbacks/{request.id}/recordings/0")).status == 404
        escalated = {"disposition": "escalada/registro_minero", "solution": "Se pasó"}
        assert (await ana.post(f"{address}/disposition", json=escalated)).status == 200
        found = stored(store, request.id)
        assert found.solution is not None
        assert (found.reason, found.solution.area) == (Reason.ESCALATED, "Registro Minero")
        supervisor = await office.signed_in(Role.SUPERVISOR)
        assert (
            "<dt>Área</dt><dd>Registro Minero</dd>"
            in await (await supervisor.get(f"/devoluciones/{request.id}")).text()
        )
        told = (await (await supervisor.get(f"/api/v1/calls/{channel}")).json())["call"]
        assert told["callback"] == request.id
        page = await (await supervisor.get(f"/llamadas/{channel}")).text()
        assert f'<a href="/devoluciones/{request.id}">intento de {request.filing.number}</a>' in page
        page = await (await ana.get("/llamadas")).text()
        assert f">intento de {request.filing.number}</td>" in page, "told, without a way to what she may not read"
        assert f"intento de {request.filing.number}" in await (await supervisor.get("/llamadas.csv")).text()

        said = {"disposition": RUCOM, "solution": "Se envió"}
        assert (await ana.post(f"{address}/disposition", json=said)).status == 200
        found = stored(store, request.id)
        assert found.solution is not None
        assert (found.state, found.reason, found.solution.text) == (State.ATTENDED, Reason.SOLVED, "Se envió")
        assert found.solution.area == ""

        offered = (await (await ana.get(address)).json())["hours"]
        assert (await ana.post(f"{address}/disposition", json=said | {"call_again_at": offered[0]})).status == 200
        again = store.open_of(NUMBER, "anm")
        assert again is not None
        assert again.consent == authorised, "silence in the call takes nothing back of what was authorised before"

        wrong = {"disposition": "sin_gestion/equivocada", "leave_alone": True}
        assert (await ana.post(f"{address}/disposition", json=wrong | {"call_again_at": offered[1]})).status == 409
        assert store.left_alone_since([NUMBER]) == {}
        answer = await ana.post(f"{address}/disposition", json=wrong)
        assert (await answer.json())["said"].endswith("No se le llamará más, salvo que lo pida.")
        found, over = stored(store, request.id), stored(store, again.id)
        assert (found.state, found.reason) == (State.ATTENDED, Reason.WRONG_NUMBER)
        assert (over.state, over.reason, over.steps[-1].author) == (State.CANCELLED, Reason.LEFT_ALONE, ANA)
        assert set(store.left_alone_since([NUMBER])) == {NUMBER}
        assert [line.what for line in office.accesses(Action.LEFT_ALONE)] == [channel]

    run_office(sqlite_engine, scenario)


def test_the_agenda_calls_what_may_be_called_and_says_why_not(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        line = await prepared(office, sqlite_engine)
        rules, store = rules_of(line), Callbacks(sqlite_engine)
        open_at = next_allowed(rules, office.clock() + timedelta(days=1))
        assert open_at is not None
        asked = Asked(
            source=Source.ABANDONED,
            origin="abandoned:1",
            line="anm",
            telephone=NUMBER,
            place=Place(queue=line.queue.name, since=open_at),
        )
        request = store.ask(asked, rules, open_at).request
        office.clock.offset += open_at - office.clock()
        for hour, refusal in ((timedelta(), False), (timedelta(hours=14), True)):
            office.clock.offset += hour
            client = await office.signed_in(Role.ADVISER, ANA)
            (shown,) = (await (await client.get("/api/v1/desk/agenda")).json())["callbacks"]
            assert bool(shown["refused"]) is refusal
            called = await client.post(f"/api/v1/desk/callbacks/{request.id}/call")
            assert called.status == (409 if refusal else 200), await called.text()
        assert (await client.post("/api/v1/desk/callbacks/no/call")).status == 404
        found = store.get(request.id)
        assert found is not None
        assert [step.author for step in found.steps if step.event == "Rescheduled"] == [ANA]

    run_office(sqlite_engine, scenario)


def test_a_call_that_an_adviser_promised_is_his_for_a_while_and_rings_his_own_telephone(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        line = await prepared(office, sqlite_engine)
        store, call_it = Callbacks(sqlite_engine), "/api/v1/desk/callbacks/{}/call"
        ana, address = await office.signed_in(Role.ADVISER, ANA), "/api/v1/desk/contacts/cb-x-1/disposition"
        hours = (await (await ana.get("/api/v1/desk/contacts/cb-x-1")).json())["hours"]
        at = next(each for each in map(datetime.fromisoformat, hours) if each > office.clock() + timedelta(hours=1))
        said = await ana.post(address, json={"disposition": RUCOM, "call_again_at": at.isoformat()})
        assert said.status == 200, await said.text()
        request = store.open_of(NUMBER, "anm")
        assert request is not None
        assert (request.owner, request.taken_by) == (ANA, "")
        office.clock.offset += at - office.clock()
        engine, queue = office.app[HUB].feed.engine, line.queue.name
        for agent in (ANA, LUIS):
            engine.take(Member(at=office.clock(), queue=queue, agent=agent, telephone=Telephone.FREE))
        ana, luis = await office.signed_in(Role.ADVISER, ANA), await office.signed_in(Role.ADVISER, LUIS)
        for client, mine, refused in ((ana, True, ""), (luis, False, "la llama Ana Ruiz, que la prometió")):
            (shown,) = (await (await client.get("/api/v1/desk/agenda")).json())["callbacks"]
            assert (shown["owner"], shown["mine"], shown["refused"], shown["when"]) == (ANA, mine, refused, "now")
        assert (await luis.post(call_it.format(request.id))).status == 409
        paused = Member(
            at=office.clock(), queue=queue, agent=ANA, telephone=Telephone.FREE, paused=True, reason="Almuerzo"
        )
        engine.take(paused)
        told = await ana.post(call_it.format(request.id))
        assert (told.status, "en pausa" in await told.text()) == (409, True)
        engine.take(replace(paused, paused=False, reason=""))
        told = await ana.post(call_it.format(request.id))
        assert (told.status, "Va a sonar su teléfono" in await told.text()) == (200, True)
        taken = store.get(request.id)
        assert taken is not None
        assert (taken.taken_by, taken.due_at <= office.clock(), taken.steps[-1].author) == (ANA, True, ANA)
        assert (await ana.post(call_it.format(request.id))).status == 409, "once is enough"
        office.clock.offset += OWNERS_TIME
        (shown,) = (await (await luis.get("/api/v1/desk/agenda")).json())["callbacks"]
        assert "la prometió" not in shown["refused"], "it is for whoever is free by now"

    run_office(sqlite_engine, scenario)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 360)])
def test_the_desk_is_for_everybody_and_saves_by_keyboard(sqlite_engine: Engine, scheme: str, width: int) -> None:
    async def scenario(office: Office) -> None:
        line = await prepared(office, sqlite_engine)
        for number, agent in (("+573001234568", ANA), ("+573001234569", LUIS)):
            promised = Asked(
                source=Source.APPOINTMENT,
                origin=number,
                line="anm",
                telephone=number,
                place=Place(queue=line.queue.name, since=office.clock()),
                owner=agent,
            )
            Callbacks(sqlite_engine).ask(promised, rules_of(line), office.clock())
        viewport = {"width": width, "height": 900}
        async with office.page(Role.ADVISER, ANA, color_scheme=scheme, viewport=viewport) as page:
            complaints = complaints_of(page)
            await page.goto("/puesto")
            await expect(page.locator(".who")).to_contain_text("300 *** **67", timeout=60_000)
            await expect(page.get_by_text("● Usted la prometió")).to_be_visible(timeout=60_000)
            await expect(page.get_by_text("La prometió Luis Peña")).to_be_visible()
            await page.get_by_label("Nota").fill(HOSTILE)
            await expect(page.get_by_text("Borrador guardado")).to_be_visible(timeout=60_000)
            await judged(page)
            if PICTURES:
                await page.screenshot(path=f"{PICTURES}/desk-{scheme}-{width}.png", full_page=True)
            await page.reload()
            await expect(page.get_by_label("Nota")).to_have_value(HOSTILE, timeout=60_000)
            await page.get_by_label("Buscar en el árbol").fill("rucóm")
            await page.locator("h1").click()
            await page.keyboard.press("1")
            await expect(page.get_by_role("radio", name="RUCOM")).to_be_checked()
            await page.get_by_label("No llamar más").focus()
            await page.keyboard.press("Space")
            await page.get_by_label("Solución", exact=True).focus()
            await page.keyboard.press("Control+Enter")
            await expect(page.get_by_text("Tipificada: RUCOM.").first).to_be_visible()
            assert [word.disposition for word in office.app[BOOK].words("cb-x-1", ANA)] == [RUCOM]
            assert set(Callbacks(sqlite_engine).left_alone_since([NUMBER])) == {NUMBER}
            assert complaints == []

    run_office(sqlite_engine, scenario)


NOW = datetime(2026, 6, 2, 15, tzinfo=UTC)
TALKING = Current(channel_id="1", call_id="1", queue="voz", line="anm", number=NUMBER, phase=Phase.TALKING, since=NOW)


def test_what_is_before_an_adviser_follows_the_call() -> None:
    wrapping = after(TALKING, None, 60, NOW)
    assert wrapping is not None
    assert (wrapping.phase, wrapping.until) == (Phase.WRAP_UP, NOW + timedelta(seconds=60))
    assert after(wrapping, None, 60, NOW + timedelta(seconds=59)) == wrapping
    late = after(wrapping, None, 60, NOW + timedelta(seconds=60))
    assert late is not None
    assert late.phase is Phase.LATE
    at_once = after(TALKING, None, 0, NOW)
    assert at_once is not None
    assert at_once.phase is Phase.LATE, "without a limit nobody is kept from calls"
    assert after(replace(TALKING, phase=Phase.RINGING), None, 60, NOW) is None
    assert after(wrapping, TALKING, 60, NOW) == TALKING


@pytest.mark.parametrize(
    ("phase", "state", "reason", "wanted"),
    [
        (Phase.WRAP_UP, AgentState.AVAILABLE, "", True),
        (Phase.WRAP_UP, AgentState.PAUSED, "Almuerzo", None),
        (Phase.WRAP_UP, AgentState.TALKING, "", None),
        (Phase.LATE, AgentState.PAUSED, "tipificación", False),
        (None, AgentState.PAUSED, "tipificación", False),
        (None, AgentState.PAUSED, "Almuerzo", None),
        (None, AgentState.AVAILABLE, "", None),
    ],
)
def test_a_pause_of_ones_own_choice_stays(
    phase: Phase | None,
    state: AgentState,
    reason: str,
    wanted: bool | None,  # noqa: FBT001  a row of the table
) -> None:
    current = replace(TALKING, phase=phase) if phase else None
    assert pause(current, AgentNow(agent=ANA, state=state, since=NOW, reason=reason)) is wanted
