"""The channel against a scripted Asterisk: each fault of pyst2's transport, and whatever a peer may send."""

import inspect
import math
import socket
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import CallEndedError, NotAvailableError, ProtocolError
from telephony.agi import COMMAND_BYTES, Channel, Keys, Recording
from tests.scripted_asterisk import CALL_ID, Replies, answering, environment

OK = b"200 result=0\n"


def started(data: bytes) -> Channel:
    streams = Replies(data)
    return Channel(streams, streams)


# -- the environment


def test_environment_is_read_in_any_thread_and_nothing_is_written_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    channel, _ = answering(OK)
    channel.noop()
    assert channel.env["agi_uniqueid"] == CALL_ID
    assert channel.env["agi_accountcode"] == ""
    assert capfd.readouterr() == ("", "")


def test_environment_that_ends_early_is_a_hangup() -> None:
    with pytest.raises(CallEndedError):
        started(environment()[:-1])


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\n\n", b"\n", b"\x16\x03\x01\n"])
def test_what_is_no_environment_is_refused(garbage: bytes) -> None:
    with pytest.raises(ProtocolError):
        started(garbage)


def test_environment_without_end_is_refused() -> None:
    with pytest.raises(ProtocolError):
        started(b"agi_network: yes\n" * 300)
    with pytest.raises(ProtocolError):
        started(b"agi_network: " + b"x" * 70_000)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        (b'Ana "la" Ruiz', 'Ana "la" Ruiz'),
        (b"Jos\xe9", "Jos\ufffd"),
        ("José".encode(), "José"),
        (b"a\0b", "a\0b"),
        (b"(hangup)", "(hangup)"),
        (b"200 result=-1", "200 result=-1"),
        (b"x" * 4096, "x" * 4096),
        (b'a"\nHANGUP', 'a"'),
        (b"a\nagi_uniqueid: forged", "a"),
    ],
)
def test_hostile_caller_names_stay_names(name: bytes, read: str) -> None:
    channel = started(environment(caller_name=name))
    assert channel.env["agi_calleridname"] == read
    assert channel.env["agi_uniqueid"] == CALL_ID
    assert channel.env["agi_context"] == "linea"


def test_caller_name_with_an_empty_line_cannot_become_an_answer() -> None:
    channel = started(environment(caller_name=b"a\n\n200 result=1 (forged)"))
    with pytest.raises(ProtocolError):
        channel.get_variable("X")


# -- commands


@pytest.mark.parametrize("end", ["\n", "\r", "\0"])
def test_line_ends_and_nul_in_an_argument_are_refused_and_nothing_is_sent(end: str) -> None:
    channel, peer = answering(OK)
    for word in (channel.verbose, channel.stream_file, channel.set_context, channel.exec_command):
        with pytest.raises(ProtocolError):
            word(f'a"{end}HANGUP')
    assert peer.written == b""


def test_quotes_backslashes_and_spaces_arrive_as_they_were() -> None:
    channel, peer = answering(b"200 result=1\n", OK, OK)
    channel.set_variable("X", 'a" "b\\" c\\')
    channel.stream_file("a b", "12", 0)
    channel.set_callerid('"Ana Ruiz" <300>')
    assert peer.commands == [
        ["SET", "VARIABLE", "X", 'a" "b\\" c\\'],
        ["STREAM", "FILE", "a b", "12", "0"],
        ["SET", "CALLERID", '"Ana Ruiz" <300>'],
    ]


def test_none_and_numbers_can_be_arguments() -> None:
    channel, peer = answering(OK, OK)
    channel.set_variable("X", None)
    channel.set_variable("Y", 1.5)
    assert peer.commands == [["SET", "VARIABLE", "X", ""], ["SET", "VARIABLE", "Y", "1.5"]]


def test_lone_surrogates_are_replaced() -> None:
    channel, peer = answering(OK)
    channel.verbose("a\ud800b")
    assert peer.commands == [["VERBOSE", "a?b", "1"]]


def test_longest_command_is_sent_and_one_byte_more_is_refused() -> None:
    channel, peer = answering(OK, OK)
    room = COMMAND_BYTES - len('SET VARIABLE "X" ""\n')
    channel.set_variable("X", "x" * room)
    assert len(peer.written) == COMMAND_BYTES
    with pytest.raises(ProtocolError):
        channel.set_variable("X", "x" * (room + 1))


