"""Administering people and keys, and reading the access log; on pages and with `contesta users`."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from aiohttp import ClientResponse
from sqlalchemy import Engine
from typer.testing import CliRunner

from contesta import accounts
from contesta.cli import app as commands
from contesta.settings import Settings
from contesta.users import first_invitation
from contesta.web.access import Action, Role
from contesta.web.people import PEOPLE
from contesta.web.sessions import KEYS_MADE, digest
from core.errors import ConfigurationError
from storage.database import connect
from storage.migrate import upgrade
from storage.people import Acceptance, People
from storage.people_access_log import AccessFilter, AccessLog
from tests.web import FACTOR_SEED, PASSWORD_HASH, Client, Office, assert_guarded, run_office

PEOPLE_PAGE = "/administracion/personas"
KEYS_PAGE = "/administracion/claves"
LOG_PAGE = "/administracion/accesos"

EVIL = """<script>document.title='owned'</script>"><img src=x onerror=alert(1)>' -- {{7*7}}"""
HOSTILE = (
    EVIL,
    "' OR 1=1 --",
    "=HYPERLINK(1)",
    "%00",
    "..%2f..%2fetc%2fpasswd",
    "\u202e\u200b",
    "🦤" * 20,
    "a\x00b",
    "\x1b[31m",
    "\r\nSet-Cookie: a=b",
    "x" * 5000,
    "",
)


async def post(client: Client, address: str, **form: str) -> ClientResponse:
    return await client.post(address, data=form, allow_redirects=False)


async def invite(client: Client, **changed: str) -> ClientResponse:
    form = {"name": "Carlos Rojas", "login": "carlos.rojas", "role": "supervisor", "agent": ""} | changed
    return await post(client, PEOPLE_PAGE, **form)


def link_in(page: str) -> str:
    found = re.search(r'class="secret">https?://[^/]+(/[^<]+)<', page)
    assert found is not None
    return found[1]


def done(office: Office, action: Action) -> list[tuple[str, str]]:
    return [(line.who, line.what) for line in office.accesses(action)]


def test_invited_person_comes_in_by_the_link(engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        administrator = await office.signed_in(Role.ADMINISTRATOR)
        response = await invite(administrator, role="adviser", agent="Ana Ruiz")
        page = await response.text()
        assert response.status == 200
        assert "Sirve una sola vez" in page
        address = link_in(page)
        assert "Carlos Rojas" in await (await administrator.get(PEOPLE_PAGE)).text()
        browser = await office.visitor()
        chosen = {"name": "Carlos Rojas", "password": "una frase larga y propia", "code": ""}
        assert (await post(browser, address, again=chosen["password"], **chosen)).status == 303
        assert (await browser.get("/llamadas")).status == 200
        assert done(office, Action.PERSON_INVITED) == [("administrator", "carlos.rojas (Asesor)")]
        assert address.rpartition("/")[2] not in str(office.accesses()), "no secret in the log"

    run_office(engine, scenario)


def test_same_name_twice_is_told_and_the_form_kept(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        administrator = await office.signed_in(Role.ADMINISTRATOR)
        await invite(administrator)
        response = await invite(administrator, name="Otro Carlos")
        assert response.status == 400
        page = unescape(await response.text())
        assert "Ya hay una cuenta con el usuario «carlos.rojas». Elija otro usuario." in page
        assert 'value="Otro Carlos"' in page

    run_office(sqlite_engine, scenario)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"login": "Carlos"}, "«login» tiene caracteres"),
        ({"login": "a b"}, "«login» tiene caracteres"),
        ({"login": "ñandú"}, "«login» tiene caracteres"),
        ({"login": "x" * 61}, "«login»"),
        ({"name": "   "}, "«name» es muy corto"),
        ({"name": "x" * 81}, "«name» es muy largo: máximo 80 caracteres"),
        ({"role": "wall"}, "no es de una persona"),
        ({"role": "root"}, "«role» debe ser uno de"),
        ({"other": "1"}, "«other» no se conoce aquí"),
        ({"name": "a\x00b"}, "caracteres que no se pueden escribir"),
    ],
)
def test_what_cannot_be_is_told_with_its_field(sqlite_engine: Engine, changed: dict[str, str], says: str) -> None:
    async def scenario(office: Office) -> None:
        administrator = await office.signed_in(Role.ADMINISTRATOR)
        response = await invite(administrator, **changed)
        assert response.status == 400
        assert says in unescape(await response.text())
        assert len(office.app[PEOPLE].everybody()) == 1

    run_office(sqlite_engine, scenario)


