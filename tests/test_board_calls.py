"""Every figure of the board leads to exactly the calls it counts: of this moment, and of every past minute."""

import csv
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from sqlalchemy import Engine

from contesta.board.view import Board
from contesta.web.access import Role
from core.events import CallStarted, Event, ExitReason, QueueEntered, QueueExited, RingEnded, RingResult, Source
from quality.metrics.history import CallHistory, Outcome, Visit, build
from storage.ledger import Ledger
from tests.board import ZONE, board_of, callers
from tests.stories import at, events_of, lines, log_of, number_of, restart
from tests.web import Client, Office, run_office

GHOST_SECONDS, WITHIN_MS = 5, 20_000
NOW = at(420)
DAY = NOW.astimezone(ZONE).date()
Test = Callable[[Visit], bool]


def varied() -> list[Event]:
    """Calls of every kind, some cut off, some that wait in two queues, one of yesterday, one that comes twice."""
    told = events_of(log_of([*range(40)], restart(200)))
    told += events_of(log_of(range(70, 78)))
    told += [*callers(4, since=405), *callers(2, "segunda", first=930, since=395)]
    of: dict[str, Any] = {"call_id": "8.8", "channel_id": "8.8", "source": Source.QUEUE_LOG}
    told.append(CallStarted(at=at(300), line="018000910123", number=number_of(8), **of))
    for second, reason in ((301, ExitReason.TIMEOUT), (340, ExitReason.EMPTY)):
        told.append(QueueEntered(at=at(second), queue="segunda", **of))
        told.append(
            RingEnded(
                at=at(second + 9),
                queue="segunda",
                agent="Luis Peña",
                ring_ms=5000,
                result=RingResult.NO_ANSWER,
                **of,
            )
        )
        told.append(QueueExited(at=at(second + 20), queue="segunda", reason=reason, wait_seconds=20, **of))
    yesterday = [line.replace("|", "@", 1).split("@") for line in lines(800)]
    told += events_of(f"{int(second) - 60_000}|{rest}" for second, rest in yesterday)
    return told


EVENTS = varied()
RESTARTS = [at(200)]


def histories(now: datetime) -> Iterator[CallHistory]:
    """Each call as it was told by then, folded here and not by the ledger."""
    calls: dict[str, list[Event]] = {}
    for event in EVENTS:
        if event.channel_id and event.at <= now:
            calls.setdefault(event.channel_id, []).append(event)
    for told in calls.values():
        yield build(
            told, [restart_at for restart_at in RESTARTS if min(event.at for event in told) <= restart_at <= now]
        )


def having(now: datetime, test: Test, *, today: bool = True) -> list[tuple[str, Visit]]:
    return [
        (call.call_id, visit)
        for call in histories(now)
        for visit in call.visits
        if (not today or visit.entered_at.astimezone(ZONE).date() == DAY) and test(visit)
    ]


def has(*outcomes: Outcome) -> Test:
    return lambda visit: visit.outcome(GHOST_SECONDS) in outcomes


def in_time(visit: Visit) -> bool:
    return visit.result is Outcome.ANSWERED and (visit.wait_ms or 0) <= WITHIN_MS


def waits(visit: Visit) -> bool:
    return visit.result is Outcome.WAITING and visit.left_at is None


