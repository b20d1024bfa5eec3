"""Promised calls in the database: one open for each telephone, claims that nobody shares, steps with their history."""

import re
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, text
from sqlalchemy import event as database_event
from sqlalchemy.exc import IntegrityError

from callback_queue.request import Filing, Person, Place, Reason, Result, Source, State, Window
from callback_queue.states import (
    Accepted,
    Answered,
    AttemptFailed,
    Cancelled,
    Connected,
    Dialled,
    Event,
    IllegalStepError,
    LookUp,
    Released,
    TalkEnded,
)
from storage.callback_codec import values
from storage.callback_facts import CallbackFacts
from storage.callback_list import NONE_BROKEN, Broken, CallbackFilter, CallbackLists
from storage.callback_tables import CallbackRow
from storage.callbacks import Beside, Callbacks, LeaseLostError
from tests.callbacks import ANY_HOUR, NOW, OFFICE, PHONE, begun, wish

LEASE = timedelta(seconds=30)


@pytest.fixture
def store(engine: Engine) -> Callbacks:
    return Callbacks(engine)


@pytest.fixture
def lists(engine: Engine) -> CallbackLists:
    return CallbackLists(engine)


def phone(number: int) -> str:
    return f"+57300{number:07}"


def ask_many(store: Callbacks, count: int) -> None:
    for number in range(count):
        store.ask(wish(telephone=phone(number), origin=f"web:{number}"), ANY_HOUR, NOW)


def run_at_once(jobs: list[threading.Thread]) -> None:
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()


def test_wish_becomes_a_request_that_its_number_and_code_open(store: Callbacks) -> None:
    person = Person(name="Luz Marina <script>", document_type="CC", document="1023", company="'; DROP TABLE", nit="9")
    asked = wish(person=person, description="Título\n«minero» 😀", window=Window(not_before=NOW + timedelta(hours=1)))
    taken = store.ask(asked, ANY_HOUR, NOW)
    assert (taken.joined, taken.known) == (False, False)
    filing = taken.request.filing
    assert filing.number == "12506030001"
    found = store.filed(filing.number, f" {filing.code.lower()} ")
    assert found == store.get(taken.request.id) == taken.request
    assert (found.person, found.description) == (person, asked.description)
    assert found.due_at == found.promised_at == NOW + timedelta(hours=1)
    assert store.filed(filing.number, "ACEFHK") is None
    assert store.filed("12506030002", filing.code) is None


def test_second_wish_joins_and_both_filing_numbers_lead_to_the_one_request(store: Callbacks) -> None:
    first = store.ask(wish(), ANY_HOUR, NOW).request
    left = wish(
        source=Source.KEPT_PLACE,
        origin="mailbox:2506030001",
        place=Place(queue="tramites", since=NOW - timedelta(minutes=10)),
        filing=Filing(number="2506030001", code="HJKMNP"),
        call_id="1.1",
    )
    taken = store.ask(left, ANY_HOUR, NOW + timedelta(minutes=1))
    assert (taken.joined, taken.request.id) == (True, first.id)
    found = store.filed("2506030001", "HJKMNP")
    assert found == store.filed(first.filing.number, first.filing.code)
    assert found
    assert found.place == left.place
    assert [(step.event, step.author, step.detail) for step in found.steps] == [
        ("Asked", "citizen", "web"),
        ("Joined", "citizen", "kept_place"),
    ]
    assert store.of_calls(["1.1", "1.2"]) == {"1.1": first.id}
    assert store.beside(["1.1"]) == {"1.1": Beside(request_id=first.id, number=first.filing.number, attempt=False)}


def test_the_same_origin_is_taken_in_once(store: Callbacks, lists: CallbackLists) -> None:
    first = store.ask(wish(), ANY_HOUR, NOW)
    store.step(first.request.id, Cancelled(by="citizen", reason=Reason.BY_CITIZEN), NOW)
    again = store.ask(wish(), ANY_HOUR, NOW)
    assert (again.known, again.request.id) == (True, first.request.id)
    assert store.known([wish().origin, "web:other"]) == {wish().origin}
    assert lists.count(CallbackFilter()) == 1


