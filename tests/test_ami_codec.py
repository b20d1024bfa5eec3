"""The codec of the manager interface against what Asterisk sends, and against what nobody should send."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ProtocolError
from telephony.ami.codec import (
    MAX_ACTION_HEADERS,
    MAX_ACTION_LINE_BYTES,
    MAX_LINE_BYTES,
    MAX_MESSAGE_BYTES,
    Message,
    Parser,
    encode,
)
from tests.ami_captures import BANNER, wire

PIECES = st.sampled_from(
    [
        b"Event: Hangup\r\nCause: 16\r\n\r\n",
        b"Response: Success\r\nOutput: a\r\nOutput: b\r\n\r\n",
        b"Event: ",
        b"Response: ",
        b"\r\n",
        b"\r",
        b"\n",
        b"\r\n\r\n",
        b": ",
        b"\0\xff\xc3",
        "Señal: José\r\n".encode(),
        b"x" * (MAX_LINE_BYTES + 1),
        b"Name: value\r\n" * (MAX_MESSAGE_BYTES // 13),
    ]
)
STREAMS = st.lists(PIECES | st.binary(max_size=40), max_size=30).map(b"".join)


def parse(data: bytes, cuts: list[int] | None = None) -> tuple[list[Message], int]:
    parser = Parser()
    edges = [0, *sorted(cuts or []), len(data)]
    found = [m for start, end in pairwise(edges) for m in parser.feed(data[start:end])]
    return found, parser.garbage


def test_banner_then_response_to_login() -> None:
    parser = Parser()
    (answer,) = parser.feed(
        b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\nActionID: 1\r\nMessage: Authentication accepted\r\n\r\n"
    )
    assert parser.version == "11.0.0"
    assert answer.event == ""
    assert answer.pairs == (("Response", "Success"), ("ActionID", "1"), ("Message", "Authentication accepted"))


def test_a_whole_call_with_all_its_events() -> None:
    sent = wire("unfiltered_call")
    found, garbage = parse(BANNER + sent)
    assert len(found) == sent.count(b"\r\n\r\n")
    assert garbage == 0
    assert "".join(m.text[2:] + "\r\n" for m in found).encode() == sent
    assert [name for m in found for name, _ in m.pairs[:1] if name != "Event"] == []


def test_originate_response_is_an_event_that_has_a_response() -> None:
    (message,), _ = parse(
        BANNER + b"Event: OriginateResponse\r\nPrivilege: call,all\r\nTimestamp: 1795399406.148213\r\nActionID: ori\r\n"
        b"Response: Success\r\nChannel: Local/corto@llamante-00000001;1\r\nReason: 4\r\nUniqueid: 1795399406.35\r\n\r\n"
    )
    assert message.event == "OriginateResponse"
    assert message["Response"] == "Success"


def test_repeated_headers_are_all_kept_and_the_first_is_the_one_believed() -> None:
    (message,), _ = parse(
        BANNER + b"Event: UserEvent\r\nUniqueid: 1795399317.0\r\nChanVariable: LINEA=018000\r\n"
        b"ChanVariable: IDIOMA=es\r\nUserEvent: QueueExit\r\nUniqueid: forged\r\n\r\n"
    )
    assert message.all("ChanVariable") == ("LINEA=018000", "IDIOMA=es")
    assert message["Uniqueid"] == "1795399317.0"


def test_output_of_a_command() -> None:
    (message,), _ = parse(
        BANNER + b"Response: Success\r\nActionID: cmd\r\nMessage: Command output follows\r\n"
        b"Output: Asterisk 22.10.1+dfsg\r\nOutput: \r\nOutput:   built by nobody: 2026\r\n\r\n"
    )
    assert message.all("Output") == ("Asterisk 22.10.1+dfsg", "", "  built by nobody: 2026")


def test_header_lookup() -> None:
    (message,), _ = parse(
        BANNER + b"Event: AgentCalled\r\nDestUniqueid: 2\r\nKey: \r\nbare line\r\nUniqueid: 1\r\n\r\n"
    )
    assert message["Uniqueid"] == "1"
    assert message.get("Key", "absent") == ""
    assert "niqueid" not in message
    assert message.get("Linkedid", "absent") == "absent"
    with pytest.raises(KeyError, match="Linkedid"):
        message["Linkedid"]


def test_latin_1_in_a_name_is_replaced() -> None:
    (message,), garbage = parse(BANNER + b'Event: Newchannel\r\nCallerIDName: Jos\xe9 "x\r\nExten: 100\r\n\r\n')
    assert message["CallerIDName"] == 'Jos� "x'
    assert message["Exten"] == "100"
    assert garbage == 0


def test_garbage_is_counted_and_what_follows_is_read() -> None:
    found, garbage = parse(
        BANNER + b"\x00\x01 no message at all\r\n\r\n\r\nEvent: Hold\r\nUniq\r\n\r\nhalf a li\r\nEvent: Unhold\r\n\r\n"
    )
    assert [m.event for m in found] == ["Hold", "Unhold"]
    assert garbage == 2


@pytest.mark.parametrize("size", [MAX_MESSAGE_BYTES + 1, 3 * MAX_MESSAGE_BYTES])
def test_a_message_above_the_limit_is_skipped_without_being_kept(size: int) -> None:
    lines = b"Event: Flood\r\n" + b"X: y\r\n" * (size // 6)
    parser = Parser()
    kept = []
    for start in range(0, len(BANNER + lines), 1000):
        kept += parser.feed((BANNER + lines)[start : start + 1000])
    assert len(parser._rest) < MAX_MESSAGE_BYTES + 10  # noqa: SLF001  the memory is the point
    kept += parser.feed(b"\r\nEvent: Hold\r\n\r\n")
    assert [m.event for m in kept] == ["Hold"]
    assert parser.garbage == 1


@pytest.mark.parametrize("excess", range(-1, 6))
def test_the_limit_is_the_same_however_the_bytes_come(excess: int) -> None:
    lines = b"Event: Long\r\n" + b"X: y\r\n" * (MAX_MESSAGE_BYTES // 6)
    message = lines[: MAX_MESSAGE_BYTES - 100] + b"\r\nY: "
    message += b"y" * (MAX_MESSAGE_BYTES + excess - len(message))
    data = BANNER + message + b"\r\n\r\nEvent: Hold\r\n\r\n"
    found, garbage = parse(data)
    assert [m.event for m in found] == (["Hold"] if excess > 0 else ["Long", "Hold"])
    assert garbage == (excess > 0)
    assert parse(data, list(range(len(data) - 40, len(data)))) == (found, garbage)


def test_a_line_above_the_limit_costs_its_message() -> None:
    found, garbage = parse(
        BANNER + b"Event: A\r\nX: " + b"x" * MAX_LINE_BYTES + b"\r\n\r\nEvent: B\r\nX: " + b"x" * 1000 + b"\r\n\r\n"
    )
    assert [m.event for m in found] == ["B"]
    assert garbage == 1


@pytest.mark.parametrize("first", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400\r\n\r\n", b"\0", b"Asterisk Kall\r\n"])
def test_another_service_on_the_port_is_refused(first: bytes) -> None:
    with pytest.raises(ProtocolError, match="no responde el manager"):
        parse(first)


def test_an_endless_first_line_is_refused() -> None:
    with pytest.raises(ProtocolError):
        parse(b"Asterisk Call Manager/" + b"1" * MAX_LINE_BYTES)


@given(STREAMS, st.lists(st.integers(0, 5000), max_size=20))
def test_chunks_change_nothing(stream: bytes, cuts: list[int]) -> None:
    data = BANNER + stream
    assert parse(data, [min(cut, len(data)) for cut in cuts]) == parse(data)


@given(STREAMS)
def test_any_bytes_are_survived(stream: bytes) -> None:
    for message in parse(BANNER + stream)[0]:
        assert message.get("Event") or message.event == ""
        assert dict(reversed(message.pairs)).keys() >= {n for n in ("Cause", "Output") if n in message}
        assert message.all("Output") is not None


@given(st.binary(max_size=200))
def test_any_first_bytes_raise_nothing_but_protocol_error(data: bytes) -> None:
    try:
        parse(data)
    except ProtocolError as error:
        assert "manager" in str(error)  # noqa: PT017  raising is allowed here, not required


def test_action_as_bytes() -> None:
    assert (
        encode("Originate", [("Channel", "PJSIP/x@trunk"), ("Variable", "A=1"), ("Variable", "B=ñ")])
        == "Action: Originate\r\nChannel: PJSIP/x@trunk\r\nVariable: A=1\r\nVariable: B=ñ\r\n\r\n".encode()
    )


@pytest.mark.parametrize("bad", ["a\r\nAction: Originate", "a\nb", "a\rb", "a\0b"])
def test_line_ends_in_a_value_are_refused(bad: str) -> None:
    with pytest.raises(ProtocolError, match="Reason"):
        encode("QueuePause", [("Reason", bad)])
    with pytest.raises(ProtocolError, match="Action"):
        encode(bad)


@pytest.mark.parametrize("bad", ["", "A: b\r\nX", "A:", "A b", "Ñ", "A\n"])
def test_names_that_are_no_names_are_refused(bad: str) -> None:
    with pytest.raises(ProtocolError, match="name of a header"):
        encode("Ping", [(bad, "x")])


def test_what_asterisk_would_not_read_whole_is_refused() -> None:
    room = MAX_ACTION_LINE_BYTES - len("Data: \r\n")
    assert encode("Ping", [("Data", "x" * room)]).endswith(b"x\r\n\r\n")
    with pytest.raises(ProtocolError, match="too long"):
        encode("Ping", [("Data", "x" * (room + 1))])
    with pytest.raises(ProtocolError, match="too long"):
        encode("Ping", [("Data", "ñ" * (room // 2 + 1))])
    with pytest.raises(ProtocolError, match="headers"):
        encode("Ping", [("Data", "x")] * MAX_ACTION_HEADERS)
    with pytest.raises(ProtocolError, match="not Unicode"):
        encode("Ping", [("Data", "\ud800")])


@given(st.text(max_size=50), st.lists(st.tuples(st.text(max_size=20), st.text(max_size=50)), max_size=5))
def test_an_action_is_one_action_or_refused(action: str, headers: list[tuple[str, str]]) -> None:
    try:
        data = encode(action, headers)
    except ProtocolError:
        return
    assert data.endswith(b"\r\n\r\n")
    assert data.count(b"\r\n") == len(headers) + 2
    assert data.count(b"\n") == data.count(b"\r") == data.count(b"\r\n")
    assert data.startswith(f"Action: {action}\r\n".encode())
