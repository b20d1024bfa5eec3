"""The board of a past minute is the one that was seen then; what was is rebuilt once for all who ask, and bounded."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from contesta.board import rebuilt
from contesta.board.goals import Goals
from contesta.board.past import Past
from contesta.board.rebuilt import Rebuilt
from contesta.board.view import Board
from core.errors import NotAvailableError
from core.events import Event
from quality.metrics.agents import Member, Telephone
from quality.metrics.attendance import Stretch
from quality.metrics.limits import Level
from storage.ledger import Ledger
from storage.presence import PresenceBook
from tests.board import PLACE, ZONE, ToldFeed, TurnedClock, callers, hub_over
from tests.stories import at, events_of, log_of, restart

BEFORE = at(0) - timedelta(minutes=2)
AFTER = at(700)
HERE = Telephone.FREE
PICTURE = [
    Member(at=BEFORE - timedelta(minutes=30), queue="atencion", agent="Ana Ruiz", telephone=HERE),
    Member(at=BEFORE, queue="atencion", agent="Luis Peña", telephone=HERE, paused=True, reason="almuerzo"),
    Member(at=BEFORE, queue="segunda", agent="Marta Niño", telephone=Telephone.ABSENT),
]
CHANGES = [
    Member(at=at(65), queue="atencion", agent="Luis Peña", telephone=HERE),
    Member(at=at(170), queue="segunda", agent="Marta Niño", telephone=HERE),
    Member(at=at(171), queue="atencion", agent="Ana Ruiz", telephone=Telephone.BUSY),
    Member(at=at(330), queue="atencion", agent="Luis Peña", telephone=None),
]


def told() -> list[Event]:
    events = events_of(log_of(range(40), restart(300)))
    return sorted([*events, *callers(6, since=415), *callers(2, "segunda", first=950, since=340)], key=_time)


def _time(event: Event | Member) -> datetime:
    return event.at


def seen_live(events: list[Event]) -> Iterator[Board]:
    """The boards of whole minutes, as a hub saw them that was told everything when it happened."""
    feed, clock = ToldFeed(), TurnedClock(BEFORE)
    feed.engine.agents.see_all(PICTURE, BEFORE)
    hub = hub_over(feed, clock)
    ahead: list[Event | Member] = sorted([*events, *CHANGES], key=_time, reverse=True)
    while clock() < AFTER:
        clock.pass_seconds(1)
        while ahead and ahead[-1].at <= clock():
            feed.tell([ahead.pop()])
        hub.look()
        if clock().second == 0:
            yield hub.moment.board


def remembered(engine: Engine, events: list[Event]) -> None:
    """What the listener has written of all this."""
    Ledger(engine).apply(events)
    PresenceBook(engine).write(Stretch(since=BEFORE, until=AFTER, members=[*PICTURE, *CHANGES]))


def essence(told: Any) -> Any:  # noqa: ANN401  what JSON says
    """What a board shows, without how it is called, where it leads, and how long its alerts have been on."""
    if isinstance(told, dict):
        apart = {"sequence", "mode", "source", "calls", "why", "call", "alerts"}
        found = {name: essence(value) for name, value in told.items() if name not in apart}
        if "alerts" in told:
            found["alerts"] = {alert["id"]: alert | {"since": None} for alert in told["alerts"]}
        return found
    return [essence(one) for one in told] if isinstance(told, list) else told


def run_past(engine: Engine, clock: TurnedClock, scenario: Callable[[Past], Awaitable[None]]) -> None:
    async def run() -> None:
        await scenario(Past(engine, PLACE, Goals(engine, "", ghost_seconds=5), clock))

    asyncio.run(run())


def test_a_past_minute_is_shown_as_it_was_seen(engine: Engine) -> None:
    events = told()
    remembered(engine, events)
    boards = list(seen_live(events))

    async def scenario(past: Past) -> None:
        levels, states = set(), set()
        for board in boards:
            then = (await past.moment(board.at)).board
            assert essence(then.model_dump(mode="json")) == essence(board.model_dump(mode="json")), board.at
            levels |= {card.state for card in board.cards}
            states |= {adviser.state for adviser in board.advisers}
        assert {Level.OK, Level.WARN, Level.BAD} <= levels
        assert {"available", "talking", "paused", "signed_out"} <= states

    assert len(boards) > 10
    run_past(engine, TurnedClock(AFTER), scenario)


def test_any_second_gives_its_minute_and_says_which(sqlite_engine: Engine) -> None:
    remembered(sqlite_engine, told())

    async def scenario(past: Past) -> None:
        minute = at(0).replace(second=0) + timedelta(minutes=3)
        for second in (0, 1, 59):
            board = (await past.moment(minute + timedelta(seconds=second))).board
            assert (board.at, board.mode, board.source) == (minute, "past", "10:09")

    run_past(sqlite_engine, TurnedClock(AFTER), scenario)


def test_what_nobody_watched_is_shown_without_levels(sqlite_engine: Engine) -> None:
    """The listener was away: the figures are the log's, but who waited and who was there nobody saw."""
    remembered(sqlite_engine, told())
    later = AFTER + timedelta(minutes=5)

    async def scenario(past: Past) -> None:
        board = (await past.moment(later)).board
        assert not board.connected
        assert board.connected_at == AFTER
        assert {card.state for card in board.cards} == {None}
        assert (await past.moment(BEFORE - timedelta(hours=1))).board.connected, "nobody watched yet: a log of old"

    run_past(sqlite_engine, TurnedClock(later + timedelta(minutes=5)), scenario)


