"""The client of the manager interface against a server that misbehaves, and against a real Asterisk."""

import asyncio
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any, TypeVar

import pytest

from core.errors import NotAvailableError, ProtocolError
from telephony.ami.client import Client, Connected, Disconnected, Item, Overflowed
from telephony.ami.codec import Message
from telephony.ami.connection import Account, LoginRefusedError, Snapshot
from telephony.ami.decode import EVENTS
from tests.fake_manager import SECRET, USER, FakeManager, fake_manager
from tests.running import RunningLine, eventually

PATIENCE_SECONDS = 30
EVENT = b"Event: Hangup\r\nUniqueid: %d\r\n\r\n"
T = TypeVar("T")


def run(story: Coroutine[Any, Any, T]) -> T:
    """Run one test's story and see that nothing of it is left running."""

    async def patiently() -> T:
        async with asyncio.timeout(PATIENCE_SECONDS):
            told = await story
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return told

    return asyncio.run(patiently())


@asynccontextmanager
async def client_of(fake: FakeManager, **options: Any) -> AsyncIterator[tuple[Client, AsyncIterator[Item]]]:  # noqa: ANN401  the client's own options, checked there
    account = Account(port=fake.port, username=USER, secret=SECRET)
    async with Client(account, **options) as client, aclosing(client.events()) as events:  # type: ignore[type-var]
        yield client, events


async def read(account: Account) -> None:
    """Read a feed that is expected to fail at once."""
    async with Client(account) as client:
        async for item in client.events():
            pytest.fail(f"unexpected {item}")


async def until(events: AsyncIterator[Item], kind: type[T]) -> T:
    async for item in events:
        if isinstance(item, kind):
            return item
    pytest.fail(f"the feed ended without {kind}")


def test_login_snapshot_and_events_in_order() -> None:
    async def story() -> None:
        async with fake_manager() as fake:
            fake.channels = ["1.1", "1.7"]
            async with client_of(fake) as (_, events):
                assert await anext(events) == Connected(gap=False)
                snapshot = await anext(events)
                assert isinstance(snapshot, Snapshot)
                assert snapshot.call_ids == {"1.1", "1.7"}
                assert [m["Queue"] for m in snapshot.queues] == ["atencion"]
                assert snapshot.at.timestamp() == 1795399406.146884
                await fake.send(b"".join(EVENT % n for n in range(100)))
                seen = [await anext(events) for _ in range(100)]
                assert [m["Uniqueid"] for m in seen if isinstance(m, Message)] == [str(n) for n in range(100)]
            assert SECRET.encode() not in fake.received

    run(story())


@pytest.mark.parametrize(("user", "secret"), [(USER, "otra"), ("nadie", SECRET)])
def test_wrong_password_is_told_and_not_tried_again(user: str, secret: str) -> None:
    async def story() -> None:
        async with fake_manager() as fake:
            account = Account(port=fake.port, username=user, secret=secret)
            with pytest.raises(LoginRefusedError, match=f"no acepta al usuario «{user}».*Authentication failed"):
                await read(account)
            assert len(fake.writers) == 1
            assert secret not in repr(account)

    run(story())


def test_cut_connection_comes_back_with_what_goes_on_now() -> None:
    async def story() -> None:
        async with fake_manager() as fake:
            fake.channels = ["1.1", "1.2"]
            async with client_of(fake) as (client, events):
                await until(events, Snapshot)
                for remaining in (["1.2"], []):
                    fake.channels = remaining
                    fake.cut()
                    assert (await until(events, Disconnected)).reason == "Asterisk cortó la conexión del manager"
                    assert await anext(events) == Connected(gap=True)
                    assert (await until(events, Snapshot)).call_ids == set(remaining)
                await fake.send(EVENT % 5)
                assert (await until(events, Message))["Uniqueid"] == "5"
                assert client.dropped == 0
            assert fake.logins == 3

    run(story())


def test_leaving_in_any_moment_of_a_cut() -> None:
    async def story(turns_of_the_loop: int) -> None:
        async with fake_manager() as fake, client_of(fake) as (_, events):
            await until(events, Snapshot)
            fake.cut()
            for _ in range(turns_of_the_loop):
                await asyncio.sleep(0)

    for turns in range(12):
        run(story(turns))


def test_cut_in_mid_message_joins_nothing_across_the_gap() -> None:
    async def story() -> None:
        async with fake_manager() as fake, client_of(fake) as (_, events):
            await until(events, Snapshot)
            await fake.send(b"Event: Hangup\r\nUniqueid: ")
            fake.cut()
            await until(events, Snapshot)
            await fake.send(EVENT % 7)
            assert (await until(events, Message)).pairs == (("Event", "Hangup"), ("Uniqueid", "7"))

    run(story())