def test_a_request_that_is_over_makes_room_for_another(store: Callbacks) -> None:
    first = store.ask(wish(), ANY_HOUR, NOW).request
    store.step(first.id, Cancelled(by="citizen", reason=Reason.BY_CITIZEN), NOW)
    second = store.ask(wish(origin="web:2"), ANY_HOUR, NOW)
    assert (second.joined, second.request.id != first.id) == (False, True)
    other_line = store.ask(wish(origin="web:3", line="art"), ANY_HOUR, NOW)
    assert not other_line.joined


def test_the_database_itself_refuses_a_second_open_one(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(insert(CallbackRow), values(begun()))
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(insert(CallbackRow), values(replace(begun(), id="r2")))


def test_many_ask_for_one_telephone_at_once(store: Callbacks, lists: CallbackLists) -> None:
    taken: list[bool] = []

    def ask(number: int) -> None:
        taken.append(store.ask(wish(origin=f"web:{number % 8}"), ANY_HOUR, NOW).joined)

    run_at_once([threading.Thread(target=ask, args=(number,)) for number in range(16)])
    assert len(taken) == 16
    (request,) = lists.page(CallbackFilter()).requests
    assert (request.version, len(request.joined)) == (8, 7)


def test_without_a_number_it_is_held_and_any_count_of_them_may_be(store: Callbacks, lists: CallbackLists) -> None:
    for number in range(2):
        held = store.ask(wish(telephone="", origin=f"mailbox:{number}"), ANY_HOUR, NOW)
        assert held.request.state is State.HELD
    assert store.claim("a", "anm", "atencion", NOW, LEASE, 10) == []
    assert lists.pending(NOW).by_state == {State.HELD: 2}


def test_claims_are_shared_by_nobody(store: Callbacks) -> None:
    ask_many(store, 40)
    claimed: list[str] = []

    def claim(worker: str) -> None:
        while mine := store.claim(worker, "anm", "atencion", NOW, LEASE, 3):
            claimed.extend(request.id for request in mine)

    run_at_once([threading.Thread(target=claim, args=(f"w{number}",)) for number in range(4)])
    assert len(claimed) == len(set(claimed)) == 40


def test_urgent_first_then_who_was_due_first(store: Callbacks) -> None:
    def ask(number: int, source: Source, minutes: int) -> str:
        asked = wish(telephone=phone(number), origin=f"o:{number}", source=source)
        return store.ask(asked, ANY_HOUR, NOW - timedelta(minutes=minutes)).request.id

    campaign = ask(1, Source.CAMPAIGN, 90)
    late, later = ask(3, Source.WEB, 30), ask(2, Source.MAILBOX, 20)
    kept = ask(4, Source.KEPT_PLACE, 1)
    store.ask(wish(telephone=phone(5), origin="o:5"), ANY_HOUR, NOW + timedelta(seconds=1))
    store.ask(wish(telephone=phone(6), origin="o:6", place=Place(queue="otra", since=NOW)), ANY_HOUR, NOW)
    claimed = store.claim("a", "anm", "atencion", NOW, LEASE, 10)
    assert [request.id for request in claimed] == [kept, late, later, campaign]


def happen(store: Callbacks, request_id: str, *events: Event) -> None:
    for event in events:
        store.step(request_id, event, NOW, worker="a")


def test_whole_life(engine: Engine, store: Callbacks, lists: CallbackLists) -> None:
    facts = CallbackFacts(engine)
    request_id = store.ask(wish(call_id="1.1"), ANY_HOUR, NOW).request.id
    store.claim("a", "anm", "atencion", NOW, LEASE, 1)
    _, (dial,) = store.step(request_id, Dialled(by="worker:a"), NOW + timedelta(seconds=5), worker="a")
    assert dial.channel_id == f"cb-{request_id}-1"
    assert facts.dialled_since(NOW, line="anm") == 1
    assert facts.dialled_of([PHONE, phone(1)], NOW) == {PHONE: 1}
    assert facts.dialled_since(NOW + timedelta(minutes=1)) == facts.dialled_since(NOW, line="art") == 0
    happen(store, request_id, Answered(by="worker:a"), Accepted(by="worker:a"), Connected(by="worker:a", agent="Ana"))
    happen(store, request_id, TalkEnded(by="worker:a"))
    told = store.of_channel(dial.channel_id)
    assert told
    assert (told.state, told.reason, told.lease, told.attended_call) == (
        State.ATTENDED,
        Reason.TALKED,
        None,
        dial.channel_id,
    )
    assert [step.event for step in told.steps] == [
        *("Asked", "Claimed", "Dialled", "Answered", "Accepted", "Connected", "TalkEnded")
    ]
    assert store.of_calls([dial.channel_id, "1.1"]) == {dial.channel_id: request_id, "1.1": request_id}
    (stages,) = lists.funnel(CallbackFilter())
    assert (stages.asked, stages.dialled, stages.answered, stages.accepted, stages.connected) == (1, 1, 1, 1, 1)
    assert (stages.solved, stages.wait_ms, str(stages.day)) == (0, 5000, "2025-06-03")


def test_illegal_step_changes_nothing(store: Callbacks) -> None:
    request = store.ask(wish(), ANY_HOUR, NOW).request
    with pytest.raises(IllegalStepError):
        store.step(request.id, Dialled(by="worker:a"), NOW)
    assert store.get(request.id) == request
    with pytest.raises(LookupError):
        store.step("nobody", Dialled(by="worker:a"), NOW)


def test_whoever_lost_the_lease_cannot_dial(store: Callbacks) -> None:
    request_id = store.ask(wish(), ANY_HOUR, NOW).request.id
    store.claim("a", "anm", "atencion", NOW, LEASE, 1)
    later = NOW + LEASE
    assert store.adopt("b", later - timedelta(seconds=1), LEASE, 10) == []
    assert store.adopt("b", later, LEASE, 10) == []
    assert [request.id for request in store.claim("b", "anm", "atencion", later, LEASE, 1)] == [request_id]
    with pytest.raises(LeaseLostError):
        store.step(request_id, Dialled(by="worker:a"), later, worker="a")
    assert store.renew("a", [request_id], later + LEASE) == set()
    assert store.renew("b", [request_id], later + 2 * LEASE) == {request_id}
    assert store.adopt("c", later + LEASE, LEASE, 10) == []


def test_attempt_of_a_dead_worker_is_looked_up_by_one_other(store: Callbacks) -> None:
    request_id = store.ask(wish(), ANY_HOUR, NOW).request.id
    store.claim("a", "anm", "atencion", NOW, LEASE, 1)
    happen(store, request_id, Dialled(by="worker:a"))
    assert store.claim("b", "anm", "atencion", NOW + LEASE, LEASE, 1) == []
    ((adopted, commands),) = store.adopt("b", NOW + LEASE, LEASE, 10)
    assert commands == (LookUp(channel_id=f"cb-{request_id}-1"),)
    assert adopted.state is State.DIALLING
    assert store.adopt("c", NOW + LEASE, LEASE, 10) == []


def test_many_steps_at_once_and_whoever_lost_one_changes_nothing_of_it(engine: Engine, store: Callbacks) -> None:
    ask_many(store, 3)
    mine = [request.id for request in store.claim("a", "anm", "atencion", NOW, LEASE, 2)]
    (other,) = (request.id for request in store.claim("b", "anm", "atencion", NOW, LEASE, 1))
    dialled: list[tuple[Event, datetime]] = [(Dialled(by="worker:a"), NOW)]
    not_dialled = AttemptFailed(by="worker:a", result=Result.NOT_DIALLED, retry_at=NOW)
    happened = {mine[0]: [*dialled, (not_dialled, NOW)], mine[1]: [*dialled, *dialled], other: dialled}
    changed, refused = store.steps("a", happened)
    assert {request_id: request.state for request_id, request in changed.items()} == {mine[0]: State.WAITING}
    assert {request_id: type(error) for request_id, error in refused.items()} == {
        mine[1]: IllegalStepError,
        other: LeaseLostError,
    }
    untouched = [store.get(request_id) for request_id in (mine[1], other)]
    assert [request and (request.state, len(request.attempts)) for request in untouched] == [(State.CLAIMED, 0)] * 2
    assert CallbackFacts(engine).dialled_since(NOW) == 0, "nothing was dialled: no cap counts it"


def test_queues_with_something_due(store: Callbacks) -> None:
    later = NOW + timedelta(minutes=1)
    store.ask(wish(), ANY_HOUR, NOW)
    kept = wish(telephone=phone(1), origin="o:1", source=Source.KEPT_PLACE, place=Place(queue="tramites", since=NOW))
    store.ask(kept, ANY_HOUR, later)
    queues = ["tramites", "atencion", "otra"]
    assert store.due_queues("anm", queues, NOW - timedelta(seconds=1)) == store.due_queues("anm", [], NOW) == []
    assert store.due_queues("anm", queues, NOW) == ["atencion"]
    assert sorted(store.due_queues("anm", queues, later)) == ["atencion", "tramites"]
    assert store.due_queues("art", queues, later) == []


def test_released_and_failed_requests_wait_until_they_are_due(store: Callbacks) -> None:
    request_id = store.ask(wish(), ANY_HOUR, NOW).request.id
    soon, later = NOW + timedelta(minutes=1), NOW + timedelta(minutes=10)
    store.claim("a", "anm", "atencion", NOW, LEASE, 1)
    happen(store, request_id, Released(by="worker:a", why="no_adviser", due_at=soon))
    assert store.claim("a", "anm", "atencion", NOW, LEASE, 1) == []
    store.claim("a", "anm", "atencion", soon, LEASE, 1)
    happen(store, request_id, Dialled(by="worker:a"))
    happen(store, request_id, AttemptFailed(by="worker:a", result=Result.BUSY, retry_at=later, detail="486"))
    assert store.claim("a", "anm", "atencion", soon, LEASE, 1) == []
    (claimed,) = store.claim("a", "anm", "atencion", later, LEASE, 1)
    assert claimed.next_channel_id == f"cb-{request_id}-2"


def test_what_is_over_its_time_ends_and_says_so(store: Callbacks) -> None:
    window = Window(not_before=NOW, not_after=NOW + timedelta(hours=1))
    request_id = store.ask(wish(window=window), ANY_HOUR, NOW).request.id
    assert store.expire(NOW + timedelta(minutes=59)) == 0
    assert store.expire(NOW + timedelta(hours=1)) == 1
    told = store.get(request_id)
    assert told
    assert (told.state, told.reason) == (State.FAILED, Reason.EXPIRED)


def test_broken_promises_are_those_long_owed_and_those_that_expired_today(
    store: Callbacks, lists: CallbackLists
) -> None:
    def ask(number: int, line: str, source: Source, at: datetime) -> None:
        hour = Window(not_before=at, not_after=at + timedelta(hours=1))
        store.ask(
            wish(telephone=phone(number), origin=f"o:{number}", line=line, source=source, window=hour), ANY_HOUR, at
        )

    ask(1, "anm", Source.WEB, NOW)
    ask(2, "art", Source.ABANDONED, NOW + timedelta(minutes=1))
    ask(3, "anla", Source.CAMPAIGN, NOW)
    moment, ago = NOW + timedelta(minutes=10), timedelta(minutes=10)
    assert lists.broken(moment - timedelta(seconds=1) - ago, NOW) == NONE_BROKEN
    assert lists.broken(moment - ago, NOW) == Broken(late=("anm",))
    over = NOW + timedelta(hours=1)
    store.expire(over)
    assert lists.broken(over - ago, NOW) == Broken(late=("art",), expired=("anm",))
    assert lists.broken(over - ago, over + timedelta(seconds=1)) == Broken(late=("art",))
    late, expired = CallbackFilter(owed_before=over - ago), CallbackFilter(expired_since=NOW)
    assert [[each.telephone for each in lists.page(which).requests] for which in (late, expired)] == [
        [phone(2)],
        [phone(1)],
    ]


def test_who_wants_to_be_left_alone_is(store: Callbacks) -> None:
    request_id = store.ask(wish(source=Source.FOLLOW_UP), ANY_HOUR, NOW - timedelta(hours=2)).request.id
    store.leave_alone(PHONE, "citizen", "pidió no recibir llamadas", NOW)
    told = store.get(request_id)
    assert told
    assert (told.state, told.reason) == (State.CANCELLED, Reason.LEFT_ALONE)
    assert store.left_alone_since([PHONE, phone(1)]) == {PHONE: NOW}
    store.call_again(PHONE)
    assert store.left_alone_since([PHONE]) == {}


def test_due_in_the_lines_hours_and_the_legal_ones(store: Callbacks) -> None:
    saturday = NOW + timedelta(days=4)
    request = store.ask(wish(), OFFICE, saturday).request
    assert request.due_at == NOW + timedelta(days=6) - timedelta(hours=2)


def test_lists_newest_first_a_page_at_a_time(store: Callbacks, lists: CallbackLists) -> None:
    for number in range(5):
        at = NOW + timedelta(minutes=number)
        source = Source.WEB if number % 2 else Source.MAILBOX
        store.ask(wish(telephone=phone(number), origin=f"o:{number}", source=source), ANY_HOUR, at)
    first = lists.page(CallbackFilter(), size=3)
    second = lists.page(CallbackFilter(), first.next, size=3)
    told = [*first.requests, *second.requests]
    assert [request.telephone for request in told] == [phone(number) for number in (4, 3, 2, 1, 0)]
    assert second.next is None
    web = CallbackFilter(sources=frozenset({Source.WEB}), since=NOW, until=NOW + timedelta(minutes=3))
    assert [request.telephone for request in lists.page(web).requests] == [phone(1)]
    assert lists.count(CallbackFilter(telephone=phone(3), line="anm", states=frozenset({State.WAITING}))) == 1
    pending = lists.pending(NOW + timedelta(minutes=2))
    assert (pending.total, pending.late, pending.oldest_promise) == (5, 3, NOW)


def test_a_step_writes_no_column_that_stays_and_where_nothing_ran_out_nobody_waits_for_the_lock(
    engine: Engine, store: Callbacks
) -> None:
    said: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:  # noqa: ANN401  as the event has it
        said.append(statement)

    ask_many(store, 3)
    database_event.listen(engine, "before_cursor_execute", note)
    claimed = store.claim("a", "anm", "atencion", NOW, LEASE, 3)
    database_event.remove(engine, "before_cursor_execute", note)
    (written,) = [statement for statement in said if statement.startswith("UPDATE callback SET")]
    named = set(re.findall(r"(\w+)\s*=", written.partition("WHERE")[0]))
    assert named == {"version", "state", "lease_worker", "lease_until", "data"}
    assert [store.get(each.id) for each in claimed] == [
        replace(each, steps=(*whole.steps[:-1], *each.steps)) for each in claimed if (whole := store.get(each.id))
    ]
    with engine.begin():  # on SQLite nobody else writes until it ends
        assert store.adopt("b", NOW, LEASE, 3) == []


def test_open_requests_are_counted_from_the_index_of_open_ones_alone(engine: Engine, lists: CallbackLists) -> None:
    said: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:  # noqa: ANN401  as the event has it
        said.append((statement, parameters))

    database_event.listen(engine, "before_cursor_execute", note)
    lists.pending(NOW)
    database_event.remove(engine, "before_cursor_execute", note)
    ((statement, parameters),) = [each for each in said if "callback" in each[0]]
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN " if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
        plan = "\n".join(str(row) for row in connection.exec_driver_sql(explain + statement, parameters))
    assert re.search("(COVERING INDEX|Index Only Scan using) ix_callback_owed", plan), plan
