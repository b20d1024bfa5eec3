"""The ledger as an outbox: in the order of its numbers, each fact once, nothing missed that is not told as a gap."""

import contextlib
import threading
from dataclasses import fields, replace
from datetime import UTC
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from contesta.bus import call_events
from contesta.bus.call_events import MODELS, SOURCES, CallEvent, pseudonyms
from contesta.bus.outbox import BACKLOG_EVENTS, Batch, Outbox
from core import events
from core.events import Event
from storage.database import connect, take_write_lock
from storage.ledger import Ledger
from storage.migrate import upgrade
from storage.outbox import Entry, Feed
from tests.databases import PostgreSqlServer
from tests.running import eventually
from tests.stories import KINDS, events_of, live, log_of, number_of

NOT_TOLD = {
    "AgentPresence": "about a person, and no call",
    "QueueLeft": "the log says soon after why he left",
    "ConsentAnswered": "what somebody authorised is between him and the line",
    "Listened": "who listens is between the house and its advisers",
    "TextChosen": "what somebody wants to know is between him and the line",
    "HungUp": "the end of the call is told",
    "WorkEnded": "what an adviser writes after a call is the entity's",
    "LanguageChosen": "a language may tell of which people somebody is",
}
CALLS = 40
AT_ONCE = 50


def everything(calls: range) -> list[Event]:
    """What both sources tell, in order of time."""
    told = events_of(log_of(calls)) + [event for call in calls for event in live(call)]
    return sorted(told, key=lambda event: event.at)


def fill(ledger: Ledger, told: list[Event], at_once: int = 50) -> None:
    for start in range(0, len(told), at_once):
        ledger.apply(told[start : start + at_once])


def fill_patiently(ledger: Ledger, told: list[Event]) -> None:
    """Write in small steps; whom others keep out for longer than SQLite waits begins anew, as our programs do."""
    while True:
        with contextlib.suppress(OperationalError):
            return fill(ledger, told, 3)


def outbox(engine: Engine, backlog_events: int = BACKLOG_EVENTS) -> Outbox:
    return Outbox(Feed(engine, SOURCES), "ciudadanos", pseudonyms("secreto"), backlog_events, AT_ONCE)


def begun(engine: Engine) -> Outbox:
    """An outbox that was there before the first fact."""
    first = outbox(engine)
    assert first.next() is None
    return first


def read_all(box: Outbox) -> list[Batch]:
    batches = []
    while batch := box.next():
        batches.append(batch)
        box.done(batch)
    return batches


def sequences(batches: list[Batch]) -> list[tuple[int, int]]:
    told = [CallEvent.model_validate_json(m.payload, extra="ignore") for batch in batches for m in batch.messages]
    return [(one.previous, one.sequence) for one in told]


def is_chain(pairs: list[tuple[int, int]]) -> bool:
    return all(before[1] == after[0] < after[1] for before, after in pairwise(pairs))


def test_every_kind_of_event_is_told_or_there_is_a_reason() -> None:
    kinds = {name for name, kind in vars(events).items() if isinstance(kind, type) and issubclass(kind, Event)}
    told = {kind.__name__ for kind in MODELS}
    assert kinds - told - NOT_TOLD.keys() == {"Event", "QueueEvent"}
    assert not told & NOT_TOLD.keys()


def test_each_fact_of_the_log_is_told_once_in_order_with_the_one_before_it(engine: Engine, ledger: Ledger) -> None:
    box = begun(engine)
    told = everything(range(CALLS))
    fill(ledger, told)
    batches = read_all(box)
    wanted = [event for event in told if SOURCES.get(type(event)) is event.source]
    assert len(wanted) < len(told)
    pairs = sequences(batches)
    assert len(pairs) == len(wanted)
    assert pairs[0][0] == 0
    assert is_chain(pairs)
    assert {len(batch.messages) for batch in batches[:-1]} == {AT_ONCE}
    kinds = {message.topic.rpartition("/")[2] for batch in batches for message in batch.messages}
    assert kinds == {MODELS[type(event)].model_fields["kind"].default for event in wanted}


def test_a_call_is_named_as_the_ledger_knows_it(engine: Engine, ledger: Ledger) -> None:
    box = begun(engine)
    fill(ledger, everything(range(len(KINDS))))
    named = {
        CallEvent.model_validate_json(message.payload, extra="ignore").call
        for batch in read_all(box)
        for message in batch.messages
    }
    assert named == {call.call_id for call in ledger.every_call()}


def test_an_outbox_goes_on_where_the_last_one_was(engine: Engine, ledger: Ledger) -> None:
    begun(engine)
    told = everything(range(CALLS))
    half = len(told) // 2
    fill(ledger, told[:half])
    first = outbox(engine)
    confirmed = first.next()
    assert confirmed
    first.done(confirmed)
    unconfirmed = first.next()
    assert unconfirmed
    fill(ledger, told[half:])
    rest = read_all(outbox(engine))
    pairs = sequences([confirmed, *rest])
    assert is_chain(pairs)
    assert len(pairs) == Feed(engine, SOURCES).count_after(0)
    assert set(sequences([unconfirmed])) <= set(sequences(rest))


