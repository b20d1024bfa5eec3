"""The pages, asked for as a browser would, and shown in a real one."""

import re
from collections.abc import Awaitable, Callable
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import Engine

from contesta.web.access import Role
from contesta.web.sessions import COOKIE
from storage.database import connect
from storage.ledger import Ledger
from tests.stories import events_of, log_of, restart, uid
from tests.web import Client, Office, assert_guarded, run_office


@pytest.fixture
def full(sqlite_engine: Engine) -> Engine:
    Ledger(sqlite_engine).apply(events_of(log_of(range(64), restart(250))))
    return sqlite_engine


def browse(engine: Engine, scenario: Callable[[Client], Awaitable[None]]) -> None:
    """Run a scenario in the browser of a supervisor."""

    async def signed_in(office: Office) -> None:
        await scenario(await office.signed_in(Role.SUPERVISOR))

    run_office(engine, signed_in)


def links(page: str, pattern: str) -> list[str]:
    return [unescape(found) for found in re.findall(f'href="({pattern})"', page)]


@pytest.mark.parametrize(
    ("address", "status", "says"),
    [
        ("/llamadas/", 404, "no existe"),
        ("/estatico/../app.py", 404, "no existe"),
        ("/estatico/%2e%2e/app.py", 404, "no existe"),
        ("/nada", 404, "no existe"),
    ],
)
def test_mistakes_are_told_in_words(full: Engine, address: str, status: int, says: str) -> None:
    async def scenario(client: Client) -> None:
        response = await client.get(address)
        assert response.status == status
        assert says.lower() in unescape(await response.text()).lower()
        assert_guarded(response)

    browse(full, scenario)


@pytest.mark.parametrize("address", ["/llamadas", f"/llamadas/{uid(0)}", "/healthz", "/estatico/contesta.css"])
def test_every_answer_is_guarded_and_only_read(full: Engine, address: str) -> None:
    async def scenario(client: Client) -> None:
        reading = (
            ("GET",) if address.startswith("/estatico/") else ("GET", "HEAD")
        )  # the public's files are for GET alone
        for method in reading:
            response = await client.request(method, address)
            assert response.status == 200
            assert_guarded(response)
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
            response = await client.request(method, address)
            assert response.status == 405
            assert response.headers["Allow"] == ",".join(reading)
            assert_guarded(response)

    browse(full, scenario)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("127.0.0.1:8080", 200),
        ("[::1]:8080", 200),
        ("LOCALHOST:1", 200),
        ("malo.example", 421),
        ("127.0.0.1.malo.example:8080", 421),
        ("localhost@malo.example", 421),
        ("169.254.169.254", 421),
        ("", 421),
    ],
)
def test_only_this_machines_names_are_answered(full: Engine, host: str, status: int) -> None:
    async def scenario(client: Client) -> None:
        response = await client.get("/llamadas", headers={"Host": host})
        assert response.status == status
        assert ("Llamadas, las más recientes" in await response.text()) is (status == 200)

    browse(full, scenario)


def test_without_its_database_the_page_says_so(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        browser = await office.visitor(Cookie=f"{COOKIE}=anything")
        for address in ("/llamadas", "/healthz", "/llamadas/1.1"):
            response = await browser.get(address)
            assert response.status == 503
            assert "No se puede leer el libro de llamadas" in await response.text()
            assert_guarded(response)

    engine = connect(f"sqlite:///{tmp_path / 'nowhere' / 'ledger.db'}")
    run_office(engine, scenario)
    engine.dispose()
