"""The board over the web: its stream comes back where it was, is bounded, ends with its session and tells no lies."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientPayloadError, ClientResponse, hdrs
from sqlalchemy import Engine

from contesta.board.hub import Hub
from contesta.board.targets import Targets
from contesta.board.view import Board, End, Heartbeat, WallBoard
from contesta.web import board as board_routes
from contesta.web import streams
from contesta.web.access import Role
from contesta.web.board import HUB
from contesta.web.sessions import KEYS_MADE, SESSIONS
from contesta.web.streams import STREAMS, packed_alone
from core.events import CallEnded, Source
from quality.metrics.limits import Level
from tests.board import LOG, PLACE, ToldFeed, asked_of, callers, signs_in
from tests.stories import at, events_of, number_of, restart
from tests.web import Client, Office, open_office

STREAM = "/api/v1/board/stream"
PATIENCE_SECONDS = 30
BEGAN = time.monotonic()


class ToldLine:
    """A source of boards that is told everything by a test; its clock goes on from the end of the stories."""

    def __init__(self) -> None:
        self.place = PLACE
        self.feed = ToldFeed(events_of([*LOG, restart(380)]))

    def clock(self) -> datetime:
        return at(400) + timedelta(seconds=time.monotonic() - BEGAN)

    async def targets(self) -> Targets:
        return asked_of(at(400))

    async def keep(self, hub: Hub) -> None:
        hub.feed = self.feed
        await asyncio.Event().wait()


@dataclass
class Scene:
    office: Office
    line: ToldLine

    @property
    def hub(self) -> Hub:
        return self.office.app[HUB]


def play(engine: Engine, monkeypatch: pytest.MonkeyPatch, scenario: Callable[[Scene], Awaitable[None]]) -> None:
    """Run a scenario on the whole application, whose line is told by the test."""

    async def run() -> None:
        line = ToldLine()
        monkeypatch.setattr(board_routes, "LiveLine", lambda *_: line)
        async with asyncio.timeout(120), open_office(engine) as office:
            await scenario(Scene(office, line))

    asyncio.run(run())


@dataclass
class Said:
    name: str
    id: str
    data: Any


async def told(stream: ClientResponse) -> AsyncIterator[Said]:
    """What a stream says, as a browser takes it apart."""
    said = Said("message", "", None)
    async for raw in stream.content:
        name, _, value = raw.decode().rstrip("\n").partition(": ")
        match name:
            case "event":
                said.name = value
            case "id":
                said.id = value
            case "data":
                said.data = json.loads(value)
            case "" if said.data is not None:
                yield said
                said = Said("message", "", None)


async def next_of(stream: AsyncIterator[Said], name: str) -> Said:
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for said in stream:
            if said.name == name:
                return said
    pytest.fail(f"the stream ended without {name}")


@asynccontextmanager
async def listening(client: Client, address: str = STREAM, last: str = "") -> AsyncIterator[AsyncIterator[Said]]:
    async with client.get(address, headers={"Last-Event-ID": last} if last else {}) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/event-stream"
        yield told(response)


async def none_is_open(scene: Scene) -> None:
    for _ in range(PATIENCE_SECONDS * 20):
        if not scene.office.app[STREAMS].count:
            return
        await asyncio.sleep(0.05)
    pytest.fail("a stream that nobody reads is still open")


def waiting(board: Board) -> str:
    return next(card.shown for card in board.cards if card.id == "waiting")


def test_a_change_is_told_at_once_and_heartbeats_between(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(scene: Scene) -> None:
        supervisor = await scene.office.signed_in(Role.SUPERVISOR)
        async with listening(supervisor) as stream:
            first = await next_of(stream, "board")
            board = Board.model_validate(first.data)
            assert str(board.sequence) == first.id
            assert waiting(board) == "0"
            heartbeats = [Heartbeat.model_validate((await next_of(stream, "heartbeat")).data) for _ in range(2)]
            assert heartbeats[1].at > heartbeats[0].at
            scene.line.feed.tell(callers(2, since=390))
            second = await next_of(stream, "board")
            assert waiting(Board.model_validate(second.data)) == "2"
            assert int(second.id) > int(first.id)

    play(sqlite_engine, monkeypatch, scenario)


def test_all_who_watch_get_the_same_bytes(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(scene: Scene) -> None:
        supervisor = await scene.office.signed_in(Role.SUPERVISOR)
        async with listening(supervisor) as one, listening(supervisor) as other:
            await next_of(one, "board")
            await next_of(other, "board")
            scene.line.feed.tell(callers(3, since=390))
            assert (await next_of(one, "board")).data == (await next_of(other, "board")).data
        now = await (await supervisor.get("/api/v1/board")).json()
        assert waiting(Board.model_validate(now)) == "3"

    play(sqlite_engine, monkeypatch, scenario)


def test_a_version_is_compressed_once_for_all_and_fits_into_every_stream(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed: list[bytes] = []

    def counted(data: bytes) -> bytes:
        packed.append(data)
        return packed_alone(data)

    monkeypatch.setattr(streams, "packed_alone", counted)

    async def scenario(scene: Scene) -> None:
        supervisor = await scene.office.signed_in(Role.SUPERVISOR)
        plain = {hdrs.ACCEPT_ENCODING: "deflate, gzip;q=0"}
        async with listening(supervisor) as one, supervisor.get(STREAM, headers=plain) as bare:
            assert hdrs.CONTENT_ENCODING not in bare.headers
            as_it_is = told(bare)
            await next_of(one, "board")
            await next_of(one, "heartbeat")
            async with listening(supervisor) as other:
                await next_of(other, "board")
                for number in range(3):
                    scene.line.feed.tell(callers(1, since=390, first=900 + number))
                    seen = [await next_of(stream, "board") for stream in (one, other)]
                    while (newest := await next_of(as_it_is, "board")).id != seen[0].id:
                        continue
                    assert seen == [newest, newest]
        boards = [event for event in packed if event.startswith(b"event: board")]
        assert len(boards) == len(set(boards)) >= 4

    play(sqlite_engine, monkeypatch, scenario)


def test_who_comes_back_gets_what_he_has_not_and_nothing_twice(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(scene: Scene) -> None:
        supervisor = await scene.office.signed_in(Role.SUPERVISOR)
        async with listening(supervisor) as stream:
            last = (await next_of(stream, "board")).id
        async with listening(supervisor, last=last) as stream:
            names = [(await anext(stream)).name for _ in range(3)]
            assert names == ["heartbeat"] * 3
        scene.line.feed.tell(callers(1, since=390))
        scene.hub.look()
        for nonsense in ("0", "-1", "x" * 1000, "9" * 40, "١٢", ""):
            async with listening(supervisor, last=nonsense.encode().decode("latin-1")) as stream:
                newest = await next_of(stream, "board")
                assert waiting(Board.model_validate(newest.data)) == "1"
        assert int(newest.id) > int(last)

    play(sqlite_engine, monkeypatch, scenario)


def test_versions_grow_from_one_run_of_the_program_to_the_next(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    async def scenario(scene: Scene) -> None:
        for number in range(3):
            scene.line.feed.tell(callers(1, since=390, first=900 + number))
            scene.hub.look()
        seen.append(scene.hub.version.sequence)

    for _ in range(2):
        play(sqlite_engine, monkeypatch, scenario)
    assert seen[1] > seen[0]


def test_a_stream_ends_soon_after_its_session_and_says_so(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(scene: Scene) -> None:
        scene.office.app[STREAMS].check_seconds = 0.2
        supervisor = await scene.office.signed_in(Role.SUPERVISOR)
        person = scene.office.person(Role.SUPERVISOR)
        async with listening(supervisor) as stream:
            await next_of(stream, "board")
            for session in scene.office.app[SESSIONS].of(person.id, scene.office.clock()):
                scene.office.app[SESSIONS].close(session.id, person.id)
            end = End.model_validate((await next_of(stream, "end")).data)
            assert (end.again, "Ingrese de nuevo" in end.reason) == (False, True)
            scene.line.feed.tell(callers(1, since=390))
            assert [said async for said in stream] == [], "nothing is told after the end"
        assert scene.office.app[STREAMS].count == 0

    play(sqlite_engine, monkeypatch, scenario)


def test_a_wall_ends_with_its_key_and_shows_nobody(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(scene: Scene) -> None:
        scene.office.app[STREAMS].check_seconds = 0.2
        scene.line.feed.tell([signs_in("Zoraida Quiñones"), *callers(3, since=390)])
        visitor, key = await scene.office.visitor(), scene.office.key(Role.WALL)
        page = await visitor.get(f"/pared/{key}")
        assert page.status == 200
        async with listening(visitor, f"/pared/{key}/flujo") as stream:
            first = await next_of(stream, "board")
            while WallBoard.model_validate(first.data).cards[0].shown != "3":
                first = await next_of(stream, "board")
            shown = json.dumps(first.data, ensure_ascii=False) + await page.text()
            for secret in ("Zoraida", "Ana Ruiz", "***", "llamadas/", number_of(900)[3:], "1.900"):
                assert secret not in shown
            (made,) = scene.office.app[KEYS_MADE].all()
            scene.office.app[KEYS_MADE].revoke(made.id, scene.office.clock())
            assert not End.model_validate((await next_of(stream, "end")).data).again
        assert (await visitor.get(f"/pared/{key}/flujo")).status == 404

    play(sqlite_engine, monkeypatch, scenario)


def test_streams_are_bounded_each_and_all(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(scene: Scene) -> None:
        limits = scene.office.app[STREAMS]
        limits.of_one, limits.at_once = 2, 3
        one = await scene.office.signed_in(Role.SUPERVISOR)
        other = await scene.office.signed_in(Role.SUPERVISOR, login="otra")
        async with listening(one) as first, listening(one):
            await next_of(first, "board")
            refused = await one.get(STREAM)
            assert (refused.status, "Retry-After" in refused.headers) == (429, True)
            async with listening(other):
                refused = await other.get(STREAM)
                assert (refused.status, "Retry-After" in refused.headers) == (503, True)
                assert (await one.get("/api/v1/board")).status == 200
        await none_is_open(scene)
        async with listening(one) as stream:
            await next_of(stream, "board")

    play(sqlite_engine, monkeypatch, scenario)


def test_who_does_not_read_is_left_and_holds_up_nobody(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "WRITE_SECONDS", 0.5)

    async def scenario(scene: Scene) -> None:
        supervisor = await scene.office.signed_in(Role.SUPERVISOR)
        scene.line.feed.tell(signs_in(f"Asesor {number:03}") for number in range(500))
        plain = {hdrs.ACCEPT_ENCODING: "identity"}
        async with supervisor.get(STREAM, headers=plain) as deaf, listening(supervisor) as stream:
            await next_of(stream, "board")
            deaf.connection.transport.pause_reading()  # type: ignore[union-attr]  # it is connected
            number = 0
            while scene.office.app[STREAMS].count > 1:
                number += 1
                scene.line.feed.tell(callers(1, since=390, first=1000 + number))
                assert (await next_of(stream, "board")).data["connected"]
                assert number < 500, "a stream that nobody reads stays open"

    play(sqlite_engine, monkeypatch, scenario)


def test_a_client_that_goes_away_leaves_nothing_behind(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(scene: Scene) -> None:
        supervisor = await scene.office.signed_in(Role.SUPERVISOR)
        async with listening(supervisor) as stream:
            await next_of(stream, "board")
            assert scene.office.app[STREAMS].count == 1
        scene.line.feed.tell(callers(1, since=390))
        await none_is_open(scene)

    play(sqlite_engine, monkeypatch, scenario)


def test_a_telephone_system_that_tells_nothing_is_told_at_once(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(scene: Scene) -> None:
        supervisor = await scene.office.signed_in(Role.SUPERVISOR)
        async with listening(supervisor) as stream:
            while not (board := Board.model_validate((await next_of(stream, "board")).data)).connected:
                continue
            assert Level.OK in {card.state for card in board.cards}
            scene.line.feed.connected.clear()
            scene.line.feed.unheard = "Asterisk cortó la conexión del manager."
            scene.line.feed.news.set()
            board = Board.model_validate((await next_of(stream, "board")).data)
            assert not board.connected
            assert {card.state for card in board.cards} == {None}
            assert board.trouble == "Asterisk cortó la conexión del manager."
            await next_of(stream, "heartbeat")
            while not board.alerts:
                board = Board.model_validate((await next_of(stream, "board")).data)
            assert "disconnected" in {alert.id for alert in board.alerts}

    play(sqlite_engine, monkeypatch, scenario)


def test_a_hub_that_stands_still_gives_no_sign_of_life(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LONGEST_SILENCE_SECONDS", -1)

    async def scenario(scene: Scene) -> None:
        supervisor = await scene.office.signed_in(Role.SUPERVISOR)
        async with listening(supervisor) as stream:
            for _ in range(3):
                scene.line.feed.tell(callers(1, since=390, first=900 + _))
                assert (await anext(stream)).name == "board"

    play(sqlite_engine, monkeypatch, scenario)


def test_streams_end_with_the_server_and_are_asked_back(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(scene: Scene) -> None:
        supervisor = await scene.office.signed_in(Role.SUPERVISOR)
        async with listening(supervisor) as stream:
            await next_of(stream, "board")
            scene.office.app[STREAMS].stopping = True
            assert End.model_validate((await next_of(stream, "end")).data).again

    play(sqlite_engine, monkeypatch, scenario)


def test_who_hangs_up_while_told_is_no_error(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(scene: Scene) -> None:
        supervisor = await scene.office.signed_in(Role.SUPERVISOR)
        for number in range(5):
            async with supervisor.get(STREAM) as response:
                assert response.status == 200
                response.connection.transport.abort()  # type: ignore[union-attr]  # it is connected
                with pytest.raises(ClientPayloadError):
                    await response.content.read()
            scene.line.feed.tell(
                [CallEnded(at=at(401 + number), call_id="9.9", channel_id="9.9", source=Source.AMI, by=None)]
            )
        await none_is_open(scene)

    play(sqlite_engine, monkeypatch, scenario)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
