"""Who may open which address, and what every request and answer must obey whatever the address."""

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
import structlog
from aiohttp import ClientResponse, hdrs, web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Engine
from yarl import URL

from contesta.web import guard, people, routes
from contesta.web.access import KEYS, PEOPLE, Role
from contesta.web.context import SETTINGS
from contesta.web.sessions import COOKIE, KEYS_MADE
from storage.ledger import Ledger
from tests.stories import events_of, log_of, uid
from tests.web import Client, Office, assert_guarded, run_office

SUPERVISOR, AUDITOR, ADVISER, ADMINISTRATOR = PEOPLE
WALL, INTEGRATION, SITE = KEYS

Who = frozenset[Role | None]

EVERYBODY: Who = frozenset({None, *PEOPLE, *KEYS})
SIGNED_IN: Who = frozenset(PEOPLE)
BOARD: Who = frozenset({SUPERVISOR, ADMINISTRATOR})
CITIZENS: Who = frozenset({SUPERVISOR, AUDITOR})
"""Who may see whole numbers."""
CALLBACKS: Who = frozenset({SUPERVISOR, AUDITOR})
CALLBACKS_WORKED: Who = frozenset({SUPERVISOR})
CAMPAIGNS_READ: Who = frozenset({SUPERVISOR, AUDITOR})
CAMPAIGNS_RUN: Who = frozenset({SUPERVISOR})
ADVISERS: Who = frozenset({ADVISER})
AUDITORS: Who = frozenset({AUDITOR})
QUALITY: Who = frozenset({SUPERVISOR, AUDITOR})
AUDITED: Who = QUALITY | {ADVISER}
TRAINERS: Who = frozenset({SUPERVISOR})
ADMINISTRATION: Who = frozenset({ADMINISTRATOR})
DESCRIPTION: Who = SIGNED_IN | {INTEGRATION}
METRICS: Who = frozenset({ADMINISTRATOR, INTEGRATION})
FEED: Who = frozenset({INTEGRATION})
WALL_KEY: Who = frozenset({WALL})
SITE_KEY: Who = frozenset({SITE})

