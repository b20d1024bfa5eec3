"""Promised calls on their pages and for programs: what is shown, what is masked, what is heard, and what is logged."""

import asyncio
import csv
import io
from datetime import timedelta
from html import unescape
from pathlib import Path

from sqlalchemy import Engine

from callback_queue.request import CallbackRequest, Filing, Person, Reason, Recording, Result, Solution, Source, State
from callback_queue.states import (
    Accepted,
    Answered,
    AttemptFailed,
    Connected,
    Dialled,
    TalkEnded,
    Typified,
)
from contesta.web.access import Action, Role
from contesta.web.board import HUB
from storage.callbacks import Callbacks
from storage.dialling import Dialling
from tests.callbacks import ANY_HOUR, NOW, wish
from tests.te_llamamos import publish
from tests.test_web_pages import judged, sized
from tests.web import Office, run_office

HOSTILE = '"><script>alert(1)</script>{{7*7}}'
SPOKEN = (
    b"RIFF$ \x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00@\x1f\x00\x00\x80>\x00\x00\x02\x00\x10\x00data\x00 \x00\x00"
    + bytes(range(256)) * 32
)
"""A recording of half a second: 4 096 samples of 16 bits after their 44 bytes of head."""
LEASE = timedelta(minutes=5)


def story(engine: Engine) -> CallbackRequest:
    """A request of the mailbox that was busy once, and then attended."""
    store, by = Callbacks(engine), "worker:a"
    asked = wish(
        source=Source.MAILBOX,
        origin="mailbox:2506030001",
        filing=Filing(number="2506030001", code="ACEFHJ"),
        person=Person(name=HOSTILE, document_type="CC", document="1023456789", company=HOSTILE),
        subject="titulos",
        description=HOSTILE,
        recordings=(
            Recording(what="description", file="2025/06/03/1.1-description-1.wav", seconds=12.0),
            Recording(what="name", file="../secretos.json", seconds=1.0),
        ),
        call_id="1.1",
    )
    request_id = store.ask(asked, ANY_HOUR, NOW).request.id
    store.claim("a", "anm", "atencion", NOW, LEASE, 1)
    store.step(request_id, Dialled(by=by), NOW + timedelta(seconds=20), worker="a")
    failed_at, later = NOW + timedelta(seconds=40), NOW + timedelta(minutes=5)
    store.step(request_id, AttemptFailed(by=by, result=Result.BUSY, retry_at=later, detail="Q.850 17"), failed_at)
    store.claim("a", "anm", "atencion", later, LEASE, 1)
    for event in (Dialled(by=by), Answered(by=by), Accepted(by=by), Connected(by=by, agent="Ana Ruiz")):
        store.step(request_id, event, later, worker="a")
    store.step(request_id, TalkEnded(by=by), later + timedelta(minutes=2), worker="a")
    solved = Solution(outcome=Reason.SOLVED, disposition="informado", agent="ana", at=later, text=HOSTILE)
    store.step(request_id, Typified(by="ana", solution=solved), later + timedelta(minutes=3))
    store.ask(wish(telephone="+573009999999", origin="web:2"), ANY_HOUR, NOW + timedelta(minutes=1))
    found = store.get(request_id)
    assert found
    return found


def test_list_and_story(sqlite_engine: Engine) -> None:
    found = story(sqlite_engine)

    async def scenario(office: Office) -> None:
        auditor = await office.signed_in(Role.AUDITOR)
        page = await (await auditor.get("/devoluciones")).text()
        assert page.count('<a href="/devoluciones/') == 2
        for said in ("300 *** **67", "300 *** **99", "Atendida: solucionada", "En espera", "Buzón", "1 pendiente"):
            assert said in page
        only = await (await auditor.get("/devoluciones?estado=pendientes&origen=web&desde=2025-06-03")).text()
        assert only.count('<a href="/devoluciones/') == 1
        late = await (await auditor.get("/devoluciones?estado=atrasadas")).text()
        assert late.count('<a href="/devoluciones/') == 1
        assert "Ninguna devolución cumple" in await (await auditor.get("/devoluciones?estado=vencidas")).text()
        assert (await auditor.get("/devoluciones?estado=otro")).status == 400

        page = unescape(await (await auditor.get(f"/devoluciones/{found.id}")).text())
        for said in ("El intento terminó: ocupado (Q.850 17)", "El ciudadano marcó 1", "Habló con un asesor: Ana Ruiz"):
            assert said in page
        assert "CC •••••••789" in page
        assert f"/llamadas/cb-{found.id}-2" in page
        assert "1023456789" not in page + only
        assert "3001234567" not in page.replace(" ", "")
        assert (await auditor.get("/devoluciones/nadie")).status == 404
        whole = await (await auditor.post(f"/devoluciones/{found.id}/numero")).text()
        assert "300 123 4567" in whole
        assert "1023456789" in whole
        assert "<script>alert" not in whole
        assert [line.what for line in office.accesses(Action.NUMBER_REVEALED)] == [found.id]
        assert [line.what for line in office.accesses(Action.CALLBACK_READ)] == [found.id]

    run_office(sqlite_engine, scenario)