def test_argument_that_pyst2_leaves_empty_is_left_out() -> None:
    channel, peer = answering(b"200 result=1\n", b"200 result=6\n")
    channel.hangup()
    assert channel.channel_status() == 6
    assert peer.commands == [["HANGUP"], ["CHANNEL", "STATUS"]]


# -- answers


def test_hangup_is_a_notice_before_an_answer_and_between_two() -> None:
    channel, _ = answering(b"HANGUP\n200 result=1 (es)\nHANGUP\n", b"200 result=1 (co)\n")
    assert channel.get_variable("A") == "es"
    assert channel.get_variable("B") == "co"
    assert channel.hung_up
    with pytest.raises(CallEndedError):
        channel.test_hangup()


def test_trying_is_not_an_answer() -> None:
    channel, _ = answering(b"100 Trying...\n", b"200 result=1 (x)\n")
    assert channel.get_variable("A") == "x"


@pytest.mark.parametrize("reply", [b"", b"200 resu", b"HANGUP\n", b"511 Command Not Permitted on a dead channel\n"])
def test_hung_up(reply: bytes) -> None:
    channel, _ = answering(reply)
    with pytest.raises(CallEndedError):
        channel.get_variable("A")


@pytest.mark.parametrize(
    "value", ["hangup", "result=-1", "a) (b", "x) endpos=3", "", "línea 1\nlínea 2", "a) b\n\nc", "ñ (timeout)"]
)
def test_values_are_never_taken_for_a_status(value: str) -> None:
    channel, _ = answering(b"200 result=1 (%b)\n" % value.encode())
    assert channel.get_variable("A") == value
    assert not channel.hung_up


def test_value_with_a_line_end_cannot_answer_the_next_command() -> None:
    channel, _ = answering(b"200 result=1 (a)\n200 result=1 (forged))\n", b"200 result=1 (true)\n")
    assert channel.get_variable("A") == "a"
    with pytest.raises(ProtocolError):
        channel.get_variable("B")


def test_value_in_latin_1_is_read_with_replacement() -> None:
    channel, _ = answering(b"200 result=1 (Jos\xe9)\n")
    assert channel.get_variable("A") == "Jos\ufffd"


def test_unset_variable_is_empty() -> None:
    channel, _ = answering(OK)
    assert channel.get_variable("A") == ""


def test_unknown_command_and_wrong_arguments_are_protocol_errors_and_the_next_command_works() -> None:
    usage = b"520-Invalid command syntax.  Proper usage follows:\nUsage: X\n\n520 End of proper usage.\n"
    channel, _ = answering(
        b"510 Invalid or unknown command\n", usage, b"520 Invalid command syntax.\n", b"200 result=6\n"
    )
    for _ in range(3):
        with pytest.raises(ProtocolError):
            channel.noop()
    assert channel.channel_status() == 6


def test_usage_that_never_ends() -> None:
    channel, _ = answering(b"520-Invalid command syntax.\n" + b"Usage: X\n" * 3)
    with pytest.raises(CallEndedError):
        channel.noop()
    channel, _ = answering(b"520-Invalid command syntax.\n" + b"Usage: X\n" * 1000)
    with pytest.raises(ProtocolError):
        channel.noop()


@pytest.mark.parametrize(
    "reply",
    [b"200\n", b"200 result\n", b"hello\n", b"200 result=x\n", b"200 result=0 (\n" + b"x\n" * 70_000, b"x" * 70_000],
)
def test_what_is_no_answer_is_a_protocol_error(reply: bytes) -> None:
    channel, _ = answering(reply)
    with pytest.raises(ProtocolError):
        channel.noop()


def test_messages_repeat_neither_arguments_nor_answers() -> None:
    secret = "3001234567"
    for reply in (b"200 result=x3001234567\n", b"510 3001234567\n", b"nonsense 3001234567\n"):
        channel, _ = answering(reply)
        with pytest.raises(ProtocolError) as error:
            channel.set_variable("X", secret)
        assert secret not in str(error.value)


# -- playing and listening


@pytest.mark.parametrize(
    "listen",
    [
        lambda channel: channel.stream_file("a"),
        lambda channel: channel.get_data("a"),
        lambda channel: channel.wait_for_digit(),
        lambda channel: channel.get_option("a", "1"),
        lambda channel: channel.say_digits("12"),
        lambda channel: channel.control_stream_file("a"),
    ],
)
@pytest.mark.parametrize(
    "after", [b"HANGUP\n511 Command Not Permitted\n", b"HANGUP\n", b"511 Command Not Permitted\n", b""]
)
def test_minus_one_from_play_or_input_is_a_hangup(listen: Callable[[Channel], object], after: bytes) -> None:
    channel, _ = answering(b"200 result=-1\n", after)
    with pytest.raises(CallEndedError):
        listen(channel)


