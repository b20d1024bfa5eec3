"""The web application under test: real, over a ledger of its own, with browsers in which somebody has signed in.

def test_auditor_reads_calls(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        auditor = await office.signed_in(Role.AUDITOR)
        assert (await auditor.get("/llamadas")).status == 200

    run_office(sqlite_engine, scenario)
"""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp_jinja2
import jinja2
from aiohttp import ClientResponse, CookieJar, hdrs, web
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher
from jinja2.bccache import Bucket
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, async_playwright, expect
from sqlalchemy import Engine

from contesta.settings import Settings
from contesta.web import sessions
from contesta.web.access import LOG, Action, Role
from contesta.web.app import Policy, make_app
from contesta.web.context import SETTINGS
from contesta.web.limits import SignInRates
from contesta.web.people import PEOPLE
from storage.people import Acceptance, Invitation, NewPerson, People, Person
from storage.people_access_log import Access, AccessFilter
from storage.people_keys import NewKey
from storage.people_sessions import Browser, Lifetime, Sessions

expect.set_options(timeout=60_000)
CHROMIUM = "/usr/bin/chromium-headless-shell"
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WALLS_AND_PROGRAMS_KEEP_KEYS = timedelta(days=30)
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "caballo pila grapa correcta"
PASSWORD_HASH = HASHER.hash(PASSWORD)
FACTOR_SEED = b"0123456789abcdef"


class _Compiled(jinja2.BytecodeCache):
    """Templates compiled by one application, for all those after it in this process."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what was compiled, if it was."""
        if code := self._code.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._code[bucket.key] = bucket.bytecode_to_string()


COMPILED = _Compiled()

Client = TestClient[web.Request, web.Application]


@dataclass
class Clock:
    """A clock that a test turns: `clock.offset += timedelta(minutes=31)`."""

    offset: timedelta = timedelta()

    def __call__(self) -> datetime:
        """Tell the moment, aware and UTC."""
        return datetime.now(UTC) + self.offset


@dataclass
class Office:
    """A running web application, its browsers and its keys. `clock` is its clock."""

    server: TestServer
    clock: Clock
    _stack: contextlib.AsyncExitStack
    _people: dict[str, Person] = field(default_factory=dict)
    _browser: Chromium | None = None

    @property
    def app(self) -> web.Application:
        """The application itself."""
        return self.server.app

    @property
    def settings(self) -> Settings:
        """Its settings."""
        return self.app[SETTINGS]

    @property
    def address(self) -> str:
        """Where it is served, such as "http://127.0.0.1:40123"."""
        return str(self.server.make_url("")).rstrip("/")

    async def visitor(self, **headers: str) -> Client:
        """A browser in which nobody has signed in; forms sent from it are sent from our pages."""
        jar = CookieJar(unsafe=True, treat_as_secure_origin=self.server.make_url("/"))
        own = {hdrs.ORIGIN: self.address} | headers
        return await self._stack.enter_async_context(TestClient(self.server, cookie_jar=jar, headers=own))

    async def stranger(self) -> Client:
        """A client that says of itself only what it is told to."""
        return await self._stack.enter_async_context(TestClient(self.server))

    async def signed_in(self, role: Role, agent: str = "", login: str = "") -> Client:
        """A browser in which somebody of that role has signed in. Advisers are linked to the name `agent`."""
        client = await self.visitor()
        client.session.cookie_jar.update_cookies(
            {sessions.COOKIE: self.session(self.person(role, agent, login))}, self.server.make_url("/")
        )
        return client

    async def with_key(self, role: Role = Role.INTEGRATION) -> Client:
        """A program that shows a key, as `Authorization: Bearer`."""
        return await self.visitor(**{hdrs.AUTHORIZATION: f"Bearer {self.key(role)}"})

    def person(self, role: Role, agent: str = "", login: str = "") -> Person:
        """Somebody who has an account, made when first asked for.

        The password is PASSWORD, and an administrator's second factor that of FACTOR_SEED.
        """
        login = login or f"{role}-{agent}".rstrip("-").replace(" ", "-").lower()
        if login not in self._people:
            people, now, invitation = self.app[PEOPLE], self.clock(), sessions.new_secret()
            new = NewPerson(login=login, name=f"Persona {login}", role=role, agent=agent)
            people.add(new, Invitation(digest=invitation.digest, expires_at=now + timedelta(days=1)), now)
            factor = FACTOR_SEED if role is Role.ADMINISTRATOR else None
            chosen = Acceptance(name=new.name, password_hash=PASSWORD_HASH, factor_seed=factor, factor_step=0)
            accepted = people.accept(invitation.digest, chosen, now)
            assert accepted is not None
            self._people[login] = accepted
        return self._people[login]

    def find(self, person: Person) -> Person:
        """Read somebody's account as it is now."""
        found = self.app[PEOPLE].find(person.id)
        assert found is not None
        return found

    def accesses(self, action: Action | None = None) -> tuple[Access, ...]:
        """Read the access log, newest first."""
        return self.app[LOG].read(AccessFilter(action=action)).lines

    def session(self, person: Person) -> str:
        """Open a session of somebody, and give what its cookie holds."""
        token = sessions.new_secret()
        browser = Browser(address="127.0.0.1", name="test")
        self.app[sessions.SESSIONS].open(token.digest, person.id, browser, self.clock())
        return token.text

    def key(self, role: Role) -> str:
        """Make a key: Role.WALL for `/pared/{key}`, Role.INTEGRATION for `Authorization: Bearer`."""
        secret, now = sessions.new_secret(), self.clock()
        key = NewKey(
            token=secret.digest,
            kind=role,
            label=f"clave {role}",
            created_by="test",
            expires_at=now + WALLS_AND_PROGRAMS_KEEP_KEYS,
        )
        self.app[sessions.KEYS_MADE].add(key, now)
        return secret.text

    @contextlib.asynccontextmanager
    async def page(self, role: Role | None = None, agent: str = "", **options: Any) -> AsyncIterator[Page]:  # noqa: ANN401  as playwright's own
        """A page in a real Chromium, somebody of that role signed in. `options` are of playwright's new_context.

        `page.goto("/llamadas")` is enough: addresses are of this application. One Chromium serves all pages of an
        office, each in a context of its own that shares nothing with the others.
        """
        if self._browser is None:
            playwright = await self._stack.enter_async_context(async_playwright())
            self._browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
            self._stack.push_async_callback(self._browser.close)
        async with await self._browser.new_context(base_url=self.address, locale="es-CO", **options) as context:
            if role is not None:
                token = self.session(self.person(role, agent))
                await context.add_cookies(
                    [
                        {
                            "name": sessions.COOKIE,
                            "value": token,
                            "url": self.address.replace("http:", "https:"),
                            "secure": True,
                            "httpOnly": True,
                            "sameSite": "Strict",
                        }
                    ]
                )
            yield await context.new_page()