def test_what_was_said_is_heard_in_parts_and_each_hearing_is_logged(sqlite_engine: Engine) -> None:
    found = story(sqlite_engine)

    async def scenario(office: Office) -> None:
        file = office.settings.messages_dir / found.recordings[0].file
        file.parent.mkdir(parents=True)
        file.write_bytes(SPOKEN)
        (office.settings.data_dir / "secretos.json").write_text("{}", encoding="utf-8")
        supervisor = await office.signed_in(Role.SUPERVISOR)
        address = f"/devoluciones/{found.id}/audio"
        heard = await supervisor.get(f"{address}/0")
        assert (heard.status, heard.content_type, await heard.read()) == (200, "audio/wav", SPOKEN)
        part = await supervisor.get(f"{address}/0", headers={"Range": "bytes=100-199"})
        assert (part.status, await part.read()) == (206, SPOKEN[100:200])
        assert [line.what for line in office.accesses(Action.RECORDING_HEARD)] == [
            f"{found.id} {found.recordings[0].file} bytes=100-199",
            f"{found.id} {found.recordings[0].file}",
        ]
        for nothing in ("1", "2", "99999999999999999999"):
            assert (await supervisor.get(f"{address}/{nothing}")).status == 404
        adviser = await office.signed_in(Role.ADVISER, agent="Ana Ruiz")
        assert (await adviser.get(f"{address}/0")).status == 403

    run_office(sqlite_engine, scenario)


def test_supervisor_stops_dialling_completes_cancels_and_leaves_alone(  # noqa: PLR0915  an hour of his
    engine: Engine,
) -> None:
    store, other = Callbacks(engine), "+573012223344"
    asked = {
        "typo": wish(origin="web:1"),
        "held": wish(origin="mailbox:1", source=Source.MAILBOX, telephone=""),
        "same": wish(origin="mailbox:2", source=Source.MAILBOX, telephone=""),
        "tired": wish(origin="abandoned:1", source=Source.ABANDONED, telephone=other, subject=HOSTILE),
    }

    async def scenario(office: Office) -> None:
        publish(office.settings)
        ids = {name: store.ask(each, ANY_HOUR, office.clock()).request.id for name, each in asked.items()}
        supervisor, auditor = await office.signed_in(Role.SUPERVISOR), await office.signed_in(Role.AUDITOR)

        async def does(name: str, what: str, **said: str) -> int:
            answer = await supervisor.post(f"/devoluciones/{ids[name]}/{what}", data=said, allow_redirects=False)
            return answer.status

        def state(name: str) -> tuple[State, Reason | None, str]:
            found = store.get(ids[name])
            assert found
            return found.state, found.reason, found.steps[-1].author

        assert "En marcha" not in await (await supervisor.get("/devoluciones")).text(), "there is no trunk"
        why = {"motivo": f"Llamadas raras {HOSTILE}"}
        assert (await supervisor.post("/devoluciones/detener", data=why)).url.path == "/devoluciones"
        assert (await supervisor.post("/devoluciones/detener", data={"motivo": "otra"})).status == 200
        stopped = Dialling(engine).stopped()
        assert stopped
        assert (stopped.author, stopped.reason) == ("supervisor", why["motivo"])
        page = await (await auditor.get("/devoluciones")).text()
        assert ">Detenida<" in page
        assert "supervisor: Llamadas raras &#34;&gt;&lt;script&gt;" in page
        assert 'action="/devoluciones/reanudar"' not in page, "who only reads turns no switch"
        assert (await supervisor.post("/devoluciones/reanudar", data={"motivo": ""})).status == 400
        await supervisor.post("/devoluciones/reanudar", data={"motivo": "Ya pasó"})
        assert [turn.dials for turn in Dialling(engine).turns(9)] == [True, False]

        page = await (await supervisor.get(f"/devoluciones/{ids['held']}")).text()
        assert "Completar el teléfono" in page
        assert await does("held", "telefono", telefono="01 8000 910 123") == 400
        assert await does("held", "telefono", telefono="300 765 43 21") == 303
        assert state("held") == (State.WAITING, None, "supervisor")
        assert await does("same", "telefono", telefono="3007654321") == 409, "that number has one already"
        assert await does("held", "telefono", telefono="3007654322") == 409
        assert await does("typo", "cancelar") == 303
        assert state("typo") == (State.CANCELLED, Reason.BY_STAFF, "supervisor")
        assert await does("typo", "cancelar") == 409
        assert await does("tired", "no-llamar", motivo="Lo pidió en la oficina") == 303
        assert state("tired") == (State.CANCELLED, Reason.LEFT_ALONE, "supervisor")
        page = await (await supervisor.get(f"/devoluciones/{ids['tired']}")).text()
        assert ">No llamar<" in page
        assert "Cancelar la devolución" not in page
        page = await (await supervisor.get("/no-llamar")).text()
        assert "301 *** **44" in page
        assert "Lo pidió en la oficina" in page
        back = {"telefono": "301 222 33 44", "motivo": "Fue un error", "hacer": "quitar"}
        assert "ya no está en la lista" in await (await supervisor.post("/no-llamar", data=back)).text()
        assert "no estaba en la lista" in await (await supervisor.post("/no-llamar", data=back)).text()
        assert store.left_alone_since([other]) == {}
        assert (await supervisor.post("/no-llamar", data=back | {"telefono": "123", "hacer": "agregar"})).status == 400
        logged = [(line.action, line.what) for line in reversed(office.accesses()) if "llam" not in line.what.lower()]
        assert logged == [
            (Action.DIALLING_RESUMED, "Ya pasó"),
            (Action.CALLBACK_READ, ids["held"]),
            (Action.CALLBACK_COMPLETED, ids["held"]),
            (Action.CALLBACK_CANCELLED, ids["typo"]),
            (Action.LEFT_ALONE, ids["tired"]),
            (Action.CALLBACK_READ, ids["tired"]),
            (Action.CALLED_AGAIN, "301 *** **44: Fue un error"),
        ]

    run_office(engine, scenario)


