"""The bridge on a real Mosquitto, which is away, comes back, is killed, hangs, forgets, and refuses strangers."""

import asyncio
import contextlib
import json
import signal
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiomqtt import Client, Message, MqttCodeError
from pydantic import BaseModel

from contesta.bus import topics
from contesta.bus.bus import Bus
from contesta.bus.call_events import SOURCES, pseudonyms, told
from contesta.bus.mqtt import BUFFER_MESSAGES, Bridge, Broker
from contesta.bus.outbox import Outbox
from contesta.settings import Settings
from contesta.web.bus import broker as broker_of
from core.events import Event
from storage.database import connect
from storage.ledger import Ledger
from storage.migrate import upgrade
from storage.outbox import Feed
from tests.followers import Follower, following
from tests.mosquitto import PASSWORDS, QUEUED_MESSAGES, Mosquitto, certificate, prepare
from tests.ports import free_port
from tests.stories import events_of, log_of

LINE = "ciudadanos"
STATE, EVENT = topics.queue(LINE, "atencion"), f"{topics.ROOT}/{LINE}/other"
PATIENCE_SECONDS = 60
AT_ONCE = 200


class Number(BaseModel):
    n: int


@dataclass
class House:
    """What the web process has of it: a bus, a ledger, and a bridge to the broker."""

    bus: Bus
    bridge: Bridge
    ledger: Ledger
    feed: Feed

    async def refill(self, sequence: int) -> list[dict[str, Any]]:
        entries = await asyncio.to_thread(self.feed.after, sequence, 500)
        return [json.loads(told(entry, pseudonyms("s")).model_dump_json()) for entry in entries]

    async def happen(self, events: list[Event]) -> None:
        for start in range(0, len(events), AT_ONCE):
            await asyncio.to_thread(self.ledger.apply, events[start : start + AT_ONCE])

    def all_told(self, follower: Follower) -> bool:
        return follower.last == self.feed.newest()


@contextlib.asynccontextmanager
async def house(url: str, broker: Broker, backlog_events: int = 100_000) -> AsyncIterator[House]:
    engine = connect(url)
    upgrade(engine)
    feed, bus = Feed(engine, SOURCES), Bus()
    outbox = Outbox(feed, LINE, pseudonyms("s"), backlog_events)
    assert outbox.next() is None  # whatever the ledger gets from now on is to be told
    bridge = Bridge(bus, broker, LINE, outbox, lambda: datetime.now(UTC))
    running = asyncio.create_task(bridge.run(), name="bridge")
    await asyncio.sleep(0)  # it has begun
    yield House(bus, bridge, Ledger(engine), feed)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    engine.dispose()


async def until(holds: Callable[[], object], what: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds():  # noqa: ASYNC110  what is waited for is not ours
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"did not happen within {PATIENCE_SECONDS} s: {what}")


def calls(first: int, last: int) -> list[Event]:
    return events_of(log_of(range(first, last)))


async def known_to(broker: Mosquitto) -> None:
    """Let the broker know a reader called "other", whose messages it keeps from now on."""

    async def nothing(_sequence: int) -> list[dict[str, Any]]:
        return []

    async with following(broker, nothing, "other"):
        pass


def gaps_of(follower: Follower) -> list[Message]:
    return [message for message in follower.messages if str(message.topic).endswith("/gap")]


async def said(broker: Mosquitto, topic: str) -> Any:  # noqa: ANN401  whatever JSON says
    """What a broker keeps of a topic, for whoever comes now."""
    async with broker.client() as client, asyncio.timeout(PATIENCE_SECONDS):
        await client.subscribe(topic)
        message = await anext(client.messages)
        return json.loads(bytes(message.payload))


