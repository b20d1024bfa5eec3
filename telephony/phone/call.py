"""One call as a telephone sees it: what a person does with it, and how it goes on."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum

from core.errors import NotAvailableError, ProtocolError

from . import sdp
from .dialog import Dialog, cancellation, with_credentials
from .digest import Account
from .message import Request, Response
from .rtp import Stream
from .sdp import Direction
from .wire import Address, Wire

DIGIT_ON_MS = 120
DIGIT_OFF_MS = 120

_UNAUTHORIZED = {401, 407}
_OK = 200
_RINGING = 180
_REFUSED_FROM = 300


class CallRefusedError(NotAvailableError):
    """The other side refused a call or a request; `status` is the SIP status, 408 if nothing came at all."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}".strip())
        self.status = status


async def accepted(wire: Wire, request: Request, to: Address, account: Account) -> Response:
    """Send a request, with credentials if it is asked for them, and return the 2xx.

    Raises:
        CallRefusedError: it was refused.
    """
    response = await wire.final_answer(request, to)
    if response.status in _UNAUTHORIZED:
        response = await wire.final_answer(with_credentials(request, response, account), to)
    if response.status >= _REFUSED_FROM:
        raise CallRefusedError(response.status, response.reason)
    return response


class State(StrEnum):
    """How far a call is."""

    CALLING = "calling"
    RINGING = "ringing"
    TALKING = "talking"
    ENDED = "ended"


_BEFORE_ANSWER = {State.CALLING, State.RINGING}


