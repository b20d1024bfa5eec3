"""Single lines: what they tell, and what nobody can make them tell."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import (
    AgentPresence,
    CallEnded,
    CallStarted,
    Completed,
    Connected,
    Event,
    QueueEntered,
    QueueExited,
    Rejected,
    RingEnded,
    SystemRestarted,
)
from telephony.queue_log.lines import Damage, DamagedLine, Line, parse
from telephony.queue_log.reader import Seconds


def event_of(line: str) -> Event:
    events = Seconds().events(line.encode())
    assert not isinstance(events, DamagedLine), events
    (event,) = events
    return event


def damage_of(line: bytes) -> Damage:
    events = Seconds().events(line)
    assert isinstance(events, DamagedLine)
    return events.reason


def test_names_with_blanks_and_accents_in_utf_8_and_latin_1() -> None:
    for encoding in ("utf-8", "latin-1"):
        line = parse("1767280000|pbx-1767280000.1|atención|José Núñez|CONNECT|5|x|2\r\n".encode(encoding))
        assert line == Line(
            second=1767280000,
            channel_id="pbx-1767280000.1",
            queue="atención",
            agent="José Núñez",
            event="CONNECT",
            data=("5", "x", "2"),
        )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", Damage.TOO_FEW_FIELDS),
        (b"1767280000|c|q|NONE", Damage.TOO_FEW_FIELDS),
        (b"|c|q|NONE|CONNECT|1", Damage.NO_TIME),
        (b"ayer|c|q|NONE|CONNECT|1", Damage.NO_TIME),
        (b"-5|c|q|NONE|CONNECT|1", Damage.NO_TIME),
        (b"99999999999|c|q|NONE|CONNECT|1", Damage.NO_TIME),
        (b"\x00\x00\x001767280000|c|q|NONE|CONNECT|1", Damage.NO_TIME),
        (b"1767280000||q|NONE|CONNECT|1", Damage.EMPTY_FIELD),
        (b"1767280000|c|q|NONE||1", Damage.EMPTY_FIELD),
        (b"1767280000|c\x1b[2J|q|NONE|CONNECT|1", Damage.CONTROL_CHARACTERS),
        (b"1767280000|c|q|Ana|CONNECT|five|x|2", Damage.BAD_VALUE),
        (b"1767280000|c|q|Ana|CONNECT|5|x|9999999999", Damage.BAD_VALUE),
        (b"1767280000|c|NONE|NONE|MENU|principal|1|forged", Damage.BAD_VALUE),
        (b"1767280000|c|NONE|NONE|FIN|nobody|16", Damage.BAD_VALUE),
        (b"1767280000|NONE|q|NONE|ENTERQUEUE||300|1", Damage.BAD_VALUE),
        (b"1767280000|c|q|NONE|ENTERQUEUE||" + b"3" * 20_000 + b"|1", Damage.TOO_LONG),
    ],
)
def test_damaged_lines_say_why(line: bytes, reason: Damage) -> None:
    assert damage_of(line) is reason


def test_a_number_with_forged_fields_is_an_entry_and_nothing_else() -> None:
    forged = event_of("1767280000|c|q|NONE|ENTERQUEUE||300|1\\n1767280000|c|q|Ana|COMPLETEAGENT|1|9|1|7")
    assert isinstance(forged, QueueEntered)
    assert (forged.channel_id, forged.position) == ("c", None)
    assert event_of("1767280000|c|q|NONE|ENTERQUEUE||300%7C9|4") == event_of("1767280000|c|q|NONE|ENTERQUEUE||300|4")
    entered = event_of("1767280000|c|q|NONE|ENTERQUEUE||300|4|")
    assert isinstance(entered, QueueEntered)
    assert entered.position == 4


def test_times_are_utc_and_the_order_counts_within_a_second() -> None:
    seconds = Seconds()
    numbered = []
    for second in (10, 10, 10, 11, 11, 10):
        events = seconds.events(b"17672800%d|c|q|NONE|ENTERQUEUE||300|1" % second)
        assert not isinstance(events, DamagedLine)
        numbered += [(event.at, event.order) for event in events]
    early, late = (datetime(2026, 1, 1, 15, 6, moment, tzinfo=UTC) for moment in (50, 51))
    assert numbered == [(early, 0), (early, 1), (early, 2), (late, 0), (late, 1), (early, (1 << 32) + 1)]


@pytest.mark.parametrize(
    ("line", "kind", "fields"),
    [
        ("c|q|Ana|CONNECT|5|x|2|", Connected, {"agent": "Ana", "wait_seconds": 5, "ring_seconds": 2}),
        ("c|q|Ana|CONNECT||x|", Connected, {"wait_seconds": None, "ring_seconds": 0}),
        ("c|q|Ana|COMPLETECALLER|5|61|1", Completed, {"by": "caller", "wait_seconds": 5, "talk_seconds": 61}),
        ("c|q|Ana|COMPLETEAGENT|-1|61", Completed, {"by": "agent", "wait_seconds": 0, "talk_seconds": 61}),
        ("c|q|Ana|BLINDTRANSFER|700|ctx|5|61|1", Completed, {"target": "700", "talk_seconds": 61}),
        ("c|q|Ana|TRANSFER|700|ctx|5|61", Completed, {"by": "blind_transfer", "talk_seconds": 61}),
        ("c|q|Ana|ATTENDEDTRANSFER|BRIDGE|b|5|61|1", Completed, {"by": "attended_transfer", "talk_seconds": 61}),
        ("c|q|Ana|ATTENDEDTRANSFER|LINK|a;1|a;2|5|61|1", Completed, {"wait_seconds": 5, "talk_seconds": 61}),
        ("c|q|NONE|ABANDON|1|1|8", QueueExited, {"reason": "abandoned", "wait_seconds": 8}),
        ("c|q|NONE|EXITWITHKEY|3|1|1|8", QueueExited, {"reason": "key", "key": "3", "wait_seconds": 8}),
        ("c|q|NONE|EXITWITHTIMEOUT|1", QueueExited, {"reason": "timeout", "wait_seconds": None}),
        ("c|q|NONE|EXITEMPTY|1|1|8", QueueExited, {"reason": "empty", "wait_seconds": 8}),
        ("c|q|NONE|WITHDRAW|1|1|8|mailbox", QueueExited, {"reason": "withdrawn", "detail": "mailbox"}),
        ("c|q|Ana|RINGNOANSWER|15000", RingEnded, {"ring_ms": 15000, "result": "no_answer"}),
        ("c|q|Ana|RINGCANCELED|900", RingEnded, {"ring_ms": 900, "result": "canceled"}),
        ("c|q|NONE|RECHAZADA|FULL", Rejected, {"status": "FULL"}),
        ("c|q|NONE|JOINEMPTY", Rejected, {"status": "JOINEMPTY"}),
        ("c|NONE|NONE|LLAMADA|l|018|+573001234567", CallStarted, {"call_id": "l", "channel_id": "c", "line": "018"}),
        ("c|NONE|NONE|LLAMADA|l|018|300|1", CallStarted, {"number": "anonymous"}),
        ("c|NONE|NONE|FIN||16", CallEnded, {"by": None, "cause": 16}),
        ("NONE|NONE|NONE|QUEUESTART|", SystemRestarted, {"call_id": "", "channel_id": ""}),
        ("NONE|q|Ana|PAUSE|almuerzo", AgentPresence, {"change": "paused", "reason": "almuerzo", "channel_id": ""}),
        ("NONE|NONE|Ana|UNPAUSEALL|", AgentPresence, {"change": "unpaused", "queue": ""}),
        ("MANAGER|q|Ana|REMOVEMEMBER|", AgentPresence, {"change": "logged_out", "queue": "q"}),
    ],
)
def test_what_each_line_tells(line: str, kind: type[Event], fields: dict[str, object]) -> None:
    event = event_of(f"1767280000|{line}")
    assert type(event) is kind
    assert {name: getattr(event, name) for name in fields} == fields


def test_member_added_while_paused_is_two_facts() -> None:
    events = Seconds().events(b"1767280000|MANAGER|q|Ana|ADDMEMBER|PAUSED")
    assert not isinstance(events, DamagedLine)
    assert [event.change for event in events if isinstance(event, AgentPresence)] == ["logged_in", "paused"]


def test_unknown_events_tell_nothing_and_are_no_damage() -> None:
    for event in ("AGENTDUMP", "SYSCOMPAT", "CONFIGRELOAD", "ENCUESTA_AJENA|5", "enterqueue"):
        assert Seconds().events(f"1767280000|c|q|NONE|{event}".encode()) == ()


FIELDS = st.binary(max_size=12) | st.sampled_from(
    [b"1767280000", b"c", b"NONE", b"", b"CONNECT", b"COMPLETEAGENT", b"ABANDON", b"FIN", b"MENU", b"LLAMADA", b"7"]
)


@given(st.binary(max_size=300) | st.lists(FIELDS, max_size=12).map(b"|".join))
def test_any_bytes_are_read_or_counted_as_damaged(line: bytes) -> None:
    seconds = Seconds()
    events = seconds.events(line)
    if isinstance(events, DamagedLine):
        assert events.text.isprintable()
    else:
        assert all(event.at.tzinfo is UTC for event in events)