def test_nobody_listens_yet() -> None:
    async def story() -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        async with Client(Account(port=port, username=USER, secret=SECRET)) as client, AsyncExitStack() as stack:
            events = client.events()
            for _ in range(2):
                assert f"127.0.0.1:{port}: ¿está Asterisk en marcha?" in (await until(events, Disconnected)).reason
            with pytest.raises(NotAvailableError, match="No hay conexión"):
                await client.action("Ping")
            await stack.enter_async_context(fake_manager(port))
            assert await until(events, Connected) == Connected(gap=False)

    run(story())


def test_another_service_listens_there() -> None:
    async def story() -> None:
        async with fake_manager() as fake:
            fake.banner = b"SSH-2.0-OpenSSH_9.2p1\r\n"
            async with client_of(fake) as (_, events):
                assert "no responde el manager" in (await until(events, Disconnected)).reason

    run(story())


def test_answers_find_their_actions_in_any_order() -> None:
    async def story() -> None:
        async with fake_manager() as fake, client_of(fake) as (client, events):
            await until(events, Snapshot)
            fake.hold = {"Ping", "QueueStatus", "Nada"}
            async with asyncio.TaskGroup() as tasks:
                ping = tasks.create_task(client.action("Ping"))
                queues = tasks.create_task(client.collect("QueueStatus"))
                wrong = tasks.create_task(refusal(client, "Nada"))
                while len(fake.held) < 3:  # noqa: ASYNC110  the server has no event for it
                    await asyncio.sleep(0.01)
                await fake.send(b"".join(reversed(fake.held)))
            assert ping.result()["Ping"] == "Pong"
            assert [m.event for m in queues.result()] == ["QueueParams"]
            assert wrong.result() == "Asterisk rechazó Nada: Invalid/unknown command: Nada."

    async def refusal(client: Client, action: str) -> str:
        with pytest.raises(NotAvailableError) as refused:
            await client.action(action)
        return str(refused.value)

    run(story())


def test_refused_list() -> None:
    async def story() -> None:
        async with fake_manager() as fake, client_of(fake) as (client, events):
            await until(events, Snapshot)
            with pytest.raises(NotAvailableError, match="rechazó Status"):
                await client.collect("Status")

    run(story())


def test_originate_response_is_an_event() -> None:
    async def story() -> None:
        async with fake_manager() as fake, client_of(fake) as (client, events):
            await until(events, Snapshot)
            answer = await client.action("Originate", ("Channel", "PJSIP/x"), ("Variable", "A=1"), ("Variable", "B=2"))
            assert answer["Message"] == "Originate successfully queued"
            told = await until(events, Message)
            assert (told.event, told["Response"], told["Reason"]) == ("OriginateResponse", "Failure", "3")
            assert told["ActionID"] == answer["ActionID"]
            assert b"Variable: A=1\r\nVariable: B=2\r\n" in fake.received

    run(story())


def test_an_action_that_gets_no_answer_and_then_a_late_one() -> None:
    async def story() -> None:
        async with fake_manager() as fake, client_of(fake, answer_seconds=0.3) as (client, events):
            await until(events, Snapshot)
            fake.hold = {"Ping"}
            with pytest.raises(NotAvailableError, match=r"no respondió a Ping por el manager en 0\.3 s"):
                await client.action("Ping")
            fake.hold = set()
            await fake.send(fake.held[0])
            assert (await client.action("Ping"))["Ping"] == "Pong"
            assert client._connected().unmatched == 1  # noqa: SLF001  nobody else needs it

    run(story())


def test_an_action_in_flight_when_the_connection_is_cut() -> None:
    async def story() -> None:
        async with fake_manager() as fake, client_of(fake) as (client, events):
            await until(events, Snapshot)
            fake.mute = {"Originate"}
            async with asyncio.TaskGroup() as tasks:
                originate = tasks.create_task(outcome(client.action("Originate")))
                while b"Originate" not in fake.received:  # noqa: ASYNC110  the server has no event for it
                    await asyncio.sleep(0.01)
                fake.cut()
            assert originate.result() == "Asterisk cortó la conexión del manager"

    async def outcome(action: Coroutine[Any, Any, Message]) -> str:
        with pytest.raises(NotAvailableError) as failed:
            await action
        return str(failed.value)

    run(story())


def test_injection_is_refused_before_anything_is_sent() -> None:
    async def story() -> None:
        async with fake_manager() as fake, client_of(fake) as (client, events):
            await until(events, Snapshot)
            with pytest.raises(ProtocolError, match="line end"):
                await client.action("QueuePause", ("Reason", "x\r\n\r\nAction: Originate"))
            await client.action("Ping")
            assert b"QueuePause" not in fake.received

    run(story())


@pytest.mark.parametrize("silent", ["Challenge", "QueueStatus"])
def test_half_open_while_connecting(silent: str) -> None:
    async def story() -> None:
        async with fake_manager() as fake:
            fake.mute = {silent}
            async with client_of(fake, answer_seconds=0.2) as (_, events):
                assert f"no respondió a {silent}" in (await until(events, Disconnected)).reason
                fake.mute = set()
                await until(events, Snapshot)

    run(story())


