"""Signing in and out, sessions, invitations and the own account."""

import asyncio
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pyotp
import pytest
from aiohttp import ClientResponse
from argon2 import PasswordHasher, extract_parameters
from sqlalchemy import Engine, text

from contesta.web import sessions
from contesta.web.access import LOG, Action, Role
from contesta.web.factors import FACTORS, STEP_SECONDS, seed_of
from contesta.web.limits import SignInRates
from contesta.web.passwords import PASSWORDS, Passwords, weakness
from contesta.web.people import INVITED_FOR, PEOPLE, new_invitation
from storage.people import NewPerson
from storage.people_access_log import AccessFilter
from tests.web import FACTOR_SEED, PASSWORD, Client, Office, assert_guarded, run_office

WRONG = "no coinciden"
LOCKED = "demasiados intentos"


async def sign_in(client: Client, login: str, password: str = PASSWORD, code: str = "", **more: str) -> ClientResponse:
    form = {"login": login, "password": password, "code": code} | more
    return await client.post("/ingreso", data=form, allow_redirects=False)


def code_now(office: Office, seed: bytes = FACTOR_SEED) -> str:
    return pyotp.TOTP(office.app[FACTORS].secret(seed)).at(office.clock())


def cookie_of(response: ClientResponse) -> str:
    return response.headers.get("Set-Cookie", "")


async def is_in(client: Client) -> bool:
    response = await client.get("/cuenta", allow_redirects=False)
    assert response.status in {200, 303}
    return response.status == 200


def accesses(office: Office, action: Action) -> list[tuple[str, str]]:
    return [(line.who, line.what) for line in office.app[LOG].read(AccessFilter(action=action)).lines]


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
        cookie = cookie_of(response)
        assert cookie.startswith("__Host-contesta=")
        assert {"HttpOnly", "Path=/", "SameSite=Strict", "Secure"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        assert await is_in(browser)
        out = await browser.post("/salir", allow_redirects=False)
        assert (out.status, out.headers["Location"]) == (303, "/ingreso")
        assert "storage" in out.headers["Clear-Site-Data"]
        assert not await is_in(browser)
        assert accesses(office, Action.SIGNED_IN) == accesses(office, Action.SIGNED_OUT) == [("supervisor", "")]

    run_office(sqlite_engine, scenario)