def test_minus_one_with_the_hangup_notice_needs_no_question() -> None:
    channel, peer = answering(b"HANGUP\n200 result=-1 endpos=0\n")
    with pytest.raises(CallEndedError):
        channel.stream_file("a")
    assert len(peer.commands) == 1


def test_missing_prompt_is_no_hangup_and_the_call_goes_on() -> None:
    channel, _ = answering(b"200 result=-1 endpos=0\n", OK, b"200 result=49 endpos=800\n")
    with pytest.raises(NotAvailableError):
        channel.stream_file("nothing", "1")
    assert channel.stream_file("something", "1") == "1"


@pytest.mark.parametrize(
    ("reply", "keys"),
    [
        (b"200 result=12\n", Keys("12", timed_out=False)),
        (b"200 result=7 (timeout)\n", Keys("7", timed_out=True)),
        (b"200 result= (timeout)\n", Keys("", timed_out=True)),
        (b"200 result=\n", Keys("", timed_out=False)),
        (b"200 result=*\n", Keys("*", timed_out=False)),
    ],
)
def test_get_data_tells_time_outs(reply: bytes, keys: Keys) -> None:
    channel, _ = answering(reply)
    assert channel.get_data("a", 6000, 4) == keys


@pytest.mark.parametrize(
    ("reply", "recording"),
    [
        (b"200 result=0 (timeout) endpos=24000\n", Recording("", "timeout", 24000)),
        (b"200 result=35 (dtmf) endpos=8000\n", Recording("#", "dtmf", 8000)),
        (b"200 result=-1 (hangup) endpos=16000\n", Recording("", "hangup", 16000)),
        (b"200 result=-1 (writefile)\n", Recording("", "writefile", 0)),
        (b"200 result=-1 (randomerror) endpos=0\n", Recording("", "randomerror", 0)),
        (b"200 result=-1 (waitfor) endpos=800\n", Recording("", "waitfor", 800)),
    ],
)
def test_record_file_tells_how_it_ended(reply: bytes, recording: Recording) -> None:
    channel, _ = answering(reply)
    assert channel.record_file("a", "wav") == recording


def test_no_key_is_empty_and_never_nul() -> None:
    channel, _ = answering(OK, OK, b"200 result=0 endpos=99\n")
    assert [channel.wait_for_digit(), channel.get_option("a", "1"), channel.stream_file("a")] == ["", "", ""]


def test_database_is_quoted_once_and_its_answers_are_values() -> None:
    channel, peer = answering(
        b"200 result=1 (v)\n", OK, b"200 result=1\n", OK, b"200 result=1\n", OK, b"200 result=0\n", b"200 result=1\n"
    )
    assert channel.database_get("f", "k") == "v"
    assert channel.database_get("f", "k") is None
    channel.database_put("f", "k", "v")
    with pytest.raises(NotAvailableError):
        channel.database_put("f", "k", "v")
    assert [channel.database_del("f", "k"), channel.database_del("f", "k")] == [True, False]
    assert [channel.database_deltree("f"), channel.database_deltree("f")] == [True, False]  # Asterisk answers 0, then 1
    assert peer.commands[0] == ["DATABASE", "GET", "f", "k"]


def test_applications() -> None:
    channel, peer = answering(OK, b"200 result=-2\n", b"200 result=-1\n", b"511 Command Not Permitted\n")
    assert channel.exec_command("QueueLog", "NONE", "1.2", "NONE", "MENU", "a b|1") == {"result": ("0", "")}
    with pytest.raises(NotAvailableError):
        channel.appexec("Nothing")
    with pytest.raises(CallEndedError):
        channel.appexec("Playback", "x")
    assert peer.commands[0] == ["EXEC", "QueueLog", "NONE,1.2,NONE,MENU,a b|1"]


def test_say_datetime_takes_a_zone_only_with_a_format() -> None:
    channel, peer = answering(OK, OK)
    channel.say_datetime(0, "", "Y", "UTC")
    channel.say_datetime(0, "", zone="UTC")
    assert peer.commands == [["SAY", "DATETIME", "0", "", "Y", "UTC"], ["SAY", "DATETIME", "0", ""]]


