"""Requests whose queue or line was published no more: none waits for ever unseen."""

from datetime import timedelta

from sqlalchemy import Engine

from callback_queue.request import Place, Reason, State
from storage.callback_homes import LINE_GONE_AFTER, Homes
from storage.callbacks import Callbacks
from tests.callbacks import ANY_HOUR, NOW, wish

QUEUES = {"anm": ["atencion", "tramites"]}
LEASE = timedelta(seconds=30)


def ask(store: Callbacks, number: int, line: str, queue: str) -> str:
    place = Place(queue=queue, since=NOW - timedelta(minutes=number))
    telephone = f"+57300{number:07}"
    return store.ask(wish(telephone=telephone, line=line, place=place), ANY_HOUR, NOW).request.id


def test_who_waits_for_a_queue_that_is_gone_keeps_the_place_in_the_lines_first(engine: Engine) -> None:
    store, homes = Callbacks(engine), Homes(engine)
    kept = [ask(store, 1, "anm", "tramites"), ask(store, 2, "anm", "atencion")]
    gone = [ask(store, number, "anm", "vieja") for number in range(3, 6)]
    before = {request_id: store.get(request_id) for request_id in kept}
    assert homes.settle(QUEUES, NOW, limit=2) == 2
    assert homes.settle(QUEUES, NOW, limit=2) == 1
    assert homes.settle(QUEUES, NOW, limit=2) == 0
    assert {request_id: store.get(request_id) for request_id in kept} == before
    claimed = store.claim("a", "anm", "atencion", NOW, LEASE, 9)
    assert {request.id for request in claimed} == {kept[1], *gone}
    moved = store.get(gone[0])
    assert moved
    assert moved.place == Place(queue="atencion", since=NOW - timedelta(minutes=3))
    assert [(step.event, step.author, step.detail) for step in moved.steps][1] == ("Moved", "system", "atencion")


def test_who_waits_for_a_line_that_is_gone_is_told_so_an_hour_after_it_was_due(engine: Engine) -> None:
    store, homes = Callbacks(engine), Homes(engine)
    other, request_id = ask(store, 1, "anm", "atencion"), ask(store, 2, "art", "atencion")
    due = NOW + LINE_GONE_AFTER
    assert homes.settle(QUEUES, due - timedelta(seconds=1)) == 0
    assert homes.settle({}, due) == 0, "nothing is published at all: nobody knows which lines there are"
    assert homes.settle({**QUEUES, "art": ["atencion"]}, due) == 0, "it was published again"
    assert homes.settle(QUEUES, due) == 1
    ended, waits = store.get(request_id), store.get(other)
    assert ended
    assert waits
    assert (ended.state, ended.reason, ended.ended_at) == (State.FAILED, Reason.LINE_GONE, due)
    assert waits.state is State.WAITING
