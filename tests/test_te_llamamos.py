"""The public page: what may be chosen, what is taken in and once, what is told to whom, and what robots get."""

import asyncio
import hashlib
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from callback_queue.policy import Rules
from callback_queue.request import ConsentAnswer, Reason, Source, State, Window
from callback_queue.states import Claimed, Dialled
from callback_queue.windows import free, offered
from contesta.callbacks.form_answers import Part, faults, telephone_of, understood, window_of, written
from contesta.web.access import Role
from contesta.web.context import ENGINE
from contesta.web.form import PROOF_BITS, proves
from contesta.web.form_lines import CALLBACKS, FORMS
from contesta.web.limits import FORM_LIMITS, FormLimits, FormRates, network
from core.calendar import Calendar, Span
from ivr.line.callbacks import CallbackPolicy
from ivr.line.web import WebForm
from storage.callback_forms import FormKind
from storage.callback_list import CallbackFilter, CallbackLists
from storage.callback_windows import WindowFullError
from storage.callbacks import Callbacks
from tests.callbacks import ANY_HOUR, NOW, OFFICE, wish
from tests.te_llamamos import (
    CITIZEN,
    EXAMPLE,
    LINE,
    asked,
    filing_of,
    filled_in,
    followed,
    line_of,
    publish,
    request_of,
    sent,
    set_clock,
)
from tests.web import Office, assert_guarded, run_office

BOGOTA = ZoneInfo("America/Bogota")
FORM = WebForm(window_minutes=60, per_window=2, lead_minutes=30, days=5)
LAST = CITIZEN[3]


def begins(windows: list[Window]) -> list[str]:
    return [f"{window.not_before.astimezone(BOGOTA):%d %H:%M}" for window in windows if window.not_before]


def test_windows_lie_in_the_lines_hours_and_begin_after_the_notice() -> None:
    ten = NOW.replace(minute=40)
    found = begins(list(offered(OFFICE, FORM, ten)))
    assert found[:2] == ["03 12:00", "03 13:00"], "11:00 is less than half an hour away"
    assert found[-1] == "06 16:00", "Friday is the last day; 17:00 is closing time"
    assert len(found) == 5 + 3 * 9


def test_windows_pass_over_holidays_sundays_and_hours_that_are_not_legal() -> None:
    friday = datetime(2025, 6, 20, 18, 0, tzinfo=BOGOTA)
    always = Rules(policy=CallbackPolicy(), calendar=ANY_HOUR.calendar)
    found = begins(list(offered(always, FORM, friday)))
    assert found[0] == "21 08:00", "19:00 on Friday is too late"
    assert "21 14:00" in found
    assert "21 15:00" not in found
    assert not any(one.startswith(("22", "23")) for one in found), "a Sunday, and the Monday of a public holiday"
    assert found[-1] == "25 18:00"


def test_a_window_that_is_full_or_does_not_fit_before_closing_is_not_offered() -> None:
    noon = Calendar(
        weekly={day: (Span(opens=480, closes=735),) for day in range(5)}, special_days={date(2025, 6, 4): ()}
    )
    rules = replace(OFFICE, calendar=noon)
    first = datetime(2025, 6, 3, 16, 0, tzinfo=UTC)
    assert begins(free(rules, FORM, {}, NOW))[:2] == ["03 11:00", "05 08:00"]
    assert begins(free(rules, FORM, {first: 1}, NOW))[0] == "03 11:00"
    assert begins(free(rules, FORM, {first: 2}, NOW))[0] == "05 08:00"
    (window, *_) = free(rules, FORM, {}, NOW)
    assert window_of(written(window)) == window


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("3001234567", "+573001234567"),
        ("(300) 123-4567", "+573001234567"),
        ("+57 300 123 45 67", "+573001234567"),
        ("300/123/4567", "+573001234567"),
        (" 601 123 4567 ", "+576011234567"),
        ("00573001234567", "+573001234567"),
        ("\u202a+57\u00a0300 1234567\u202c", "+573001234567"),
        ("３００１２３４５６７", "+573001234567"),  # noqa: RUF001  wide digits are meant
        ("tel:+573001234567", "+573001234567"),
    ],
)
def test_telephones_are_understood_however_they_are_written(said: str, number: str) -> None:
    assert telephone_of(said) == number
    assert not faults(line_of(), 1, {"nombre": "Ana", "telefono": said}, ())