def test_the_first_outbox_of_a_line_promises_nothing_of_what_was_before(engine: Engine, ledger: Ledger) -> None:
    told = everything(range(8))
    fill(ledger, told[:-20])
    box = begun(engine)
    fill(ledger, told[-20:])
    newest = Feed(engine, SOURCES).newest()
    pairs = sequences(read_all(box))
    assert is_chain(pairs)
    assert pairs[-1][1] == newest
    assert 0 < len(pairs) <= 20
    assert pairs[0][0] > 0


def test_too_long_a_backlog_is_cut_and_the_gap_says_exactly_what_is_missing(engine: Engine, ledger: Ledger) -> None:
    begun(engine)
    fill(ledger, everything(range(CALLS)))
    everything_told = sequences(read_all(outbox(engine)))
    Feed(engine, SOURCES).reach("mqtt", everything_told[9][1])
    box = outbox(engine, backlog_events=50)
    assert box.backlog() == len(everything_told) - 10
    gap, *rest = read_all(box)
    assert box.backlog() == 0
    (notice,) = gap.messages
    left_out = call_events.Gap.model_validate_json(notice.payload)
    missing = everything_told[10:-50]
    assert notice.topic == "contesta/v1/ciudadanos/calls/gap"
    assert (left_out.previous, left_out.sequence) == (everything_told[9][1], missing[-1][1])
    assert left_out.skipped == len(missing) == box.skipped
    assert sequences(rest) == everything_told[-50:]
    refilled = [entry.sequence for entry in Feed(engine, SOURCES).after(left_out.previous, left_out.skipped)]
    assert refilled == [sequence for _, sequence in missing]


def test_a_chain_may_be_read_from_anywhere(engine: Engine, ledger: Ledger) -> None:
    fill(ledger, everything(range(10)))
    feed = Feed(engine, SOURCES)
    whole = feed.after(0, 10_000)
    for sequence in range(whole[-1].sequence + 2):
        assert feed.after(sequence, 10_000) == tuple(entry for entry in whole if entry.sequence > sequence)


def test_numbers_become_visible_in_their_order_whoever_writes(engine: Engine) -> None:
    """Many writers at once; a reader who always asks for what follows must never miss one that comes later."""
    told = everything(range(24))
    writers = [threading.Thread(target=fill_patiently, args=(Ledger(engine), told[start::4])) for start in range(4)]
    feed = Feed(engine, SOURCES)
    seen: list[tuple[int, int]] = []

    def read() -> bool:
        last = seen[-1][1] if seen else 0
        new = feed.after(last, 20)
        seen.extend((entry.previous, entry.sequence) for entry in new)
        return bool(new)

    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers) or read():
        read()
    for writer in writers:
        writer.join()
    assert is_chain(seen)
    assert len(seen) == feed.count_after(0)
    assert len(seen) == sum(SOURCES.get(type(event)) is event.source for event in told)


def test_who_begins_to_write_waits_until_the_last_writer_is_done(postgresql: PostgreSqlServer) -> None:
    """So no number is taken before a lower one can be seen."""
    url = postgresql.empty_database()
    engine, other = connect(url), connect(url)
    upgrade(engine)
    told = everything(range(2))
    second = threading.Thread(target=Ledger(other).apply, args=(told,))
    with engine.begin() as first:
        take_write_lock(first)
        second.start()
        eventually(lambda: _waiting_for_locks(postgresql), what="the second writer waits")
        assert Feed(engine, SOURCES).newest() == 0
    second.join()
    assert Feed(engine, SOURCES).newest() > 0
    engine.dispose()
    other.dispose()


def _waiting_for_locks(server: PostgreSqlServer) -> int:
    with psycopg.connect(server.address) as connection:
        row = connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchone()
    assert row
    return int(row[0])


def _agents(told: list[Event]) -> set[str]:
    return {agent for event in told if (agent := getattr(event, "agent", ""))}


def test_nothing_told_says_who_called_or_answered(engine: Engine, ledger: Ledger) -> None:
    box = begun(engine)
    told = everything(range(CALLS))
    fill(ledger, told)
    published = b"\n".join(message.topic.encode() + message.payload for b in read_all(box) for message in b.messages)
    numbers = {number_of(call).removeprefix("+57") for call in range(CALLS)}
    files = {event.file for event in told if isinstance(event, events.Recorded)}
    assert _agents(told)
    assert files
    for secret in numbers | files | _agents(told) | {"Ana", "secreto"}:
        assert secret.encode() not in published


@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
@settings(max_examples=20)
@given(st.data())
def test_only_what_names_no_person_gets_through(kind: type[Event], data: st.DataObject) -> None:
    event = data.draw(st.builds(kind, at=st.datetimes(timezones=st.just(UTC))))
    marks: dict[str, Any] = {field.name: f"3001234567-{field.name}" for field in fields(kind) if field.type is str}
    entry = Entry(sequence=2, previous=1, event=replace(event, **marks))
    written = call_events.told(entry, pseudonyms("secreto")).model_dump_json()
    passed = {name for name, mark in marks.items() if mark in written}
    assert passed == marks.keys() & {"call_id", "queue", "line", "menu", "survey", "question", "status"}


def test_a_pseudonym_is_steady_and_needs_the_secret() -> None:
    one, other = pseudonyms("a"), pseudonyms("b")
    assert one("Ana Ruiz") == pseudonyms("a")("Ana Ruiz")
    assert one("Ana Ruiz") != one("Luis Peña")
    assert one("Ana Ruiz") != other("Ana Ruiz")