def test_what_has_not_come_yet_is_refused(sqlite_engine: Engine) -> None:
    async def scenario(past: Past) -> None:
        with pytest.raises(NotAvailableError, match="no ha llegado"):
            await past.moment(AFTER + timedelta(minutes=1))

    run_past(sqlite_engine, TurnedClock(AFTER), scenario)


def test_who_was_on_duty_is_of_the_day_and_of_what_was_watched(sqlite_engine: Engine) -> None:
    remembered(sqlite_engine, told())

    async def scenario(past: Past) -> None:
        there = await past.on_duty(AFTER, "atencion")
        assert there(at(0), at(60)) == pytest.approx(1)
        assert there(at(70), at(100)) == pytest.approx(2)
        assert (await past.on_duty(AFTER, ""))(at(180), at(300)) == pytest.approx(3)
        assert there(AFTER, AFTER + timedelta(hours=1)) is None

    run_past(sqlite_engine, TurnedClock(AFTER), scenario)


def test_a_day_is_counted_as_the_ledger_counts_it(sqlite_engine: Engine) -> None:
    remembered(sqlite_engine, told())

    async def scenario(past: Past) -> None:
        figures = await past.day(at(0).astimezone(ZONE).date())
        assert figures.total().offered == len([event for event in told() if type(event).__name__ == "QueueEntered"]) + 5
        assert (await past.day(at(0).astimezone(ZONE).date() - timedelta(days=7))).total().offered == 0

    run_past(sqlite_engine, TurnedClock(AFTER), scenario)


def test_what_many_ask_for_is_made_once_and_kept_for_as_long_as_told() -> None:
    clock = TurnedClock(datetime(2026, 1, 1, tzinfo=UTC))
    made: list[int] = []

    async def run() -> None:
        kept = Rebuilt[int](clock)

        def make() -> int:
            made.append(len(made))
            return len(made)

        minute = timedelta(minutes=1)
        assert await asyncio.gather(*(kept.get("a", make, minute) for _ in range(5))) == [1] * 5
        clock.pass_seconds(60)
        assert await kept.get("a", make, minute) == 1
        clock.pass_seconds(1)
        assert await kept.get("a", make, minute) == 2
        for number in range(rebuilt.KEPT):
            await kept.get(number, make, minute)
        before = len(made)
        assert await kept.get("a", make, minute) == before + 1, "the oldest was forgotten"

    asyncio.run(run())


def test_those_who_ask_for_more_than_can_be_made_are_told_so() -> None:
    clock = TurnedClock(datetime(2026, 1, 1, tzinfo=UTC))
    go = threading.Event()

    def make() -> int:
        go.wait(30)
        return 1

    async def run() -> None:
        kept = Rebuilt[int](clock)
        asking = [asyncio.create_task(kept.get(number, make, timedelta(1))) for number in range(rebuilt.MOST_WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(NotAvailableError, match="muchas consultas"):
            await kept.get("one more", make, timedelta(1))
        go.set()
        assert await asyncio.gather(*asking) == [1] * rebuilt.MOST_WAITING
        assert await kept.get("one more", make, timedelta(1)) == 1

    asyncio.run(run())
