"""SIP over one UDP socket (RFC 3261 section 17).

Requests are repeated until they are answered, answers to INVITE until they are acknowledged.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from core.errors import ProtocolError

from .message import Request, Response, encode, parse

T1_SECONDS = 0.5
T2_SECONDS = 4.0
GIVE_UP_SECONDS = 64 * T1_SECONDS

_SETTLE_POLL_SECONDS = 0.01
_FINAL_FROM = 200
_REFUSED_FROM = 300
_REQUEST_TIMEOUT = 408

Address = tuple[str, int]


@dataclass(slots=True)
class _Repeated:
    """A datagram on its way: sent again after each interval, until it is cancelled or given up."""

    data: bytes
    to: Address
    send: Callable[[bytes, Address], None]
    on_given_up: Callable[[], None]
    longest_seconds: float
    timer: asyncio.TimerHandle | None = None

    def start(self, interval_seconds: float = T1_SECONDS, spent_seconds: float = 0.0) -> None:
        if spent_seconds >= GIVE_UP_SECONDS:
            self.on_given_up()
            return
        self.send(self.data, self.to)
        following = min(2 * interval_seconds, self.longest_seconds)
        self.timer = asyncio.get_running_loop().call_later(
            interval_seconds, self.start, following, spent_seconds + interval_seconds
        )

    def cancel(self) -> None:
        if self.timer is not None:
            self.timer.cancel()


@dataclass(slots=True)
class _Asked:
    request: Request
    on_response: Callable[[Response], None]
    repeated: _Repeated
    to: Address
    finished: bool = False


class Wire(asyncio.DatagramProtocol):
    """The transactions of one telephone. `on_request` gets each new request once, with the address it came from."""

    def __init__(self, on_request: Callable[[Request, Address], None]) -> None:
        self.garbage = 0  # datagrams that were no SIP
        self._on_request = on_request
        self._transport: asyncio.DatagramTransport | None = None
        self._asked: dict[tuple[str, str], _Asked] = {}
        self._acknowledgements: dict[tuple[str, int], bytes] = {}
        self._answered: OrderedDict[tuple[str, str], tuple[float, bytes]] = OrderedDict()
        self._unacknowledged: dict[tuple[str, int], _Repeated] = {}

    @classmethod
    async def open(cls, host: str, on_request: Callable[[Request, Address], None]) -> "Wire":
        """Bind a free port."""
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_datagram_endpoint(lambda: cls(on_request), local_addr=(host, 0))
        return wire

    @property
    def address(self) -> Address:
        """Where the socket is bound."""
        host, port = cast("asyncio.DatagramTransport", self._transport).get_extra_info("sockname")[:2]
        return str(host), int(port)

    def ask(self, request: Request, to: Address, on_response: Callable[[Response], None]) -> None:
        """Send a request; `on_response` gets every provisional response and one final one, 408 if none came."""
        key = (request.branch, request.method)

        def give_up() -> None:
            self._asked.pop(key, None)
            on_response(Response(status=_REQUEST_TIMEOUT, reason="No answer", headers=request.headers))

        longest = GIVE_UP_SECONDS if request.method == "INVITE" else T2_SECONDS
        repeated = _Repeated(encode(request), to, self._send, give_up, longest)
        self._asked[key] = _Asked(request, on_response, repeated, to)
        repeated.start()

    async def final_answer(self, request: Request, to: Address) -> Response:
        """Send a request, and return its final response, 408 if none came."""
        final: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

        def settle(response: Response) -> None:
            if response.status >= _FINAL_FROM and not final.done():
                final.set_result(response)

        self.ask(request, to, settle)
        return await final

    def acknowledge(self, ack: Request, to: Address) -> None:
        """Send the ACK of a final answer to INVITE, now and whenever that answer comes again."""
        data = encode(ack)
        self._acknowledgements[ack.call_id, ack.sequence[0]] = data
        self._send(data, to)

    def answer(self, request: Request, response: Response, to: Address) -> None:
        """Answer a request; a final answer to INVITE is repeated until its ACK."""
        data = encode(response)
        now = asyncio.get_running_loop().time()
        self._answered[request.branch, request.method] = (now, data)
        while next(iter(self._answered.values()))[0] < now - GIVE_UP_SECONDS:
            self._answered.popitem(last=False)
        if request.method != "INVITE" or response.status < _FINAL_FROM:
            self._send(data, to)
            return
        key = (request.call_id, request.sequence[0])
        repeated = _Repeated(data, to, self._send, lambda: self._forget(key), T2_SECONDS)
        self._unacknowledged[key] = repeated
        repeated.start()

    async def settled(self) -> None:
        """Return when every request sent is answered or given up."""
        while any(not a.finished for a in self._asked.values()):  # noqa: ASYNC110  # once, when a phone is closed
            await asyncio.sleep(_SETTLE_POLL_SECONDS)

    def close(self) -> None:
        """Send nothing more."""
        for asked in self._asked.values():
            asked.repeated.cancel()
        for repeated in self._unacknowledged.values():
            repeated.cancel()
        if self._transport is not None:
            self._transport.close()

    def _forget(self, key: tuple[str, int]) -> None:
        self._unacknowledged.pop(key, None)

    def _send(self, data: bytes, to: Address) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(data, to)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def error_received(self, exc: Exception) -> None:
        """Go on repeating: nobody listens there yet."""

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Take one datagram; garbage is counted, nothing else."""
        try:
            message = parse(data)
        except ProtocolError:
            self.garbage += 1
            return
        if isinstance(message, Response):
            self._take_response(message)
        elif message.method == "ACK":
            repeated = self._unacknowledged.pop((message.call_id, message.sequence[0]), None)
            if repeated is not None:
                repeated.cancel()
                self._on_request(message, addr)
        elif known := self._answered.get((message.branch, message.method)):
            self._send(known[1], addr)
        else:
            self._on_request(message, addr)

    def _take_response(self, response: Response) -> None:
        key = (response.branch, response.sequence[1])
        asked = self._asked.get(key)
        if asked is None:
            return
        if asked.request.method != "INVITE":
            if response.status >= _FINAL_FROM:
                asked.repeated.cancel()
                del self._asked[key]
            asked.on_response(response)
        elif asked.finished:
            if ack := self._acknowledgements.get((response.call_id, response.sequence[0])):
                self._send(ack, asked.to)
        else:
            asked.repeated.cancel()
            if response.status >= _FINAL_FROM:
                self._finish(key, asked)
            if response.status >= _REFUSED_FROM:
                self.acknowledge(_acknowledgement(asked.request, response), asked.to)
            asked.on_response(response)

    def _finish(self, key: tuple[str, str], asked: _Asked) -> None:
        """Keep an answered INVITE for a while: an answer that comes again is acknowledged again."""
        asked.finished = True

        def forget() -> None:
            self._asked.pop(key, None)
            self._acknowledgements.pop((asked.request.call_id, asked.request.sequence[0]), None)

        asked.repeated.timer = asyncio.get_running_loop().call_later(GIVE_UP_SECONDS, forget)


def _acknowledgement(invite: Request, refusal: Response) -> Request:
    """ACK of a refusal belongs to the INVITE's own transaction (RFC 3261 section 17.1.1.3)."""
    return Request(
        method="ACK",
        uri=invite.uri,
        headers=(
            ("Via", invite.header("Via")),
            ("Max-Forwards", "70"),
            ("From", invite.header("From")),
            ("To", refusal.header("To")),
            ("Call-ID", invite.call_id),
            ("CSeq", f"{invite.sequence[0]} ACK"),
        ),
    )