def test_role_changes_at_once_in_sessions_that_go_on(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        administrator = await office.signed_in(Role.ADMINISTRATOR)
        other = await office.signed_in(Role.SUPERVISOR)
        address = f"{PEOPLE_PAGE}/{office.person(Role.SUPERVISOR).id}"
        assert (await other.get("/tablero")).status == 200
        assert (await post(administrator, address, role="adviser", agent="Luis Peña")).status == 303
        assert (await other.get("/tablero")).status == 403
        assert (await other.get("/llamadas")).status == 200
        assert done(office, Action.PERSON_CHANGED) == [("administrator", "supervisor (Asesor, Luis Peña)")]

    run_office(sqlite_engine, scenario)


def test_who_becomes_an_administrator_is_invited_anew_for_the_second_factor(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        administrator = await office.signed_in(Role.ADMINISTRATOR)
        other = await office.signed_in(Role.SUPERVISOR)
        person = office.person(Role.SUPERVISOR)
        response = await post(administrator, f"{PEOPLE_PAGE}/{person.id}", role="administrator", agent="")
        assert response.status == 200
        page = await (await office.visitor()).get(link_in(await response.text()))
        assert "Segundo factor" in await page.text()
        assert (await other.get("/cuenta", allow_redirects=False)).status == 303
        assert office.find(person).password_hash is None

    run_office(sqlite_engine, scenario)


def test_disabled_and_reset_people_are_out_at_once(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        administrator = await office.signed_in(Role.ADMINISTRATOR)
        for role, act, action in (
            (Role.SUPERVISOR, "desactivar", Action.PERSON_DISABLED),
            (Role.AUDITOR, "invitacion", Action.PERSON_RESET),
        ):
            other, person = await office.signed_in(role), office.person(role)
            assert (await other.get("/cuenta", allow_redirects=False)).status == 200
            response = await post(administrator, f"{PEOPLE_PAGE}/{person.id}/{act}")
            assert response.status in {200, 303}
            assert (await other.get("/cuenta", allow_redirects=False)).status == 303
            assert done(office, action) == [("administrator", person.login)]

    run_office(sqlite_engine, scenario)


def test_nobody_takes_the_own_account_away(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        administrator = await office.signed_in(Role.ADMINISTRATOR)
        person = office.person(Role.ADMINISTRATOR)
        address = f"{PEOPLE_PAGE}/{person.id}"
        assert "Es su propia cuenta" in await (await administrator.get(address)).text()
        for act, form in (("", {"role": "auditor", "agent": ""}), ("/desactivar", {}), ("/invitacion", {})):
            response = await post(administrator, address + act, **form)
            assert response.status == 409
            assert "cuenta propia" in await response.text()
        assert office.find(person) == person

    run_office(sqlite_engine, scenario)


def test_key_is_shown_once_opens_what_it_is_for_and_is_taken_back(engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        administrator = await office.signed_in(Role.ADMINISTRATOR)
        page = await (await post(administrator, KEYS_PAGE, kind="wall", label="Piso 2", days="7")).text()
        wall = link_in(page)
        assert wall.startswith("/pared/")
        page = await (await post(administrator, KEYS_PAGE, kind="integration", label="Cubo", days="7")).text()
        shown = re.search(r'class="secret">([^<]+)<', page)
        assert shown is not None
        program = await office.visitor(Authorization=f"Bearer {shown[1]}")
        assert (await program.get("/metrics")).status == 200
        listed = await (await administrator.get(KEYS_PAGE)).text()
        assert "Piso 2" in listed
        assert shown[1] not in listed
        made = {key.label: key for key in office.app[KEYS_MADE].all()}
        assert made["Cubo"].used_at is not None
        assert (await post(administrator, f"{KEYS_PAGE}/{made['Cubo'].id}/retirar")).status == 303
        assert (await program.get("/metrics")).status == 401
        assert (await post(administrator, f"{KEYS_PAGE}/{made['Cubo'].id}/retirar")).status == 404
        assert done(office, Action.KEY_REVOKED) == [("administrator", "Cubo (Otro programa)")]
        assert len(done(office, Action.KEY_MADE)) == 2

    run_office(engine, scenario)


@pytest.mark.parametrize(
    "form",
    [
        {"kind": "supervisor", "label": "x", "days": "1"},
        {"kind": "wall", "label": "", "days": "1"},
        {"kind": "wall", "label": "x", "days": "0"},
        {"kind": "wall", "label": "x", "days": "367"},
        {"kind": "wall", "label": "x", "days": "1e9"},
        {"kind": "wall", "label": "x", "days": "9" * 5000},
    ],
)
def test_key_that_cannot_be_is_not_made(sqlite_engine: Engine, form: dict[str, str]) -> None:
    async def scenario(office: Office) -> None:
        administrator = await office.signed_in(Role.ADMINISTRATOR)
        assert (await post(administrator, KEYS_PAGE, **form)).status == 400
        assert office.app[KEYS_MADE].all() == ()

    run_office(sqlite_engine, scenario)


def test_access_log_is_filtered_and_paged(engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        administrator = await office.signed_in(Role.ADMINISTRATOR)
        for number in range(60):
            await post(administrator, KEYS_PAGE, kind="wall", label=f"Pared {number}", days="7")
        visitor = await office.visitor()
        await post(visitor, "/ingreso", login="nobody", password="x")

        async def told(query: str) -> tuple[list[str], str]:
            page = unescape(await (await administrator.get(LOG_PAGE + query)).text())
            older = re.search(r'href="([^"]+)" rel="next"', page)
            return re.findall(r"(?:Pared [0-9]+|Ingreso rechazado)(?=[ <])", page.partition("<tbody")[2]), (
                older[1].removeprefix(LOG_PAGE) if older else ""
            )

        seen, query = [], "?que=key_made&quien=administrator"
        while query:
            lines, query = await told(query)
            seen += lines
        assert seen == [f"Pared {number}" for number in reversed(range(60))]
        assert (await told(""))[0][0] == "Ingreso rechazado"
        assert await told("?quien=nobody") == ([], "")
        today = f"{office.clock().astimezone(UTC) - timedelta(hours=5):%Y-%m-%d}"
        assert len((await told(f"?desde={today}&hasta={today}"))[0]) == 50
        assert await told("?hasta=2025-01-01") == ([], "")
        for wrong in ("?desde=ayer", "?desde=0001-01-01", "?que=nada", "?antes=x", "?antes=99999999999", "?otro=1"):
            response = await administrator.get(LOG_PAGE + wrong)
            assert response.status == 400
            assert_guarded(response)

    run_office(engine, scenario)


FORMS = (
    ("/ingreso", {"login": "a", "password": "b", "code": "", "volver": ""}),
    ("/cuenta/clave", {"current": "a", "password": "b", "again": "c"}),
    ("/cuenta/atajos", {"shortcuts": "on"}),
    (PEOPLE_PAGE, {"name": "a", "login": "abc", "role": "auditor", "agent": ""}),
    (KEYS_PAGE, {"kind": "wall", "label": "a", "days": "1"}),
)


@pytest.mark.parametrize(("address", "form"), FORMS)
def test_hostile_values_in_every_field_are_text_or_refused(engine: Engine, address: str, form: dict[str, str]) -> None:
    async def scenario(office: Office) -> None:
        administrator = await office.signed_in(Role.ADMINISTRATOR)
        for field in form:
            for value in HOSTILE:
                response = await post(administrator, address, **form | {field: value})
                page = await response.text()
                assert response.status in {200, 303, 400, 403, 429}, (field, value[:20])
                assert "<script>document" not in page
                assert "<img src=x" not in page
                assert_guarded(response)
        for page_address in (PEOPLE_PAGE, KEYS_PAGE, LOG_PAGE, "/cuenta"):
            response = await administrator.get(page_address)
            assert response.status == 200
            page = await response.text()
            assert "<script>document" not in page
            assert "<img src=x" not in page

    run_office(engine, scenario)


def test_hostile_bodies_are_refused(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        administrator = await office.signed_in(Role.ADMINISTRATOR)
        form = "application/x-www-form-urlencoded"
        for kind, body, status in (
            ("application/json", b"{}", 415),
            ("multipart/form-data; boundary=x", b"--x--", 415),
            ("text/plain", b"kind=wall", 415),
            ("", b"", 415),
            (form, b"x" * 100_000, 413),
            (form, b"%ff%fe=%00&&&===;;", 400),
            (f"{form}; charset=nothing", b"kind=wall", 400),
            (f"{form}; charset=utf-16", b"\xff\xfe\x00", 400),
            (form, b"kind=wall&kind=wall&label=a&days=1", 400),
            (form, b"&".join(b"a%d=1" % number for number in range(7000)), 413),
        ):
            headers = {"Content-Type": kind}
            response = await administrator.post(KEYS_PAGE, data=body, headers=headers)
            assert response.status == status, (kind, body[:20])
            assert_guarded(response)
        assert office.app[KEYS_MADE].all() == ()

    run_office(sqlite_engine, scenario)


def run_users(settings: Settings, *arguments: str) -> str:
    """Run `contesta users` with these settings, and give what it prints."""
    result = CliRunner().invoke(commands, ["users", *arguments], obj=None, env=settings.as_child_environment())
    if isinstance(result.exception, ConfigurationError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_users_in_the_terminal(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert "Todavía no hay cuentas" in run_users(settings)
    told = run_users(settings, "invite", "ana.ruiz", "--name", "Ana Ruiz", "--role", "asesor", "--agent", "Ana Ruiz")
    first = re.search(r"http://127\.0\.0\.1:8080/invitacion/\S{43}", told)
    assert first is not None
    listed = run_users(settings)
    assert "ana.ruiz" in listed
    assert "Invitada hasta" in listed
    second = run_users(settings, "reset", "Ana.Ruiz")
    assert first[0] not in second
    assert "ya no puede ingresar" in run_users(settings, "disable", "ana.ruiz")
    assert "Desactivada" in run_users(settings)
    luz = ("invite", "luz", "--name", "Luz", "--role", "supervisor", "--extension")
    with pytest.raises(ConfigurationError, match="Inicie la línea con: make run"):
        run_users(settings, *luz, "monitoreo2")
    accounts.ensure(settings.secrets_file)
    with pytest.raises(ConfigurationError, match="«asesor1»; los que hay son: monitoreo1, monitoreo2, monitoreo3"):
        run_users(settings, *luz, "asesor1")
    run_users(settings, *luz, "monitoreo2")
    with pytest.raises(ConfigurationError, match="no hay ninguna cuenta «nadie»"):
        run_users(settings, "disable", "nadie")
    engine = connect(settings.ledger_url)
    listens = People(engine).named("luz")
    assert listens is not None
    assert listens.extension == "monitoreo2"
    log = AccessLog(engine).read(AccessFilter()).lines
    assert [(line.who, line.action) for line in log] == [
        ("contesta users", "person_invited"),
        ("contesta users", "person_disabled"),
        ("contesta users", "person_reset"),
        ("contesta users", "person_invited"),
    ]
    engine.dispose()


def test_first_administrator_is_invited_until_there_is_one(engine: Engine) -> None:
    upgrade(engine)
    settings, now = Settings(web_origin="https://contesta.entidad.gov.co"), datetime.now(UTC)
    people = People(engine)
    first = first_invitation(settings, engine, now)
    second = first_invitation(settings, engine, now)
    assert first != second
    assert second.startswith("https://contesta.entidad.gov.co/invitacion/")
    (person,) = people.everybody()
    assert (person.login, person.role) == ("administracion", Role.ADMINISTRATOR)

    async def scenario(office: Office) -> None:
        visitor = await office.visitor()
        assert (await visitor.get(first.removeprefix(settings.web_origin))).status == 404
        assert (await visitor.get(second.removeprefix(settings.web_origin))).status == 200

    run_office(engine, scenario)
    chosen = Acceptance(name="Luz", password_hash=PASSWORD_HASH, factor_seed=FACTOR_SEED, factor_step=0)
    third = first_invitation(settings, engine, now)
    invited = people.named("administracion")
    assert invited is not None
    assert people.accept(digest(third.rpartition("/")[2]), chosen, now) is not None
    assert first_invitation(settings, engine, now) == ""
    people.disable(invited.id, now)
    assert first_invitation(settings, engine, now) != "", "nobody else can administer"
    assert {person.login for person in people.everybody()} == {"administracion", "administracion2"}
    disabled = people.named("administracion")
    assert disabled is not None
    assert disabled.disabled_at is not None, "who was disabled stays so"
