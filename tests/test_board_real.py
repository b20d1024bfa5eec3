"""The board of a running line with real calls: at rest it says what the log says; its death and its deafness are seen.

Nothing of a call may suffer from either.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aiohttp import ClientError, ClientSession

from contesta.board.view import Board
from contesta.format import percentage, whole
from contesta.reconciliation import files_of
from contesta.web.access import Role
from contesta.web.sessions import COOKIE, new_secret
from core.events import EndedBy
from quality.metrics.aggregate import Aggregate, Period
from quality.metrics.history import Leg
from storage.database import connect
from storage.people import Acceptance, Invitation, NewPerson, People
from storage.people_sessions import Browser, Lifetime, Sessions
from telephony.phone import Phone
from telephony.queue_log.visits import LogVisits
from tests.people import advisers_at_work, callers_phone, choose_an_adviser
from tests.running import RunningLine, eventually
from tests.test_board_stream import Said, told

TALK_SECONDS = 6
PATIENCE_SECONDS = 60


def cookie_of(line: RunningLine) -> str:
    """Sign a supervisor in, as the pages do it."""
    database, now, invitation, token = connect(line.settings.ledger_url), datetime.now(UTC), new_secret(), new_secret()
    people = People(database)
    new = NewPerson(login=f"jefe-{time.monotonic_ns()}", name="Jefe", role=Role.SUPERVISOR)
    people.add(new, Invitation(digest=invitation.digest, expires_at=now + timedelta(minutes=1)), now)
    person = people.accept(
        invitation.digest, Acceptance(name="Jefe", password_hash="-", factor_seed=None, factor_step=0), now
    )
    assert person
    Sessions(database, Lifetime()).open(token.digest, person.id, Browser(address="127.0.0.1", name="test"), now)
    database.dispose()
    return token.text


@dataclass
class Watcher:
    """A browser that follows the board and comes back by itself, as EventSource does."""

    line: RunningLine
    session: ClientSession
    board: Board | None = None
    last: str = ""
    resumed: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self) -> None:
        address = f"{self.line.settings.web_address}api/v1/board/stream"
        while True:
            with contextlib.suppress(ClientError, ConnectionError):
                headers = {"Last-Event-ID": self.last} if self.last else {}
                async with self.session.get(address, headers=headers) as stream:
                    assert stream.status == 200
                    self.resumed += bool(self.last)
                    self.news.set()
                    async for said in told(stream):
                        self._hear(said)
            await asyncio.sleep(0.2)

    def _hear(self, said: Said) -> None:
        if said.name == "board":
            self.board, self.last = Board.model_validate(said.data), said.id
            self.news.set()

    async def sees(self, what: Callable[[Board], bool]) -> Board:
        """Wait until the board shows something."""
        await self.until(lambda: self.board is not None and what(self.board))
        assert self.board
        return self.board

    async def until(self, what: Callable[[], bool]) -> None:
        """Wait until something holds, which may change whenever something is heard."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not what():
                self.news.clear()
                await self.news.wait()


@contextlib.asynccontextmanager
async def watching(line: RunningLine) -> AsyncIterator[Watcher]:
    async with ClientSession(cookies={COOKIE: await asyncio.to_thread(cookie_of, line)}) as session:
        watcher = Watcher(line, session)
        following = asyncio.create_task(watcher.follow())
        try:
            await watcher.sees(lambda board: board.connected)
            yield watcher
        finally:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following


async def talk(line: RunningLine, phone: Phone, number: str) -> None:
    """Call, choose an adviser, talk until he hangs up, and hang up in the survey."""
    call = await phone.dial(line.number, from_number=number)
    await choose_an_adviser(line, call)
    with contextlib.suppress(TimeoutError):
        await call.wait_ended(TALK_SECONDS + 25)
    call.hang_up()


async def assert_talked(line: RunningLine, number: str) -> None:
    """The call was answered, and the adviser hung up when he wanted to."""

    def legs() -> list[Leg]:
        calls = [call for call in line.ledger().every_call() if call.number.endswith(number)]
        return [leg for call in calls for visit in call.visits for leg in visit.legs if leg.ended_at]

    (leg,) = await asyncio.to_thread(eventually, legs, PATIENCE_SECONDS, "the call is in the ledger")
    assert leg.ended_by is EndedBy.AGENT
    assert leg.talk_ms is not None
    assert leg.talk_ms >= (TALK_SECONDS - 1) * 1000


def from_log(line: RunningLine, board: Board) -> Aggregate:
    """The day's figures from the log alone."""
    day = board.at.astimezone().date()
    figures = Aggregate(UTC, period=Period(first=day - timedelta(days=1), last=day + timedelta(days=1)))
    for visits in LogVisits(files_of(line.settings.queue_log)):
        figures.add(visits)
    return figures