@pytest.mark.parametrize(
    "said",
    ["", "123", "018000910123", "9017654321", "+1 202 555 0123", "#646", "300 123", "3001234567&SIP/1", "x" * 50],
)
def test_only_colombian_mobiles_and_fixed_lines_are_called(said: str) -> None:
    assert set(faults(line_of(), 1, {"nombre": "Ana", "telefono": said}, ())) == {Part.TELEPHONE}


def test_documents_and_nits_are_checked_and_kept_plain() -> None:
    line, right = line_of(), dict(CITIZEN[1])
    assert not faults(line, 2, right, ())
    wrong = {"tipo": "RUT", "documento": "0", "nit": "900123456-1", "asunto": "nada", "descripcion": " "}
    for name, text in wrong.items():
        assert set(faults(line, 2, right | {name: text}, ())) == {Part(name)}, name
    said = understood(CITIZEN[0] | right | CITIZEN[2] | {"nit": "900.123.456 - 8"})
    assert (said.person.document, said.person.nit, said.window) == ("1032456789", "9001234568", Window())
    assert "máximo 1000" in faults(line, 2, right | {"descripcion": "x" * 1001}, ())[Part.DESCRIPTION]


def test_last_place_of_a_window_is_given_once(engine: Engine) -> None:
    store = Callbacks(engine)
    window = Window(not_before=NOW + timedelta(hours=2), not_after=NOW + timedelta(hours=3))

    def ask(number: int) -> bool:
        asked_for = wish(telephone=f"+57300123{number:04}", source=Source.APPOINTMENT, window=window)
        try:
            store.ask(asked_for, ANY_HOUR, NOW, places=2)
        except WindowFullError:
            return False
        return True

    async def all_at_once() -> list[bool]:
        return await asyncio.gather(*(asyncio.to_thread(ask, number) for number in range(8)))

    assert sum(asyncio.run(all_at_once())) == 2


