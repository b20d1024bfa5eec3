"""The ledger on both databases: facts once, whatever the order, the repetition and the parts they come in."""

import random
import threading
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, StatementError

from core.events import CallEnded, CallStarted, EndedBy, Recorded, Source
from quality.metrics.history import Outcome
from storage.call_filter import CallFilter
from storage.codec import LONGEST_TEXT
from storage.database import connect
from storage.ledger import Ledger, LogPosition
from storage.listing import Cursor, StoredCall
from storage.migrate import upgrade
from storage.projection import RecordingState
from storage.tables import LedgerTable
from tests.stories import KINDS, START, at, events_of, lines, live, log_of, number_of, restart, uid

EVERYTHING = events_of(log_of(range(16), restart(200))) + [event for call in range(16) for event in live(call)]
ONE_OF_EACH = events_of(log_of(range(8), restart(200))) + [event for call in range(8) for event in live(call)]


def contents(ledger: Ledger) -> tuple[Any, ...]:
    """All that a ledger says, in one comparable value."""
    calls = sorted(ledger.every_call(), key=lambda call: call.call_id)
    return tuple((call, ledger.call(call.call_id)) for call in calls)


def count_events(engine: Engine) -> int:
    with engine.begin() as connection:
        return int(connection.execute(text("SELECT count(*) FROM event")).scalar_one())


def empty(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in reversed(LedgerTable.metadata.sorted_tables):
            connection.execute(table.delete())


def test_answered_call_is_stored_with_its_visit_survey_and_recording(ledger: Ledger) -> None:
    ledger.apply(events_of(lines(0)))
    (call,) = ledger.every_call()
    assert (call.call_id, call.line, call.number) == (uid(0), "018000910123", number_of(0))
    assert (call.started_at, call.ended_at, call.ended_by, call.cause) == (at(0), at(45), EndedBy.CALLER, 16)
    (visit,) = call.visits
    assert (visit.queue, visit.result, visit.wait_ms, visit.entered_at) == ("atencion", Outcome.ANSWERED, 7000, at(4))
    (leg,) = visit.legs
    assert (leg.agent, leg.talk_ms, leg.ended_by, leg.ended_at) == ("Ana Ruiz", 20_000, EndedBy.AGENT, at(31))
    assert call.survey == (("p0", 5), ("p1", 4), ("p2", 3))
    (recording,) = call.recordings
    assert (recording.file, recording.agent, recording.state) == (f"{uid(0)}.wav", "Ana Ruiz", RecordingState.DONE)


def test_recording_of_a_conversation_that_goes_on_is_running(ledger: Ledger) -> None:
    ledger.apply(event for event in events_of(lines(0)) if event.at <= at(12))
    (call,) = ledger.every_call()
    assert [recording.state for recording in call.recordings] == [RecordingState.RUNNING]
    assert [one.call_id for one in ledger.open_calls()] == [uid(0)]


def test_what_is_applied_again_changes_nothing(ledger: Ledger, engine: Engine) -> None:
    ledger.apply(EVERYTHING)
    once, rows = contents(ledger), count_events(engine)
    ledger.apply(EVERYTHING)
    for event in EVERYTHING:
        ledger.apply([event])
    assert contents(ledger) == once
    assert count_events(engine) == rows == len(EVERYTHING)


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_order_repetition_and_parts_change_nothing(ledger: Ledger, engine: Engine, data: st.DataObject) -> None:
    told = data.draw(st.permutations(ONE_OF_EACH)) + data.draw(st.lists(st.sampled_from(ONE_OF_EACH), max_size=30))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(told) - 1), max_size=9)))
    empty(engine)
    for start, end in pairwise([0, *cuts, len(told)]):
        ledger.apply(told[start:end])
    made = contents(ledger)
    empty(engine)
    ledger.apply(ONE_OF_EACH)
    assert made == contents(ledger)


def test_a_repeated_line_keeps_the_first_of_its_places(ledger: Ledger) -> None:
    first, second = (
        CallEnded(at=at(9), call_id="1.1", channel_id="1.1", source=Source.QUEUE_LOG, order=order, by=None)
        for order in (3, 8)
    )
    for told in ([second, first], [first, second]):
        ledger.apply([*events_of(["1|1.1|NONE|NONE|LLAMADA|1.1|l|anonymous"]), *told])
        call = ledger.call("1.1")
        assert call is not None
        assert [event.order for event in call.events] == [0, 3]