def session_of(engine: Engine, role: Role) -> str:
    """Make somebody and open a session, in the database of a process that runs; give what its cookie holds."""
    return sessions_of(engine, role, 1)[0]


def sessions_of(engine: Engine, role: Role, count: int) -> list[str]:
    """Make somebody with several sessions; give what their cookies hold."""
    people, now, invitation = People(engine), datetime.now(UTC), sessions.new_secret()
    new = NewPerson(login=f"{role}-{os.urandom(4).hex()}", name="Marta Gil", role=role)
    people.add(new, Invitation(digest=invitation.digest, expires_at=now + timedelta(days=1)), now)
    chosen = Acceptance(name=new.name, password_hash="-", factor_seed=None, factor_step=0)
    accepted = people.accept(invitation.digest, chosen, now)
    assert accepted is not None
    tokens = [sessions.new_secret() for _ in range(count)]
    for token in tokens:
        Sessions(engine, Lifetime()).open(token.digest, accepted.id, Browser(address="127.0.0.1", name="test"), now)
    return [token.text for token in tokens]


@contextlib.asynccontextmanager
async def open_office(engine: Engine, rates: SignInRates | None = None, **settings: Any) -> AsyncIterator[Office]:  # noqa: ANN401  each its own type
    """Serve the application over a migrated database, with a folder of its own."""
    clock = Clock()
    policy = Policy(clock=clock, hasher=HASHER, sign_in=rates or SignInRates())
    async with contextlib.AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="contesta-web-", ignore_cleanup_errors=True))
        app = make_app(Settings.model_validate({"data_dir": Path(folder)} | settings), engine, policy)
        aiohttp_jinja2.get_env(app).bytecode_cache = COMPILED
        server = TestServer(app)
        await stack.enter_async_context(server)
        yield Office(server=server, clock=clock, _stack=stack)


def run_office(engine: Engine, scenario: Callable[[Office], Awaitable[None]], **settings: Any) -> None:  # noqa: ANN401  each its own type
    """Run a scenario in the application; `settings` are those that differ."""

    async def run() -> None:
        async with open_office(engine, **settings) as office:
            await scenario(office)

    asyncio.run(run())


def complaints_of(page: Page) -> list[str]:
    """Errors, console lines and dialogs of a page, from now on."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    return said


async def overflows(page: Page) -> bool:
    """Whether something is wider than the page."""
    wide = await page.evaluate("() => document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return bool(wide)


def assert_guarded(response: ClientResponse) -> None:
    """Every answer has the headers that keep a browser from doing more than the page needs."""
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-" in response.headers["Cache-Control"]
    assert "Server" not in response.headers