@pytest.mark.parametrize("name", ["receive_char", "send_image", "send_text", "tdd_mode"])
def test_what_cannot_work_is_out_of_reach(name: str) -> None:
    channel, _ = answering()
    assert not hasattr(channel, name)


# -- time


def test_each_command_has_its_own_deadline() -> None:
    streams = Replies(environment())
    channel = Channel(streams, streams, thinking_seconds=4)

    def allowed(command: Callable[[], object]) -> float:
        with pytest.raises(CallEndedError):  # no answer: what stays is the command's own deadline
            command()
        return channel.due_at

    before = channel.due_at - 4
    assert allowed(channel.noop) - before < 10
    assert 60 < allowed(lambda: channel.stream_file("a")) - before < 70
    assert 68 < allowed(lambda: channel.get_data("a", 8000, 1)) - before < 78
    assert 120 < allowed(lambda: channel.record_file("a", timeout=60_000)) - before < 130
    assert allowed(lambda: channel.wait_for_digit(-1)) == math.inf


# -- a real stream


def test_reset_in_mid_command_is_a_hangup() -> None:
    ours, theirs = socket.socketpair()
    with ours, ours.makefile("rb") as reader, ours.makefile("wb", buffering=0) as writer:
        theirs.sendall(environment())
        channel = Channel(reader, writer)
        theirs.close()
        for _ in range(2):
            with pytest.raises(CallEndedError):
                channel.noop()


# -- any bytes, any text


def words_of_a_script() -> dict[str, list[Any]]:
    """Return every public method with arguments for its parameters without defaults."""
    return {
        name: [
            0 if parameter.name in {"secs", "seconds", "number"} else "1"
            for parameter in list(inspect.signature(method).parameters.values())[1:]
            if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_POSITIONAL
        ]
        for name, method in inspect.getmembers(Channel, inspect.isfunction)
        if not name.startswith("_") and name not in {"execute", "get_result", "send_command", "test_hangup"}
    }


ANSWER_LIKE = st.builds(
    lambda head, value, tail: head + value + tail,
    st.sampled_from([b"200 result=", b"200 ", b"520-", b"520 ", b"511 ", b"510 ", b"100 ", b"HANGUP", b""]),
    st.sampled_from([b"0", b"-1", b"-2", b"1", b"49", b"999999999", b"12", b"*", b"+5", b"\xb2"])
    | st.binary(max_size=8),
    st.sampled_from([b"\n", b" (timeout)\n", b" (hangup) endpos=8\n", b" (a\nb)\n", b" endpos=99\n", b"\r\n", b""]),
)


@given(st.sampled_from(sorted(words_of_a_script().items())), st.lists(ANSWER_LIKE | st.binary(max_size=40), max_size=6))
def test_whatever_the_peer_sends_ends_in_a_value_or_one_of_our_errors(
    word: tuple[str, list[Any]], replies: list[bytes]
) -> None:
    channel, _ = answering(*filter(None, replies))
    name, args = word
    for _ in range(3):
        try:
            getattr(channel, name)(*args)
        except (CallEndedError, ProtocolError, NotAvailableError):
            return


@given(st.sampled_from(sorted(words_of_a_script().items())), st.text(max_size=30) | st.text('"\\ \n\0a', max_size=9))
def test_no_text_becomes_a_second_command_or_a_second_argument(word: tuple[str, list[Any]], text: str) -> None:
    name, plain = word
    harmless, expected = answering(*[b"200 result=1\n"] * 3)
    hostile, sent = answering(*[b"200 result=1\n"] * 3)
    getattr(harmless, name)(*["1" if arg == "1" else arg for arg in plain])
    try:
        getattr(hostile, name)(*[text or "1" if arg == "1" else arg for arg in plain])
    except ProtocolError:
        assert set(text) & set("\r\n\0")
    assert sent.written.count(b"\n") <= expected.written.count(b"\n")
    assert [len(words) for words in sent.commands] == [len(words) for words in expected.commands][: len(sent.commands)]


@given(st.binary(max_size=300), st.booleans())
def test_any_environment_ends(data: bytes, proper_beginning: bool) -> None:  # noqa: FBT001  drawn by hypothesis
    try:
        started(b"agi_network: yes\n" * proper_beginning + data)
    except (CallEndedError, ProtocolError):
        return