def test_a_call_linked_to_an_older_channel_takes_its_name(ledger: Ledger) -> None:
    ledger.apply(events_of(lines(0)))
    assert [call.call_id for call in ledger.every_call()] == [uid(0)]
    ledger.apply(live(0))
    assert [call.call_id for call in ledger.every_call()] == [f"{START - 1}.0"]
    assert ledger.call(uid(0)) == ledger.call(f"{START - 1}.0")
    call = ledger.call(uid(0))
    assert call is not None
    assert call.visits[0].legs[0].hold_ms > 0


def test_restart_closes_the_calls_that_were_open_and_no_other(ledger: Ledger) -> None:
    ledger.apply(events_of(log_of(range(16))))
    before = {call.call_id: call for call in ledger.every_call()}
    assert {call.call_id for call in ledger.open_calls()} == {uid(7), uid(15)}
    ledger.apply(events_of([restart(200)]))
    assert ledger.open_calls() == ()
    for call in ledger.every_call():
        if call.call_id in {uid(7), uid(15)}:
            assert (call.lost, call.ended_at, call.visits[0].result) == (True, at(200), Outcome.LOST)
        else:
            assert call == before[call.call_id]


def test_a_channel_that_reached_nothing_is_no_call_until_it_does(ledger: Ledger) -> None:
    ended = CallEnded(at=at(50), call_id=uid(0), channel_id=uid(0), source=Source.AMI, by=None, cause=16)
    ledger.apply([ended])
    assert ledger.every_call() == ()
    assert ledger.call(uid(0)) is None
    ledger.apply(events_of(lines(0)[:1]))
    (call,) = ledger.every_call()
    assert call.ended_at == at(50)


def test_events_and_place_in_the_log_are_written_together_or_not_at_all(ledger: Ledger, engine: Engine) -> None:
    ledger.apply(events_of(lines(0)), LogPosition(name="log", position="one"))
    assert ledger.position("log") == LogPosition(name="log", position="one")
    assert ledger.position("another") is None
    before = contents(ledger)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE log_position RENAME TO elsewhere"))
    with pytest.raises(DBAPIError):
        ledger.apply(events_of(lines(1)), LogPosition(name="log", position="two"))
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO log_position"))
    assert contents(ledger) == before
    assert ledger.position("log") == LogPosition(name="log", position="one")


def test_text_that_no_database_takes_is_kept_readable(ledger: Ledger) -> None:
    of: dict[str, Any] = {"at": at(0), "call_id": "9.1\0", "channel_id": "9.1\0", "source": Source.AMI}
    told = CallStarted(line="l'; DROP TABLE call; --", number="\ud800+\0", **of)
    recorded = Recorded(queue="ñ\0", agent="😀\udfff|\n", file="%7C", **of)
    ledger.apply([told, recorded])
    ledger.apply([told, recorded])
    (call,) = ledger.every_call()
    assert (call.call_id, call.line, call.number) == ("9.1\ufffd", "l'; DROP TABLE call; --", "?+\ufffd")
    assert [(one.queue, one.agent, one.file) for one in call.recordings] == [("ñ\ufffd", "😀?|\n", "%7C")]


def test_endless_text_is_cut_before_an_index_refuses_it(ledger: Ledger) -> None:
    chance = random.Random(1)
    endless = "".join(chr(chance.randint(0x10000, 0x1FFFF)) for _ in range(9000))
    ledger.apply(events_of([f"{START}|{endless[:900]}|{endless[900:1800]}|NONE|ENTERQUEUE||anonymous|1"]))
    (call,) = ledger.every_call()
    assert (call.call_id, call.visits[0].queue) == (endless[:LONGEST_TEXT], endless[900 : 900 + LONGEST_TEXT])