MAY: Mapping[tuple[str, str], Who] = {
    ("GET", "/"): SIGNED_IN,
    ("GET", "/ingreso"): EVERYBODY,
    ("POST", "/ingreso"): EVERYBODY,
    ("POST", "/salir"): SIGNED_IN,
    ("GET", "/invitacion/{key}"): EVERYBODY,
    ("POST", "/invitacion/{key}"): EVERYBODY,
    ("GET", "/te-llamamos"): EVERYBODY,
    ("GET", "/te-llamamos/{line}"): EVERYBODY,
    ("POST", "/te-llamamos/{line}"): EVERYBODY,
    ("GET", "/te-llamamos/{line}/{key}/{step}"): EVERYBODY,
    ("POST", "/te-llamamos/{line}/{key}/{step}"): EVERYBODY,
    ("GET", "/te-llamamos/{line}/{key}/listo"): EVERYBODY,
    ("GET", "/seguimiento"): EVERYBODY,
    ("POST", "/seguimiento"): EVERYBODY,
    ("GET", "/seguimiento/{key}"): EVERYBODY,
    ("POST", "/seguimiento/{key}/cancelar"): EVERYBODY,
    ("GET", "/seguimiento/{key}/hora"): EVERYBODY,
    ("POST", "/seguimiento/{key}/hora"): EVERYBODY,
    ("GET", "/seguimiento/{key}/mis-datos.json"): EVERYBODY,
    ("GET", "/cuenta"): SIGNED_IN,
    ("POST", "/cuenta/clave"): SIGNED_IN,
    ("POST", "/cuenta/sesiones/{number}"): SIGNED_IN,
    ("POST", "/cuenta/atajos"): SIGNED_IN,
    ("GET", "/administracion/personas"): ADMINISTRATION,
    ("POST", "/administracion/personas"): ADMINISTRATION,
    ("GET", "/administracion/personas/{number}"): ADMINISTRATION,
    ("POST", "/administracion/personas/{number}"): ADMINISTRATION,
    ("POST", "/administracion/personas/{number}/invitacion"): ADMINISTRATION,
    ("POST", "/administracion/personas/{number}/desactivar"): ADMINISTRATION,
    ("GET", "/administracion/claves"): ADMINISTRATION,
    ("POST", "/administracion/claves"): ADMINISTRATION,
    ("POST", "/administracion/claves/{number}/retirar"): ADMINISTRATION,
    ("GET", "/administracion/accesos"): ADMINISTRATION,
    ("GET", "/administracion/datos"): ADMINISTRATION,
    ("POST", "/administracion/datos/bloqueos"): ADMINISTRATION,
    ("POST", "/administracion/datos/bloqueos/{number}"): ADMINISTRATION,
    ("GET", "/administracion/solicitudes"): ADMINISTRATION,
    ("POST", "/administracion/solicitudes"): ADMINISTRATION,
    ("GET", "/administracion/solicitudes/{number}"): ADMINISTRATION,
    ("GET", "/administracion/solicitudes/{number}/datos.json"): ADMINISTRATION,
    ("POST", "/administracion/solicitudes/{number}/borrar"): ADMINISTRATION,
    ("POST", "/administracion/solicitudes/{number}/corregir"): ADMINISTRATION,
    ("POST", "/administracion/solicitudes/{number}/ampliar"): ADMINISTRATION,
    ("POST", "/administracion/solicitudes/{number}/responder"): ADMINISTRATION,
    ("GET", "/tablero"): BOARD,
    ("GET", "/pared/{key}"): WALL_KEY,
    ("GET", "/pared/{key}/flujo"): WALL_KEY,
    ("GET", "/api/v1/board"): BOARD,
    ("GET", "/api/v1/board/stream"): BOARD,
    ("GET", "/api/v1/board/day"): BOARD,
    ("GET", "/api/v1/board/why"): BOARD,
    ("GET", "/llamadas"): SIGNED_IN,
    ("GET", "/llamadas.csv"): SIGNED_IN,
    ("GET", "/llamadas/{call_id}"): SIGNED_IN,
    ("POST", "/llamadas/{call_id}/numero"): CITIZENS,
    ("GET", "/encuestas"): CITIZENS,
    ("GET", "/recorrido"): CITIZENS,
    ("GET", "/encuestas/comentarios/{call_id}/{position}"): CITIZENS,
    ("GET", "/api/v1/survey"): CITIZENS,
    ("GET", "/api/v1/funnel"): CITIZENS,
    ("GET", "/devoluciones"): CALLBACKS,
    ("GET", "/devoluciones/{request_id}"): CALLBACKS,
    ("POST", "/devoluciones/{request_id}/numero"): CITIZENS,
    ("GET", "/devoluciones/{request_id}/audio/{number}"): CALLBACKS,
    ("GET", "/api/v1/dialling"): CALLBACKS,
    ("PUT", "/api/v1/dialling"): CALLBACKS_WORKED,
    ("POST", "/api/v1/callbacks/{request_id}/cancel"): CALLBACKS_WORKED,
    ("POST", "/api/v1/callbacks/{request_id}/telephone"): CALLBACKS_WORKED,
    ("GET", "/api/v1/left-alone"): CALLBACKS_WORKED,
    ("PUT", "/api/v1/left-alone"): CALLBACKS_WORKED,
    ("GET", "/devoluciones.csv"): CALLBACKS,
    ("POST", "/devoluciones/detener"): CALLBACKS_WORKED,
    ("POST", "/devoluciones/reanudar"): CALLBACKS_WORKED,
    ("POST", "/devoluciones/{request_id}/cancelar"): CALLBACKS_WORKED,
    ("POST", "/devoluciones/{request_id}/telefono"): CALLBACKS_WORKED,
    ("POST", "/devoluciones/{request_id}/no-llamar"): CALLBACKS_WORKED,
    ("GET", "/no-llamar"): CALLBACKS_WORKED,
    ("POST", "/no-llamar"): CALLBACKS_WORKED,
    ("GET", "/api/v1/callbacks"): CALLBACKS,
    ("GET", "/api/v1/callbacks/funnel"): CALLBACKS,
    ("GET", "/api/v1/callbacks/{request_id}"): CALLBACKS,
    ("GET", "/campanas"): CAMPAIGNS_READ,
    ("POST", "/campanas"): CAMPAIGNS_RUN,
    ("GET", "/campanas/{number}"): CAMPAIGNS_READ,
    ("GET", "/campanas/{number}/base.csv"): CAMPAIGNS_RUN,
    ("POST", "/campanas/{number}/columnas"): CAMPAIGNS_RUN,
    ("POST", "/campanas/{number}/publicar"): CAMPAIGNS_RUN,
    ("POST", "/campanas/{number}/pausar"): CAMPAIGNS_RUN,
    ("POST", "/campanas/{number}/reanudar"): CAMPAIGNS_RUN,
    ("POST", "/campanas/{number}/descartar"): CAMPAIGNS_RUN,
    ("GET", "/api/v1/campaigns"): CAMPAIGNS_READ,
    ("GET", "/api/v1/campaigns/{number}"): CAMPAIGNS_READ,
    ("POST", "/api/v1/campaigns/{number}/publish"): CAMPAIGNS_RUN,
    ("POST", "/api/v1/campaigns/{number}/pause"): CAMPAIGNS_RUN,
    ("POST", "/api/v1/campaigns/{number}/resume"): CAMPAIGNS_RUN,
    ("PUT", "/api/v1/campaigns/{number}/records/{position}"): CAMPAIGNS_RUN,
    ("GET", "/calidad"): AUDITORS,
    ("POST", "/calidad/muestras"): AUDITORS,
    ("POST", "/calidad/auditorias"): AUDITORS,
    ("POST", "/calidad/auditorias/en-linea"): AUDITORS,
    ("GET", "/calidad/auditorias/{number}"): AUDITED,
    ("POST", "/calidad/auditorias/{number}/paso"): AUDITED,
    ("POST", "/calidad/auditorias/{number}/acciones"): QUALITY,
    ("POST", "/calidad/acciones/{number}"): QUALITY,
    ("GET", "/calidad/auditorias/{number}/grabacion"): AUDITED,
    ("GET", "/mis-auditorias"): frozenset({ADVISER}),
    ("GET", "/resultados"): QUALITY,
    ("GET", "/api/v1/audits/{number}"): AUDITORS,
    ("PUT", "/api/v1/audits/{number}"): AUDITORS,
    ("POST", "/api/v1/audits/{number}/deliver"): AUDITORS,
    ("GET", "/api/v1/audits/{number}/lanes"): AUDITED,
    ("GET", "/api/v1/audits/{number}/evidence"): AUDITED,
    ("GET", "/api/v1/quality"): QUALITY,
    ("GET", "/escuchar"): QUALITY,
    ("GET", "/api/v1/listening"): QUALITY,
    ("GET", "/api/v1/listening/stream"): QUALITY,
    ("POST", "/api/v1/listening/begin"): QUALITY,
    ("POST", "/api/v1/listening/mode"): frozenset({SUPERVISOR}),
    ("POST", "/api/v1/listening/stop"): QUALITY,
    ("PUT", "/api/v1/desk-preferences"): AUDITORS,
    ("GET", "/calibraciones"): QUALITY,
    ("POST", "/calibraciones"): QUALITY,
    ("GET", "/calibraciones/{number}"): QUALITY,
    ("POST", "/calibraciones/{number}/auditoria"): AUDITORS,
    ("POST", "/calibraciones/{number}/cerrar"): QUALITY,
    ("POST", "/calibraciones/{number}/acuerdo"): QUALITY,
    ("GET", "/api/v1/calibrations/{number}"): QUALITY,
    ("GET", "/formacion"): QUALITY,
    ("POST", "/formacion/capacitaciones"): TRAINERS,
    ("GET", "/formacion/capacitaciones/{number}"): TRAINERS,
    ("POST", "/formacion/capacitaciones/{number}"): TRAINERS,
    ("POST", "/formacion/capacitaciones/{number}/borrar"): TRAINERS,
    ("GET", "/api/v1/knowledge"): QUALITY,
    ("GET", "/api/v1/training"): QUALITY,
    ("GET", "/mi-formacion"): ADVISERS,
    ("POST", "/mi-formacion/evaluaciones"): ADVISERS,
    ("GET", "/mi-formacion/evaluaciones/{number}"): ADVISERS,
    ("POST", "/mi-formacion/evaluaciones/{number}"): ADVISERS,
    ("PUT", "/api/v1/knowledge/attempts/{number}/answers/{question}"): ADVISERS,
    ("GET", "/puesto"): ADVISERS,
    ("GET", "/api/v1/desk"): ADVISERS,
    ("GET", "/api/v1/desk/stream"): ADVISERS,
    ("POST", "/api/v1/desk/pause"): ADVISERS,
    ("POST", "/api/v1/desk/ready"): ADVISERS,
    ("GET", "/api/v1/desk/agenda"): ADVISERS,
    ("POST", "/api/v1/desk/callbacks/{id}/call"): ADVISERS,
    ("GET", "/api/v1/desk/callbacks/{id}/recordings/{number}"): ADVISERS,
    ("POST", "/api/v1/desk/queues/{queue}/join"): ADVISERS,
    ("POST", "/api/v1/desk/queues/{queue}/leave"): ADVISERS,
    ("GET", "/api/v1/desk/contacts/{channel}"): ADVISERS,
    ("PUT", "/api/v1/desk/contacts/{channel}/draft"): ADVISERS,
    ("PUT", "/api/v1/desk/contacts/{channel}/answers"): ADVISERS,
    ("POST", "/api/v1/desk/contacts/{channel}/disposition"): ADVISERS | {SUPERVISOR},
    ("GET", "/estatico/{name}"): EVERYBODY,
    ("GET", "/healthz"): EVERYBODY,
    ("GET", "/readyz"): EVERYBODY,
    ("GET", "/metrics"): METRICS,
    ("GET", "/api/v1/events"): FEED,
    ("GET", "/api/v1/openapi.json"): DESCRIPTION,
    ("GET", "/api/v1/session"): DESCRIPTION,
    ("GET", "/api/v1/calls"): SIGNED_IN,
    ("GET", "/api/v1/calls/{call_id}"): SIGNED_IN,
    ("POST", "/api/v1/calls/{call_id}/reveal"): CITIZENS,
    ("GET", "/api/v1/people"): ADMINISTRATION,
    ("POST", "/api/v1/people"): ADMINISTRATION,
    ("GET", "/api/v1/people/{number}"): ADMINISTRATION,
    ("PUT", "/api/v1/people/{number}"): ADMINISTRATION,
    ("POST", "/api/v1/people/{number}/invitation"): ADMINISTRATION,
    ("POST", "/api/v1/people/{number}/disable"): ADMINISTRATION,
    ("GET", "/api/v1/keys"): ADMINISTRATION,
    ("POST", "/api/v1/keys"): ADMINISTRATION,
    ("POST", "/api/v1/keys/{number}/revoke"): ADMINISTRATION,
    ("GET", "/api/v1/accesses"): ADMINISTRATION,
    ("GET", "/api/v1/form/{line}"): SITE_KEY,
    ("POST", "/api/v1/form/{line}"): SITE_KEY,
    ("POST", "/api/v1/follow"): SITE_KEY,
    ("POST", "/api/v1/follow/cancel"): SITE_KEY,
    ("POST", "/api/v1/follow/change"): SITE_KEY,
}
"""Every address, and who may open it: None is who has not signed in. HEAD is as GET, where there is one."""