def test_list_is_taken_away_as_it_is_filtered_and_masked(sqlite_engine: Engine) -> None:
    found = story(sqlite_engine)

    async def scenario(office: Office) -> None:
        auditor = await office.signed_in(Role.AUDITOR)
        filed = f"/devoluciones?radicado={found.filing.number}"
        page = await (await auditor.get(filed)).text()
        assert page.count('<a href="/devoluciones/') == 1
        assert f'href="/devoluciones.csv?radicado={found.filing.number}"' in page
        table = await (await auditor.get("/devoluciones.csv")).text()
        heading, newest, oldest = csv.reader(io.StringIO(table.removeprefix("\ufeff")), delimiter=";")
        assert dict(zip(heading, oldest, strict=True)) == {
            "Identificador": found.id,
            "Radicado": "2506030001",
            "Pedida": "2025-06-03 10:00:00",
            "Origen": "Buzón",
            "Línea": "anm",
            "Cola": "atencion",
            "Número": "300 *** **67",
            "Asunto": "titulos",
            "Estado": "Atendida",
            "Motivo": "solucionada",
            "Prometida para": "2025-06-03 10:00:00",
            "Próximo intento": "",
            "Intentos": "2",
            "Último resultado": "hablaron",
            "De promesa a llamada (s)": "20",
            "Terminó": "2025-06-03 10:07:00",
            "Asesor": "ana",
            "Tipificación": "informado",
            "Área": "",
            "Reclamo": "",
        }
        assert newest[8] == "En espera"
        only = await (await auditor.get("/devoluciones.csv?estado=pendientes")).text()
        assert len(only.splitlines()) == 2
        assert [line.what for line in office.accesses(Action.CALLBACKS_EXPORTED)] == [
            "/devoluciones.csv?estado=pendientes",
            "/devoluciones.csv",
        ]

    run_office(sqlite_engine, scenario)


