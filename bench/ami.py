"""Manager events per second: our codec and client against a bare `readuntil` loop, panoramisk and pyst2's manager.

The stream is what a real call gave (tests/captures/ami), over and over, from a thread on loopback: all events of the
call, as an account without filters gets them, and those alone that our filters let through, every one of which becomes
a core event. Best of three rounds, all in one run. Goal: at least half of the bare loop on the whole stream.
"""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Self

import asterisk.manager
import panoramisk

from telephony.ami.client import Client
from telephony.ami.codec import END, Message, Parser
from telephony.ami.connection import Account, Snapshot
from telephony.ami.decode import EventDecoder
from tests.ami_captures import BANNER, wire

ROUNDS = 3
EVENTS = 40_000
PYST2_EVENTS = 1_000
CHUNK_BYTES = 64 * 1024
SECRET = "anything"  # noqa: S105  the source lets everybody in


def repeated(stream: bytes, events: int) -> bytes:
    copies, rest = divmod(events, stream.count(END))
    return stream * copies + b"".join(message + END for message in stream.split(END)[:rest])


class Source:
    """Answers every action with success, and sends `events` events of `stream` once `go` is set."""

    def __init__(self, stream: bytes, events: int) -> None:
        self.data, self.events = repeated(stream, events), events
        self.go, self._over = threading.Event(), threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._listening.close()

    def _serve(self) -> None:
        self._listening.settimeout(10)
        with contextlib.suppress(OSError), self._listening.accept()[0] as peer:
            peer.sendall(BANNER)
            peer.settimeout(0.01)
            while not self._over.is_set():
                if self.go.is_set() and self.data:
                    peer.settimeout(None)
                    peer.sendall(self.data)
                    peer.settimeout(0.01)
                    self.data = b""
                try:
                    if not (requests := peer.recv(CHUNK_BYTES)):
                        return
                except TimeoutError:
                    continue
                for request in requests.split(END)[:-1]:
                    peer.sendall(self._answer(dict(line.split(b": ", 1) for line in request.split(b"\r\n"))))

    def _answer(self, headers: dict[bytes, bytes]) -> bytes:
        action_id = headers.get(b"ActionID", b"")
        answer = b"Response: Success\r\nActionID: %s\r\nChallenge: 1\r\nTimestamp: 1.0\r\n\r\n" % action_id
        if headers[b"Action"] in (b"QueueStatus", b"CoreShowChannels"):
            answer += b"Event: Complete\r\nActionID: %s\r\nEventList: Complete\r\n\r\n" % action_id
        return answer


def bare(source: Source) -> float:
    async def count() -> float:
        reader, writer = await asyncio.open_connection("127.0.0.1", source.port)
        await reader.readline()
        start = time.perf_counter()
        source.go.set()
        for _ in range(source.events):
            await reader.readuntil(END)
        took = time.perf_counter() - start
        writer.close()
        return took

    return asyncio.run(count())


def codec_and_decode(stream: bytes) -> float:
    parser, decoder, seen = Parser(), EventDecoder(), 0
    data = BANNER + repeated(stream, EVENTS)
    start = time.perf_counter()
    for offset in range(0, len(data), CHUNK_BYTES):
        for message in parser.feed(data[offset : offset + CHUNK_BYTES]):
            decoder.decode(message)
            seen += 1
    took = time.perf_counter() - start
    assert seen == EVENTS
    return EVENTS / took


def client(source: Source, handle: Callable[[Message], object] = bool) -> float:
    async def count() -> float:
        async with Client(Account(port=source.port, username="bench", secret=SECRET)) as feed:
            seen, start = 0, 0.0
            async for item in feed.events():
                if isinstance(item, Message):
                    handle(item)
                    seen += 1
                    if seen == source.events:
                        break
                elif isinstance(item, Snapshot):
                    start = time.perf_counter()
                    source.go.set()
            assert feed.dropped == 0
            return time.perf_counter() - start

    return asyncio.run(count())


def client_and_decode(source: Source) -> float:
    return client(source, EventDecoder().decode)


def with_panoramisk(source: Source) -> float:
    async def count() -> float:
        done, seen = asyncio.Event(), 0

        def on_event(_manager: object, _event: object) -> None:
            nonlocal seen
            seen += 1
            if seen == source.events:
                done.set()

        manager = panoramisk.Manager(loop=asyncio.get_running_loop(), port=source.port, username="bench", secret=SECRET)
        manager.register_event("*", on_event)
        await manager.connect()
        while not manager.authenticated:  # noqa: ASYNC110  it has no event for it
            await asyncio.sleep(0.01)
        start = time.perf_counter()
        source.go.set()
        await done.wait()
        took = time.perf_counter() - start
        manager.close()
        return took

    return asyncio.run(count())


def with_pyst2(source: Source) -> float:
    done, seen = threading.Event(), 0

    def on_event(_event: object, _manager: object) -> None:
        nonlocal seen
        seen += 1
        if seen == source.events:
            done.set()

    manager = asterisk.manager.Manager()
    manager.register_event("*", on_event)
    manager.connect("127.0.0.1", source.port)
    manager.login("bench", SECRET)
    start = time.perf_counter()
    source.go.set()
    done.wait(timeout=20)
    took = time.perf_counter() - start
    assert seen == source.events
    return took  # its close() waits for ever, or fails, where the other side is quicker: the source hangs up instead


def rate(contender: Callable[[Source], float], stream: bytes, events: int = EVENTS) -> float:
    with Source(stream, events) as source:
        return events / contender(source)


def compare(name: str, stream: bytes) -> float:
    """Print one stream's rates; our client's share of the bare loop."""
    contenders = {
        "bare readuntil loop": bare,
        "our client": client,
        "our client and decode": client_and_decode,
        "panoramisk 1.4": with_panoramisk,
    }
    best = dict.fromkeys(contenders, 0.0) | {"our codec and decode": 0.0}
    for _ in range(ROUNDS):
        best["our codec and decode"] = max(best["our codec and decode"], codec_and_decode(stream))
        for contender, run in contenders.items():
            best[contender] = max(best[contender], rate(run, stream))
    best["pyst2 0.5.1"] = rate(with_pyst2, stream, PYST2_EVENTS)
    baseline = best["bare readuntil loop"]
    print(f"\n{name}: {len(stream) / stream.count(END):.0f} bytes an event")
    for contender, events_per_second in best.items():
        print(
            f"  {contender:24}{events_per_second:10,.0f} events/s {events_per_second / baseline:8.3f} of the bare loop"
        )
    return best["our client"] / baseline


def main() -> None:
    share = compare("All events of a call", wire("unfiltered_call"))
    compare("The events of our filters", wire("answered_agent_ends"))
    print(f"\nOur client against the bare loop: {share:.2f} (goal: at least 0.5)")


if __name__ == "__main__":
    main()