def test_errors_of_the_database_do_not_show_the_callers(ledger: Ledger, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE call RENAME TO elsewhere"))
    with pytest.raises(DBAPIError) as raised:
        ledger.apply(events_of(lines(0)))
    assert number_of(0) not in str(raised.value)


def test_naive_datetimes_are_refused_and_others_come_back_in_utc(engine: Engine) -> None:
    bogota = datetime(2026, 1, 1, 10, tzinfo=timezone(timedelta(hours=-5)))
    with engine.begin() as connection:
        connection.execute(LedgerTable.metadata.tables["restart"].insert(), {"at": bogota})
        (stored,) = connection.execute(LedgerTable.metadata.tables["restart"].select()).scalars()
    assert stored == bogota
    assert stored.tzinfo is UTC
    with engine.connect() as connection, pytest.raises(StatementError, match="naive datetime"):
        connection.execute(LedgerTable.metadata.tables["restart"].insert(), {"at": bogota.replace(tzinfo=None)})


def test_pages_hold_every_call_once_newest_first(ledger: Ledger) -> None:
    same_second = [
        f"{START}|{START}.{number}|NONE|NONE|LLAMADA|{START}.{number}|l|anonymous" for number in range(900, 907)
    ]
    ledger.apply(events_of(log_of(range(16)) + same_second))
    read: list[StoredCall] = []
    after = None
    for _ in range(30):
        page = ledger.calls(after=after, size=4)
        read += page.calls
        if page.next is None:
            break
        after = Cursor.parse(str(page.next))
    assert sorted(call.call_id for call in read) == sorted(call.call_id for call in ledger.every_call())
    assert [call.started_at for call in read] == sorted((call.started_at for call in read), reverse=True)


@pytest.mark.parametrize(
    ("wanted", "calls"),
    [
        (CallFilter(), set(range(16))),
        (CallFilter(since=at(6), until=at(12)), {2, 3}),
        (CallFilter(queue="segunda"), {5, 13}),
        (CallFilter(outcomes=frozenset({Outcome.ANSWERED})), {0, 1, 8, 9}),
        (CallFilter(outcomes=frozenset({Outcome.ABANDONED})), {2, 10}),
        (CallFilter(outcomes=frozenset({Outcome.GHOST})), {3, 11}),
        (CallFilter(outcomes=frozenset({Outcome.GHOST}), ghost_seconds=1), set()),
        (CallFilter(outcomes=frozenset({Outcome.ABANDONED}), ghost_seconds=1), {2, 3, 10, 11}),
        (CallFilter(outcomes=frozenset({Outcome.WAITING})), {7, 15}),
        (CallFilter(outcomes=frozenset({Outcome.OVERFLOW}), queue="segunda"), set()),
        (CallFilter(since=at(30)), set(range(10, 16))),
        (
            CallFilter(outcomes=frozenset({Outcome.CLOSED}), queue="segunda", since=at(30)),
            {5, 13},
        ),  # 5 began before, entered after
        (CallFilter(outcomes=frozenset({Outcome.CLOSED}), queue="segunda", since=at(60)), {13}),
        (CallFilter(queue="' OR 1=1 --"), set()),
    ],
)
def test_filters(ledger: Ledger, wanted: CallFilter, calls: set[int]) -> None:
    ledger.apply(events_of(log_of(range(16))))
    assert {call.call_id for call in ledger.calls(wanted).calls} == {uid(call) for call in calls}


def test_migrated_tables_are_those_of_the_models(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, LedgerTable.metadata) == []


def test_several_programs_migrate_at_once(empty_database_url: str) -> None:
    engines = [connect(empty_database_url) for _ in range(4)]
    threads = [threading.Thread(target=upgrade, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    Ledger(engines[0]).apply(events_of(lines(0)))
    assert count_events(engines[1]) == len(events_of(lines(0)))
    for engine in engines:
        engine.dispose()


def test_sqlite_is_set_up_for_several_programs_and_power_cuts(sqlite_url: str) -> None:
    engine = connect(sqlite_url)
    with engine.begin() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        values = [connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() for pragma in pragmas]
    assert values == ["wal", 2, 1, 5000]
    engine.dispose()


def test_these_tests_have_two_calls_of_every_kind() -> None:
    assert len(KINDS) * 2 == 16
    assert {type(event).__name__ for event in EVERYTHING} >= {"SystemRestarted", "CallVanished", "HoldChanged"}