def test_what_is_told_arrives_as_it_was_told_and_leave_is_taken(mosquitto: Mosquitto, sqlite_url: str) -> None:
    async def scenario() -> None:
        async with house(sqlite_url, mosquitto.broker()) as here, following(mosquitto, here.refill) as other:
            await until(lambda: here.bridge.connected, "connected")
            here.bus.publish(STATE, Number(n=1), retain=True)
            here.bus.publish(EVENT, Number(n=2), qos=1)
            here.bus.publish(topics.VIEW, Number(n=3), retain=True)
            await here.happen(calls(0, 8))
            await until(lambda: here.all_told(other) and EVENT in other.states, "all arrived")
            assert other.states[STATE] == {"n": 1}
            assert other.states[EVENT] == {"n": 2}
            assert other.states[topics.STATUS]["status"] == "online"
            assert not any("view" in topic for topic in other.states)
            assert [event["sequence"] for event in other.events] == sorted({e["sequence"] for e in other.events})
            assert {message.qos for message in other.messages if "/calls/" in str(message.topic)} == {1}
            assert (other.unfilled, other.refilled, other.repeated) == (0, 0, 0)
            assert await said(mosquitto, STATE) == {"n": 1}
        assert (await said(mosquitto, topics.STATUS))["status"] == "offline"

    asyncio.run(scenario())


def test_a_broker_that_is_not_there_at_the_start_finds_the_newest_of_all(mosquitto: Mosquitto, sqlite_url: str) -> None:
    async def scenario() -> None:
        await known_to(mosquitto)
        mosquitto.end()
        async with house(sqlite_url, mosquitto.broker()) as here:
            for n in range(3 * BUFFER_MESSAGES):
                here.bus.publish(STATE, Number(n=n), retain=True)
                here.bus.publish(EVENT, Number(n=n), qos=1)
            await here.happen(calls(0, 40))
            assert not here.bridge.connected
            assert here.bridge.dropped == 2 * BUFFER_MESSAGES
            await asyncio.to_thread(mosquitto.start)
            async with following(mosquitto, here.refill, "other") as other:
                await until(lambda: here.all_told(other), "the outbox is empty")
                await until(lambda: other.states.get(EVENT) == {"n": 3 * BUFFER_MESSAGES - 1}, "the last event")
                assert other.states[STATE] == {"n": 3 * BUFFER_MESSAGES - 1}
                assert other.unfilled == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_a_broker_that_goes_and_comes_back_is_told_all(
    mosquitto: Mosquitto, sqlite_url: str, ending: signal.Signals
) -> None:
    """Events go on while it is away. A killed one has forgotten all states; they are told anew."""

    async def scenario() -> None:
        async with house(sqlite_url, mosquitto.broker()) as here, following(mosquitto, here.refill, "other") as other:
            here.bus.publish(STATE, Number(n=1), retain=True)
            await here.happen(calls(0, 20))
            await until(lambda: here.all_told(other) and STATE in other.states, "before")
            mosquitto.end(ending)
            await until(lambda: not here.bridge.connected, "noticed")
            await here.happen(calls(20, 60))
            await asyncio.to_thread(mosquitto.start)
            await until(lambda: here.all_told(other), "after")
            assert other.unfilled == 0
            await until(lambda: here.bridge.connections == 2, "the bridge is back")
            assert await said(mosquitto, STATE) == {"n": 1}

    asyncio.run(scenario())


def test_a_broker_killed_in_a_burst_costs_nothing(mosquitto: Mosquitto, sqlite_url: str) -> None:
    async def scenario() -> None:
        async with house(sqlite_url, mosquitto.broker()) as here, following(mosquitto, here.refill, "other") as other:
            burst = asyncio.create_task(here.happen(calls(0, 300)))
            for goal in (50, 600):
                await until(lambda goal=goal: len(other.events) > goal, "in the burst")  # type: ignore[misc]
                mosquitto.end(signal.SIGKILL)
                await asyncio.to_thread(mosquitto.start)
            await burst
            await until(lambda: here.all_told(other), "all told")
            assert other.unfilled == 0
            assert len(other.events) == here.feed.count_after(0)

    asyncio.run(scenario())


def test_who_was_away_for_2000_events_fills_the_gap(mosquitto: Mosquitto, sqlite_url: str) -> None:
    """The broker keeps fewer for him: the numbers show the gap, the ledger fills it."""

    async def scenario() -> None:
        async with house(sqlite_url, mosquitto.broker()) as here:
            async with following(mosquitto, here.refill, "other") as other:
                await here.happen(calls(0, 4))
                await until(lambda: here.all_told(other), "before")
            away_from = len(other.events)
            await here.happen(calls(4, 420))
            missed = here.feed.count_after(other.last)
            assert missed > 2000 > QUEUED_MESSAGES
            await until(lambda: here.bridge.published > missed, "the broker has them all")
            async with following(mosquitto, here.refill, "other", other.last) as again:
                await here.happen(calls(420, 424))
                await until(lambda: here.all_told(again), "filled")
            assert again.refilled > missed // 2, "the broker kept more than it should have"
            assert again.unfilled == 0
            assert away_from + len(again.events) == here.feed.count_after(0)

    asyncio.run(scenario())


