"""One connection to the manager interface: answers find the action that asked for them, events are handed on."""

import asyncio
import hashlib
import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from core.errors import NotAvailableError
from telephony.ami.codec import Message, Parser, encode
from telephony.ami.decode import timestamp

READ_BYTES = 256 * 1024


class LoginRefusedError(NotAvailableError):
    """The manager interface does not accept the user or the secret: trying again is of no use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where the manager interface listens, and as whom to log in."""

    host: str = "127.0.0.1"
    port: int = 5038
    username: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What goes on now, to set right what was believed before a gap.

    Every channel that was there at `at` (the telephone system's clock) and is not listed here is gone; one that came
    later may or may not be listed. The messages are those of `CoreShowChannels` (`CoreShowChannel`) and `QueueStatus`
    (`QueueParams`, `QueueMember`, `QueueEntry`).
    """

    at: datetime
    channels: tuple[Message, ...]
    queues: tuple[Message, ...]

    @property
    def call_ids(self) -> frozenset[str]:
        """Linkedid of every call that still has a channel."""
        return frozenset(message.get("Linkedid") for message in self.channels)


@dataclass(slots=True)
class _Pending:
    answer: asyncio.Future[tuple[Message, ...]]
    is_list: bool
    messages: list[Message] = field(default_factory=list)


class Connection:
    """Actions and their answers over one socket. `unmatched` counts answers that nobody waited for (any more).

    `closed` is set when the peer is gone. ActionIDs begin with chance: the OriginateResponse of one client's action is
    sent to all clients, and must not be taken for the answer to another's.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        deliver: Callable[[Message], None],
        answer_seconds: float,
    ) -> None:
        self.closed = asyncio.Event()
        self.parser = Parser()
        self.unmatched = 0
        self._reader, self._writer = reader, writer
        self._deliver = deliver
        self._answer_seconds = answer_seconds
        self._pending: dict[str, _Pending] = {}
        prefix = secrets.token_hex(4)
        self._action_ids = (f"{prefix}-{number}" for number in itertools.count(1))

    async def read(self) -> None:
        """Read until the peer closes, and then let go whoever waits for an answer.

        Raises:
            ProtocolError: the peer is no manager interface.
        """
        try:
            while data := await self._reader.read(READ_BYTES):
                for message in self.parser.feed(data):
                    self._dispatch(message)
        except OSError:
            pass  # reset or timed out by the system: closed like any other
        finally:
            self.closed.set()
            for pending in self._pending.values():
                if not pending.answer.done():
                    pending.answer.set_exception(NotAvailableError("Asterisk cortó la conexión del manager"))

    def abort(self) -> None:
        """Close without waiting for a peer that may not answer."""
        self._writer.transport.abort()

    async def login(self, account: Account) -> None:
        """Log in by MD5 challenge: the secret is not sent, so that a capture of the port can be shown to anybody.

        Raises:
            LoginRefusedError: unknown user or wrong secret.
            NotAvailableError: no answer, or the connection broke.
        """
        challenge = await self._ask("Challenge", (("AuthType", "MD5"),))
        key = hashlib.md5((challenge.get("Challenge") + account.secret).encode(), usedforsecurity=False).hexdigest()
        answer = await self._ask("Login", (("AuthType", "MD5"), ("Username", account.username), ("Key", key)))
        if answer.get("Response") != "Success":
            raise LoginRefusedError(
                f"Asterisk no acepta al usuario «{account.username}» del manager en {account.host}:{account.port} "
                f"({answer.get('Message')}): revise el usuario y la clave en manager.conf y en la configuración"
            )

    async def action(self, name: str, headers: tuple[tuple[str, str], ...] = ()) -> Message:
        """Do one action and return its response.

        Raises:
            NotAvailableError: Asterisk refused it, did not answer in time, or the connection broke.
            ProtocolError: a header cannot be sent (see codec.encode).
        """
        return _accepted(name, await self._ask(name, headers))

    async def collect(self, name: str, headers: tuple[tuple[str, str], ...] = ()) -> tuple[Message, ...]:
        """Do an action that answers with a list of events and return them without the one that ends the list.

        Raises: as `action`.
        """
        response, *items = await self._exchange(name, headers, is_list=True)
        _accepted(name, response)
        return tuple(items[:-1])

    async def snapshot(self) -> Snapshot:
        """Ask what goes on now. Raises: as `action`."""
        at = timestamp(await self.action("Ping"))
        return Snapshot(
            at=at, channels=await self.collect("CoreShowChannels"), queues=await self.collect("QueueStatus")
        )

    async def _ask(self, name: str, headers: tuple[tuple[str, str], ...]) -> Message:
        return (await self._exchange(name, headers, is_list=False))[0]

    async def _exchange(self, name: str, headers: tuple[tuple[str, str], ...], *, is_list: bool) -> tuple[Message, ...]:
        action_id = next(self._action_ids)
        data = encode(name, (("ActionID", action_id), *headers))
        if self.closed.is_set():
            raise NotAvailableError("Asterisk cortó la conexión del manager")
        pending = self._pending[action_id] = _Pending(asyncio.get_running_loop().create_future(), is_list)
        try:
            async with asyncio.timeout(self._answer_seconds):
                self._writer.write(data)
                return await pending.answer
        except TimeoutError as error:
            raise NotAvailableError(
                f"Asterisk no respondió a {name} por el manager en {self._answer_seconds:g} s"
            ) from error
        finally:
            del self._pending[action_id]

    def _dispatch(self, message: Message) -> None:
        pending = self._pending.get(message.get("ActionID")) if self._pending else None
        if pending is None or pending.answer.done() or (message.event and not pending.is_list):
            if message.event:
                self._deliver(message)
            else:
                self.unmatched += 1
            return
        pending.messages.append(message)
        begins = message.get("Response") == "Success" and pending.is_list
        if message.get("EventList") == "Complete" or not (message.event or begins):
            pending.answer.set_result(tuple(pending.messages))


def _accepted(name: str, response: Message) -> Message:
    if response.get("Response") != "Success":
        raise NotAvailableError(f"Asterisk rechazó {name}: {response.get('Message')}")
    return response
