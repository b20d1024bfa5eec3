"""Logs of real kinds of calls, and the history each must give."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import core.events
from core.events import (
    AgentRang,
    CallEnded,
    CallVanished,
    Completed,
    Connected,
    EndedBy,
    Event,
    ExitReason,
    HoldChanged,
    QueueEntered,
    QueueExited,
    QueueLeft,
    Rejected,
    RingEnded,
    RingResult,
    Source,
    SystemRestarted,
)
from quality.metrics.coalesce import LIFE, coalesce
from quality.metrics.history import CallHistory, Outcome, Reason, Visit, build
from telephony.queue_log.lines import DamagedLine
from telephony.queue_log.reader import Seconds

CALL = "1767280000.1"


def events_of(log: str) -> list[Event]:
    seconds = Seconds()
    events: list[Event] = []
    for line in log.split():
        decoded = seconds.events(line.replace("_", " ").encode())
        assert not isinstance(decoded, DamagedLine), decoded
        events += decoded
    return events


def told(log: str) -> CallHistory:
    """Build the history of the one call in `log`, where blanks are written _."""
    events = events_of(log)
    restarts = [event.at for event in events if isinstance(event, SystemRestarted)]
    return build((event for event in events if event.channel_id), restarts)


def at(second: float) -> datetime:
    return datetime.fromtimestamp(1767280000, UTC) + timedelta(seconds=second)


def of(channel_id: str = CALL, source: Source = Source.AMI, key: str = "") -> dict[str, Any]:
    about = {"call_id": CALL, "channel_id": channel_id, "source": source}
    return about | {"key": key} if key else about


def only(history: CallHistory) -> Visit:
    (visit,) = history.visits
    return visit


def test_whole_call_with_menu_survey_and_recording() -> None:
    call = told("""
        1767280000|1767280000.1|NONE|NONE|LLAMADA|1767280000.1|018000910123|+573001234567
        1767280006|1767280000.1|NONE|NONE|MENU|principal|9|wrong
        1767280011|1767280000.1|NONE|NONE|MENU|principal|1|chosen
        1767280011|1767280000.1|atencion|NONE|ENTERQUEUE||+573001234567|1
        1767280018|1767280000.1|atencion|Ana_Ruiz|CONNECT|7|1767280011.2|3
        1767280018|1767280000.1|atencion|Ana_Ruiz|GRABACION|2026/01/01/1767280000.1.wav
        1767280079|1767280000.1|atencion|Ana_Ruiz|COMPLETEAGENT|7|61|1
        1767280085|1767280000.1|NONE|NONE|ENCUESTA|satisfaccion|5
        1767280090|1767280000.1|NONE|NONE|ENCUESTA|percepcion|
        1767280091|1767280000.1|NONE|NONE|FIN|caller|16
    """)
    visit = only(call)
    assert (visit.result, visit.wait_ms, visit.entered_at, visit.left_at) == (Outcome.ANSWERED, 7000, at(11), at(18))
    (leg,) = visit.legs
    assert (leg.agent, leg.talk_ms, leg.ring_seconds, leg.ended_by) == ("Ana Ruiz", 61_000, 3, EndedBy.AGENT)
    assert [(step.key, step.result) for step in call.menu_steps] == [("9", "wrong"), ("1", "chosen")]
    assert [(answer.question, answer.answer) for answer in call.survey] == [("satisfaccion", 5), ("percepcion", None)]
    assert [recording.file for recording in call.recordings] == ["2026/01/01/1767280000.1.wav"]
    assert (call.line, call.number, call.started_at) == ("018000910123", "+573001234567", at(0))
    assert (call.ended_at, call.ended_by, call.cause, call.lost) == (at(91), EndedBy.CALLER, 16, False)


@pytest.mark.parametrize(("wait", "outcome"), [(5, Outcome.GHOST), (6, Outcome.ABANDONED)])
def test_caller_hangs_up_at_and_after_the_ghost_threshold(wait: int, outcome: Outcome) -> None:
    visit = only(
        told(f"""
        1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||anonymous|1
        {1767280000 + wait}|1767280000.1|atencion|Ana|RINGCANCELED|3000
        {1767280000 + wait}|1767280000.1|atencion|NONE|ABANDON|1|1|{wait}
    """)
    )
    assert visit.result is Outcome.ABANDONED
    assert visit.outcome(5) is outcome
    assert [(ring.agent, ring.ms, ring.result) for ring in visit.rings] == [("Ana", 3000, RingResult.CANCELED)]


def test_ring_no_answer_twice_then_a_second_agent() -> None:
    visit = only(
        told("""
        1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||+573001234567|1
        1767280015|1767280000.1|atencion|Ana|RINGNOANSWER|15000
        1767280035|1767280000.1|atencion|Ana|RINGNOANSWER|15000
        1767280044|1767280000.1|atencion|Beto|CONNECT|44|1767280040.9|4
        1767280050|1767280000.1|atencion|Beto|COMPLETECALLER|44|6|1
    """)
    )
    assert [(ring.at, ring.ms) for ring in visit.rings] == [(at(0), 15000), (at(20), 15000)]
    assert [leg.agent for leg in visit.legs] == ["Beto"]
    assert visit.wait_ms == 44_000


def test_time_out_then_a_second_queue() -> None:
    first, second = told("""
        1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||+573001234567|1
        1767280060|1767280000.1|atencion|NONE|EXITWITHTIMEOUT|1|1|60
        1767280060|1767280000.1|respaldo|NONE|ENTERQUEUE||+573001234567|1
        1767280070|1767280000.1|respaldo|Ana|CONNECT|10|x|2
        1767280100|1767280000.1|respaldo|Ana|COMPLETEAGENT|10|30|1
    """).visits
    assert (first.queue, first.result, first.reason, first.wait_ms) == ("atencion", "overflow", "timeout", 60_000)
    assert (second.queue, second.ordinal, second.result) == ("respaldo", 1, "answered")


def test_re_entry_into_the_same_queue_after_a_key() -> None:
    first, second = told("""
        1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||+573001234567|1
        1767280020|1767280000.1|atencion|NONE|EXITWITHKEY|3|2|4|20
        1767280021|1767280000.1|atencion|NONE|ENTERQUEUE||+573001234567|3
        1767280051|1767280000.1|atencion|NONE|ABANDON|1|3|30
    """).visits
    assert (first.ordinal, first.result, first.reason, first.key) == (1, "overflow", "key", "3")
    assert (second.ordinal, second.result, second.wait_ms) == (2, "abandoned", 30_000)


def test_withdrawn_and_emptied() -> None:
    first, second = told("""
        1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||+573001234567|1
        1767280020|1767280000.1|atencion|NONE|WITHDRAW|1|1|20|to_the_mailbox
        1767280021|1767280000.1|noche|NONE|ENTERQUEUE||+573001234567|3
        1767280022|1767280000.1|noche|NONE|EXITEMPTY|1|1|1
    """).visits
    assert (first.result, first.reason, first.detail) == ("overflow", "withdrawn", "to the mailbox")
    assert (second.result, second.reason) == ("closed", "empty")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("FULL", Reason.FULL),
        ("JOINEMPTY", Reason.EMPTY),
        ("JOINUNAVAIL", Reason.EMPTY),
        ("UNKNOWN", Reason.UNKNOWN_QUEUE),
    ],
)
def test_queue_that_does_not_take_the_caller(status: str, reason: Reason) -> None:
    visit = only(told(f"1767280000|1767280000.1|atencion|NONE|RECHAZADA|{status}"))
    assert (visit.result, visit.reason, visit.detail, visit.wait_ms) == ("closed", reason, status, 0)
    assert not visit.entry_inferred


@pytest.mark.parametrize(
    ("line", "result"),
    [
        ("Ana|CONNECT|1|x|1", Outcome.ANSWERED),
        ("NONE|ABANDON|1|1|1", Outcome.ABANDONED),
        ("NONE|EXITWITHTIMEOUT|1|1|1", Outcome.OVERFLOW),
    ],
)
@pytest.mark.parametrize("second", [0, 1, 2])
def test_what_follows_a_refusal_at_once_is_another_visit(line: str, result: Outcome, second: int) -> None:
    refused, inferred = told(f"""
        1767280000|1767280000.1|atencion|NONE|RECHAZADA|FULL
        {1767280000 + second}|1767280000.1|atencion|{line}
    """).visits[:: 1 if second else -1]
    assert (refused.result, refused.reason, refused.entry_inferred) == (Outcome.CLOSED, Reason.FULL, False)
    assert (inferred.result, inferred.wait_ms, inferred.entry_inferred) == (result, 1000, True)


def test_blind_transfer_to_a_second_queue() -> None:
    first, second = told("""
        1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||+573001234567|1
        1767280005|1767280000.1|atencion|Ana|CONNECT|5|x|2
        1767280065|1767280000.1|atencion|Ana|BLINDTRANSFER|700|transferencias|5|60|1
        1767280066|1767280000.1|juridica|NONE|ENTERQUEUE||+573001234567|1
        1767280070|1767280000.1|juridica|Beto|CONNECT|4|y|2
        1767280100|1767280000.1|juridica|Beto|COMPLETECALLER|4|30|1
    """).visits
    assert (first.result, first.legs[0].ended_by, first.legs[0].target) == ("answered", "blind_transfer", "700")
    assert first.legs[0].talk_ms == 60_000
    assert (second.result, second.legs[0].agent, second.legs[0].talk_ms) == ("answered", "Beto", 30_000)


def test_attended_transfer_over_a_bridge_and_over_linked_local_channels() -> None:
    for how in ("BRIDGE|0c1d", "LINK|Local/1@x-1;1|Local/1@x-1;2", "APP|Queue"):
        leg = only(
            told(f"""
            1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||+573001234567|1
            1767280005|1767280000.1|atencion|Ana|CONNECT|5|x|2
            1767280065|1767280000.1|atencion|Ana|ATTENDEDTRANSFER|{how}|5|60|1
        """)
        ).legs[0]
        assert (leg.ended_by, leg.talk_ms, leg.target) == (EndedBy.ATTENDED_TRANSFER, 60_000, "")


def test_attended_transfer_to_a_queue_while_waiting_enters_under_the_consultation_channel() -> None:
    events = events_of("""
        1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||+573001234567|1
        1767280005|1767280000.1|atencion|Ana|CONNECT|5|x|2
        1767280040|1767280030.7|juridica|NONE|ENTERQUEUE||ana|1
        1767280045|1767280000.1|atencion|Ana|ATTENDEDTRANSFER|BRIDGE|b|5|40|1
        1767280050|1767280000.1|juridica|Beto|CONNECT|10|y|2
        1767280080|1767280000.1|juridica|Beto|COMPLETECALLER|10|30|1
    """)
    call = build(replace(event, call_id=CALL) for event in events)
    assert [(visit.queue, visit.result, visit.entry_inferred) for visit in call.visits] == [
        ("atencion", "answered", False),
        ("juridica", "answered", False),
    ]


def test_two_agents_race_for_one_call() -> None:
    visit = only(
        told("""
        1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||+573001234567|1
        1767280008|1767280000.1|atencion|Ana|CONNECT|8|x|8
        1767280008|1767280000.1|atencion|Beto|RINGNOANSWER|8000
        1767280008|1767280000.1|atencion|Beto|CONNECT|8|y|8
        1767280009|1767280000.1|atencion|Beto|COMPLETEAGENT|8|1|1
        1767280038|1767280000.1|atencion|Ana|COMPLETECALLER|8|30|1
    """)
    )
    assert visit.result is Outcome.ANSWERED
    assert [(leg.agent, leg.talk_ms) for leg in visit.legs] == [("Ana", 30_000), ("Beto", 1_000)]


@pytest.mark.parametrize("first", ["ABANDON|1|1|8", "CONNECT|8|x|3"])
def test_abandoned_in_the_second_the_agent_answers_counts_once_as_answered(first: str) -> None:
    second = {"ABANDON|1|1|8": "CONNECT|8|x|3", "CONNECT|8|x|3": "ABANDON|1|1|8"}[first]
    visit = only(
        told(f"""
        1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||+573001234567|1
        1767280008|1767280000.1|atencion|Ana|{first}
        1767280008|1767280000.1|atencion|Ana|{second}
    """)
    )
    assert (visit.result, visit.legs[0].talk_ms, visit.entry_inferred) == (Outcome.ANSWERED, None, False)


def test_second_entry_while_still_waiting_ends_the_first_visit_as_lost() -> None:
    first, second = told("""
        1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||+573001234567|1
        1767280030|1767280000.1|atencion|NONE|ENTERQUEUE||+573001234567|1
        1767280041|1767280000.1|atencion|Ana|CONNECT|11|x|3
    """).visits
    assert (first.result, first.reason, first.left_at, first.wait_ms) == ("lost", "entered_again", at(30), 30_000)
    assert (second.result, second.wait_ms, second.ordinal) == ("answered", 11_000, 2)


def test_the_same_entry_six_times_is_one() -> None:
    line = "1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||+573001234567|1\n"
    assert only(told(line * 6)).result is Outcome.WAITING


def test_entry_is_inferred_from_a_connection_an_abandonment_or_an_exit() -> None:
    for line, result in [
        ("Ana|CONNECT|40|x|3", Outcome.ANSWERED),
        ("NONE|ABANDON|1|1|40", Outcome.ABANDONED),
        ("NONE|EXITWITHTIMEOUT|1|1|40", Outcome.OVERFLOW),
    ]:
        visit = only(told(f"1767280060|1767280000.1|atencion|{line}"))
        assert (visit.result, visit.entered_at, visit.wait_ms, visit.entry_inferred) == (result, at(20), 40_000, True)


def test_end_of_a_conversation_that_nobody_saw_begin_is_an_orphan() -> None:
    call = told("1767280060|1767280000.1|atencion|Ana|COMPLETEAGENT|5|40|1")
    assert (call.visits, call.orphan_ends) == ((), 1)


def test_connection_line_missing_between_entry_and_end() -> None:
    visit = only(
        told("""
        1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||+573001234567|1
        1767280060|1767280000.1|atencion|Ana|COMPLETEAGENT|20|40|1
    """)
    )
    assert (visit.result, visit.wait_ms, visit.left_at) == (Outcome.ANSWERED, 20_000, at(20))
    assert visit.legs[0].talk_ms == 40_000


def test_restart_with_the_caller_waiting() -> None:
    call = told("""
        1767280000|1767280000.1|NONE|NONE|LLAMADA|1767280000.1|018000910123|anonymous
        1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||anonymous|1
        1767280033|NONE|NONE|NONE|QUEUESTART|
    """)
    assert (only(call).result, only(call).reason, only(call).left_at) == ("lost", "restart", at(33))
    assert (call.lost, call.ended_at, call.ended_by) == (True, at(33), EndedBy.SYSTEM)


def test_restart_in_mid_conversation_stays_answered_with_talk_unknown() -> None:
    call = told("""
        1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||anonymous|1
        1767280005|1767280000.1|atencion|Ana|CONNECT|5|x|2
        1767280033|NONE|NONE|NONE|QUEUESTART|
    """)
    leg = only(call).legs[0]
    assert (only(call).result, leg.talk_ms, leg.ended_at, leg.ended_by) == ("answered", None, at(33), "system")
    assert call.lost


def test_restart_in_the_menu_loses_the_call_and_one_after_its_end_does_not() -> None:
    begun = "1767280000|1767280000.1|NONE|NONE|LLAMADA|1767280000.1|018000910123|anonymous\n"
    ended = "1767280009|1767280000.1|NONE|NONE|FIN||16\n"
    restart = "1767280033|NONE|NONE|NONE|QUEUESTART|\n"
    assert told(begun + restart).lost
    assert not told(begun + ended + restart).lost
    assert told(begun + ended + restart).ended_at == at(9)


def test_call_that_came_in_the_second_of_the_restart_is_alive() -> None:
    call = told("""
        1767280000|NONE|NONE|NONE|QUEUESTART|
        1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||anonymous|1
        1767280005|1767280000.1|atencion|Ana|CONNECT|5|x|2
        1767280035|1767280000.1|atencion|Ana|COMPLETEAGENT|5|30|1
    """)
    assert (only(call).result, only(call).legs[0].talk_ms) == (Outcome.ANSWERED, 30_000)


def test_log_that_ends_in_mid_conversation() -> None:
    visit = only(
        told("""
        1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||anonymous|1
        1767280005|1767280000.1|atencion|Ana|CONNECT|5|x|2
    """)
    )
    assert (visit.result, visit.legs[0].talk_ms, visit.legs[0].ended_at) == (Outcome.ANSWERED, None, None)


def test_empty_fields_are_told_by_the_times() -> None:
    visit = only(
        told("""
        1767280000|1767280000.1|atencion|NONE|ENTERQUEUE|||
        1767280005|1767280000.1|atencion|Ana|CONNECT|||
        1767280035|1767280000.1|atencion|Ana|COMPLETEAGENT|||
    """)
    )
    assert (visit.result, visit.wait_ms, visit.legs[0].talk_ms) == (Outcome.ANSWERED, 5_000, None)


def test_call_end_logged_before_the_end_of_its_conversation() -> None:
    call = told("""
        1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||anonymous|1
        1767280005|1767280000.1|atencion|Ana|CONNECT|5|x|2
        1767280035|1767280000.1|NONE|NONE|FIN|caller|16
        1767280035|1767280000.1|atencion|Ana|COMPLETECALLER|5|30|1
    """)
    assert (only(call).legs[0].talk_ms, call.ended_at) == (30_000, at(35))


def test_live_feed_cannot_tell_an_abandonment_from_a_departure_until_the_call_ends() -> None:
    entered = QueueEntered(at=at(0.4), queue="atencion", **of())
    left = QueueLeft(at=at(8.2), queue="atencion", wait_seconds=8, **of())
    hung_up = CallEnded(at=at(8.3), by=None, cause=16, **of())
    connected = Connected(at=at(8.3), queue="atencion", agent="Ana", wait_seconds=8, **of())
    key_exit = QueueExited(at=at(8.3), queue="atencion", reason=ExitReason.KEY, wait_seconds=None, **of(key="3"))
    pending = only(build([entered, left]))
    assert (pending.result, pending.left_at) == (Outcome.WAITING, at(8.2))
    assert (only(build([entered, left, hung_up])).result, only(build([entered, left, hung_up])).wait_ms) == (
        "abandoned",
        8000,
    )
    assert only(build([entered, left, connected, hung_up])).result is Outcome.ANSWERED
    by_key = only(build([entered, left, key_exit, hung_up]))
    assert (by_key.result, by_key.key, by_key.wait_ms) == (Outcome.OVERFLOW, "3", 8000)


def test_departure_from_the_first_stay_does_not_end_the_second() -> None:
    log = events_of("""
        1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||anonymous|1
        1767280060|1767280000.1|atencion|NONE|EXITWITHTIMEOUT|1|1|60
        1767280060|1767280000.1|atencion|NONE|ENTERQUEUE||anonymous|1
    """)
    for wait_seconds in (60, None):
        left = QueueLeft(at=at(60.3), queue="atencion", wait_seconds=wait_seconds, **of())
        assert build([*log, left]).visits == build(log).visits


def test_each_departure_is_of_one_stay_though_they_are_much_alike() -> None:
    def entered(second: float) -> Event:
        return QueueEntered(at=at(second), queue="atencion", **of())

    def left(second: float) -> Event:
        return QueueLeft(at=at(second), queue="atencion", wait_seconds=2, **of())

    answered = Connected(at=at(2.1), queue="atencion", agent="Ana", wait_seconds=2, **of())
    call = build([entered(0), left(2), answered, entered(5), left(7), entered(9)])
    assert [visit.reason for visit in call.visits] == [Reason.NONE, Reason.LEFT, Reason.NONE]


def test_call_that_vanished_in_a_gap_is_lost_unless_anything_tells_better() -> None:
    entered = QueueEntered(at=at(0), queue="atencion", **of())
    vanished = CallVanished(at=at(30), **of(source=Source.INFERRED))
    abandoned = QueueExited(
        at=at(9), queue="atencion", reason=ExitReason.ABANDONED, wait_seconds=9, **of(source=Source.QUEUE_LOG)
    )
    alive = Connected(at=at(40), queue="atencion", agent="Ana", wait_seconds=40, **of())
    assert (only(build([entered, vanished])).reason, build([entered, vanished]).lost) == (Reason.VANISHED, True)
    assert only(build([entered, vanished, abandoned])).result is Outcome.ABANDONED
    assert only(build([entered, vanished, alive])).result is Outcome.ANSWERED
    assert not build([entered, vanished, alive]).lost


def test_hold_is_a_figure_of_its_own_within_talk() -> None:
    log = events_of("""
        1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||anonymous|1
        1767280005|1767280000.1|atencion|Ana|CONNECT|5|x|2
        1767280065|1767280000.1|atencion|Ana|COMPLETEAGENT|5|60|1
    """)
    agent = of("1767280003.2")
    hold = [HoldChanged(at=at(second), on=on, **agent) for second, on in [(10, True), (22.5, False), (50, True)]]
    leg = only(build([*log, *hold])).legs[0]
    assert (leg.talk_ms, leg.hold_ms) == (60_000, 12_500 + 15_000)
    unhold_of_a_transfer = HoldChanged(at=at(64), on=False, **agent)
    assert only(build([*log, unhold_of_a_transfer])).legs[0].hold_ms == 0


def test_ring_that_goes_on_and_ring_that_the_log_tells_better() -> None:
    entered = QueueEntered(at=at(0), queue="atencion", **of())
    rang = AgentRang(at=at(1.2), queue="atencion", agent="Ana", **of())
    ended = RingEnded(
        at=at(16),
        queue="atencion",
        agent="Ana",
        ring_ms=15000,
        result=RingResult.NO_ANSWER,
        **of(source=Source.QUEUE_LOG),
    )
    connected = Connected(at=at(4), queue="atencion", agent="Ana", wait_seconds=4, ring_seconds=3, **of())
    assert [ring.result for ring in only(build([entered, rang])).rings] == [None]
    assert [ring.result for ring in only(build([entered, rang, ended])).rings] == [RingResult.NO_ANSWER]
    assert only(build([entered, rang, connected])).rings == ()


def test_rejected_by_the_live_feed_and_the_log_counts_once() -> None:
    live = Rejected(at=at(0.7), queue="atencion", status="FULL", **of())
    log = events_of("1767280000|1767280000.1|atencion|NONE|RECHAZADA|FULL")
    assert len(build([live, *log]).visits) == 1


def test_completion_seen_only_live_without_a_beginning_changes_nothing() -> None:
    log = events_of("1767280000|1767280000.1|atencion|NONE|ABANDON|1|1|4")
    stray = Completed(
        at=at(40), queue="atencion", agent="Ana", wait_seconds=4, talk_seconds=9, by=EndedBy.AGENT, **of()
    )
    assert build([*log, stray]).visits == build(log).visits
    assert build([*log, stray]).orphan_ends == 0


def test_no_event_is_no_history() -> None:
    with pytest.raises(ValueError, match="without events"):
        build([])


def test_every_kind_of_event_can_be_folded() -> None:
    kinds = {
        kind
        for kind in vars(core.events).values()
        if isinstance(kind, type) and issubclass(kind, Event) and kind not in {Event, core.events.QueueEvent}
    }
    assert set(LIFE) == kinds


# Any life of a call, as queue_log and the manager interface tell it ------------------------------------------------

ENDS = st.sampled_from(["connect", "abandon", "timeout", "key", "empty", "none"])
STEP = st.tuples(
    st.integers(0, 40),
    st.sampled_from(["atencion", "juridica"]),
    st.sampled_from(["Ana", "Beto"]),
    ENDS,
    st.integers(0, 90),
)


def life(steps: list[tuple[int, str, str, str, int]]) -> tuple[list[Event], list[Event]]:
    """Return a call's events as queue_log tells them, and as the live feed does."""
    log: list[Event] = []
    live: list[Event] = []
    second = 0

    def tell(kind: type[Event], delay: float = 0.3, **fields: object) -> None:
        number = sum(event.at == at(second) for event in log)
        in_log: dict[str, Any] = {**of(source=Source.QUEUE_LOG), **fields}
        seen: dict[str, Any] = {**of(), **fields}
        log.append(kind(at=at(second), order=number, **in_log))
        live.append(kind(at=at(second + delay), **seen))

    for wait, queue, agent, end, talk in steps:
        tell(QueueEntered, 0.1, queue=queue)
        live.append(AgentRang(at=at(second + 0.15), queue=queue, agent=agent, **of()))
        second += wait
        if end == "connect":
            tell(Connected, 0.3, queue=queue, agent=agent, wait_seconds=wait, ring_seconds=min(wait, 3))
            live.append(QueueLeft(at=at(second + 0.25), queue=queue, **of()))
            second += talk
            tell(Completed, 0.3, queue=queue, agent=agent, wait_seconds=wait, talk_seconds=talk, by=EndedBy.AGENT)
        elif end != "none":
            reason = {
                "abandon": ExitReason.ABANDONED,
                "timeout": ExitReason.TIMEOUT,
                "key": ExitReason.KEY,
                "empty": ExitReason.EMPTY,
            }[end]
            tell(QueueExited, 0.3, queue=queue, reason=reason, wait_seconds=wait)
            live.append(QueueLeft(at=at(second + 0.25), queue=queue, wait_seconds=wait, **of()))
        second += 3
    tell(CallEnded, 0.4, by=None, cause=16)
    return log, live