def test_too_long_a_backlog_is_a_gap_that_can_be_filled(mosquitto: Mosquitto, sqlite_url: str) -> None:
    async def scenario() -> None:
        await known_to(mosquitto)
        mosquitto.end()
        async with house(sqlite_url, mosquitto.broker(), backlog_events=100) as here:
            await here.happen(calls(0, 100))
            await asyncio.to_thread(mosquitto.start)
            async with following(mosquitto, here.refill, "other") as other:
                await until(lambda: here.all_told(other) and gaps_of(other), "all told")
                gaps = gaps_of(other)
                assert len(gaps) == 1
                assert json.loads(bytes(gaps[0].payload))["skipped"] == here.feed.count_after(0) - 100
                assert other.unfilled == 0
                assert len(other.events) == here.feed.count_after(0)

    asyncio.run(scenario())


def test_what_is_over_is_kept_no_longer_also_if_it_ended_while_the_broker_was_away(
    mosquitto: Mosquitto, sqlite_url: str
) -> None:
    over, lasting = topics.alert("ciudadanos", "waiting:atencion"), topics.alert("ciudadanos", "unread")

    async def kept() -> set[str]:
        found: set[str] = set()
        async with mosquitto.client() as client:
            await client.subscribe("contesta/v1/+/alerts/+")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    async for message in client.messages:
                        found.add(str(message.topic))
        return found

    async def scenario() -> None:
        async with house(sqlite_url, mosquitto.broker()) as here:
            await until(lambda: here.bridge.connected, "connected")
            for topic in (over, lasting):
                here.bus.publish(topic, Number(n=1), retain=True, qos=1)
            async with asyncio.timeout(PATIENCE_SECONDS):
                while await kept() != {over, lasting}:
                    pass
            connections = here.bridge.connections
            mosquitto.end(signal.SIGTERM)
            await until(lambda: not here.bridge.connected, "lost")
            here.bus.clear(over, qos=1)
            mosquitto.start()
            await until(lambda: here.bridge.connections > connections, "back")
            async with asyncio.timeout(PATIENCE_SECONDS):
                while await kept() != {lasting}:
                    pass

    asyncio.run(scenario())


def test_a_broker_that_hangs_holds_up_nobody(mosquitto: Mosquitto, sqlite_url: str) -> None:
    async def scenario() -> None:
        async with house(sqlite_url, mosquitto.broker()) as here:
            await until(lambda: here.bridge.connected, "connected")
            mosquitto.hold_up()
            with here.bus.subscribe(STATE) as neighbour:
                for n in range(20 * BUFFER_MESSAGES):
                    here.bus.publish(STATE, Number(n=n), retain=True)
                    here.bus.publish(EVENT, Number(n=n), qos=1)
                    if n % 500 == 0:
                        await asyncio.sleep(0)
                assert json.loads((await anext(neighbour)).payload) == {"n": 20 * BUFFER_MESSAGES - 1}
            assert here.bridge.dropped >= 19 * BUFFER_MESSAGES - 1
            mosquitto.go_on()
            async with asyncio.timeout(PATIENCE_SECONDS):
                while await said(mosquitto, STATE) != {"n": 20 * BUFFER_MESSAGES - 1}:  # noqa: ASYNC110  not ours
                    await asyncio.sleep(0.05)

    asyncio.run(scenario())