def assert_as_the_log(line: RunningLine, board: Board) -> None:
    total = from_log(line, board).total()
    counts = {part.id: part.count for part in board.identity.parts}
    assert (counts["offered"], counts["answered"], counts["abandoned"], counts["ghost"]) == (
        total.offered,
        total.answered,
        total.abandoned,
        total.ghost,
    )
    assert board.identity.balances
    level = next(card for card in board.cards if card.id == "service_level")
    assert level.shown == percentage(*total.service_level_offered)
    assert level.detail.startswith(f"{whole(total.service_level_offered.numerator)}/")
    answered = {adviser.id: adviser.answered.shown for adviser in board.advisers}
    assert {name: shown for name, shown in answered.items() if shown != "0"} == {
        name: whole(tally.answered) for name, tally in from_log(line, board).by_agent.items() if tally.answered
    }


def at_rest(board: Board) -> bool:
    counts = {part.id: part.count for part in board.identity.parts}
    busy = {state.state: state.count for state in board.advisers_by_state}
    return not counts["waiting"] and not busy["talking"] and not busy["ringing"] and counts["offered"] > 0


def play(line: RunningLine, scenario: Callable[[Watcher, Phone], Awaitable[None]]) -> None:
    async def run() -> None:
        async with watching(line) as watcher, callers_phone(line) as phone, advisers_at_work(line, TALK_SECONDS):
            await scenario(watcher, phone)

    asyncio.run(run())


def test_a_call_is_seen_wherever_it_is_and_at_rest_all_is_as_in_the_log(line: RunningLine) -> None:
    async def scenario(watcher: Watcher, phone: Phone) -> None:
        call = asyncio.create_task(talk(line, phone, "3001112233"))
        seen = await watcher.sees(lambda board: any(adviser.state == "talking" for adviser in board.advisers))
        assert "3001112233" not in seen.model_dump_json()
        await call
        await assert_talked(line, "3001112233")
        rest = await watcher.sees(at_rest)
        await asyncio.to_thread(assert_as_the_log, line, rest)

    play(line, scenario)


def test_the_web_process_killed_is_back_and_calls_go_on(line: RunningLine) -> None:
    async def scenario(watcher: Watcher, phone: Phone) -> None:
        call = asyncio.create_task(talk(line, phone, "3004445566"))
        before = await watcher.sees(lambda board: any(adviser.state == "talking" for adviser in board.advisers))
        sequence, resumed = before.sequence, watcher.resumed
        await asyncio.to_thread(line.kill, "web")
        killed = time.monotonic()
        await watcher.until(lambda: watcher.resumed > resumed)
        print(f"told again after {time.monotonic() - killed:.1f} s")  # noqa: T201  a measurement
        await watcher.sees(lambda board: board.sequence > sequence and board.connected)
        print(f"current again after {time.monotonic() - killed:.1f} s")  # noqa: T201  as above
        await call
        await assert_talked(line, "3004445566")
        await asyncio.to_thread(assert_as_the_log, line, await watcher.sees(at_rest))

    play(line, scenario)


def test_a_telephone_system_that_tells_nothing_is_seen_and_calls_go_on(line: RunningLine) -> None:
    """Its manager interface is shut: new calls are still taken, and told once it is open again."""
    config = line.settings.asterisk_dir / "etc" / "manager.conf"
    written = config.read_text()
    assert "enabled = yes" in written.replace("enabled=yes", "enabled = yes")

    async def console(*commands: str) -> None:
        for command in commands:
            await asyncio.to_thread(line.asterisk.console, command)

    async def scenario(watcher: Watcher, phone: Phone) -> None:
        try:
            config.write_text(written.replace("enabled=yes", "enabled=no").replace("enabled = yes", "enabled = no"))
            await console("manager reload")
            shown = await asyncio.to_thread(line.asterisk.console, "manager show connected")
            for user, _, _, _, descriptor, *_ in (row.split() for row in shown.splitlines() if row.startswith("  ")):
                if user == line.accounts.manager_user:
                    await console(f"manager kick session {descriptor}")
            deaf = await watcher.sees(lambda board: not board.connected)
            assert {card.state for card in deaf.cards} == {None}
            assert deaf.connected_at
            await talk(line, phone, "3007778899")
            await watcher.sees(lambda board: any(alert.id == "disconnected" for alert in board.alerts))
        finally:
            config.write_text(written)
            await console("manager reload")
        await watcher.sees(lambda board: board.connected)
        await assert_talked(line, "3007778899")
        await asyncio.to_thread(assert_as_the_log, line, await watcher.sees(at_rest))

    play(line, scenario)
