"""Messages per second on the bus: inside the process, and through the bridge to a real Mosquitto on this machine.

Inside, the baseline is a bare asyncio.Queue that hands over the same messages, ready written; the bus also writes them
as JSON, keeps the newest of what is retained and asks each reader's filters. Through the bridge it is a bare loop of
aiomqtt in the same run: publish at QoS 1, wait for the broker, publish the next. The bridge reads its call events from
the ledger, waits for the broker too, and keeps its position; it publishes a batch before it waits.
"""

import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from contesta.bus import topics
from contesta.bus.bus import Bus, Message
from contesta.bus.call_events import SOURCES, QueueEntered, pseudonyms
from contesta.bus.mqtt import Bridge
from contesta.bus.outbox import Outbox
from contesta.logs import configure_logs
from storage.database import connect
from storage.ledger import Ledger
from storage.migrate import upgrade
from storage.outbox import Feed
from tests.mosquitto import Mosquitto, serving
from tests.stories import events_of, log_of

INSIDE = 50_000
CALLS = 1_000
AT_ONCE = 64
ROUNDS = 3
EVENT = QueueEntered(sequence=2, previous=1, at=datetime.now(UTC), call="1767280000.1", queue="atencion", position=1)
TOPIC = topics.call("ciudadanos", EVENT.kind)


async def bare_queue() -> float:
    """Messages per second through a queue."""
    queue: asyncio.Queue[Message] = asyncio.Queue(AT_ONCE)
    message = Message(topic=TOPIC, payload=EVENT.model_dump_json().encode())

    async def read() -> None:
        for _ in range(INSIDE):
            await queue.get()

    reading = asyncio.create_task(read())
    began = time.perf_counter()
    for _ in range(INSIDE):
        await queue.put(message)
    await reading
    return INSIDE / (time.perf_counter() - began)


async def our_bus(readers: int) -> float:
    """Messages per second through the bus, each to every reader."""
    bus = Bus()

    async def read() -> None:
        with bus.subscribe(topics.EVERYTHING, size=2 * AT_ONCE) as subscription:
            for _ in range(INSIDE):
                await anext(subscription)
            assert not subscription.dropped

    reading = [asyncio.create_task(read()) for _ in range(readers)]
    await asyncio.sleep(0)
    began = time.perf_counter()
    for number in range(INSIDE):
        bus.publish(TOPIC, EVENT)
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
    await asyncio.gather(*reading)
    return INSIDE / (time.perf_counter() - began)


async def bare_loop(broker: Mosquitto, payloads: list[bytes]) -> float:
    """Messages per second of aiomqtt alone."""
    async with broker.client("contesta") as client:
        began = time.perf_counter()
        for payload in payloads:
            await client.publish(TOPIC, payload, qos=1)
        return len(payloads) / (time.perf_counter() - began)


async def our_bridge(broker: Mosquitto, feed: Feed) -> float:
    """Call events per second from the ledger to the broker."""
    feed.reach("mqtt", 0)
    bridge = Bridge(Bus(), broker.broker(), "ciudadanos", Outbox(feed, "ciudadanos", pseudonyms("s")), _now)
    waiting = feed.count_after(0)
    began = time.perf_counter()
    running = asyncio.create_task(bridge.run())
    while bridge.published <= waiting:  # noqa: ASYNC110  one is its status; it counts, and does not call back
        await asyncio.sleep(0.01)
    spent = time.perf_counter() - began
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    return waiting / spent


def _now() -> datetime:
    return datetime.now(UTC)


def best(rate: Callable[[], Awaitable[float]]) -> float:
    async def once() -> float:
        return await rate()

    return max(asyncio.run(once()) for _ in range(ROUNDS))


def row(what: str, rate: float, baseline: float) -> None:
    print(f"{what:42} {rate:10,.0f} msg/s   {rate / baseline:6.2f}")


def main() -> None:
    configure_logs(Path(os.devnull))
    print(f"{INSIDE} messages inside, best of {ROUNDS} rounds                 ratio")
    queue = best(bare_queue)
    row("asyncio.Queue, one reader", queue, queue)
    row("bus, one reader", best(lambda: our_bus(1)), queue)
    row("bus, ten readers", best(lambda: our_bus(10)), queue)
    with serving() as broker, tempfile.TemporaryDirectory(prefix="contesta-bench-") as folder:
        engine = connect(f"sqlite:///{Path(folder) / 'ledger.db'}")
        upgrade(engine)
        Ledger(engine).apply(events_of(log_of(range(CALLS))))
        feed = Feed(engine, SOURCES)
        payloads = [EVENT.model_dump_json().encode()] * feed.count_after(0)
        print(f"\n{len(payloads)} messages at QoS 1, best of {ROUNDS} rounds              ratio")
        loop = best(lambda: bare_loop(broker, payloads))
        row("bare loop of aiomqtt", loop, loop)
        row("bridge, from the ledger", best(lambda: our_bridge(broker, feed)), loop)
        engine.dispose()


if __name__ == "__main__":
    main()
