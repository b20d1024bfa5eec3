"""The SIP telephone: its codecs, and two of them talking to each other."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigurationError, ProtocolError
from telephony.phone import Account, Call, CallRefusedError, Phone, State, audio, rtp, sdp
from telephony.phone.message import Request, Response, encode, parameter, parse, quoted, uri_of, user_of

INVITE = (
    b"INVITE sip:018000910123@127.0.0.1:5060 SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 127.0.0.1:6000;rport;branch=z9hG4bK1\r\n"
    b'From: "Ana, \\"la\\" <x>;tag=no" <sip:+573001234567@127.0.0.1>;tag=yes\r\n'
    b"To: <sip:018000910123@127.0.0.1>\r\n"
    b"i: abc\r\n"
    b"CSeq: 7 INVITE\r\n"
    b"Subject: folded\r\n"
    b"  line\r\n"
    b"Content-Length: 4\r\n"
    b"\r\n"
    b"bodytoo long"
)

Answering = Callable[[Call], Awaitable[None]]


async def answers(call: Call) -> None:
    call.ring()
    call.answer()


async def until(reached: Callable[[], bool]) -> None:
    while not reached():  # noqa: ASYNC110  # what arrives by RTP tells nobody
        await asyncio.sleep(0.01)


async def dialled(caller: Phone) -> Call:
    return await caller.dial("100", from_number="3001234567")


def phone(server: tuple[str, int] = ("127.0.0.1", 9), on_call: Answering | None = None) -> Phone:
    return Phone(Account(user="demo1", secret="s", name="Ana"), server, on_call=on_call)


def test_request_is_decoded_with_compact_names_folded_lines_and_its_length() -> None:
    request = parse(INVITE)
    assert isinstance(request, Request)
    assert (request.method, request.uri, request.call_id) == ("INVITE", "sip:018000910123@127.0.0.1:5060", "abc")
    assert (request.sequence, request.branch) == ((7, "INVITE"), "z9hG4bK1")
    assert request.header("subject") == "folded line"
    assert request.body == b"body"


def test_quoted_names_do_not_forge_tags_or_addresses() -> None:
    sender = parse(INVITE).header("From")
    assert parameter(sender, "tag") == "yes"
    assert user_of(uri_of(sender)) == "+573001234567"
    assert uri_of(f"{quoted('<sip:evil@x>')} <sip:good@x>") == "sip:good@x"


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\r\n\r\n",
        b"hello",
        INVITE.replace(b"SIP/2.0\r\nv", b"SIP/3.0\r\nv"),
        INVITE.replace(b"CSeq: 7 INVITE", b"CSeq: seven INVITE"),
        INVITE.replace(b"i: abc\r\n", b""),
        INVITE.replace(b"Subject:", b"Sub ject:"),
        INVITE.replace(b"folded", b"nu\0l"),
        INVITE.replace(b"Length: 4", b"Length: -4"),
    ],
)
def test_what_is_no_sip_is_refused(datagram: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse(datagram)


@pytest.mark.parametrize("forbidden", ["\r\n", "\n", "\r", "\0"])
def test_line_ends_cannot_be_written_into_a_header(forbidden: str) -> None:
    response = Response(status=200, reason="OK", headers=(("X", f"a{forbidden}Y: b"),))
    with pytest.raises(ValueError, match="line end or NUL"):
        encode(response)


@given(st.binary(max_size=400))
def test_any_datagram_is_a_message_or_a_protocol_error(garbage: bytes) -> None:
    for datagram in (garbage, INVITE[:20] + garbage, INVITE.replace(b"folded", garbage)):
        try:
            message = parse(datagram)
        except ProtocolError:
            continue
        again = parse(encode(message))
        assert again.body == message.body
        assert again.header("From") == message.header("From")


@given(st.binary(max_size=60))
def test_any_rtp_is_a_packet_or_a_protocol_error(garbage: bytes) -> None:
    for datagram in (garbage, b"\x80\x00" + garbage, b"\xbf" + garbage):
        try:
            packet = rtp.Packet.parse(datagram)
        except ProtocolError:
            continue
        assert len(packet.payload) <= len(datagram)


@given(st.text(max_size=200))
def test_any_description_is_understood_or_refused(text: str) -> None:
    for body in (text, f"c=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\n{text}"):
        try:
            sdp.parse(body.encode())
        except ProtocolError:
            continue


@pytest.mark.parametrize("law", sdp.Law)
def test_description_tells_port_direction_digits_and_law(law: sdp.Law) -> None:
    description = sdp.Description(
        host="127.0.0.1", port=4000, direction=sdp.Direction.SEND, telephone_event=101, law=law
    )
    body = sdp.encode(description, 1)
    assert sdp.parse(body, law) == description
    for other in set(sdp.Law) - {law}:
        with pytest.raises(ProtocolError):
            sdp.parse(body, other)


def test_alaw_keeps_sound_within_its_steps() -> None:
    samples = np.arange(-32_000, 32_000, 7, dtype=np.int16)
    back = audio.decoded(audio.in_alaw(samples).translate(audio.FROM_ALAW)).astype(np.int64)
    assert np.all(np.abs(back - samples) <= np.maximum(np.abs(samples.astype(np.int64)) // 12, 16))
    assert audio.in_alaw(np.array([0, -1, 32_767, -32_768], dtype=np.int16)) == bytes([0xD5, 0x55, 0xAA, 0x2A])


def test_a_digit_is_an_event_that_grows_and_ends_three_times() -> None:
    payloads = list(rtp.digit_payloads("#", 4))
    assert [payload[0] for payload in payloads] == [11] * 6
    assert [bool(payload[1] & 0x80) for payload in payloads] == [False, False, False, True, True, True]
    assert [int.from_bytes(payload[2:]) for payload in payloads] == [160, 320, 480, 640, 640, 640]


def test_mulaw_keeps_sound_within_its_steps() -> None:
    samples = np.arange(-32_000, 32_000, 7, dtype=np.int16)
    back = audio.decoded(audio.encoded(samples)).astype(np.int64)
    assert np.all(np.abs(back - samples) <= np.maximum(np.abs(samples.astype(np.int64)) // 16, 8))
    assert audio.encoded(np.zeros(2, dtype=np.int16)) == audio.SILENCE * 2


def test_sound_is_written_read_and_refused_at_another_rate(tmp_path: Path) -> None:
    sound = audio.tone(440, 0.5)
    audio.write_wav(tmp_path / "a.wav", sound)
    assert audio.read_wav(tmp_path / "a.wav") == sound
    wrong = tmp_path / "b.wav"
    sf.write(wrong, np.zeros(10), 16_000)
    with pytest.raises(ConfigurationError, match="8000 Hz"):
        audio.read_wav(wrong)


def test_two_phones_talk_hear_each_other_press_digits_and_hang_up() -> None:
    async def run() -> None:
        async def adviser(call: Call) -> None:
            call.ring()
            call.answer()
            call.play(audio.tone(660, 1), repeat=True)

        async with phone(on_call=adviser) as called, phone(called.address) as caller:
            call = await dialled(caller)
            await call.wait_answered()
            (other,) = called.calls.values()
            assert (call.number, other.number) == ("100", "3001234567")
            call.play(audio.tone(440, 1), repeat=True)
            await call.digits("15#")
            call.play(audio.tone(440, 1), repeat=True)
            await until(lambda: min(len(call.heard), len(other.heard)) >= audio.RATE_HZ)
            assert other.digits_heard == "15#"
            assert audio.share_at(call.heard[800:], 660) > 0.9
            assert audio.share_at(other.heard[-4000:], 440) > 0.9
            call.hang_up()
            await other.wait_ended(60)
            assert (call.ended_here, other.ended_here) == (True, False)

    asyncio.run(run())


def test_the_called_side_hangs_up() -> None:
    async def run() -> None:
        async with phone(on_call=answers) as called, phone(called.address) as caller:
            call = await dialled(caller)
            await call.wait_answered()
            next(iter(called.calls.values())).hang_up()
            await call.wait_ended(60)
            assert call.ended_here is False
            assert call.status == 200

    asyncio.run(run())


@pytest.mark.parametrize(("status", "reason"), [(486, "Busy Here"), (603, "Decline")])
def test_a_refused_call_says_why(status: int, reason: str) -> None:
    async def run() -> None:
        async def refuses(call: Call) -> None:
            call.refuse(status, reason)

        async with phone(on_call=refuses) as called, phone(called.address) as caller:
            call = await dialled(caller)
            with pytest.raises(CallRefusedError) as refusal:
                await call.wait_answered()
            assert refusal.value.status == call.status == status

    asyncio.run(run())


def test_the_caller_gives_up_while_it_rings() -> None:
    async def run() -> None:
        seen: list[Call] = []

        async def rings(call: Call) -> None:
            seen.append(call)
            call.ring()
            await call.wait_ended()

        async with phone(on_call=rings) as called, phone(called.address) as caller:
            call = await dialled(caller)
            await call.wait_ringing()
            call.hang_up()
            await call.wait_ended(60)
            assert (call.status, call.ended_here) == (487, True)
            assert (seen[0].state, seen[0].ended_here) == (State.ENDED, False)

    asyncio.run(run())


def test_an_answer_that_crosses_the_cancellation_is_hung_up() -> None:
    async def run() -> None:
        async def answers_late(call: Call) -> None:
            call.answer()

        async with phone(on_call=answers_late) as called, phone(called.address) as caller:
            call = await dialled(caller)
            call.hang_up()  # before any sign of life: CANCEL has to wait
            await call.wait_ended(60)
            await until(lambda: not called.calls)

    asyncio.run(run())


def test_hold_silences_the_held_side_until_it_is_taken_back() -> None:
    async def run() -> None:
        async with phone(on_call=answers) as called, phone(called.address) as caller:
            call = await dialled(caller)
            await call.wait_answered()
            (other,) = called.calls.values()
            other.play(audio.tone(660, 1), repeat=True)
            await until(lambda: bool(call.heard))
            await call.hold()
            heard = len(call.heard)
            await asyncio.sleep(0.3)
            assert len(call.heard) == heard
            await call.resume()
            await until(lambda: len(call.heard) >= heard + 4000)

    asyncio.run(run())


def test_a_phone_without_a_handler_is_not_there_and_nobody_at_all_is_a_timeout() -> None:
    async def run() -> None:
        async with phone() as called, phone(called.address) as caller:
            call = await dialled(caller)
            with pytest.raises(CallRefusedError) as refusal:
                await call.wait_answered()
            assert refusal.value.status == 480

    asyncio.run(run())


def test_garbage_is_counted_and_the_next_call_is_answered() -> None:
    async def run() -> None:
        async with phone(on_call=answers) as called, phone(called.address) as caller:
            loop = asyncio.get_running_loop()
            sender, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=called.address)
            for datagram in (b"\0" * 40, b"x" * 4000, INVITE.replace(b"body", b"")):
                sender.sendto(datagram)
            call = await dialled(caller)
            await call.wait_answered()
            assert called.wire.garbage == 2
            sender.close()

    asyncio.run(run())


def test_a_handlers_error_is_raised_when_the_phone_is_closed() -> None:
    async def run() -> None:
        async def fails(call: Call) -> None:
            call.refuse()
            raise LookupError(call.number)

        async with phone(on_call=fails) as called, phone(called.address) as caller:
            call = await dialled(caller)
            await call.wait_ended(60)

    with pytest.raises(LookupError, match="3001234567"):
        asyncio.run(run())


def test_a_hundred_calls_at_once_on_one_loop() -> None:
    async def run() -> None:
        async with phone(on_call=answers) as called, phone(called.address) as caller:
            calls = [await dialled(caller) for _ in range(100)]
            for call in calls:
                await call.wait_answered()
            await until(lambda: min(len(call.heard) for call in calls) >= audio.RATE_HZ // 2)
            for call in calls:
                call.hang_up()
            for call in calls:
                await call.wait_ended(60)
            await until(lambda: not called.calls)

    asyncio.run(run())