def of_log(call: CallHistory) -> CallHistory:
    """Leave out what only the live feed can tell."""
    visits = tuple(replace(visit, rings=tuple(ring for ring in visit.rings if ring.result)) for visit in call.visits)
    return replace(call, visits=visits, events=())


@given(st.lists(STEP, min_size=1, max_size=4), st.data())
def test_order_and_repetition_change_nothing(steps: list[tuple[int, str, str, str, int]], data: st.DataObject) -> None:
    log, live = life(steps)
    events = data.draw(st.sampled_from([log, live, log + live]))
    again = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=6))))
    assert build(again) == build(events)


@given(st.lists(STEP, min_size=1, max_size=4), st.data())
def test_live_feed_with_a_gap_and_the_log_equal_the_log_alone(
    steps: list[tuple[int, str, str, str, int]], data: st.DataObject
) -> None:
    log, live = life(steps)
    late = timedelta(seconds=data.draw(st.sampled_from([0, 0, 2.6, 9])))
    seen = [replace(event, at=event.at + late) for event in live if data.draw(st.booleans())]
    assert of_log(build(log + seen)) == of_log(build(log))


@given(st.lists(STEP, min_size=1, max_size=4), st.data())
def test_every_visit_of_an_ended_call_has_one_outcome(
    steps: list[tuple[int, str, str, str, int]], data: st.DataObject
) -> None:
    log, _ = life(steps)
    kept = [event for event in log if data.draw(st.booleans())] + [log[-1]]
    call = build(kept)
    assert all(visit.result is not Outcome.WAITING and visit.left_at for visit in call.visits)
    assert len({(visit.queue, visit.ordinal) for visit in call.visits}) == len(call.visits)


def test_coalescing_keeps_the_order_of_one_second() -> None:
    log = events_of("""
        1767280000|1767280000.1|atencion|NONE|EXITWITHKEY|1|1|1|9
        1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||anonymous|1
        1767280000|1767280000.1|atencion|NONE|EXITWITHKEY|1|1|1|9
    """)
    assert [type(event) for event in coalesce(reversed(log))] == [QueueExited, QueueEntered]
