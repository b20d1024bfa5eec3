"""Floods of sign-ins and of open streams: turned away at their bound, and everybody else is served meanwhile."""

import asyncio
from collections import Counter

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine

from contesta.web.access import Role
from contesta.web.streams import STREAMS
from tests.web import Client, Office, run_office

STREAM = "/api/v1/board/stream"
SLOW = PasswordHasher(time_cost=1, memory_cost=64 * 1024, parallelism=1)
AT_ONCE = 60
BETWEEN_PAGES_SECONDS = 0.2


async def served(client: Client) -> None:
    for path in ("/api/v1/board", "/llamadas"):
        assert (await client.get(path)).status == 200


def test_a_flood_of_sign_ins_is_turned_away_and_others_are_served(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.web.HASHER", SLOW)

    async def scenario(office: Office) -> None:
        supervisor, visitor = await office.signed_in(Role.SUPERVISOR), await office.visitor()

        async def sign_in(number: int) -> int:
            form = {"login": f"persona{number}", "password": "una clave que no es"}
            async with visitor.post("/ingreso", data=form, headers={"X-Forwarded-For": f"10.0.0.{number}"}) as answer:
                return answer.status

        flood = asyncio.gather(*(sign_in(number) for number in range(AT_ONCE)))
        while not flood.done():
            await served(supervisor)
            await asyncio.sleep(BETWEEN_PAGES_SECONDS)
        counted = Counter(await flood)
        assert counted.keys() == {403, 429}
        assert counted[429] >= AT_ONCE // 4, "no more get in line than may"

    run_office(sqlite_engine, scenario, web_proxy="127.0.0.1")


def test_a_flood_of_streams_is_bounded_and_others_follow_the_board(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        streams = office.app[STREAMS]
        greedy, other = await office.signed_in(Role.SUPERVISOR), await office.signed_in(Role.SUPERVISOR, login="otra")
        answers = await asyncio.gather(*(greedy.get(STREAM) for _ in range(AT_ONCE)))
        assert Counter(answer.status for answer in answers) == {200: streams.of_one, 429: AT_ONCE - streams.of_one}
        assert streams.count == streams.of_one
        await served(other)
        await served(greedy)
        async with other.get(STREAM) as stream:
            assert stream.status == 200
            async with asyncio.timeout(30):
                while b"event: board" not in await stream.content.readline():
                    continue
        for answer in answers:
            answer.close()

    run_office(sqlite_engine, scenario)