def test_a_port_that_never_answers_is_left_and_tried_again(sqlite_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        callers: list[socket.socket] = []
        broker = Broker(host="127.0.0.1", port=mute.getsockname()[1], user="contesta", password="x")

        async def scenario() -> None:
            loop = asyncio.get_running_loop()
            mute.setblocking(False)
            async with house(sqlite_url, broker) as here:
                callers.extend([(await loop.sock_accept(mute))[0] for _ in range(2)])
                assert not here.bridge.connected

        asyncio.run(scenario())
        for caller in callers:
            caller.close()


@pytest.mark.parametrize("at", [topics.STATUS, STATE])
def test_a_leave_that_comes_with_the_brokers_answer_is_taken(
    at: str, mosquitto: Mosquitto, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.11's `wait_for` forgets a cancellation that comes with what it waits for; done here on purpose."""
    leaving: list[asyncio.Task[None]] = []
    publish = Client.publish

    async def forgetting(self: Client, topic: str, *more: Any) -> None:  # noqa: ANN401  as the client's own
        await publish(self, topic, *more)
        if topic == at and leaving and not leaving[0].cancelling():
            leaving[0].cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0)

    async def scene() -> None:
        engine = connect(sqlite_url)
        upgrade(engine)
        bus = Bus()
        bus.publish(STATE, Number(n=1), retain=True)
        outbox = Outbox(Feed(engine, SOURCES), LINE, pseudonyms("s"), 100)
        bridge = Bridge(bus, mosquitto.broker(), LINE, outbox, lambda: datetime.now(UTC))
        leaving.append(asyncio.create_task(bridge.run()))
        done, _ = await asyncio.wait(leaving, timeout=PATIENCE_SECONDS)
        assert done == set(leaving)
        assert leaving[0].cancelled()
        assert not bridge.connected
        engine.dispose()

    monkeypatch.setattr(Client, "publish", forgetting)
    asyncio.run(scene())


def test_who_does_not_say_who_he_is_is_refused(mosquitto: Mosquitto, sqlite_url: str) -> None:
    async def refused(client: Client) -> None:
        with pytest.raises(MqttCodeError, match="authori"):
            await client.__aenter__()

    async def scenario() -> None:
        await refused(Client("127.0.0.1", mosquitto.port))
        await refused(Client("127.0.0.1", mosquitto.port, username="contesta", password="otra"))
        stranger = replace(mosquitto.broker(), password="otra")
        async with house(sqlite_url, stranger) as here:
            await until(lambda: "uthori" in here.bridge.failure, "refused")
            assert not here.bridge.connections

    asyncio.run(scenario())


@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)  # paho's
def test_a_password_goes_only_to_a_broker_that_shows_who_it_is(tmp_path: Path, sqlite_url: str) -> None:
    own, another = certificate(tmp_path, "broker"), certificate(tmp_path, "another")
    mosquitto = prepare(tmp_path, f"certfile {own}", f"keyfile {own.with_suffix('.key')}")
    mosquitto.start()
    settings = Settings(
        mqtt_host="127.0.0.1",
        mqtt_port=mosquitto.port,
        mqtt_user="contesta",
        mqtt_password=PASSWORDS["contesta"],
        mqtt_tls=True,
    )

    async def scenario() -> None:
        trusting = settings.model_copy(update={"mqtt_ca_file": str(own)})
        async with house(sqlite_url, broker_of(trusting)) as here:
            await until(lambda: here.bridge.connected, "connected")
        for wrong in ({"mqtt_ca_file": str(another)}, {"mqtt_ca_file": ""}):
            refused = settings.model_copy(update=wrong)
            async with house(sqlite_url, broker_of(refused)) as here:
                await until(lambda here=here: here.bridge.failure, "refused")  # type: ignore[misc]
                assert not here.bridge.connections

    asyncio.run(scenario())
    mosquitto.end()


def test_each_does_only_what_is_theirs(mosquitto: Mosquitto) -> None:
    """Nobody but the application writes, nobody without a right reads, and the application itself only writes."""

    async def heard(user: str, writer: str) -> bool:
        async with mosquitto.client(user) as reader, mosquitto.client(writer) as other:
            await reader.subscribe("#")
            await other.publish(STATE, b"{}", qos=1)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await anext(reader.messages)
                    return True
        return False

    async def scenario() -> None:
        assert await heard("lector", writer="contesta")
        for reader, writer in [
            ("lector", "lector"),
            ("lector", "curioso"),
            ("curioso", "contesta"),
            ("contesta", "contesta"),
        ]:
            assert not await heard(reader, writer), (reader, writer)

    asyncio.run(scenario())


def test_nobody_listens_at_a_free_port(sqlite_url: str) -> None:
    """Without a broker all goes on inside."""

    async def scenario() -> None:
        async with house(sqlite_url, Broker(host="127.0.0.1", port=free_port())) as here:
            with here.bus.subscribe("contesta/#") as inside:
                here.bus.publish(STATE, Number(n=1), retain=True)
                assert json.loads((await anext(inside)).payload) == {"n": 1}
            assert not here.bridge.connected

    asyncio.run(scenario())
