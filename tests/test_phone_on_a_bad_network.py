"""The SIP telephone where datagrams get lost, come twice, or arrive at awkward moments."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast

import pytest

from telephony.phone import Account, Call, CallRefusedError, Phone, State
from telephony.phone.dialog import cancellation, invitation, response_to
from telephony.phone.message import Request, Response, encode, parse
from telephony.phone.sdp import Description
from telephony.phone.sdp import encode as encode_description

Address = tuple[str, int]


class Peer(asyncio.DatagramProtocol):
    """A socket that writes down the SIP it gets and answers nothing by itself."""

    def __init__(self) -> None:
        self.got: list[Request | Response] = []
        self.sender: Address = ("", 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.sender = addr
        self.got.append(parse(data))
        self.take(data, addr)

    def take(self, data: bytes, addr: Address) -> None:
        """For whoever does more with it."""

    @property
    def address(self) -> Address:
        host, port = self.transport.get_extra_info("sockname")
        return str(host), int(port)

    def methods(self) -> list[str]:
        return [message.method for message in self.got if isinstance(message, Request)]

    def statuses(self, method: str) -> list[int]:
        answers = (message for message in self.got if isinstance(message, Response))
        return [answer.status for answer in answers if answer.sequence[1] == method]


class Relay(Peer):
    """Stands between a caller and the called. A datagram seen for the nth time passes `copies(n)` times."""

    def __init__(self, called: Address, copies: Callable[[int], int]) -> None:
        super().__init__()
        self._called = called
        self._caller: Address | None = None
        self._copies = copies
        self._seen: dict[bytes, int] = {}

    def take(self, data: bytes, addr: Address) -> None:
        if addr != self._called:
            self._caller = addr
        self._seen[data] = self._seen.get(data, 0) + 1
        for _ in range(self._copies(self._seen[data])):
            self.transport.sendto(data, self._caller if addr == self._called else self._called)


@contextlib.asynccontextmanager
async def listening(peer: Peer) -> AsyncIterator[Peer]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: peer, local_addr=("127.0.0.1", 0))
    try:
        yield peer
    finally:
        transport.close()


def phone(server: Address, on_call: Callable[[Call], Awaitable[None]] | None = None) -> Phone:
    return Phone(Account(user="demo1", secret="s"), server, on_call=on_call)


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not reached():  # noqa: ASYNC110  # datagrams tell nobody
            await asyncio.sleep(0.01)


def loses_the_first(seen: int) -> int:
    return min(seen - 1, 1)


def doubles(_seen: int) -> int:
    return 2


@pytest.mark.parametrize("copies", [loses_the_first, doubles])
def test_a_call_survives_a_network_that_loses_or_doubles(copies: Callable[[int], int]) -> None:
    async def run() -> None:
        calls: list[Call] = []

        async def answer(call: Call) -> None:
            calls.append(call)
            call.ring()
            call.answer()

        async with phone(("127.0.0.1", 9), answer) as called:
            relay = Relay(called.address, copies)
            async with listening(relay), phone(relay.address) as caller:
                call = await caller.dial("100")
                await call.wait_answered()
                await until(lambda: relay.methods().count("ACK") >= 2)  # as lost, or as often as the answer came
                call.hang_up()
                await calls[0].wait_ended(60)
                answers = relay.statuses("INVITE").count(200)
                await asyncio.sleep(1.2)  # more than the time after which an answer would be repeated
                assert relay.statuses("INVITE").count(200) == answers
                assert len(calls) == 1

    asyncio.run(run())


@pytest.mark.parametrize("copies", [loses_the_first, doubles])
def test_a_refusal_is_acknowledged_and_then_not_repeated(copies: Callable[[int], int]) -> None:
    async def run() -> None:
        async def refuse(call: Call) -> None:
            call.refuse()

        async with phone(("127.0.0.1", 9), refuse) as called:
            relay = Relay(called.address, copies)
            async with listening(relay), phone(relay.address) as caller:
                call = await caller.dial("100")
                with pytest.raises(CallRefusedError):
                    await call.wait_answered()
                await until(lambda: relay.methods().count("ACK") >= 2)
                refusals = relay.statuses("INVITE").count(486)
                await asyncio.sleep(1.2)
                assert relay.statuses("INVITE").count(486) == refusals

    asyncio.run(run())


def test_who_gives_up_before_the_answer_arrives_hangs_up_on_it() -> None:
    async def run() -> None:
        async def answer(call: Call) -> None:
            call.answer()

        async with phone(("127.0.0.1", 9), answer) as called:
            relay = Relay(called.address, loses_the_first)  # so that no sign of life comes before the answer
            async with listening(relay), phone(relay.address) as caller:
                call = await caller.dial("100")
                call.hang_up()
                await call.wait_ended(60)
                assert call.ended_here
                await until(lambda: not called.calls)
                assert "CANCEL" not in relay.methods()

    asyncio.run(run())


def test_cancel_waits_for_a_sign_of_life() -> None:
    async def run() -> None:
        peer = Peer()
        async with listening(peer), phone(peer.address) as caller:
            call = await caller.dial("100")
            call.hang_up()
            await until(lambda: len(peer.got) >= 2)  # the INVITE, and once more
            assert set(peer.methods()) == {"INVITE"}
            invite = peer.got[0]
            assert isinstance(invite, Request)
            peer.transport.sendto(encode(response_to(invite, 100, "Trying")), peer.sender)
            await until(lambda: "CANCEL" in peer.methods())
            for request, status in ((peer.got[-1], 200), (invite, 487)):
                assert isinstance(request, Request)
                peer.transport.sendto(encode(response_to(request, status, "", "peer")), peer.sender)
            await call.wait_ended(60)
            assert call.status == 487

    asyncio.run(run())


def test_a_call_cancelled_as_it_arrives_does_not_ring_on() -> None:
    async def run() -> None:
        calls: list[Call] = []

        async def answer_later(call: Call) -> None:
            calls.append(call)
            await asyncio.sleep(0.1)
            call.answer()

        peer = Peer()
        async with listening(peer), phone(("127.0.0.1", 9), answer_later) as called:
            invite = invitation(number="1", caller="2", name="", local=peer.address, server=called.address)
            offer = Description(host="127.0.0.1", port=4000)
            invite = Request(
                method="INVITE", uri=invite.uri, headers=invite.headers, body=encode_description(offer, version=1)
            )
            for request in (invite, cancellation(invite)):  # in one breath
                peer.transport.sendto(encode(request), called.address)
            await until(lambda: 200 in peer.statuses("CANCEL") and 487 in peer.statuses("INVITE"))
            await until(lambda: bool(calls) and calls[0].state is State.ENDED)
            assert 200 not in peer.statuses("INVITE")

    asyncio.run(run())


def test_nobody_at_all_is_a_timeout_and_the_phone_closes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telephony.phone.wire.GIVE_UP_SECONDS", 1.0)

    async def run() -> None:
        peer = Peer()
        async with listening(peer), phone(peer.address) as caller:
            call = await caller.dial("100")
            with pytest.raises(CallRefusedError) as refusal:
                await call.wait_answered()
            assert refusal.value.status == 408

    asyncio.run(run())