THINGS = {
    "request_id": "r1",
    "line": "anm",
    "step": "1",
    "call_id": uid(0),
    "channel": uid(0),
    "id": "x",
    "queue": "atencion",
    "number": "999999999",
    "question": "1",
    "position": "1",
    "name": "contesta.css",
    "key": "of-nobody",
}
"""What stands in an address. There is no person, session or key of that number: nothing is changed."""

LAST = "/salir"
REFUSALS = {401, 403}


@pytest.fixture
def calls(sqlite_engine: Engine) -> Engine:
    Ledger(sqlite_engine).apply(events_of(log_of(range(8))))
    return sqlite_engine


def addresses(office: Office) -> set[tuple[str, str]]:
    """Every method and address that the application answers, however it was registered."""
    return {(route.method, route.resource.canonical) for route in office.app.router.routes() if route.resource}


def refused(response: ClientResponse) -> bool:
    """Whether somebody was turned away: to the sign-in, or for good."""
    return response.status in REFUSALS or response.headers.get(hdrs.LOCATION, "").startswith("/ingreso?")


def test_every_address_is_in_the_table_and_registered_with_its_permission(calls: Engine) -> None:
    async def scenario(office: Office) -> None:
        answered = addresses(office)
        assert {address for address in answered if address[0] != "HEAD"} == set(MAY)
        assert {("GET", path) for method, path in answered if method == "HEAD"} <= set(MAY)
        for route in office.app.router.routes():
            assert isinstance(route.handler, partial)
            assert route.handler.func is routes.register.__globals__["_obeying"]

    run_office(calls, scenario)


