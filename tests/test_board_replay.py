"""A past log on the board: played at its pace into a ledger of its own, opened once by its link, told nobody else."""

import asyncio
import gzip
import os
import re
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar, hdrs
from aiohttp.test_utils import TestClient, TestServer

from contesta.board.player import DULL, Player
from contesta.board.view import Board
from contesta.settings import Settings
from contesta.web.board import HUB, SOURCE
from contesta.web.bus import BRIDGE
from contesta.web.context import SETTINGS
from contesta.web.replay import ENTRANCE, HOST, Entrance, application
from core.errors import ConfigurationError
from tests.board import board_of
from tests.running import eventually
from tests.stories import START, at, events_of, lines, log_of, restart
from tests.test_board_calls import listed
from tests.web import Client

LOG = log_of(range(40), restart(300))
PATIENCE_SECONDS = 60


def written(folder: Path, log: list[str], name: str = "queue_log") -> Path:
    file = folder / name
    text = "".join(f"{line}\n" for line in log).encode()
    file.write_bytes(gzip.compress(text) if file.suffix == ".gz" else text)
    return file


def play(folder: Path, file: Path, speed: float, scenario: Callable[[Client, Entrance], Awaitable[None]]) -> None:
    """Play a log, and be the browser of whoever got the link."""

    async def run() -> None:
        own = folder / "own"
        own.mkdir()
        broker = {"mqtt_host": "127.0.0.1", "mqtt_port": 1, "database_url": f"sqlite:///{folder / 'the-lines-own.db'}"}
        app, entrance = application(Settings.model_validate(broker), own, file, speed)
        server = TestServer(app, host=HOST)
        async with asyncio.timeout(PATIENCE_SECONDS), server:
            jar = CookieJar(unsafe=True, treat_as_secure_origin=server.make_url("/"))
            async with TestClient(server, cookie_jar=jar) as client:
                await scenario(client, entrance)
        assert not (folder / "the-lines-own.db").exists(), "nothing was written where the line itself writes"

    asyncio.run(run())


async def come_in(client: Client, entrance: Entrance) -> None:
    answer = await client.get(ENTRANCE.format(key=entrance.secret.text), allow_redirects=False)
    assert (answer.status, answer.headers[hdrs.LOCATION]) == (303, "/tablero")


async def shown(client: Client, what: Callable[[Board], bool]) -> Board:
    """The board when it shows something."""
    while True:
        board = Board.model_validate(await (await client.get("/api/v1/board")).json())
        if what(board):
            return board
        await asyncio.sleep(0.05)


def test_played_to_its_end_it_shows_what_the_log_says_and_every_figure_its_calls(tmp_path: Path) -> None:
    file = written(tmp_path, LOG, "queue_log-2026.gz")
    known = board_of(events_of(LOG), at(300))

    async def scenario(client: Client, entrance: Entrance) -> None:
        await come_in(client, entrance)
        assert client.app is not None
        player = client.app[SOURCE]
        assert isinstance(player, Player)
        await player.finished.wait()
        board = await shown(client, lambda board: board.at == at(300))
        assert (board.mode, board.source) == ("replay", "repaso de queue_log-2026.gz a toda velocidad")
        assert [part.count for part in board.identity.parts] == [part.count for part in known.identity.parts]
        assert [card.shown for card in board.cards] == [card.shown for card in known.cards]
        for part in board.identity.parts:
            if part.id in {"answered", "abandoned", "ghost"}:  # the others have calls of two visits
                assert len(await listed(client, part.calls)) == part.count > 0
        chart = await (await client.get("/api/v1/board/day", params={"date": "2026-01-01"})).json()
        assert sum(quarter["offered"] or 0 for quarter in chart["day"]["quarters"]) == known.identity.parts[0].count
        assert (await client.get("/tablero")).status == 200

    play(tmp_path, file, 0, scenario)


