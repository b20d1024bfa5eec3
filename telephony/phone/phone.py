"""A telephone: one account, one socket, any number of calls."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, Self

from core.errors import ProtocolError

from . import sdp
from .call import Call, CallRefusedError, accepted
from .dialog import invitation, request_outside, response_to, sip_uri
from .digest import Account
from .message import Request, parameter
from .pacer import Pacer
from .rtp import Stream
from .wire import Address, Wire

REGISTRATION_SECONDS = 120
FAREWELL_SECONDS = 2.0  # for the last answers, when the phone is closed

_OK = 200

Handler = Callable[[Call], Awaitable[None]]


class Phone:
    """An endpoint on UDP, used as `async with Phone(account, server) as phone`.

    `on_call` is called for each call that comes, as a task of its own; without it callers hear that nobody is
    there (480). It speaks one `law`. Leaving the block hangs up what is still up and signs off; an error of a
    handler is raised there.
    """

    def __init__(
        self,
        account: Account,
        server: Address,
        *,
        on_call: Handler | None = None,
        host: str = "127.0.0.1",
        law: sdp.Law = sdp.Law.MU,
    ) -> None:
        self.account = account
        self._law = law
        self.calls: dict[str, Call] = {}  # those that are not over, by Call-ID
        self._server = server
        self._on_call = on_call
        self._host = host
        self._wire: Wire | None = None
        self._registered = False
        self._arriving: dict[str, list[Request]] = {}  # what came for a call whose stream is being opened
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []

    async def __aenter__(self) -> Self:
        self._wire = await Wire.open(self._host, self._on_request)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for call in list(self.calls.values()):
            call.hang_up()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(TimeoutError, CallRefusedError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                if self._registered:
                    await self._register_for(0)
                await self.wire.settled()
        self.wire.close()
        if self._failures and error is None:
            raise self._failures[0]

    @property
    def wire(self) -> Wire:
        """The socket and its transactions."""
        if self._wire is None:
            raise RuntimeError("a phone is used within `async with`")
        return self._wire

    @property
    def address(self) -> Address:
        """Where the phone is reached."""
        return self.wire.address

    async def register(self) -> None:
        """Register, and stay registered until the phone is closed.

        Raises:
            CallRefusedError: the registrar refused, or did not answer (408).
        """
        await self._register_for(REGISTRATION_SECONDS)
        self._registered = True
        self._start(self._stay_registered(), "registration")

    async def dial(self, number: str, *, from_number: str | None = None, from_name: str | None = None) -> Call:
        """Call `number`; who is shown as calling can be given. The call is on its way when this returns."""
        invite = invitation(
            number=number,
            caller=self.account.user if from_number is None else from_number,
            name=self.account.name if from_name is None else from_name,
            local=self.address,
            server=self._server,
        )
        return await self._begin(invite, self._server, ours=True)

    async def _begin(self, invite: Request, peer: Address, *, ours: bool) -> Call:
        stream = await Stream.open(self._host, Pacer.of_running_loop(), self._law)
        call = Call(
            wire=self.wire,
            stream=stream,
            account=self.account,
            peer=peer,
            invite=invite,
            ours=ours,
            law=self._law,
        )
        self.calls[call.id] = call
        self._start(self._forget_when_over(call), f"call {call.id}")
        return call

    async def _forget_when_over(self, call: Call) -> None:
        await call.wait_ended()
        self.calls.pop(call.id, None)

    async def _stay_registered(self) -> None:
        while True:
            await asyncio.sleep(REGISTRATION_SECONDS / 2)
            try:
                await self._register_for(REGISTRATION_SECONDS)
            except CallRefusedError:  # the registrar is being started again; the next round will find it
                continue

    async def _register_for(self, seconds: int) -> None:
        local = self.address
        identity = f"<{sip_uri(self.account.user, self._server)}>"
        request = request_outside(
            "REGISTER",
            uri=f"sip:{self._server[0]}:{self._server[1]}",
            sender=identity,
            receiver=identity,
            local=local,
            user=self.account.user,
        ).adding(("Expires", str(seconds)))
        await accepted(self.wire, request, self._server, self.account)

    def _on_request(self, request: Request, source: Address) -> None:
        call = self.calls.get(request.call_id)
        if call is not None:
            call.take(request)
        elif request.call_id in self._arriving:
            self._arriving[request.call_id].append(request)
        elif request.method == "INVITE" and not parameter(request.header("To"), "tag"):
            self._take_invitation(request, source)
        elif request.method in {"OPTIONS", "NOTIFY"}:
            self.wire.answer(request, response_to(request, _OK, "OK", "phone"), source)
        elif request.method != "ACK":
            self.wire.answer(request, response_to(request, 481, "Call Does Not Exist", "phone"), source)

    def _take_invitation(self, invite: Request, source: Address) -> None:
        if self._on_call is None:
            self.wire.answer(invite, response_to(invite, 480, "Temporarily Unavailable", "phone"), source)
            return
        try:
            sdp.parse(invite.body, self._law)
        except ProtocolError:
            self.wire.answer(invite, response_to(invite, 488, "Not Acceptable Here", "phone"), source)
            return
        self.wire.answer(invite, response_to(invite, 100, "Trying"), source)
        self._arriving[invite.call_id] = []
        self._start(self._hand_over(invite, source, self._on_call), f"incoming {invite.call_id}")

    async def _hand_over(self, invite: Request, source: Address, handler: Handler) -> None:
        call = await self._begin(invite, source, ours=False)
        for request in self._arriving.pop(invite.call_id):
            call.take(request)
        await handler(call)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failures.append(error)