async def asker(office: Office, role: Role | None) -> Client:
    """A browser or program of a role; of a wall, one that has nothing but its address."""
    if role in PEOPLE:
        return await office.signed_in(role, "Ana Ruiz" if role is ADVISER else "")
    return await office.with_key(role) if role in {INTEGRATION, SITE} else await office.visitor()


@pytest.mark.parametrize("role", [None, *PEOPLE, *KEYS])
def test_each_address_opens_to_those_of_the_table(calls: Engine, role: Role | None) -> None:
    async def scenario(office: Office) -> None:
        key = office.key(WALL) if role is WALL else THINGS["key"]
        client = await asker(office, role)
        for method, path in sorted(addresses(office), key=lambda address: address[1] == LAST):
            who = MAY["GET" if method == "HEAD" else method, path]
            address = path.format_map(THINGS | {"key": key} if who is WALL_KEY else THINGS)
            async with client.request(method, address, allow_redirects=False) as response:
                turned_away = refused(response) or (who is WALL_KEY and response.status == 404)
                assert turned_away == (role not in who), f"{method} {address}: {response.status}"
                assert response.status != 500
                assert_guarded(response)

    run_office(calls, scenario)


@pytest.mark.parametrize("role", PEOPLE)
def test_whole_numbers_are_taken_away_only_by_those_who_may(calls: Engine, role: Role) -> None:
    async def scenario(office: Office) -> None:
        client = await asker(office, role)
        masked = await (await client.get("/llamadas.csv")).text()
        assert "573000000" not in masked
        whole = await client.get("/llamadas.csv?numeros=completos")
        assert refused(whole) == (role not in CITIZENS)

    run_office(calls, scenario)


