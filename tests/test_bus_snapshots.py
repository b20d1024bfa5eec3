"""What of the board other systems are told: what changed, in numbers, and nobody's name or number."""

import asyncio
import json
from datetime import timedelta

from jsonschema import Draft202012Validator

from contesta.board.view import Board
from contesta.bus import topics
from contesta.bus.bus import Bus
from contesta.bus.schemas import SUBJECTS, schema
from contesta.bus.snapshots import Snapshots, publish_snapshots
from contesta.bus.topics import Alert, LineState, Payload, QueueState
from core.events import Event
from storage.callback_list import Broken
from tests.board import REST, ToldFeed, TurnedClock, board_of, callers, hub_over, signs_in, stories, watched
from tests.stories import number_of

LINE = "ciudadanos"


def told(*boards: Board) -> list[dict[str, Payload | None]]:
    """What is told of each board of one line."""
    snapshots = Snapshots(LINE)
    return [dict(snapshots.changes(board)) for board in boards]


def busy() -> list[Event]:
    return [*stories(), *callers(12), signs_in("Ana Ruiz"), signs_in("Luis Peña", "segunda")]


def test_the_states_are_the_figures_of_the_board() -> None:
    board = board_of(busy())
    (states,) = told(board)
    line = states[topics.board(LINE)]
    assert isinstance(line, LineState)
    assert {name: figure.value for name, figure in line.figures.items() if figure.since is None} == {
        card.id: card.value for card in board.cards if card.since is None
    }
    assert line.today == {part.id: part.count for part in board.identity.parts}
    assert line.today.pop("offered") == sum(line.today.values()) > 0
    assert sum(line.advisers.values()) == len(board.advisers)
    assert line.queues == [row.name for row in board.queues] != []
    for row in board.queues:
        queue = states[topics.queue(LINE, row.name)]
        assert isinstance(queue, QueueState)
        assert (queue.level, queue.figures["waiting"].value) == (row.state, row.waiting.value)
        assert queue.figures["longest_wait"].since == row.longest_wait.since


def test_only_what_changed_is_told_again() -> None:
    clock = TurnedClock(REST)
    feed = ToldFeed(busy())
    hub = hub_over(feed, clock)
    boards = [watched(hub, clock, 1), watched(hub, clock, 1)]
    feed.tell(callers(1, "segunda", first=990, since=401))
    boards.append(watched(hub, clock, 1))
    first, second, third = told(*boards)
    assert len({topic for topic, state in first.items() if state}) == 1 + len(boards[0].queues)
    assert second == {}
    assert set(third) == {topics.board(LINE), topics.queue(LINE, "segunda")}


def test_each_alert_is_told_by_itself_and_cleared_when_it_is_over() -> None:
    clock = TurnedClock(REST)
    feed = ToldFeed(callers(30))
    hub = hub_over(feed, clock)
    quiet, alarmed = watched(hub, clock, 1), watched(hub, clock, 8)
    first, *rest = alarmed.alerts
    other = alarmed.model_copy(update={"alerts": rest, "at": alarmed.at + timedelta(seconds=1)})
    assert rest
    _, during, later, over = (
        {t: s for t, s in states.items() if "/alerts/" in t} for states in told(quiet, alarmed, other, quiet)
    )
    assert {topic: state.id for topic, state in during.items() if isinstance(state, Alert)} == {
        topics.alert(LINE, alert.id): alert.id for alert in alarmed.alerts
    }
    assert later == {topics.alert(LINE, first.id): None}, "those that go on are not told again"
    assert over == {topics.alert(LINE, alert.id): None for alert in rest}


def test_a_broken_promise_is_told_as_its_schema_says() -> None:
    clock = TurnedClock(REST)
    hub = hub_over(ToldFeed(stories()), clock)
    hub.count(None, Broken(late=("anm",), expired=("anm",), stopped=True, capped=("anm",)))
    (states,) = told(watched(hub, clock, 6))
    published = Draft202012Validator(schema(SUBJECTS["alert"]))
    promises = {state.id: state for state in states.values() if isinstance(state, Alert) and state.to_do}
    assert set(promises) == {"late_callbacks", "expired_callbacks", "dialling_stopped", "dialling_capped"}
    for state in promises.values():
        payload = json.loads(state.model_dump_json())
        published.validate(payload)
        assert payload["to_do"]
        assert not published.is_valid({name: value for name, value in payload.items() if name != "to_do"})


def test_the_line_names_the_alerts_there_are_and_who_begins_clears_all_others() -> None:
    board = board_of(callers(30), seconds=10)
    (states,) = told(board)
    line = states[topics.board(LINE)]
    assert isinstance(line, LineState)
    assert line.alerts == [alert.id for alert in board.alerts] != []
    cleared = {topic for topic, state in states.items() if state is None}
    standing = {topics.alert(LINE, alert) for alert in line.alerts}
    assert {topics.alert(LINE, "disconnected"), topics.alert(LINE, "abandonment:atencion")} - standing <= cleared
    assert not cleared & standing


def test_no_state_names_anybody() -> None:
    board = board_of(busy(), seconds=10)
    assert board.alerts
    assert board.waiting
    (states,) = told(board)
    written = json.dumps(
        [json.loads(state.model_dump_json()) for state in states.values() if state], ensure_ascii=False
    )
    people = {"Ana", "Ruiz", "Luis", "Peña"}
    numbers = {number_of(call).removeprefix("+57") for call in (*range(48), *range(900, 912))}
    shown = {caller.number for caller in board.waiting} | {caller.call for caller in board.waiting}
    for secret in people | numbers | shown | {adviser.id for adviser in board.advisers}:
        assert secret not in written, secret


def test_boards_that_come_quicker_are_told_as_the_newest_of_them() -> None:
    async def scenario() -> list[float | None]:
        bus, told = Bus(), list[float | None]()
        with bus.subscribe(topics.board(LINE)) as states:
            telling = asyncio.create_task(publish_snapshots(bus, LINE))
            for count in range(1, 11):
                bus.publish(topics.VIEW, board_of(callers(count)), retain=True)
                await asyncio.sleep(0)
            async with asyncio.timeout(30):
                while 10 not in told:
                    state = LineState.model_validate_json((await anext(states)).payload)
                    told.append(state.figures["waiting"].value)
            telling.cancel()
        return told

    assert len(asyncio.run(scenario())) < 10
