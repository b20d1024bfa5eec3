"""The work of advisers after calls: what is told of it late, twice or out of order, and what it comes to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from contesta.stats import contract, from_queue_log
from contesta.stats_ledger import add_ledger
from core.events import Event, Resolution, SystemRestarted, WorkEnded
from quality.metrics.aggregate import Aggregate
from quality.metrics.figures import Ratio, Tally
from quality.metrics.history import CallHistory, build
from quality.metrics.live import LiveEngine
from quality.metrics.rows import rows_of
from storage.ledger import Ledger
from storage.listing import stored_of
from telephony.queue_log.encode import encode_work
from telephony.queue_log.lines import DamagedLine
from telephony.queue_log.reader import Seconds

CALL = """1767280000|1767280000.1|NONE|NONE|LLAMADA|1767280000.1|anm|+573001234567
1767280001|1767280000.1|voz|NONE|ENTERQUEUE||+573001234567|1
1767280011|1767280000.1|voz|Ana Ruiz|CONNECT|10|1767280005.2|3
1767280071|1767280000.1|voz|Ana Ruiz|COMPLETECALLER|10|60|1
1767280071|1767280000.1|NONE|NONE|FIN|caller|16"""
SAVED = "1767280091|1767280000.1|voz|Ana Ruiz|TIPIFICACION|solucionada/rucom|RUCOM|solved|ana|120|1767280091"
CORRECTED = "1767290000|1767280000.1|voz|Ana Ruiz|TIPIFICACION|escalada/zeta|Zeta|escalated|marta|120|1767290000"
OVER = "1767280191|1767280000.1|voz|Ana Ruiz|TIPIFICACION|||other|contesta|120|1767280191"


def events_of(*lines: str) -> list[Event]:
    seconds, events = Seconds(), list[Event]()
    for line in "\n".join(lines).split("\n"):
        decoded = seconds.events(line.encode())
        assert not isinstance(decoded, DamagedLine), line
        events += decoded
    return events


def told(*lines: str) -> CallHistory:
    return build(events_of(*lines))


def leg_of(call: CallHistory) -> tuple[int | None, str, Resolution]:
    leg = call.visits[0].legs[0]
    return leg.work_ms, leg.disposition, leg.resolution


def test_work_lasts_from_the_end_of_the_call_until_something_is_saved() -> None:
    assert leg_of(told(CALL, SAVED)) == (20_000, "solucionada/rucom", Resolution.SOLVED)
    assert leg_of(told(CALL)) == (None, "", Resolution.OTHER)


def test_a_correction_changes_the_word_and_not_the_work() -> None:
    assert leg_of(told(CALL, SAVED, CORRECTED)) == (20_000, "escalada/zeta", Resolution.ESCALATED)


def test_who_saves_after_his_time_worked_until_it_was_over() -> None:
    assert leg_of(told(CALL, OVER, CORRECTED)) == (120_000, "escalada/zeta", Resolution.ESCALATED)
    assert leg_of(told(CALL, CORRECTED)) == (120_000, "escalada/zeta", Resolution.ESCALATED)


def test_who_takes_calls_while_he_writes_does_no_work_after_them() -> None:
    assert leg_of(told(CALL, SAVED.replace("|120|", "|0|")))[0] == 0


def test_what_is_saved_before_the_end_leaves_no_work() -> None:
    early = SAVED.replace("1767280091", "1767280031")
    assert leg_of(told(CALL, early)) == (0, "solucionada/rucom", Resolution.SOLVED)


def test_each_adviser_of_a_transferred_call_has_his_own_word() -> None:
    passed = CALL.replace("COMPLETECALLER|10|60|1", "BLINDTRANSFER|821|interno|10|60|1").rpartition("\n")[0]
    second = """1767280072|1767280000.1|area|NONE|ENTERQUEUE||+573001234567|1