@pytest.mark.parametrize("path", ["/llamadas", "/cuenta", "/administracion/personas", "/api/v1/board"])
def test_keys_open_nothing_where_they_do_not_belong(calls: Engine, path: str) -> None:
    async def scenario(office: Office) -> None:
        for role in KEYS:
            secret = office.key(role)
            as_cookie = await office.visitor(Cookie=f"{COOKIE}={secret}")
            assert refused(await as_cookie.get(path, allow_redirects=False))
            as_bearer = await office.visitor(Authorization=f"Bearer {secret}")
            assert (await as_bearer.get(path, allow_redirects=False)).status == (401 if role is WALL else 403)
        visitor = await office.visitor()
        assert (await visitor.get(f"/pared/{office.key(INTEGRATION)}")).status == 404
        session = office.session(office.person(ADMINISTRATOR))
        assert (await visitor.get(f"/pared/{session}")).status == 404
        bearer = await office.visitor(Authorization=f"Bearer {session}")
        assert (await bearer.get("/cuenta")).status == 401

    run_office(calls, scenario)


def test_wrong_key_is_refused_even_where_none_is_asked(calls: Engine) -> None:
    async def scenario(office: Office) -> None:
        visitor = await office.visitor()
        for said in ("Bearer", "Bearer ", "Bearer x", "bearer", "Basic YTpi", "Bearer \udcff", "Bearer " + "x" * 5000):
            headers = {hdrs.AUTHORIZATION: said}
            response = await visitor.get("/healthz", headers=headers)
            assert response.status == 401, said
            answer = await visitor.get("/api/v1/board", headers=headers)
            assert (answer.status, answer.headers[hdrs.WWW_AUTHENTICATE]) == (401, "Bearer")
            assert (await answer.json())["error"]["code"] == "not_signed_in"

    run_office(calls, scenario)