def test_while_it_plays_nothing_is_shown_or_listed_that_had_not_come_yet(tmp_path: Path) -> None:
    file = written(tmp_path, LOG)

    async def scenario(client: Client, entrance: Entrance) -> None:
        await come_in(client, entrance)
        seen: list[datetime] = []
        for _ in range(4):
            board = await shown(client, lambda board: not seen or board.at > seen[-1] + timedelta(seconds=5))
            seen.append(board.at)
            offered = board.identity.parts[0]
            entered = [event for event in events_of(LOG) if type(event).__name__ in {"QueueEntered", "Rejected"}]
            until_then = [event for event in entered if event.at <= board.at]
            assert offered.count == len(until_then)
            had_come = {event.channel_id for event in until_then}
            found = set(await listed(client, offered.calls))
            assert had_come <= found < {event.channel_id for event in entered}
        assert board.connected

    play(tmp_path, file, 20, scenario)


def test_the_link_opens_once_and_no_other_does(tmp_path: Path) -> None:
    file = written(tmp_path, LOG)

    async def scenario(client: Client, entrance: Entrance) -> None:
        assert (await client.get("/api/v1/board")).status == 401
        for wrong in ("x", entrance.secret.text[:-1], entrance.secret.text.upper()):
            assert (await client.get(ENTRANCE.format(key=wrong))).status == 404
        await come_in(client, entrance)
        assert (await client.get("/api/v1/board")).status == 200
        client.session.cookie_jar.clear()
        assert (await client.get(ENTRANCE.format(key=entrance.secret.text))).status == 404
        assert (await client.get("/api/v1/board")).status == 401

    play(tmp_path, file, 0, scenario)


def test_it_is_told_to_no_other_system(tmp_path: Path) -> None:
    file = written(tmp_path, LOG)

    async def scenario(client: Client, _entrance: Entrance) -> None:
        app = client.app
        assert app is not None
        assert BRIDGE not in app
        assert app[SETTINGS].mqtt_host == ""

    play(tmp_path, file, 0, scenario)


def test_dull_hours_are_passed_over(tmp_path: Path) -> None:
    """Three calls, each a night later: at sixty times the clock a night would take a quarter of an hour."""
    nights = [
        f"{int(line.split('|')[0]) + 36_000 * night}|{line.split('|', 1)[1]}"
        for night in range(3)
        for line in lines(night)
    ]
    file = written(tmp_path, nights)
    assert timedelta(seconds=36_000) > DULL

    async def scenario(client: Client, entrance: Entrance) -> None:
        await come_in(client, entrance)
        app = client.app
        assert app is not None
        await app[SOURCE].finished.wait()  # type: ignore[attr-defined]  # a Player
        assert app[HUB].moment.board.at > at(70_000)

    play(tmp_path, file, 60, scenario)


@pytest.mark.parametrize(("log", "said"), [([], "no tiene ningún hecho"), (["esto no es un registro"], "ningún hecho")])
def test_a_log_that_tells_nothing_is_said(tmp_path: Path, log: list[str], said: str) -> None:
    (tmp_path / "own").mkdir()
    with pytest.raises(ConfigurationError, match=said):
        application(Settings(), tmp_path / "own", written(tmp_path, log), 1)
    with pytest.raises(ConfigurationError, match="no puedo leer"):
        application(Settings(), tmp_path / "own", tmp_path / "no-hay", 1)


def test_typed_it_prints_a_link_that_works_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    file = written(tmp_path, [*LOG, f"{START + 4000}|x|atencion|NONE|ENTERQUEUE||+573001234567|1"])
    with subprocess.Popen(
        [sys.executable, "-m", "contesta", "replay", str(file), "--board", "--speed", "30"],
        env=os.environ | {"CONTESTA_DATA_DIR": str(tmp_path / "data"), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            assert process.stdout
            said = ""
            while not (link := re.search(r"http://localhost:\d+/repaso/\S+", said)):
                line = process.stdout.readline().decode()
                assert line, said
                said += line

            async def open_it(link: str) -> None:
                async with ClientSession() as session, session.get(link, allow_redirects=False) as answer:
                    assert answer.status == 303
                    assert "__Host-contesta=" in answer.headers["Set-Cookie"]

            asyncio.run(open_it(link[0]))
        finally:
            process.send_signal(signal.SIGINT)
        assert eventually(lambda: process.poll() is not None, PATIENCE_SECONDS)
        assert process.returncode == 0
    assert not (tmp_path / "data").exists(), "nothing is left of it"
