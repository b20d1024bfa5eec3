"""Events of real calls (captures/ami, of an Asterisk 22.10) into core events; tests are named after what happened."""

from datetime import UTC, datetime
from typing import TypedDict, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import (
    AgentPresence,
    AgentRang,
    CallEnded,
    Completed,
    Connected,
    EndedBy,
    Event,
    ExitReason,
    HoldChanged,
    PresenceChange,
    QueueEntered,
    QueueExited,
    QueueLeft,
    Rejected,
    RingEnded,
    RingResult,
    Source,
)
from telephony.ami.codec import Message, Parser
from telephony.ami.decode import EVENTS, MAX_REMEMBERED_TRANSFERS, EventDecoder
from tests.ami_captures import BANNER, FOLDER, messages

Told = TypeVar("Told", bound=Event)
ANA, LUIS = "Ana Ruiz", "Luis Peña"


def decode(name: str) -> list[Event]:
    decoder = EventDecoder()
    events = [event for message in messages(name) for event in decoder.decode(message)]
    assert not decoder.malformed
    return events


def kinds(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


class Fact(TypedDict):
    at: datetime
    call_id: str
    channel_id: str
    source: Source


def fact(seconds: float, call_id: str, channel_id: str | None = None) -> Fact:
    at = datetime.fromtimestamp(seconds, UTC)
    return {"at": at, "call_id": call_id, "channel_id": channel_id or call_id, "source": Source.AMI}


def only(events: list[Event], kind: type[Told]) -> list[Told]:
    return [event for event in events if isinstance(event, kind)]


def test_answered_call_that_the_agent_ends() -> None:
    call = "1795399317.0"
    assert decode("answered_agent_ends") == [
        QueueEntered(**fact(1795399317.876287, call), queue="atencion", position=1),
        AgentRang(**fact(1795399317.877862, call), queue="atencion", agent=ANA),
        QueueLeft(**fact(1795399318.880415, call), queue="atencion"),
        Connected(**fact(1795399318.880449, call), queue="atencion", agent=ANA, wait_seconds=1, ring_seconds=1),
        Completed(
            **fact(1795399320.882725, call),
            queue="atencion",
            agent=ANA,
            wait_seconds=1,
            talk_seconds=2,
            by=EndedBy.AGENT,
        ),
        CallEnded(**fact(1795399320.884323, call), by=None, cause=16),
    ]


def test_an_unfiltered_call_tells_the_same() -> None:
    assert decode("unfiltered_call") == decode("answered_agent_ends")


def test_answered_call_that_the_caller_ends() -> None:
    (completed,) = only(decode("answered_caller_ends"), Completed)
    assert completed == Completed(
        **fact(1795399325.095369, "1795399322.2"),
        queue="atencion",
        agent=ANA,
        wait_seconds=1,
        talk_seconds=2,
        by=EndedBy.CALLER,
    )


def test_hold_and_return() -> None:
    call, agent = "1795399326.4", "1795399326.5"
    assert only(decode("held"), HoldChanged) == [
        HoldChanged(**fact(1795399328.806619, call, agent), on=True),
        HoldChanged(**fact(1795399330.809276, call, agent), on=False),
    ]


def test_no_answer_then_another_agent() -> None:
    events = decode("no_answer_then_another_agent")
    assert kinds(events) == [
        "QueueEntered",
        "AgentRang",
        "RingEnded",
        "AgentRang",
        "QueueLeft",
        "Connected",
        "Completed",
        "CallEnded",
    ]
    assert events[2] == RingEnded(
        **fact(1795399337.519564, "1795399333.6"),
        queue="atencion",
        agent=ANA,
        ring_ms=4000,
        result=RingResult.NO_ANSWER,
    )
    assert [event.agent for event in only(events, Connected)] == [LUIS]


def test_abandoned_call() -> None:
    call = "1795399346.12"
    events = decode("abandoned")
    assert kinds(events) == ["QueueEntered", "AgentRang", "QueueLeft", "QueueLeft", "CallEnded"]
    assert events[2] == QueueLeft(**fact(1795399348.945979, call), queue="atencion", wait_seconds=2)
    assert events[3] == QueueLeft(**fact(1795399348.945989, call), queue="atencion", wait_seconds=None)


@pytest.mark.parametrize(
    ("capture", "reason", "key"),
    [
        ("timed_out", ExitReason.TIMEOUT, ""),
        ("withdrawn", ExitReason.WITHDRAWN, ""),
        ("queue_emptied_then_unknown_queue", ExitReason.EMPTY, ""),
        ("left_by_key", ExitReason.KEY, "3"),
    ],
)
def test_caller_who_leaves_without_an_agent(capture: str, reason: ExitReason, key: str) -> None:
    events = decode(capture)
    (exited,) = only(events, QueueExited)
    assert (exited.reason, exited.key, exited.wait_seconds) == (reason, key, None)
    assert only(events, QueueLeft)


def test_queue_that_does_not_exist() -> None:
    (rejected,) = only(decode("queue_emptied_then_unknown_queue"), Rejected)
    assert rejected == Rejected(
        **fact(1795400272.204085, "1795400271.0"),
        queue="noexiste",
        status="UNKNOWN",
    )


@pytest.mark.parametrize(
    ("capture", "target"), [("blind_transfer_to_extension", "300"), ("blind_transfer_to_queue", "200")]
)
def test_blind_transfer(capture: str, target: str) -> None:
    completed = only(decode(capture), Completed)[0]
    assert (completed.agent, completed.by, completed.target) == (ANA, EndedBy.BLIND_TRANSFER, target)
    assert (completed.wait_seconds, completed.talk_seconds) == (1, 1)


def test_blind_transfer_to_a_second_queue_is_a_second_visit_of_the_same_call() -> None:
    events = decode("blind_transfer_to_queue")
    assert [(e.queue, e.channel_id) for e in only(events, QueueEntered)] == [
        ("atencion", "1795399366.19"),
        ("segunda", "1795399366.19"),
    ]
    assert [(e.agent, e.by) for e in only(events, Completed)] == [
        (ANA, EndedBy.BLIND_TRANSFER),
        (LUIS, EndedBy.AGENT),
    ]


def test_attended_transfer_to_an_extension() -> None:
    events = decode("attended_transfer_to_extension")
    (completed,) = only(events, Completed)
    assert (completed.by, completed.target, completed.talk_seconds) == (EndedBy.ATTENDED_TRANSFER, "", 2)


def test_attended_transfer_to_a_queue_where_the_second_agent_already_talks() -> None:
    events = decode("attended_transfer_to_queue")
    assert [(e.call_id, e.agent, e.by) for e in only(events, Completed)] == [
        ("1795399385.27", LUIS, EndedBy.CALLER),
        ("1795399382.25", ANA, EndedBy.ATTENDED_TRANSFER),
    ]
    assert {e.channel_id for e in only(events, HoldChanged)} == {"1795399383.26"}
    assert [e.call_id for e in only(events, CallEnded)] == ["1795399385.27", "1795399382.25"]


def test_transfer_whose_blind_event_never_came_is_taken_for_an_attended_one() -> None:
    decoder = EventDecoder()
    told = [m for m in messages("blind_transfer_to_extension") if m.event != "BlindTransfer"]
    (completed,) = [e for m in told for e in decoder.decode(m) if isinstance(e, Completed)]
    assert (completed.by, completed.target) == (EndedBy.ATTENDED_TRANSFER, "")


def test_transfers_that_are_never_completed_do_not_pile_up() -> None:
    decoder = EventDecoder()
    (blind,) = [m for m in messages("blind_transfer_to_extension") if m.event == "BlindTransfer"]
    (complete,) = [m for m in messages("blind_transfer_to_extension") if m.event == "AgentComplete"]
    decoder.decode(blind)
    for number in range(MAX_REMEMBERED_TRANSFERS):
        decoder.decode(Message(blind.event, blind.text.replace("1795399358.17", f"9.{number}")))
    (completed,) = only(list(decoder.decode(complete)), Completed)
    assert completed.by is EndedBy.ATTENDED_TRANSFER


def test_pause_with_a_reason_and_return() -> None:
    assert decode("paused") == [
        AgentPresence(
            **fact(1795399402.440235, ""),
            queue="atencion",
            agent=ANA,
            change=PresenceChange.PAUSED,
            reason="almuerzo ñ",
        ),
        AgentPresence(
            **fact(1795399402.741437, ""), queue="atencion", agent=ANA, change=PresenceChange.UNPAUSED, reason=""
        ),
    ]


def test_member_that_comes_and_goes() -> None:
    events = decode("member_added_and_removed")
    assert [(e.agent, e.queue, e.change) for e in only(events, AgentPresence)] == [
        ("Zoé Núñez", "vacia", PresenceChange.LOGGED_IN),
        ("Zoé Núñez", "vacia", PresenceChange.LOGGED_OUT),
    ]


def test_every_event_we_ask_for_has_been_seen() -> None:
    assert {message.event for path in FOLDER.glob("*.txt") for message in messages(path.stem)} >= set(EVENTS)


@pytest.mark.parametrize(
    ("capture", "event", "header", "value"),
    [
        ("answered_agent_ends", "QueueCallerJoin", "Timestamp", "nan"),
        ("answered_agent_ends", "QueueCallerJoin", "Timestamp", "1e300"),
        ("answered_agent_ends", "QueueCallerJoin", "Timestamp", ""),
        ("answered_agent_ends", "QueueCallerJoin", "Uniqueid", ""),
        ("answered_agent_ends", "AgentConnect", "HoldTime", "-1"),
        ("answered_agent_ends", "AgentConnect", "HoldTime", "9" * 5000),
        ("answered_agent_ends", "AgentConnect", "MemberName", ""),
        ("answered_agent_ends", "AgentComplete", "TalkTime", "٣"),
        ("answered_agent_ends", "AgentComplete", "Reason", "boredom"),
        ("answered_agent_ends", "Hangup", "Linkedid", ""),
        ("timed_out", "UserEvent", "Status", "SURPRISE"),
        ("timed_out", "UserEvent", "Status", ""),
        ("blind_transfer_to_extension", "BlindTransfer", "TransfereeUniqueid", ""),
        ("paused", "QueueMemberPause", "Paused", "perhaps"),
    ],
)
def test_an_event_with_a_bad_header_is_counted_and_passed_over(
    capture: str, event: str, header: str, value: str
) -> None:
    decoder = EventDecoder()
    message = next(m for m in messages(capture) if m.event == event)
    text = message.text.replace(f"\r\n{header}: {message[header]}\r\n", f"\r\n{header}: {value}\r\n")
    assert decoder.decode(Message(event, text)) == ()
    assert decoder.malformed == {f"{event}: {header}": 1}


def test_events_of_others_are_no_concern_of_ours() -> None:
    decoder = EventDecoder()
    for text in (
        "Event: UserEvent\r\nUserEvent: Grabacion\r\nArchivo: x.wav\r\n\r\n",
        "Event: QueueCallerJoined\r\n\r\n",
        "Response: Success\r\nQueue: atencion\r\n\r\n",
    ):
        (message,) = Parser().feed(BANNER + text.encode())
        assert decoder.decode(message) == ()
    assert not decoder.malformed


HEADERS = (
    "Timestamp Uniqueid Linkedid Queue MemberName HoldTime TalkTime RingTime Reason Cause Status Key UserEvent "
    "Position Paused Result TransfereeUniqueid"
)


@given(
    st.sampled_from(EVENTS),
    st.dictionaries(st.sampled_from(HEADERS.split()), st.text() | st.integers().map(str)),
)
def test_whatever_the_headers_hold_decoding_never_raises(event: str, headers: dict[str, str]) -> None:
    text = f"\r\nEvent: {event}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    decoder = EventDecoder()
    for told in decoder.decode(Message(event, text)):
        assert told.source is Source.AMI