def test_session_ends_when_it_is_not_used_and_at_the_latest_after_twelve_hours(calls: Engine) -> None:
    async def scenario(office: Office) -> None:
        idle, busy = await office.signed_in(SUPERVISOR), await office.signed_in(SUPERVISOR)
        for _ in range(24):
            office.clock.offset += timedelta(minutes=29, seconds=55)
            assert (await busy.get("/cuenta", allow_redirects=False)).status == 200
            assert (await idle.get("/estatico/contesta.css")).status == 200, "what is public uses no session"
        assert refused(await idle.get("/cuenta", allow_redirects=False)), "nobody used it for half an hour"
        office.clock.offset += timedelta(minutes=3)
        assert refused(await busy.get("/cuenta", allow_redirects=False)), "twelve hours are over"

    run_office(calls, scenario)


def test_session_idles_exactly_half_an_hour(calls: Engine) -> None:
    async def scenario(office: Office) -> None:
        client = await office.signed_in(SUPERVISOR)
        office.clock.offset += timedelta(minutes=29)
        assert not refused(await client.get("/cuenta", allow_redirects=False))
        office.clock.offset += timedelta(minutes=30, seconds=1)
        assert refused(await client.get("/cuenta", allow_redirects=False))

    run_office(calls, scenario)


def test_key_ends_on_its_day_and_when_it_is_taken_back(calls: Engine) -> None:
    async def scenario(office: Office) -> None:
        program = await office.with_key()
        keys = office.app[KEYS_MADE]
        assert (await program.get("/cuenta")).status == 403, "the key is known, but opens no account"
        (made,) = keys.all()
        keys.revoke(made.id, office.clock())
        assert (await program.get("/cuenta")).status == 401
        wall = office.key(WALL)
        visitor = await office.visitor()
        assert (await visitor.get(f"/pared/{wall}")).status == 200
        office.clock.offset += timedelta(days=31)
        assert (await visitor.get(f"/pared/{wall}")).status == 404

    run_office(calls, scenario)


def test_administrator_without_a_second_factor_is_nobody(calls: Engine) -> None:
    async def scenario(office: Office) -> None:
        client = await office.signed_in(SUPERVISOR, login="promoted")
        assert not refused(await client.get("/cuenta", allow_redirects=False))
        person = office.person(SUPERVISOR, login="promoted")
        office.app[people.PEOPLE].describe(person.id, role=ADMINISTRATOR, agent="")
        assert refused(await client.get("/cuenta", allow_redirects=False))

    run_office(calls, scenario)


def test_adviser_without_an_advisers_name_has_no_calls(calls: Engine) -> None:
    async def scenario(office: Office) -> None:
        adviser = await office.signed_in(ADVISER)
        for path in ("/llamadas", f"/llamadas/{uid(0)}", "/llamadas.csv", "/api/v1/calls", f"/api/v1/calls/{uid(0)}"):
            assert (await adviser.get(path)).status == 403
        assert (await adviser.get("/cuenta")).status == 200

    run_office(calls, scenario)