1767280080|1767280000.1|area|Luis|CONNECT|8|1767280072.9|3
1767280100|1767280000.1|area|Luis|COMPLETEAGENT|8|20|1"""
    words = (SAVED, "1767280105|1767280000.1|area|Luis|TIPIFICACION|b|B|other|luis|60|1767280105")
    first, other = told(passed, second, *words).visits
    assert (first.legs[0].work_ms, first.legs[0].disposition) == (20_000, "solucionada/rucom")
    assert (other.legs[0].work_ms, other.legs[0].disposition) == (5_000, "b")


def test_a_word_about_somebody_else_changes_nothing() -> None:
    other = SAVED.replace("Ana Ruiz", "Luis")
    assert leg_of(told(CALL, other)) == (None, "", Resolution.OTHER)


@given(order=st.permutations(range(8)), twice=st.sets(st.integers(0, 7)))
def test_late_twice_and_out_of_order_it_comes_to_the_same(order: list[int], twice: set[int]) -> None:
    events = events_of(CALL, SAVED, OVER, CORRECTED)
    arriving = [events[place] for place in order] + [events[place] for place in sorted(twice)]
    assert build(arriving) == build(events)
    assert leg_of(build(arriving)) == (20_000, "escalada/zeta", Resolution.ESCALATED)


def test_the_ledger_comes_to_the_same_however_late_it_is_told(sqlite_engine: Engine) -> None:
    ledger = Ledger(sqlite_engine)
    late, corrected, *call = [*events_of(SAVED, CORRECTED), *events_of(CALL)]
    for part in ([corrected], call, [late], [late]):
        ledger.apply(part)
    expected = told(CALL, SAVED, CORRECTED)
    stored = ledger.calls().calls
    assert [one.visits for one in stored] == [stored_of(expected).visits]
    aggregate = Aggregate(UTC)
    add_ledger(aggregate, str(sqlite_engine.url), datetime(2026, 2, 1, tzinfo=UTC))
    assert aggregate.total().tmo_ms == Ratio(80_000, 1)


def test_a_word_alone_is_no_call(sqlite_engine: Engine) -> None:
    ledger = Ledger(sqlite_engine)
    ledger.apply(events_of(SAVED))
    assert ledger.calls().calls == ()


def test_tmo_has_the_work_and_first_contact_resolution_what_was_typified(tmp_path: Path) -> None:
    other = CALL.replace("1767280000.1", "1767280000.9")
    log = tmp_path / "queue_log"
    log.write_text(f"{CALL}\n{SAVED}\n{other}\n")
    figures = contract(from_queue_log(Aggregate(UTC), [log]))
    totals = figures["totals"]
    assert (totals["tmo_seconds"], totals["work_seconds"]) == (70.0, 10.0)
    assert (totals["disposed"], totals["solved"], totals["first_contact_resolution"]) == (1, 1, 1.0)
    assert figures["by_disposition"].keys() == {"solucionada/rucom"}
    assert figures["by_agent"]["Ana Ruiz"]["work_seconds"] == 20.0
    assert Tally().first_contact_resolution.value is None


def test_the_board_counts_a_word_that_comes_before_the_call_is_forgotten_and_numbers_a_later_one() -> None:
    engine = LiveEngine(UTC)
    for event in events_of(CALL, SAVED):
        engine.take(event)
    day = datetime(2026, 1, 1, 15, 7, tzinfo=UTC)
    assert engine.snapshot(day).total.work_ms == 20_000
    engine.settle(day + timedelta(hours=2))
    engine.take(events_of(CORRECTED)[0])
    assert engine.late == 1


def test_a_restart_does_not_undo_a_word() -> None:
    restart = [
        event for event in events_of("1767280300|NONE|NONE|NONE|QUEUESTART|") if isinstance(event, SystemRestarted)
    ]
    call = build(events_of(CALL, SAVED), [event.at for event in restart])
    assert leg_of(call) == (20_000, "solucionada/rucom", Resolution.SOLVED)


def test_rows_carry_the_last_word() -> None:
    row = rows_of(told(CALL, SAVED, CORRECTED))[0]
    assert (row.disposition, row.solved, row.work_ms) == ("escalada/zeta", False, 20_000)


@pytest.mark.parametrize(
    "field", ["|120|1767280091", "|120|1767289999", "|120|x", "|-|1767280091", "|120|99999999999999999999"]
)
def test_a_second_of_the_future_and_what_is_no_number_are_damage(field: str) -> None:
    line = SAVED.replace("|120|1767280091", field)
    decoded = Seconds().events(line.encode())
    assert isinstance(decoded, DamagedLine) is (field != "|120|1767280091")


@given(title=st.text(max_size=80), by=st.text(max_size=40))
def test_what_is_written_is_read_back_whatever_the_title(title: str, by: str) -> None:
    fact = events_of(SAVED)[0]
    assert isinstance(fact, WorkEnded)
    entry = encode_work(replace(fact, title=title, by=by))
    line = f"1767280091|1767280000.1|{entry.queue}|Ana Ruiz|{entry.event}|{entry.data}"
    assert "\n" not in entry.data
    decoded = Seconds().events(line.encode())
    assert not isinstance(decoded, DamagedLine)
    read = decoded[0]
    assert isinstance(read, WorkEnded)
    assert (read.disposition, read.resolution, read.at, read.limit_seconds) == (
        fact.disposition,
        fact.resolution,
        fact.at,
        120,
    )