class Call:
    """A call, made by `Phone.dial` or handed to the phone's handler. Times are aware and UTC."""

    def __init__(
        self,
        *,
        wire: Wire,
        stream: Stream,
        account: Account,
        peer: Address,
        invite: Request,
        ours: bool,
        law: sdp.Law = sdp.Law.MU,
    ) -> None:
        """`invite` is the INVITE to send (`ours`) or the one that came."""
        self.law = law
        self.id = invite.call_id
        self.state = State.CALLING
        self.status = 0  # of the final response to the INVITE
        self.transfer_status = 0  # the last status that was told about a transfer
        self.started_at = datetime.now(UTC)
        self.answered_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.ended_here: bool | None = None
        self._wire = wire
        self._stream = stream
        self._account = account
        self._peer = peer
        self._invite = invite
        self._ours = ours
        self._dialog = Dialog(invite=invite, ours=ours, local=wire.address, user=account.user, law=law)
        self._direction = Direction.BOTH
        self._heard_from = False
        self._cancelling = False
        self._asked_for_credentials = False
        self._changed = asyncio.Event()
        if ours:
            self._invite = self._describing(invite)
            wire.ask(self._invite, peer, self._on_invite_response)

    @property
    def number(self) -> str:
        """Who is at the other end: the number dialled, or the caller's."""
        return self._dialog.number

    @property
    def called(self) -> str:
        """The number that was dialled, by whoever dialled it."""
        return self._invite.uri.partition(":")[2].partition("@")[0]

    @property
    def heard(self) -> bytes:
        """What was heard so far, mu-law at 8 kHz."""
        return self._stream.heard

    @property
    def digits_heard(self) -> str:
        """The digits the other side pressed."""
        return self._stream.digits_heard

    def ring(self) -> None:
        """Let the caller know that it rings here."""
        if self.state is State.CALLING:
            self._respond(self._invite, _RINGING, "Ringing")
            self._become(State.RINGING)

    def answer(self) -> None:
        """Take the call; without effect if the caller has gone."""
        if self.state in _BEFORE_ANSWER:
            self._connect(sdp.parse(self._invite.body, self.law))
            self.status = _OK
            self._wire.answer(self._invite, self._accepting(self._invite), self._peer)
            self._become(State.TALKING)

    def refuse(self, status: int = 486, reason: str = "Busy Here") -> None:
        """Do not take the call: 486 busy, 603 declined."""
        if self.state in _BEFORE_ANSWER:
            self._respond(self._invite, status, reason)
            self._end(here=True)

    def hang_up(self) -> None:
        """End the call whatever its state: BYE, CANCEL or a refusal."""
        if self.state is State.TALKING:
            self._wire.ask(self._dialog.request("BYE"), self._peer, lambda _: None)
            self._end(here=True)
        elif not self._ours:
            self.refuse(480, "Temporarily Unavailable")
        elif self.state is not State.ENDED and not self._cancelling:
            self._cancelling = True
            self._cancel_once_heard_from()

    async def digits(self, digits: str, *, on_ms: int = DIGIT_ON_MS, off_ms: int = DIGIT_OFF_MS) -> None:
        """Press digits (RFC 4733); returns when they are sent, or the call is over."""
        await self._stream.send_digits(digits, on_ms, off_ms)

    def play(self, sound: bytes, *, repeat: bool = False) -> None:
        """Say `sound`, mu-law at 8 kHz, and silence after it."""
        self._stream.play(sound, repeat=repeat)

    def mute(self) -> None:
        """Send no sound any more, not even silence, as telephones do whose microphone is off. Keys are sent."""
        self._stream.mute()

    async def hold(self) -> None:
        """Put the other side on hold (re-INVITE, sendonly).

        Raises:
            CallRefusedError: it was not accepted.
        """
        await self._offer(Direction.SEND)

    async def resume(self) -> None:
        """Take the other side back.

        Raises:
            CallRefusedError: it was not accepted.
        """
        await self._offer(Direction.BOTH)

    async def transfer(self, number: str) -> None:
        """Ask the other side to call `number` instead (blind REFER), and hang up once that is under way.

        How it goes comes in `transfer_status`; if it fails, the call goes on.

        Raises:
            CallRefusedError: it was not accepted.
        """
        await self._accepted(self._dialog.request("REFER").adding(("Refer-To", f"<{self._dialog.target(number)}>")))

    async def wait_ringing(self, timeout_seconds: float = 30.0) -> None:
        """Return when it rings at the other end, or is answered at once.

        Raises:
            CallRefusedError: the call ended instead.
            TimeoutError: nothing of that in time.
        """
        await self._until(lambda: self.state is not State.CALLING, timeout_seconds)
        self._raise_unless_begun()

    async def wait_answered(self, timeout_seconds: float = 30.0) -> None:
        """Return when the call is answered.

        Raises:
            CallRefusedError: the call ended instead.
            TimeoutError: nothing of that in time.
        """
        await self._until(lambda: self.state not in _BEFORE_ANSWER, timeout_seconds)
        self._raise_unless_begun()

    async def wait_ended(self, timeout_seconds: float | None = None) -> None:
        """Return when the call is over.

        Raises:
            TimeoutError: it still goes on.
        """
        await self._until(lambda: self.state is State.ENDED, timeout_seconds)

    def take(self, request: Request) -> None:
        """Answer a request that belongs to this call."""
        match request.method:
            case "ACK":
                return
            case "INVITE":
                self._take_offer(request)
                return
            case "BYE" | "CANCEL" | "NOTIFY" | "OPTIONS" | "INFO":
                self._respond(request, _OK, "OK")
            case _:
                self._respond(request, 405, "Method Not Allowed")
        if request.method == "BYE":
            self._end(here=False)
        elif request.method == "CANCEL" and self.state in _BEFORE_ANSWER:
            self._respond(self._invite, 487, "Request Terminated")
            self._end(here=False)
        elif told := re.match(rb"SIP/2\.0 ([0-9]{3})", request.body):
            self.transfer_status = int(told[1])
            if _OK <= self.transfer_status < _REFUSED_FROM:
                self.hang_up()

    def _take_offer(self, request: Request) -> None:
        if self.state is not State.TALKING:
            self._respond(request, 491, "Request Pending")
            return
        try:
            if request.body:
                self._connect(sdp.parse(request.body, self.law))
        except ProtocolError:
            self._respond(request, 488, "Not Acceptable Here")
            return
        self._wire.answer(request, self._accepting(request), self._peer)

    def _on_invite_response(self, response: Response) -> None:
        if response.status < _OK:
            self._heard_from = True
            self._cancel_once_heard_from()
            if response.status >= _RINGING and self.state is State.CALLING:
                self._become(State.RINGING)
        elif response.status < _REFUSED_FROM:
            self._take_answer(response)
        elif response.status in _UNAUTHORIZED and not self._asked_for_credentials and not self._cancelling:
            self._asked_for_credentials = True
            self._invite = with_credentials(self._invite, response, self._account)
            self._wire.ask(self._invite, self._peer, self._on_invite_response)
        else:
            self.status = response.status
            self._end(here=self._cancelling)

    def _take_answer(self, response: Response) -> None:
        self._dialog.confirm(response)
        self._wire.acknowledge(self._dialog.request("ACK", response.sequence[0]), self._peer)
        self.status = response.status
        self._become(State.TALKING)
        try:
            self._connect(sdp.parse(response.body, self.law))
        except ProtocolError:
            self.hang_up()
        if self._cancelling:  # the answer and our CANCEL crossed
            self.hang_up()

    def _cancel_once_heard_from(self) -> None:
        """CANCEL may not overtake the INVITE (RFC 3261 section 9.1): it waits for a first sign of life."""
        if self._cancelling and self._heard_from and self.state in _BEFORE_ANSWER:
            self._heard_from = False
            self._wire.ask(cancellation(self._invite), self._peer, lambda _: None)

    async def _offer(self, direction: Direction) -> None:
        response = await self._accepted(self._describing(self._dialog.request("INVITE"), direction))
        self._wire.acknowledge(self._dialog.request("ACK", response.sequence[0]), self._peer)
        self._direction = direction
        self._connect(sdp.parse(response.body, self.law))

    async def _accepted(self, request: Request) -> Response:
        response = await accepted(self._wire, request, self._peer, self._account)
        self._dialog.used(response.sequence[0])
        return response

    def _connect(self, remote: sdp.Description) -> None:
        if remote.direction is not Direction.BOTH:
            self._direction = remote.direction.answered()
        elif self._direction is not Direction.SEND:
            self._direction = Direction.BOTH
        self._stream.connect(remote, self._direction)

    def _respond(self, request: Request, status: int, reason: str) -> None:
        self._wire.answer(request, self._dialog.response(request, status, reason), self._peer)

    def _accepting(self, request: Request) -> Response:
        return self._dialog.describing(self._dialog.response(request, _OK, "OK"), self._stream.port, self._direction)

    def _describing(self, request: Request, direction: Direction = Direction.BOTH) -> Request:
        return self._dialog.describing(request, self._stream.port, direction)

    def _become(self, state: State) -> None:
        self.state = state
        if state is State.TALKING:
            self.answered_at = datetime.now(UTC)
        self._changed.set()
        self._changed = asyncio.Event()

    def _end(self, *, here: bool) -> None:
        if self.state is not State.ENDED:
            self.ended_here = here
            self.ended_at = datetime.now(UTC)
            self._stream.close()
            self._become(State.ENDED)

    async def _until(self, reached: Callable[[], bool], timeout_seconds: float | None) -> None:
        async with asyncio.timeout(timeout_seconds):
            while not reached():
                await self._changed.wait()

    def _raise_unless_begun(self) -> None:
        if self.state is State.ENDED and self.answered_at is None:
            raise CallRefusedError(self.status, "")