def test_citizen_asks_is_told_number_and_code_and_follows(engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        publish(office.settings)
        set_clock(office)
        citizen = await office.visitor()
        page = await asked(office, citizen)
        text = await page.text()
        assert page.url.path.endswith("/listo")
        filing = filing_of(text)
        assert "01 8000 933 833" in text
        assert "Nunca pedimos claves" in text
        request = request_of(office, filing)
        assert (request.source, request.telephone, request.subject) == (Source.WEB, "+573001234567", "certificado")
        assert (request.person.name, request.person.document_type) == ("María Peña", "CC")
        assert request.consent is not None
        assert (request.consent.version, request.consent.answer) == ("web-2025-11", ConsentAnswer.ACCEPTED)
        way = await followed(citizen, filing)
        shown = await (await citizen.get(way)).text()
        assert "Vamos a llamarle." in shown
        assert "1032456789" in shown
        mine = await (await citizen.get(f"{way}/mis-datos.json")).json()
        assert (mine["nombre"], mine["autorizacion"]["version"]) == ("María Peña", "web-2025-11")
        assert await sent(citizen, f"{way}/cancelar", {}) == way
        assert "Usted canceló la solicitud." in await (await citizen.get(way)).text()
        assert request_of(office, filing).state is State.CANCELLED
        office.clock.offset += timedelta(minutes=31)
        assert (await citizen.get(way, allow_redirects=False)).headers["Location"] == "/seguimiento"

    run_office(engine, scenario)


def test_sending_twice_and_loading_again_ask_once(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        publish(office.settings)
        set_clock(office)
        citizen = await office.visitor()
        last = await filled_in(office, citizen)
        pages = await asyncio.gather(*(citizen.post(last, data=LAST) for _ in range(4)))
        filings = {filing_of(await (await citizen.get(last)).text()) for _ in pages}
        assert len(filings) == 1
        request = request_of(office, filings.pop())
        assert request.joined == ()
        assert [step.event for step in request.steps] == ["Asked"]

    run_office(sqlite_engine, scenario)


def test_second_request_joins_and_whoever_joined_sees_nothing_of_the_first(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        publish(office.settings)
        set_clock(office)
        first, second = await office.visitor(), await office.visitor()
        mine = filing_of(await (await asked(office, first)).text())
        page = await (await asked(office, second, nombre="Otra persona", descripcion="Otra cosa")).text()
        assert "Ya tenemos una solicitud para ese número. La unimos; conserva su turno." in page
        others = filing_of(page)
        assert mine != others
        assert request_of(office, others).id == request_of(office, mine).id
        way = await followed(second, others)
        shown = await (await second.get(way)).text()
        assert not any(word in shown for word in ("María", "1032456789", "no llegó", "Mis datos", mine[0], mine[1]))
        assert (await second.post(f"{way}/hora", data={"cuando": "pronto"})).status == 404
        assert (await second.get(f"{way}/mis-datos.json")).status == 404
        whole = request_of(office, mine)
        assert (whole.state, whole.person.name) == (State.WAITING, "Otra persona"), "the adviser is told all"
        way = await followed(first, mine)
        told = await (await first.get(way)).text() + await (await first.get(f"{way}/mis-datos.json")).text()
        assert "Mi certificado no llegó." in told
        assert not any(word in told for word in ("Otra persona", "Otra cosa", *others))
        assert await sent(first, f"{way}/cancelar", {}) == way
        left = await (await first.get(way)).text()
        assert "Usted canceló la solicitud." in left
        assert "Mi certificado no llegó." in left
        assert not any(
            word in left for word in ("Cancelar la solicitud", "Cambiar la hora", "Otra persona", "Otra cosa")
        )
        assert (await first.post(f"{way}/cancelar", data={})).status == 409
        stays = request_of(office, others)
        assert (stays.state, stays.person.name, stays.description) == (State.WAITING, "Otra persona", "Otra cosa")
        assert (stays.place, stays.due_at, stays.filing.number) == (whole.place, whole.due_at, others[0])
        supervisor = await office.signed_in(Role.SUPERVISOR)
        page = await (await supervisor.get(f"/devoluciones/{stays.id}")).text()
        assert f"{mine[0]} (cancelado), {others[0]}" in page
        theirs = await followed(second, others)
        shown = await (await second.get(theirs)).text()
        assert "Vamos a llamarle." in shown
        assert "Cambiar la hora" in shown, "nobody is before him any more"
        assert await sent(second, f"{theirs}/cancelar", {}) == theirs
        ended = request_of(office, mine)
        assert (ended.state, ended.reason) == (State.CANCELLED, Reason.BY_CITIZEN), "nobody wants it any more"

    run_office(sqlite_engine, scenario)


def test_a_text_that_changed_meanwhile_is_shown_before_it_is_authorised(sqlite_engine: Engine) -> None:
    newer = EXAMPLE.replace('version: "web-2025-11"', 'version: "web-2026-11"').replace(
        "Autorizo a", "Desde hoy autorizo a"
    )
    assert newer.count("Desde hoy autorizo a") == 1

    async def scenario(office: Office) -> None:
        publish(office.settings)
        set_clock(office)
        citizen = await office.visitor()
        last = await filled_in(office, citizen)
        publish(office.settings, newer)
        refused = await citizen.post(last, data=LAST)
        page = await refused.text()
        assert refused.status == 409
        assert "El texto de la autorización cambió mientras usted escribía." in page
        assert "Desde hoy autorizo a" in page
        assert not re.search(r'name="autorizo"[^>]* checked', page), "it is ticked anew, or not at all"
        assert "María Peña" in page
        assert CallbackLists(office.app[ENGINE]).count(CallbackFilter()) == 0
        again = await citizen.post(last, data=LAST | {"version": "web-2026-11"})
        consent = request_of(office, filing_of(await again.text())).consent
        assert consent is not None
        assert consent.version == "web-2026-11"

    run_office(sqlite_engine, scenario)


def test_hour_is_chosen_changed_and_full_ones_are_refused(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        publish(office.settings)
        set_clock(office)
        ten = datetime(2026, 11, 25, 10, 0, tzinfo=BOGOTA)
        chosen, later = (
            written(Window(not_before=at.astimezone(UTC), not_after=(at + timedelta(minutes=30)).astimezone(UTC)))
            for at in (ten, ten + timedelta(hours=3))
        )
        filings = []
        for number in range(3):
            citizen = await office.visitor()
            page = await (await asked(office, citizen, cuando=chosen, telefono=f"300123450{number}")).text()
            assert "miércoles 25 de noviembre de 2026" in page
            filings.append(filing_of(page))
        request = request_of(office, filings[0])
        assert (request.source, request.promised_at) == (Source.APPOINTMENT, ten)
        late = await office.visitor()
        address = await filled_in(office, late, cuando=chosen, telefono="3001234509")
        assert address.endswith("/3")
        assert "Esa hora ya no está libre" in await (await late.get(address)).text()
        way = await followed(citizen, filings[2])
        assert chosen not in await (await late.get(address)).text()
        assert (await citizen.post(f"{way}/hora", data={"cuando": "2026-11-25T03:00Z/2026-11-25T03:30Z"})).status == 400
        assert await sent(citizen, f"{way}/hora", {"cuando": later}) == way
        assert request_of(office, filings[2]).promised_at == ten + timedelta(hours=3)
        assert await sent(late, address, {"cuando": chosen}) == address.replace("/3", "/4")
        store, now = office.app[CALLBACKS], office.clock()
        store.step(request_of(office, filings[2]).id, Claimed(by="worker:w", worker="w", until=now), now)
        store.step(request_of(office, filings[2]).id, Dialled(by="worker:w"), now, worker="w")
        assert (await citizen.post(f"{way}/cancelar", data={})).status == 409
        assert "Le estamos llamando" in await (await citizen.get(way)).text()

    run_office(sqlite_engine, scenario)


def test_mistakes_are_shown_beside_their_fields_and_nothing_is_lost(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        publish(office.settings)
        set_clock(office)
        citizen = await office.visitor()
        first = await sent(citizen, LINE, {"nombre": "Zoë <b>\x0bÑ", "telefono": "900 1"})
        page = await (await citizen.get(first)).text()
        assert 'value="Zoë &lt;b&gt;Ñ"' in page
        assert 'value="900 1"' in page
        assert '<a href="#telefono">' in page
        assert 'aria-describedby="telefono-ayuda telefono-falla" aria-invalid="true"' in page
        ahead = first.replace("/1", "/4")
        assert (await citizen.get(ahead, allow_redirects=False)).headers["Location"] == first
        second = await sent(citizen, first, CITIZEN[0])
        third = await sent(citizen, second, CITIZEN[1] | {"nit": "1"})
        assert third == second
        assert "Mi certificado no llegó." in await (await citizen.get(second)).text()
        office.clock.offset += timedelta(hours=3)
        assert (await citizen.get(second)).status == 404
        assert "Empiece de nuevo" in await (await citizen.post(second, data=CITIZEN[1])).text()

    run_office(sqlite_engine, scenario)


def test_robots_that_fill_in_everything_or_are_too_quick_get_nothing(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        publish(office.settings)
        set_clock(office)
        robot = await office.visitor()
        last = await filled_in(office, robot)
        trapped = await robot.post(last, data=LAST | {"sitio_web": "https://x.example"})
        assert trapped.status == 400
        assert "No llene este campo" in await trapped.text()
        assert (await robot.post(last, data=LAST)).url.path.endswith("/listo"), "a person mends it"
        address = LINE
        for said in CITIZEN[:3]:
            address = await sent(robot, address, said | ({"telefono": "3009876543"} if "telefono" in said else {}))
        quick = await robot.post(address, data=LAST)
        assert quick.status == 400
        assert "demasiado rápido" in await quick.text()
        office.clock.offset += timedelta(seconds=4)
        assert (await robot.post(address, data=LAST)).url.path.endswith("/listo")

    run_office(sqlite_engine, scenario)


def test_floods_end_at_their_bounds_and_others_are_served() -> None:
    limits = FormLimits(FormRates(asked="3 per hour", proven="5 per hour", telephone="2 per day", found="2 per hour"))
    assert [limits.may_ask("a", f"+5730000000{n:02}", proven=False) for n in range(5)] == [True] * 3 + [False] * 2
    assert [limits.may_ask("a", f"+5730000001{n:02}", proven=True) for n in range(7)] == [True] * 5 + [False] * 2
    assert [limits.may_ask(f"n{n}", "+573111111111", proven=False) for n in range(4)] == [True, True, False, False]
    assert limits.may_ask("n2", "+573111111112", proven=False), "what was refused was not counted"
    assert [limits.may_look("a", f"{n}") for n in range(3)] == [True, True, False]
    assert network("2001:db8:1:2:3:4:5:6") == network("2001:db8:1:2::9") != network("2001:db8:1:3::9")
    assert network("::ffff:192.0.2.1") == network("192.0.2.1")


def test_a_flooded_form_keeps_what_was_said(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        publish(office.settings)
        set_clock(office)
        office.app[FORM_LIMITS]._rates = FormRates(telephone="1 per day")  # noqa: SLF001  only here turned down
        citizen = await office.visitor()
        await asked(office, citizen)
        refused = await citizen.post(await filled_in(office, citizen), data=LAST)
        assert refused.status == 429
        assert "María Peña" in await refused.text()
        assert_guarded(refused)

    run_office(sqlite_engine, scenario)


def test_proof_of_work_is_of_its_form() -> None:
    key = "k" * 43

    def zero(nonce: int) -> bool:
        return int.from_bytes(hashlib.sha256(f"{key}:{nonce}".encode()).digest()[:4], "big") < (1 << (32 - PROOF_BITS))

    found = str(next(nonce for nonce in count() if zero(nonce)))
    assert proves(key, found)
    assert not any(proves(*said) for said in ((key, ""), ("j" * 43, found), (key, "0" * 30), (key, "x\udcff")))


def test_wrong_number_and_wrong_code_are_told_alike(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        publish(office.settings)
        set_clock(office)
        citizen = await office.visitor()
        number, code = filing_of(await (await asked(office, citizen)).text())
        answers = set()
        for said in ((number, "ACEFHJ"), ("19901010001", code), (number, ""), ("' OR 1=1 --", code)):
            response = await citizen.post("/seguimiento", data={"radicado": said[0], "codigo": said[1]})
            answers.add((response.status, (await response.text()).replace(number, "").count("no coinciden")))
        assert answers == {(403, 1)}
        assert (await followed(citizen, (f" {number} ", code.lower()))).startswith("/seguimiento/")
        for _ in range(25):
            response = await citizen.post("/seguimiento", data={"radicado": number, "codigo": "XXXXXX"})
        assert response.status == 429

    run_office(sqlite_engine, scenario)


HOSTILE = (
    "<script>alert(1)</script>",
    "{{7777*7777}}",
    "' OR 1=1 --",
    '" onfocus="x',
    "=cmd|x",
    "\u202etxt",
    "\x00\x1b[31m",
)


def test_hostile_text_is_shown_as_text(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        publish(office.settings)
        set_clock(office)
        citizen = await office.visitor()
        for number, text in enumerate(HOSTILE):
            told = {
                "nombre": f"A{text}",
                "empresa": text,
                "descripcion": f"B{text}",
                "telefono": f"30055500{number:02}",
            }
            last = await filled_in(office, citizen, **told)
            review = await (await citizen.get(last)).text()
            page = await (await citizen.post(last, data=LAST)).text()
            shown = await (await citizen.get(await followed(citizen, filing_of(page)))).text()
            for seen in (review, page, shown):
                assert not any(bad in seen for bad in ("<script>alert", "60481729", '" onfocus="x', "\x00", "\x1b"))

    run_office(sqlite_engine, scenario)


def test_public_origin_has_the_public_pages_only_and_answers_get_and_post(sqlite_engine: Engine) -> None:
    frames = "https://www.entidad.gov.co,https://otra.gov.co"

    async def scenario(office: Office) -> None:
        publish(office.settings)
        set_clock(office)
        citizen = await office.visitor(Host="tellamamos.entidad.gov.co")
        page = await citizen.get(LINE)
        assert page.status == 200
        assert (
            "frame-ancestors https://www.entidad.gov.co https://otra.gov.co" in page.headers["Content-Security-Policy"]
        )
        assert "X-Frame-Options" not in page.headers
        for method in ("HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
            assert (await citizen.request(method, LINE)).status == 405, method
        for path in ("/", "/ingreso", "/llamadas", "/tablero", "/api/v1/calls", "/healthz", "/metrics"):
            hidden = await citizen.get(path, allow_redirects=False)
            assert hidden.status == 404, path
            assert_guarded(hidden)
        staff = await office.signed_in(Role.SUPERVISOR)
        own = await staff.get(LINE)
        assert "Llamadas" not in await own.text(), "never the staff's navigation"
        inside = await staff.get("/cuenta")
        assert "frame-ancestors 'none'" in inside.headers["Content-Security-Policy"]
        assert inside.headers["X-Frame-Options"] == "DENY"

    origin = "https://tellamamos.entidad.gov.co"
    run_office(sqlite_engine, scenario, web_public_origin=origin, web_frame_origins=frames)


def test_line_without_a_page_has_none_and_faults_of_the_key_are_told() -> None:
    source = EXAMPLE[: EXAMPLE.index("web:\n")] + EXAMPLE[EXAMPLE.index("sms:\n") :]
    assert line_of(source).web is None
    page = line_of(source.replace("sms:\n", "web: {queue: anm_solicitudes}\n\nsms:\n"))
    assert page.web_consent is not None
    assert page.web_consent.version == "2025-11", "that of the line, where the page has none of its own"


WANTED = {
    "telephone": "300 123 4567",
    "name": "María Peña",
    "document_type": "CC",
    "document": "1032456789",
    "subject": "rucom",
    "description": "Una pregunta",
    "consent_version": "web-2025-11",
    "consent_accepted": True,
}


def test_program_asks_once_however_often_it_sends(engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        publish(office.settings)
        set_clock(office)
        site = await office.with_key(Role.SITE)
        offer = await (await site.get("/api/v1/form/anm")).json()
        assert offer["consent_version"] == "web-2025-11"
        wanted = WANTED | {"window_begins_at": offer["windows"][5]["begins_at"]}
        headers = {"Idempotency-Key": "solicitud-0001"}

        async def ask(body: dict[str, object], **more: str) -> tuple[int, dict[str, object]]:
            response = await site.post("/api/v1/form/anm", json=body, headers=headers | more)
            return response.status, await response.json()

        answers = await asyncio.gather(*(ask(wanted) for _ in range(6)))
        (status, told) = answers[0]
        assert answers == [(200, told)] * 6, "sent six times at once"
        assert (told["joined"], told["telephone"]) == (False, "+573001234567")
        again = await ask(wanted)
        assert again == (200, told)
        assert (await ask(wanted | {"name": "Otra"}))[0] == 409
        assert (await ask(wanted, **{"Idempotency-Key": "corta"}))[0] == 400
        status, joined = await ask(wanted, **{"Idempotency-Key": "solicitud-0002"})
        assert (status, joined["joined"]) == (200, True)
        filed = {"number": told["number"], "code": told["code"]}
        shown = await (await site.post("/api/v1/follow", json=filed)).json()
        assert (shown["state"], shown["own"], shown["may_cancel"]) == ("waiting", True, True)
        later = {"window_begins_at": offer["windows"][7]["begins_at"]}
        moved = await (await site.post("/api/v1/follow/change", json=filed | later)).json()
        assert moved["window"]["begins_at"] == later["window_begins_at"]
        others = {"number": joined["number"], "code": joined["code"]}
        assert (await site.post("/api/v1/follow/change", json=others | later)).status == 409
        left = await (await site.post("/api/v1/follow/cancel", json=others)).json()
        assert (left["state"], left["reason"], left["own"]) == ("cancelled", "by_citizen", False)
        assert (await site.post("/api/v1/follow/cancel", json=others)).status == 409
        stays = await (await site.post("/api/v1/follow", json=filed)).json()
        assert (stays["state"], stays["reason"]) == ("waiting", None)
        gone = await (await site.post("/api/v1/follow/cancel", json=filed)).json()
        assert (gone["state"], gone["reason"]) == ("cancelled", "by_citizen")
        assert (await site.post("/api/v1/follow", json=filed | {"code": "ACEFHJ"})).status == 404
        assert office.app[FORMS].count(FormKind.PROGRAM) == 2

    run_office(engine, scenario)


@pytest.mark.parametrize(
    ("changed", "status", "where"),
    [
        ({"telephone": "018000910123"}, 400, "body.telephone"),
        ({"telephone": "+12025550123"}, 400, "body.telephone"),
        ({"document": "0"}, 400, "body.document"),
        ({"subject": "otra cosa"}, 400, "body.subject"),
        ({"nit": "900123456-1"}, 400, "body.nit"),
        ({"consent_accepted": False}, 400, "body.consent_accepted"),
        ({"consent_version": "1999"}, 409, ""),
        ({"window_begins_at": "2026-11-29T15:00:00Z"}, 409, ""),
    ],
)
def test_program_is_told_what_is_wrong(
    sqlite_engine: Engine, changed: dict[str, object], status: int, where: str
) -> None:
    async def scenario(office: Office) -> None:
        publish(office.settings)
        set_clock(office)
        site = await office.with_key(Role.SITE)
        response = await site.post("/api/v1/form/anm", json=WANTED | changed)
        assert (response.status, (await response.json())["error"]["where"]) == (status, where)

    run_office(sqlite_engine, scenario)
