"""Signing in and out, invitations and the own account."""

import asyncio
import re
from datetime import timedelta
from html import unescape
from typing import Literal

import pyotp
import pytest
from aiohttp import ClientResponse, hdrs
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY
from sqlalchemy import Engine

from contesta.web import sessions
from contesta.web.access import HOME, Action, Role
from contesta.web.app import Policy
from contesta.web.factors import FACTORS, STEP_SECONDS, seed_of
from contesta.web.limits import SignInRates
from contesta.web.passwords import PASSWORDS, Passwords, weakness
from contesta.web.people import INVITED_FOR, PEOPLE, new_invitation
from storage.people import NewPerson
from tests.web import FACTOR_SEED, HASHER, PASSWORD, PASSWORD_HASH, Client, Office, run_office

WRONG = "no coinciden"
LOCKED = "demasiados intentos"
CHOSEN = "una frase larga y propia"


async def sign_in(client: Client, login: str, password: str = PASSWORD, code: str = "", **more: str) -> ClientResponse:
    form = {"login": login, "password": password, "code": code} | more
    return await client.post("/ingreso", data=form, allow_redirects=False)


def code_of(office: Office, seed: bytes = FACTOR_SEED, steps: int = 0) -> str:
    """What somebody's telephone shows now, or that many times 30 s later."""
    moment = office.clock() + timedelta(seconds=STEP_SECONDS * steps)
    return pyotp.TOTP(office.app[FACTORS].secret(seed)).at(moment)


async def is_in(client: Client) -> bool:
    response = await client.get("/cuenta", allow_redirects=False)
    assert response.status in {200, 303}
    return response.status == 200


def lines(office: Office, action: Action) -> list[tuple[str, str]]:
    return [(line.who, line.what) for line in office.accesses(action)]


def invite(office: Office, role: Role = Role.SUPERVISOR, login: str = "nueva") -> str:
    """Invite somebody, and give the address of the invitation."""
    secret, invitation = new_invitation(office.clock())
    office.app[PEOPLE].add(NewPerson(login=login, name="Nueva Persona", role=role), invitation, office.clock())
    return f"/invitacion/{secret}"


async def accept(client: Client, address: str, code: str = "", **more: str) -> ClientResponse:
    form = {"name": "Nueva Persona", "password": CHOSEN, "again": CHOSEN, "code": code} | more
    return await client.post(address, data=form, allow_redirects=False)


def seed_in(address: str) -> bytes:
    return seed_of(address.removeprefix("/invitacion/"))