OTHERS = "https://malo.example"


SENDERS: tuple[tuple[dict[str, str], bool], ...] = (
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "none"}, True),
    ({"Sec-Fetch-Site": "same-site"}, False),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": ""}, False),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "OURS"}, False),
    ({"Origin": "OURS"}, True),
    ({"Origin": OTHERS}, False),
    ({"Origin": "null"}, False),
    ({"Origin": "OURS.malo.example"}, False),
    ({"Origin": "http://127.0.0.1"}, False),
    ({}, False),
    ({"Origin": ""}, False),
    ({"Origin": "OURS", "Referer": OTHERS}, True),
)
"""What a browser tells of where a request comes from, and whether it is from a page of ours."""


def test_only_our_own_pages_may_change_anything(calls: Engine) -> None:
    async def scenario(office: Office) -> None:
        visitor = await office.stranger()
        for number, (headers, passes) in enumerate(SENDERS):
            person = office.person(SUPERVISOR, login=f"p{number}")
            sent = {name: value.replace("OURS", office.address) for name, value in headers.items()}
            sent[hdrs.COOKIE] = f"{COOKIE}={office.session(person)}"
            response = await visitor.post("/cuenta/atajos", data={}, headers=sent, allow_redirects=False)
            assert response.status == (303 if passes else 403), headers
            assert office.find(person).shortcuts is not passes
            del sent[hdrs.COOKIE]
            form = await visitor.post("/ingreso", data={"login": f"x{number}", "password": "b"}, headers=sent)
            assert ("no coinciden" in await form.text()) is passes, "nobody is signed in from elsewhere either"

    run_office(calls, scenario)


HOSTS = (
    ("contesta.entidad.gov.co", 303),
    ("CONTESTA.entidad.gov.co", 303),
    ("contesta.entidad.gov.co:443", 303),
    ("127.0.0.1:8080", 303),
    ("contesta.entidad.gov.co:8080", 421),
    ("malo.contesta.entidad.gov.co", 421),
    ("contesta.entidad.gov.co.malo.example", 421),
    ("malo.example", 421),
    ("a@contesta.entidad.gov.co", 421),
    ("contesta.entidad.gov.co/x", 421),
    ("[::1", 421),
    ("", 421),
)


def test_only_the_names_of_the_settings_are_answered(calls: Engine) -> None:
    origin = "https://contesta.entidad.gov.co"

    async def scenario(office: Office) -> None:
        for host, status in HOSTS:
            visitor = await office.visitor(Host=host)
            response = await visitor.get("/", allow_redirects=False)
            assert response.status == status, host
            assert "Strict-Transport-Security" in response.headers
            form = {"login": f"at {host}", "password": "b"}
            posted = await visitor.post("/ingreso", data=form, headers={"Origin": origin})
            assert ("no coinciden" in await posted.text()) is (status == 303)

    run_office(calls, scenario, web_origin=origin)


def test_page_marks_its_scripts_with_a_word_of_its_own(calls: Engine) -> None:
    async def scenario(office: Office) -> None:
        visitor = await office.visitor()
        policies = [(await visitor.get("/ingreso")).headers["Content-Security-Policy"] for _ in range(2)]
        assert policies[0] != policies[1]
        for policy in policies:
            assert "default-src 'none'" in policy
            assert "script-src 'self' 'nonce-" in policy
            assert "unsafe" not in policy

    run_office(calls, scenario)