def counted(board: Board, now: datetime) -> Iterator[tuple[str, str, int, list[str]]]:
    """Each figure: its name, its address, what it says, and the visits it must count by their calls."""
    scopes = [("", {card.id: card for card in board.cards})]
    scopes += [
        (
            row.name,
            {"offered": row.offered} | {cell.id: cell for cell in (row.waiting, row.service_level, row.abandonment)},
        )
        for row in board.queues
    ]
    for queue, cells in scopes:

        def of(test: Test, queue: str = queue, *, today: bool = True) -> list[str]:
            return [call for call, visit in having(now, test, today=today) if queue in {"", visit.queue}]

        yield f"waiting {queue}", cells["waiting"].calls, int(cells["waiting"].shown), of(waits, today=False)
        for name, test in (("service_level", in_time), ("abandonment", has(Outcome.ABANDONED))):
            yield f"{name} {queue}", cells[name].calls, int(cells[name].detail.split("/")[0]), of(test)
        if "offered" in cells:
            yield f"offered {queue}", cells["offered"].calls, int(cells["offered"].shown), of(lambda _: True)
    outcomes = {
        "offered": tuple(Outcome),
        "answered": (Outcome.ANSWERED,),
        "abandoned": (Outcome.ABANDONED,),
        "ghost": (Outcome.GHOST,),
        "others": (Outcome.OVERFLOW, Outcome.CLOSED, Outcome.LOST),
        "waiting": (Outcome.WAITING,),
    }
    for part in board.identity.parts:
        yield f"part {part.id}", part.calls, part.count, [call for call, _ in having(now, has(*outcomes[part.id]))]
    for adviser in board.advisers:
        name = adviser.id
        legs = [(call, leg) for call, visit in having(now, lambda _: True) for leg in visit.legs if leg.agent == name]
        yield f"answered by {name}", adviser.answered.calls, int(adviser.answered.shown), [call for call, _ in legs]
        known = [call for call, leg in legs if leg.talk_ms is not None]
        yield f"tmo of {name}", adviser.tmo.calls, len(known), known
        rings = [
            call
            for call, visit in having(now, lambda _: True)
            for ring in visit.rings
            if ring.agent == name and ring.result is RingResult.NO_ANSWER
        ]
        yield f"unanswered by {name}", adviser.unanswered.calls, int(adviser.unanswered.shown), rings


async def listed(client: Client, address: str) -> list[str]:
    """The calls that a list has, by the table that can be taken away."""
    response = await client.get(address.replace("/llamadas?", "/llamadas.csv?", 1))
    assert response.status == 200, (address, await response.text())
    heads, *rows = csv.reader((await response.text()).removeprefix("\ufeff").splitlines(), delimiter=";")
    return [row[heads.index("Identificador")] for row in rows]


async def assert_leads_to_its_calls(client: Client, board: Board, now: datetime) -> set[str]:
    """Of each figure: what it says is how many visits it has, and its list has their calls, each once."""
    seen = set()
    for name, address, says, calls in counted(board, now):
        assert says == len(calls), name
        found = await listed(client, address)
        assert len(found) == len(set(found)), name
        assert set(found) == set(calls), (name, address)
        seen |= {name} if calls else set()
    (longest,) = (card for card in board.cards if card.id == "longest_wait")
    waiting = sorted(having(now, waits, today=False), key=lambda one: (one[1].entered_at, one[0]))
    assert unquote(longest.calls) == (f"/llamadas/{waiting[0][0]}" if waiting else "")
    if waiting:
        assert (await client.get(longest.calls)).status == 200
    return seen


def test_each_figure_of_this_moment_has_its_calls(sqlite_engine: Engine) -> None:
    Ledger(sqlite_engine).apply(EVENTS)
    board = board_of(EVENTS, NOW)

    async def scenario(office: Office) -> None:
        seen = await assert_leads_to_its_calls(await office.signed_in(Role.SUPERVISOR), board, NOW)
        assert {f"part {name}" for name in ("offered", "answered", "abandoned", "ghost", "others", "waiting")} <= seen
        assert {"waiting ", "waiting atencion", "waiting segunda", "offered segunda", "unanswered by Luis Peña"} <= seen

    run_office(sqlite_engine, scenario)


def test_each_figure_of_a_past_minute_had_these_calls_then(sqlite_engine: Engine) -> None:
    Ledger(sqlite_engine).apply(EVENTS)

    async def scenario(office: Office) -> None:
        supervisor = await office.signed_in(Role.SUPERVISOR)
        for minutes in (2, 4, 7):
            then = (at(0) + timedelta(minutes=minutes)).replace(second=0)
            told = await (await supervisor.get("/api/v1/board", params={"at": then.isoformat()})).json()
            board = Board.model_validate(told)
            assert board.at == then
            assert await assert_leads_to_its_calls(supervisor, board, then)

    run_office(sqlite_engine, scenario)