def test_half_open_later_is_found_by_the_keep_alive() -> None:
    async def story() -> None:
        async with fake_manager() as fake, client_of(fake, ping_seconds=0.1, answer_seconds=0.3) as (_, events):
            await until(events, Snapshot)
            fake.mute = {"Ping"}
            assert "no respondió a Ping" in (await until(events, Disconnected)).reason
            fake.mute = set()
            assert await anext(events) == Connected(gap=True)

    run(story())


def test_garbage_between_messages() -> None:
    async def story() -> None:
        async with fake_manager() as fake, client_of(fake) as (client, events):
            await until(events, Snapshot)
            await fake.send(
                b"\xff\0garbage\r\n\r\nhalf a li\r\n" + EVENT % 3 + b"Response: Success\r\nActionID: x\r\n\r\n"
            )
            assert (await until(events, Message))["Uniqueid"] == "3"
            assert (await client.action("Ping"))["Ping"] == "Pong"
            assert client._connected().parser.garbage == 2  # noqa: SLF001  nobody else needs it

    run(story())


def test_a_late_consumer_never_keeps_asterisk_waiting() -> None:
    async def story() -> None:
        sent, buffered = 20_000, 100
        async with fake_manager() as fake, client_of(fake, buffered_items=buffered) as (client, events):
            await until(events, Snapshot)
            flood = b"".join(EVENT[:-2] % n + b"X: " + b"x" * 1000 + b"\r\n\r\n" for n in range(sent))
            await fake.send(flood)  # 20 MB: returns only if all of it is read while nobody consumes
            await client.action("Ping")
            fake.channels = ["1.9"]
            kept = [await anext(events) for _ in range(buffered)]
            assert [m["Uniqueid"] for m in kept if isinstance(m, Message)] == [str(n) for n in range(buffered)]
            assert await anext(events) == Overflowed(dropped=sent - buffered)
            assert await anext(events) == Connected(gap=True)
            assert (await until(events, Snapshot)).call_ids == {"1.9"}
            assert client.dropped == sent - buffered
            await fake.send(EVENT % 1)
            assert (await until(events, Message))["Uniqueid"] == "1"

    run(story())


def test_a_consumer_that_slept_through_a_cut_is_told_what_it_needs() -> None:
    async def story() -> None:
        async with fake_manager() as fake, client_of(fake, buffered_items=3) as (client, events):
            await until(events, Snapshot)
            await fake.send(EVENT % 1 + EVENT % 2 + EVENT % 3 + EVENT % 4)
            await client.action("Ping")
            fake.cut()
            while fake.logins < 2:  # noqa: ASYNC110  the server has no event for it
                await asyncio.sleep(0.01)
            for _ in range(3):
                assert isinstance(await anext(events), Message)
            assert (await until(events, Overflowed)).dropped >= 2
            assert await until(events, Connected) == Connected(gap=True)
            await until(events, Snapshot)

    run(story())


def test_real_asterisk(line: RunningLine) -> None:
    secret = line.accounts.manager_secret
    account = Account(port=line.settings.manager_port, username=line.accounts.manager_user, secret=secret)

    async def story() -> None:
        async with Client(account) as client, aclosing(client.events()) as events:  # type: ignore[type-var]
            assert await anext(events) == Connected(gap=False)
            first = await until(events, Snapshot)
            assert line.queue in {m["Queue"] for m in first.queues}
            members = {m["Name"] for m in first.queues if m.event == "QueueMember"}
            assert members == {adviser.name for adviser in line.accounts.members}
            with pytest.raises(NotAvailableError, match="rechazó Originate: Permission denied"):
                await client.action("Originate", ("Channel", "Local/s@nowhere"), ("Application", "Wait"))

            console = line.asterisk.console
            await asyncio.to_thread(console, "channel originate Local/s@nadie/n application Wait 1")
            await asyncio.to_thread(console, f"queue pause member PJSIP/demo1 queue {line.queue} reason café")
            paused = await until(events, Message)
            assert paused.event in EVENTS
            while paused.event != "QueueMemberPause":
                paused = await until(events, Message)
                assert paused.event in EVENTS
            assert paused["PausedReason"] == "café"
            await asyncio.to_thread(console, f"queue unpause member PJSIP/demo1 queue {line.queue}")

            sessions = await asyncio.to_thread(console, "manager show connected")
            ours = [row.split() for row in sessions.splitlines() if account.username in row]
            for row in ours:
                await asyncio.to_thread(console, f"manager kick session {row[4]}")
            assert (await until(events, Disconnected)).reason
            assert await anext(events) == Connected(gap=True)
            again = await until(events, Snapshot)
            assert again.at > first.at

        with pytest.raises(LoginRefusedError, match="Authentication failed"):
            await read(Account(port=account.port, username=account.username, secret="otra"))

    run(story())
    eventually(line.asterisk.running, what="Asterisk after it all")