def test_signs_in_where_it_was_going_and_out(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        office.person(Role.SUPERVISOR)
        browser = await office.visitor()
        refused = await browser.get("/cuenta?x=1", allow_redirects=False)
        assert (refused.status, refused.headers["Location"]) == (303, "/ingreso?volver=/cuenta?x%3D1")
        form = await (await browser.get(refused.headers["Location"])).text()
        assert 'name="volver" value="/cuenta?x=1"' in form
        response = await sign_in(browser, "Supervisor", volver="/cuenta?x=1")
        assert (response.status, response.headers["Location"]) == (303, "/cuenta?x=1")
        cookie = response.headers[hdrs.SET_COOKIE]
        assert cookie.startswith("__Host-contesta=")
        assert {"HttpOnly", "Path=/", "SameSite=Strict", "Secure"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        assert await is_in(browser)
        again = await browser.get("/ingreso", allow_redirects=False)
        assert (again.status, again.headers["Location"]) == (303, "/tablero")
        out = await browser.post("/salir", allow_redirects=False)
        assert (out.status, out.headers["Location"]) == (303, "/ingreso")
        assert "storage" in out.headers["Clear-Site-Data"]
        assert not await is_in(browser)
        assert lines(office, Action.SIGNED_IN) == lines(office, Action.SIGNED_OUT) == [("supervisor", "")]

    run_office(sqlite_engine, scenario)


@pytest.mark.parametrize(
    "back",
    [
        "https://malo.example/",
        "//malo.example",
        "/\\malo.example",
        "\\\\malo.example",
        "/%5cmalo.example",
        "/%2f/malo.example",
        "%2f%2fmalo.example",
        "javascript:alert(1)",
        "malo",
        "/ingreso?volver=/x",
        "/\t/malo.example",
        "",
    ],
)
def test_sign_in_leads_nowhere_else(sqlite_engine: Engine, back: str) -> None:
    async def scenario(office: Office) -> None:
        office.person(Role.AUDITOR)
        response = await sign_in(await office.visitor(), "auditor", volver=back)
        assert response.status in {303, 400}
        assert response.headers.get("Location", HOME[Role.AUDITOR]) == HOME[Role.AUDITOR]

    run_office(sqlite_engine, scenario)


def test_token_changes_with_each_sign_in_and_only_its_hash_is_kept(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        person = office.person(Role.SUPERVISOR)
        browser = await office.visitor()
        await sign_in(browser, "supervisor")
        first = browser.session.cookie_jar.filter_cookies(browser.make_url("/"))[sessions.COOKIE].value
        await sign_in(browser, "supervisor")
        second = browser.session.cookie_jar.filter_cookies(browser.make_url("/"))[sessions.COOKIE].value
        assert first != second
        assert len(second) >= 43, "256 bits"
        fixed = await office.visitor(Cookie=f"{sessions.COOKIE}={first}")
        assert not await is_in(fixed), "the former session ended"
        assert len(office.app[sessions.SESSIONS].of(person.id, office.clock())) == 1
        chosen = await office.visitor(Cookie=f"{sessions.COOKIE}=chosen-by-somebody-else")
        response = await sign_in(chosen, "supervisor")
        assert "chosen-by-somebody-else" not in response.headers[hdrs.SET_COOKIE]
        with sqlite_engine.connect() as connection:
            kept = str(connection.connection.execute("SELECT * FROM web_session").fetchall())
        assert second not in kept

    run_office(sqlite_engine, scenario)


def failures(office: Office) -> dict[str, dict[str, str]]:
    """Ways to fail, all but the first with an account that there is."""
    people, administrator = office.app[PEOPLE], office.person(Role.ADMINISTRATOR)
    office.person(Role.SUPERVISOR)
    people.disable(office.person(Role.AUDITOR, login="disabled").id, office.clock())
    invite(office, login="invited")
    right = code_of(office)
    return {
        "no such account": {"login": "nobody", "password": PASSWORD},
        "wrong password": {"login": "supervisor", "password": PASSWORD + "x"},
        "password of another case": {"login": "supervisor", "password": PASSWORD.upper()},
        "spaces about it": {"login": "supervisor", "password": f" {PASSWORD} "},
        "no password": {"login": "supervisor", "password": ""},
        "disabled": {"login": "disabled", "password": PASSWORD},
        "not accepted yet": {"login": "invited", "password": ""},
        "no code": {"login": administrator.login, "password": PASSWORD},
        "wrong code": {"login": administrator.login, "password": PASSWORD, "code": "000000"},
        "wrong password, right code": {"login": administrator.login, "password": "x", "code": right},
        "no account, right code": {"login": "nobody", "password": PASSWORD, "code": right},
        "SQL": {"login": "' OR 1=1 --", "password": "' OR 1=1 --"},
    }


def test_whatever_is_wrong_the_answer_is_the_same_and_so_is_the_work(sqlite_engine: Engine) -> None:
    class Counting(PasswordHasher):
        """Counts what work was done."""

        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002  its name there
            done.append(repr(extract_parameters(str(hash))))
            return super().verify(hash, password)

    done: list[str] = []

    async def scenario(office: Office) -> None:
        counting = Counting(time_cost=1, memory_cost=8, parallelism=1)
        office.app[PASSWORDS].close()
        office.app._state[PASSWORDS] = Passwords(counting)  # noqa: SLF001  the application is frozen
        seen = set()
        for how, form in failures(office).items():
            before = len(done)
            response = await sign_in(await office.visitor(), **form)
            page = (await response.text()).replace(unescape(form["login"]), "")
            seen.add((response.status, re.sub(r'value="[^"]*"', "", page), hdrs.SET_COOKIE in response.headers))
            assert len(done) == before + 1, how
        assert len(seen) == 1
        ((status, page, cookie),) = seen
        assert (status, cookie) == (403, False)
        assert WRONG in page
        assert len(set(done)) == 1, "hashed as hard, whether there is an account or not"

    run_office(sqlite_engine, scenario)


def test_refusals_are_logged_without_what_was_typed(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        for form in failures(office).values():
            await sign_in(await office.visitor(), **form)
        who = {line.who for line in office.accesses(Action.SIGN_IN_REFUSED)}
        assert who == {"(cuenta desconocida)", "supervisor", "disabled", "invited", "administrator"}
        assert PASSWORD not in str(office.accesses())

    run_office(sqlite_engine, scenario)


def test_passwords_are_hashed_as_hard_as_recommended(sqlite_engine: Engine) -> None:
    """Of RFC 9106, section 4, the second choice: 64 MiB, three passes."""
    used = Policy().hasher
    assert (used.type.name, used.memory_cost, used.time_cost) == ("ID", 65_536, 3)
    assert used.memory_cost >= RFC_9106_LOW_MEMORY.memory_cost

    async def scenario(office: Office) -> None:
        person = office.person(Role.SUPERVISOR)
        stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
        office.app[PASSWORDS].close()
        office.app._state[PASSWORDS] = Passwords(stronger)  # noqa: SLF001  the application is frozen
        assert (await sign_in(await office.visitor(), "supervisor")).status == 303
        fresh = office.find(person).password_hash
        assert fresh != PASSWORD_HASH
        assert fresh is not None
        assert not stronger.check_needs_rehash(fresh), "hashed anew when its owner came in"
        assert (await sign_in(await office.visitor(), "supervisor")).status == 303

    run_office(sqlite_engine, scenario)


def test_only_so_many_wait_for_a_hash() -> None:
    async def scenario() -> None:
        passwords = Passwords(HASHER, threads=1, waiting=2)
        answers = await asyncio.gather(
            *(passwords.matches(PASSWORD_HASH, PASSWORD) for _ in range(10)), return_exceptions=True
        )
        right = [answer for answer in answers if not isinstance(answer, BaseException)]
        assert len(right) == 3
        assert all(answer.right for answer in right)
        assert (await passwords.matches(PASSWORD_HASH, PASSWORD)).right, "and there is room again"
        passwords.close()

    asyncio.run(scenario())


def test_account_is_locked_after_five_failures_from_one_place_and_others_are_not(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        office.person(Role.SUPERVISOR)
        office.person(Role.AUDITOR)
        for login in ("supervisor", "nobody"):
            browser = await office.visitor()
            answers = [await sign_in(browser, login, "wrong") for _ in range(6)]
            assert [answer.status for answer in answers] == [403] * 5 + [429]
            assert LOCKED in await answers[-1].text()
            locked = await sign_in(browser, login)
            assert locked.status == 429, "not even the right password is looked at"
        assert (await sign_in(await office.visitor(), "auditor")).status == 303
        elsewhere = await office.visitor(**{"X-Forwarded-For": "203.0.113.9"})
        assert (await sign_in(elsewhere, "supervisor")).status == 303

    run_office(sqlite_engine, scenario, web_proxy="127.0.0.1")


def test_account_is_locked_after_failures_from_many_places(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        office.person(Role.SUPERVISOR)
        for number in range(20):
            browser = await office.visitor(**{"X-Forwarded-For": f"203.0.113.{number}"})
            assert (await sign_in(browser, "supervisor", "wrong")).status == 403
        browser = await office.visitor(**{"X-Forwarded-For": "198.51.100.1"})
        assert (await sign_in(browser, "supervisor")).status == 429

    run_office(sqlite_engine, scenario, web_proxy="127.0.0.1")


def test_place_is_locked_after_failures_of_many_accounts(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        office.person(Role.SUPERVISOR)
        browser = await office.visitor()
        for number in range(10):
            assert (await sign_in(browser, f"nobody{number}")).status == 403
        assert (await sign_in(browser, "supervisor")).status == 429

    run_office(sqlite_engine, scenario, rates=SignInRates(address="10 per 15 minutes"))


def test_lock_opens_by_itself_and_a_success_forgets_failures(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        office.person(Role.SUPERVISOR)
        browser = await office.visitor()
        for _ in range(3):
            await sign_in(browser, "supervisor", "wrong")
        assert (await sign_in(browser, "supervisor")).status == 429
        async with asyncio.timeout(30):
            while (await sign_in(browser, "supervisor")).status != 303:  # noqa: ASYNC110  nothing tells when it opens
                await asyncio.sleep(0.2)
        for _ in range(2):
            assert (await sign_in(browser, "supervisor", "wrong")).status == 403
            assert (await sign_in(browser, "supervisor")).status == 303

    run_office(sqlite_engine, scenario, rates=SignInRates(pair="3 per 2 seconds"))


def test_administrator_shows_a_code_that_works_once(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        office.person(Role.ADMINISTRATOR)
        browser = await office.visitor()
        code = code_of(office)
        response = await sign_in(browser, "administrator", code=f" {code[:3]} {code[3:]} ")
        assert (response.status, response.headers["Location"]) == (303, "/administracion/personas")
        assert (await sign_in(await office.visitor(), "administrator", code=code)).status == 403, "it is used up"
        earlier = code_of(office, steps=-1)
        assert (await sign_in(await office.visitor(), "administrator", code=earlier)).status == 403, "older than that"
        later = code_of(office, steps=1)
        assert (await sign_in(await office.visitor(), "administrator", code=later)).status == 303, "of a quick clock"
        assert (await sign_in(await office.visitor(), "administrator", code=code_of(office, steps=3))).status == 403

    run_office(sqlite_engine, scenario)


def test_of_two_who_show_the_same_code_one_gets_in(engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        office.person(Role.ADMINISTRATOR)
        browsers = [await office.visitor() for _ in range(4)]
        code = code_of(office)
        answers = await asyncio.gather(*(sign_in(browser, "administrator", code=code) for browser in browsers))
        assert sorted(answer.status for answer in answers) == [303, 403, 403, 403]

    run_office(engine, scenario)


def test_codes_need_the_key_file_of_the_installation(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        factors = office.app[FACTORS]
        before = factors.secret(FACTOR_SEED)
        file = office.settings.web_key_file
        assert file.stat().st_mode & 0o777 == 0o600
        file.unlink()
        assert factors.secret(FACTOR_SEED) != before, "the seed in the database is not enough"

    run_office(sqlite_engine, scenario)


def test_everybody_needs_a_second_factor_where_the_settings_say_so(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        address = invite(office)
        browser = await office.visitor()
        assert "Segundo factor" in await (await browser.get(address)).text()
        assert (await accept(browser, address)).status == 400
        assert (await accept(browser, address, code=code_of(office, seed_in(address)))).status == 303
        assert (await sign_in(await office.visitor(), "nueva", CHOSEN)).status == 403
        office.person(Role.SUPERVISOR)
        assert (await sign_in(await office.visitor(), "supervisor")).status == 403, "invited before that was so"
        assert not await is_in(await office.signed_in(Role.SUPERVISOR))

    run_office(sqlite_engine, scenario, second_factor="todos")


def test_invitation_is_used_once_and_signs_in(engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        address = invite(office)
        browser = await office.visitor()
        page = await (await browser.get(address)).text()
        assert "nueva" in page
        assert "Segundo factor" not in page
        response = await accept(browser, address, name="Nueva Persona Ríos")
        assert (response.status, response.headers["Location"]) == (303, "/tablero")
        assert await is_in(browser)
        for again in (await browser.get(address), await accept(await office.visitor(), address)):
            assert again.status == 404
            assert "ya no sirve" in await again.text()
        assert (await sign_in(await office.visitor(), "nueva", CHOSEN)).status == 303
        assert lines(office, Action.INVITATION_ACCEPTED) == [("nueva", "")]
        assert office.app[PEOPLE].named("nueva").name == "Nueva Persona Ríos"  # type: ignore[union-attr]  # it is there

    run_office(engine, scenario)


def test_of_those_who_hold_an_invitation_one_can_use_it(engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        address = invite(office)
        browsers = [await office.visitor() for _ in range(4)]
        answers = await asyncio.gather(*(accept(browser, address) for browser in browsers))
        assert sorted(answer.status for answer in answers) == [303, 404, 404, 404]

    run_office(engine, scenario)


def test_invitation_expires_and_is_replaced_by_a_newer_one(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        address = invite(office)
        browser = await office.visitor()
        office.clock.offset += INVITED_FOR - timedelta(seconds=5)
        assert (await browser.get(address)).status == 200
        office.clock.offset += timedelta(seconds=10)
        assert (await browser.get(address)).status == 404
        assert (await accept(browser, address)).status == 404
        person = office.app[PEOPLE].named("nueva")
        assert person is not None
        first, second = new_invitation(office.clock()), new_invitation(office.clock())
        for _, invitation in (first, second):
            office.app[PEOPLE].invite_again(person.id, invitation)
        assert (await browser.get(f"/invitacion/{first[0]}")).status == 404
        assert (await accept(browser, f"/invitacion/{second[0]}")).status == 303

    run_office(sqlite_engine, scenario)


def test_administrator_takes_in_a_second_factor(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        address = invite(office, Role.ADMINISTRATOR)
        browser = await office.visitor()
        page = await (await browser.get(address)).text()
        shown = re.search(r'class="secret">([A-Z2-7 ]+)<', page)
        assert shown is not None
        assert "<svg" in page
        secret = shown[1].replace(" ", "")
        assert len(secret) == 32, "160 bits, as RFC 4226 recommends"
        for wrong in ("", "000000", "abc"):
            refused = await accept(browser, address, code=wrong)
            assert refused.status == 400
            assert secret in (await refused.text()).replace(" ", ""), "the telephone need not be set up anew"
        code = pyotp.TOTP(secret).at(office.clock())
        assert (await accept(browser, address, code=code)).status == 303
        assert (await browser.get("/administracion/personas")).status == 200
        assert (await sign_in(await office.visitor(), "nueva", CHOSEN, code)).status == 403, "that code is used"
        office.clock.offset += timedelta(seconds=2 * STEP_SECONDS)
        assert (await sign_in(await office.visitor(), "nueva", CHOSEN)).status == 403
        code = pyotp.TOTP(secret).at(office.clock())
        assert (await sign_in(await office.visitor(), "nueva", CHOSEN, code)).status == 303

    run_office(sqlite_engine, scenario)


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("corta", "mínimo 12"),
        ("123456789012", "fácil"),
        ("aaaaaaaaaaaa", "fácil"),
        ("abcdefghijkl", "fácil"),
        ("1qaz2wsx3edc", "fácil"),
        ("qwertyASDFGH", "fácil"),
        ("q1w2e3r4t5y6", "fácil"),
        ("contraseña2026", "fácil"),
        ("Colombia-2026!", "fácil"),
        ("administrador1", "fácil"),
        ("ana.ruiz.2026-bog", "usuario"),
        ("Ana Ruiz Peña 99", "usuario"),
        ("caballo pila grapa correcta", ""),
        ("Xk4$vT9#qLm2", ""),
        ("ñandú árbol cigüeña", ""),
        ("contraseña de la abuela", ""),
    ],
)
def test_passwords_that_are_easily_guessed_are_refused(password: str, says: str) -> None:
    fault = weakness(password, "Ana Ruiz", "ana.ruiz")
    assert (says in fault) if says else not fault


def test_weak_or_mistyped_password_leaves_the_invitation_open(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        address = invite(office)
        browser = await office.visitor()
        for form, says in (
            ({"password": "123456789012", "again": "123456789012"}, "fácil"),
            ({"again": CHOSEN + "x"}, "no son iguales"),
        ):
            response = await accept(browser, address, **form)
            assert response.status == 400
            page = await response.text()
            assert says in page
            assert CHOSEN not in page, "what was typed is not sent back"
        assert (await accept(browser, address)).status == 303

    run_office(sqlite_engine, scenario)


def test_password_is_taken_exactly_as_typed(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        typed = "  ñandú\t🦤 con espacios  "
        address = invite(office)
        assert (await accept(await office.visitor(), address, password=typed, again=typed)).status == 303
        assert (await sign_in(await office.visitor(), "nueva", typed)).status == 303
        assert (await sign_in(await office.visitor(), "nueva", typed.strip())).status == 403

    run_office(sqlite_engine, scenario)


def test_own_password_is_changed_and_other_sessions_end(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        here, elsewhere = await office.signed_in(Role.SUPERVISOR), await office.signed_in(Role.SUPERVISOR)

        async def change(current: str, password: str, again: str) -> ClientResponse:
            form = {"current": current, "password": password, "again": again}
            return await here.post("/cuenta/clave", data=form, allow_redirects=False)

        for wrong in (("wrong", CHOSEN, CHOSEN), (PASSWORD, CHOSEN, "other"), (PASSWORD, "short", "short")):
            assert (await change(*wrong)).status == 400
        assert await is_in(elsewhere)
        response = await change(PASSWORD, CHOSEN, CHOSEN)
        assert (response.status, response.headers["Location"]) == (303, "/cuenta")
        assert await is_in(here)
        assert not await is_in(elsewhere)
        assert (await sign_in(await office.visitor(), "supervisor")).status == 403
        assert (await sign_in(await office.visitor(), "supervisor", CHOSEN)).status == 303
        assert lines(office, Action.PASSWORD_CHANGED) == [("supervisor", "")]

    run_office(sqlite_engine, scenario)


def test_current_password_cannot_be_guessed_from_an_open_session(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        here = await office.signed_in(Role.SUPERVISOR)
        form = {"current": "wrong", "password": CHOSEN, "again": CHOSEN}
        answers = [(await here.post("/cuenta/clave", data=form)).status for _ in range(6)]
        assert answers == [400] * 5 + [429]
        right = form | {"current": PASSWORD}
        assert (await here.post("/cuenta/clave", data=right)).status == 429

    run_office(sqlite_engine, scenario)


def test_own_sessions_are_seen_and_ended_those_of_others_are_not(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        here, lost = await office.signed_in(Role.SUPERVISOR), await office.signed_in(Role.SUPERVISOR)
        other = await office.signed_in(Role.AUDITOR)
        page = await (await here.get("/cuenta")).text()
        numbers = re.findall(r'action="/cuenta/sesiones/([0-9]+)"', page)
        assert len(numbers) == 1, "one's own session is left by signing out"
        assert (await other.post(f"/cuenta/sesiones/{numbers[0]}")).status == 404
        assert await is_in(lost)
        ended = await here.post(f"/cuenta/sesiones/{numbers[0]}", allow_redirects=False)
        assert ended.status == 303
        assert not await is_in(lost), "at once"
        assert await is_in(here)
        assert (await here.post(f"/cuenta/sesiones/{numbers[0]}")).status == 404

    run_office(sqlite_engine, scenario)


def test_shortcuts_are_switched_off_and_on(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        person = office.person(Role.SUPERVISOR)
        here = await office.signed_in(Role.SUPERVISOR)
        for form, on in (({}, False), ({"shortcuts": "on"}, True)):
            assert (await here.post("/cuenta/atajos", data=form, allow_redirects=False)).status == 303
            assert office.find(person).shortcuts is on
            assert ("checked" in await (await here.get("/cuenta")).text()) is on

    run_office(sqlite_engine, scenario)