def test_programs_get_what_pages_show(sqlite_engine: Engine) -> None:
    found = story(sqlite_engine)

    async def scenario(office: Office) -> None:
        auditor = await office.signed_in(Role.AUDITOR)
        told = await (await auditor.get("/api/v1/callbacks?size=1")).json()
        (first,) = told["callbacks"]
        assert (first["state"], first["telephone"], first["source"]) == ("waiting", "300 *** **99", "web")
        told = await (await auditor.get("/api/v1/callbacks", params={"after": told["next"]})).json()
        assert ([each["id"] for each in told["callbacks"]], told["next"]) == ([found.id], None)
        (attended,) = told["callbacks"]
        assert attended["promise_to_call_seconds"] == 20
        assert [each["result"] for each in attended["attempts"]] == ["busy", "talked"]
        whole = await (await auditor.get(f"/api/v1/callbacks/{found.id}")).json()
        assert (whole["name"], whole["reason"], len(whole["steps"])) == (HOSTILE, "solved", len(found.steps))
        stages = (await (await auditor.get("/api/v1/callbacks/funnel?source=mailbox")).json())["funnel"]
        names = ("asked", "dialled", "answered", "accepted", "connected", "solved")
        assert [[each[name] for name in names] for each in stages] == [[1] * 6]
        assert (await auditor.get("/api/v1/callbacks?after=1_x%27--")).status == 400

        assert (await (await auditor.get("/api/v1/dialling")).json())["dials"] is True
        supervisor, address = await office.signed_in(Role.SUPERVISOR), f"/api/v1/callbacks/{first['id']}/cancel"
        stop = {"dials": False, "reason": "Llamadas raras"}
        assert (await auditor.put("/api/v1/dialling", json=stop)).status == 403
        stopped = await (await supervisor.put("/api/v1/dialling", json=stop)).json()
        assert (stopped["dials"], stopped["by"], stopped["reason"]) == (False, "supervisor", "Llamadas raras")
        gone = await (await supervisor.post(address)).json()
        assert (gone["state"], gone["reason"]) == ("cancelled", "by_staff")
        assert (await supervisor.post(address)).status == 409

        alone = {"telephone": "301 222 33 44", "left_alone": True, "reason": "Lo pidió"}
        assert (await auditor.get("/api/v1/left-alone")).status == 403
        listed = await (await supervisor.put("/api/v1/left-alone", json=alone)).json()
        ((count, (noted,)),) = [(listed["count"], listed["numbers"])]
        assert (count, noted["telephone"], noted["by"]) == (1, "301 *** **44", "supervisor")
        assert listed == await (await supervisor.get("/api/v1/left-alone")).json()
        assert (await supervisor.put("/api/v1/left-alone", json=alone | {"telephone": "123"})).status == 400
        gone = await (await supervisor.put("/api/v1/left-alone", json=alone | {"left_alone": False})).json()
        assert gone == {"count": 0, "numbers": []}
        publish(office.settings)
        store = Callbacks(sqlite_engine)
        held = store.ask(wish(telephone="", origin="mailbox:77"), ANY_HOUR, NOW).request
        address = f"/api/v1/callbacks/{held.id}/telephone"
        wrong = await supervisor.post(address, json={"telephone": "018000910123"})
        assert (wrong.status, "body.telephone" in await wrong.text()) == (400, True)
        whole = await (await supervisor.post(address, json={"telephone": "301 222 33 44"})).json()
        assert (whole["state"], whole["telephone"]) == ("waiting", "301 *** **44")
        assert (await supervisor.post(address, json={"telephone": "301 222 33 44"})).status == 409

    run_office(sqlite_engine, scenario)


def test_promised_calls_are_counted_on_the_board(sqlite_engine: Engine) -> None:
    story(sqlite_engine)

    async def scenario(office: Office) -> None:
        supervisor = await office.signed_in(Role.SUPERVISOR)
        hub = office.app[HUB]
        version = hub.version
        async with asyncio.timeout(60):
            while (card := version.moment.board.cards[-1]).value is None:
                version = await hub.other_than(version.sequence)
        assert (card.shown, card.detail) == ("1", "1 en mora")
        assert (await (await supervisor.get(card.calls)).text()).count('<a href="/devoluciones/') == 1

    run_office(sqlite_engine, scenario)


def test_pages_are_for_everybody(sqlite_engine: Engine, tmp_path: Path) -> None:
    found = story(sqlite_engine)
    held = Callbacks(sqlite_engine).ask(wish(telephone="", origin="mailbox:3"), ANY_HOUR, NOW).request
    Callbacks(sqlite_engine).leave_alone("+573012223344", "ana.ruiz", "Lo pidió por escrito", NOW)

    async def scenario(office: Office) -> None:
        file = office.settings.messages_dir / found.recordings[0].file
        file.parent.mkdir(parents=True)
        file.write_bytes(SPOKEN)
        for scheme, width in (("light", 1280), ("dark", 1280), ("light", 320)):
            async with sized(office, scheme, width, Role.SUPERVISOR) as page:
                for name, address in (
                    ("lista", "/devoluciones"),
                    ("una", f"/devoluciones/{found.id}"),
                    ("buzon", f"/devoluciones/{held.id}"),
                    ("no-llamar", "/no-llamar"),
                ):
                    await page.goto(address)
                    for summary in await page.locator("main details:not([open]) > summary").all():
                        await summary.click()
                    await judged(page)
                    await page.screenshot(path=tmp_path / f"{name}-{scheme}-{width}.png", full_page=True)

    run_office(sqlite_engine, scenario)
