"""A manager interface on a free port: it answers like Asterisk, and misbehaves when a test tells it to."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator

USER, SECRET, CHALLENGE = "contesta", "clave", "840415273"


class FakeManager:
    """A real server. `channels` are the calls it knows; an action in `mute` gets no answer.

    `hearing` are the connections whose user hears events; `deaf` names the users who hear none.

    `members` are those of each of the `queues`: name, state of the telephone (a number) and reason of the pause if any.
    """

    def __init__(self) -> None:
        self.port = 0
        self.received = b""
        self.channels: list[str] = []
        self.queues = ("atencion",)
        self.members: list[tuple[str, int, str]] = []
        self.clock = "1795399406.146884"
        self.mute: set[str] = set()
        self.held: list[bytes] = []
        self.hold: set[str] = set()
        self.banner = b"Asterisk Call Manager/11.0.0\r\n"
        self.writers: list[asyncio.StreamWriter] = []
        self.hearing: list[asyncio.StreamWriter] = []
        self.deaf: set[str] = set()
        self.logins = 0
        self.handlers: set[asyncio.Task[None] | None] = set()

    async def send_member(self, event: str, at: float, name: str, state: int, pause: str = "") -> None:
        """Send an event about a member of the queue."""
        await self.send(
            f"Event: {event}\r\nTimestamp: {at:.6f}\r\n{_member(name, state, pause)}".encode("utf-8", "surrogateescape")
        )

    async def send(self, data: bytes) -> None:
        """Send to the newest connection, and wait until the client has taken it."""
        self.writers[-1].write(data)
        await self.writers[-1].drain()

    def cut(self) -> None:
        """End the newest connection."""
        self.writers[-1].transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's actions."""
        writer.transport.set_write_buffer_limits(0)
        self.handlers.add(asyncio.current_task())
        self.writers.append(writer)
        writer.write(self.banner)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                self.received += request
                headers = dict(line.split(": ", 1) for line in request.decode().strip().split("\r\n"))
                if headers["Action"] in self.mute:
                    continue
                answer = self.answer(headers).replace("ActionID", f"ActionID: {headers['ActionID']}").encode()
                if headers["Action"] in self.hold:
                    self.held.append(answer)
                else:
                    writer.write(answer)
                if headers.get("Username") == USER and b"Authentication accepted" in answer:
                    self.hearing.append(writer)
        if writer in self.hearing:
            self.hearing.remove(writer)

    def _queue(self, queue: str) -> str:
        return f"Event: QueueParams\r\nQueue: {queue}\r\nCalls: 0\r\nActionID\r\n\r\n" + "".join(
            f"Event: QueueMember\r\nActionID\r\n{_member(*member, queue)}" for member in self.members
        )

    def answer(self, headers: dict[str, str]) -> str:
        """Answer as Asterisk 22.10 does; `ActionID` stands for the action's."""
        action, ok, refused = headers["Action"], "Response: Success\r\nActionID\r\n", "Response: Error\r\nActionID\r\n"
        key = hashlib.md5((CHALLENGE + SECRET).encode(), usedforsecurity=False).hexdigest()
        users = {USER, *self.deaf}
        if action == "Login" and (headers["Username"] not in users or headers["Key"] != key):
            return f"{refused}Message: Authentication failed\r\n\r\n"
        self.logins += action == "Login"
        answers = {
            "Challenge": f"{ok}Challenge: {CHALLENGE}\r\n\r\n",
            "Login": f"{ok}Message: Authentication accepted\r\n\r\n",
            "Getvar": f"{ok}Variable: {headers.get('Variable', '')}\r\nValue: \r\n\r\n",
            "Ping": f"{ok}Ping: Pong\r\nTimestamp: {self.clock}\r\n\r\n",
            "QueueStatus": f"{ok}EventList: start\r\nMessage: Queue status will follow\r\n\r\n"
            + "".join(self._queue(queue) for queue in self.queues)
            + "Event: QueueStatusComplete\r\nActionID\r\nEventList: Complete\r\nListItems: 1\r\n\r\n",
            "CoreShowChannels": f"{ok}EventList: start\r\nMessage: Channels will follow\r\n\r\n"
            + "".join(
                f"Event: CoreShowChannel\r\nActionID\r\nUniqueid: {c}\r\nLinkedid: {c}\r\n\r\n" for c in self.channels
            )
            + "Event: CoreShowChannelsComplete\r\nActionID\r\nEventList: Complete\r\n\r\n",
            "Originate": f"{ok}Message: Originate successfully queued\r\n\r\n"
            "Event: OriginateResponse\r\nActionID\r\nResponse: Failure\r\nReason: 3\r\n\r\n",
        }
        return answers.get(action, f"{refused}Message: Invalid/unknown command: {action}.\r\n\r\n")


def _member(name: str, state: int, pause: str, queue: str = "atencion") -> str:
    paused = f"Paused: {int(bool(pause))}\r\nPausedReason: {pause}"
    who = f"MemberName: {name}\r\nLocation: PJSIP/{name}"
    return f"Queue: {queue}\r\n{who}\r\nStatus: {state}\r\n{paused}\r\n\r\n"


@contextlib.asynccontextmanager
async def fake_manager(port: int = 0, fake: FakeManager | None = None) -> AsyncIterator[FakeManager]:
    """Serve on a free port, or on `port`."""
    fake = fake or FakeManager()
    server = await asyncio.start_server(fake.serve, "127.0.0.1", port)
    fake.port = server.sockets[0].getsockname()[1]
    try:
        yield fake
    finally:
        server.close()
        for writer in fake.writers:
            writer.transport.abort()
        await server.wait_closed()
        await asyncio.gather(*filter(None, fake.handlers))