def test_who_asks_too_often_is_turned_away_and_others_are_not(calls: Engine) -> None:
    async def scenario(office: Office) -> None:
        greedy, other = await office.signed_in(SUPERVISOR), await office.signed_in(AUDITOR)
        answers = [(await greedy.get("/cuenta")).status for _ in range(61)]
        assert answers == [200] * 60 + [429]
        again = await greedy.get("/api/v1/board")
        assert (again.status, again.headers[hdrs.RETRY_AFTER]) == (429, "60")
        assert (await again.json())["error"]["code"] == "too_many_requests"
        assert (await other.get("/cuenta")).status == 200

    run_office(calls, scenario, web_requests_per_minute=60)


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("192.0.2.1", "203.0.113.9", "127.0.0.1"),
        ("", "203.0.113.9", "127.0.0.1"),
    ],
)
def test_only_our_own_proxy_tells_where_a_request_comes_from(
    calls: Engine, peer: str, forwarded: str, seen: str
) -> None:
    async def scenario(office: Office) -> None:
        office.person(SUPERVISOR)
        visitor = await office.visitor(**{"X-Forwarded-For": forwarded})
        await visitor.post("/ingreso", data={"login": "supervisor", "password": "x"})
        (line,) = office.accesses()
        assert line.address == seen

    run_office(calls, scenario, web_proxy=peer)


HOSTILE = ["\x00", "a\x00b", "\x1b[31m", "\x7f", "x" * 70_000, "%", "&", "=", "' OR 1=1 --", "../../etc/passwd"]


@pytest.mark.parametrize("path", ["/administracion/accesos", "/ingreso"])
def test_hostile_text_in_addresses_breaks_nothing(calls: Engine, path: str) -> None:
    async def scenario(office: Office) -> None:
        client = await office.signed_in(ADMINISTRATOR)
        for text in HOSTILE:
            for name in ("desde", "hasta", "quien", "que", "antes", "volver", text[:50]):
                response = await client.get(path, params={name: text[:5000]}, allow_redirects=False)
                assert response.status in {200, 303, 400}, (name, text[:20])
                assert_guarded(response)

    run_office(calls, scenario)


@pytest.mark.parametrize("path", ["/invitacion/", "/pared/", "/llamadas/", "/estatico/"])
def test_hostile_parts_of_addresses_are_of_nothing(calls: Engine, path: str) -> None:
    async def scenario(office: Office) -> None:
        client = await office.signed_in(ADMINISTRATOR)
        for text in HOSTILE:
            response = await client.get(URL(path + quote(text[:4000], safe=""), encoded=True))
            assert response.status in {400, 404}, text[:20]

    run_office(calls, scenario)


def test_what_is_not_allowed_is_logged(calls: Engine) -> None:
    async def scenario(office: Office) -> None:
        auditor = await office.signed_in(AUDITOR)
        with structlog.testing.capture_logs() as logged:
            await auditor.get("/administracion/personas")
            await auditor.post("/cuenta/atajos", data={}, headers={"Sec-Fetch-Site": "cross-site"})
        told = [(line["event"], line.get("who"), line["path"]) for line in logged if "path" in line]
        assert told == [
            ("not allowed", "auditor", "/administracion/personas"),
            ("a request that did not come from our pages", None, "/cuenta/atajos"),
        ]

    run_office(calls, scenario)


def test_what_nobody_expected_is_told_without_details(calls: Engine, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_request: web.Request) -> web.StreamResponse:
        raise ValueError("a detail of ours")

    async def scenario(office: Office) -> None:
        app = web.Application(middlewares=[guard.errors_are_told])
        app[SETTINGS] = office.settings
        app.on_response_prepare.append(guard.add_headers)
        routes.register(app, [routes.Route(method="GET", path="/", handler=broken, permission=None)])
        async with TestClient(TestServer(app)) as client:
            response = await client.get("/")
            assert response.status == 500
            assert "a detail of ours" not in await response.text()
            assert "Traceback" not in await response.text()
            assert_guarded(response)
        assert "a detail of ours" in caplog.text

    run_office(calls, scenario)


def test_every_test_that_the_page_on_security_names_is_there() -> None:
    tests = Path(__file__).parent
    named = re.findall(r"`(test_[a-z0-9_]+)`", (tests.parent / "docs" / "security.md").read_text(encoding="utf-8"))
    written = "".join(file.read_text(encoding="utf-8") for file in tests.glob("test_*.py"))
    assert len(named) > 50
    assert set(named) - set(re.findall(r"def (test_\w+)", written)) == set()
