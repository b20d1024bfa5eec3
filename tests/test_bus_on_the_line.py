"""A whole line with a broker: what is told of real calls, and a web process that is killed while it tells."""

import asyncio
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientSession
from jsonschema import Draft202012Validator

from contesta.bus import topics
from contesta.bus.bus import matches
from contesta.bus.call_events import SOURCES
from contesta.bus.schemas import SUBJECTS, Subject, schema
from contesta.web.access import Role
from contesta.web.sessions import new_secret
from storage.database import connect
from storage.outbox import Feed
from storage.people_keys import AccessKeys, NewKey
from tests.followers import Follower, Refill, following
from tests.mosquitto import Mosquitto, serving
from tests.people import call_until_queued, callers_phone, random_mobile
from tests.running import RunningLine, eventually, start_line
from tests.stories import events_of, log_of

PATIENCE_SECONDS = 60
CALLS, HALF_WAY = 300, 700
VALIDATORS = {name: Draft202012Validator(schema(subject)) for name, subject in SUBJECTS.items()}


@pytest.fixture(scope="module")
def broker() -> Iterator[Mosquitto]:
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def told_line(broker: Mosquitto, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLine]:
    ours = broker.broker()
    with start_line(
        tmp_path_factory.mktemp("l"),
        mqtt_host=ours.host,
        mqtt_port=ours.port,
        mqtt_user=ours.user,
        mqtt_password=ours.password,
    ) as running:
        yield running


def key_of(line: RunningLine) -> str:
    """Give another system a key."""
    secret, now = new_secret(), datetime.now(UTC)
    AccessKeys(connect(line.settings.ledger_url)).add(
        NewKey(
            token=secret.digest,
            kind=Role.INTEGRATION,
            label="otro sistema",
            created_by="test",
            expires_at=now + timedelta(days=1),
        ),
        now,
    )
    return secret.text


def asking(line: RunningLine, session: ClientSession) -> Refill:
    """Ask the line for what was missed, as any other system would."""
    headers = {"Authorization": f"Bearer {key_of(line)}"}

    async def refill(sequence: int) -> list[dict[str, Any]]:
        address = f"{line.settings.web_address}api/v1/events"
        async with session.get(address, params={"after": sequence}, headers=headers) as answer:
            assert answer.status == 200
            events: list[dict[str, Any]] = (await answer.json())["events"]
            return events

    return refill


def subject_of(topic: str) -> tuple[str, Subject]:
    (found,) = [(name, subject) for name, subject in SUBJECTS.items() if matches(subject.filter, topic)]
    return found


async def until_all_told(line: RunningLine, follower: Follower) -> None:
    """Wait until nothing more comes: the follower knows all there is, and the ledger gets no more."""
    feed = Feed(connect(line.settings.ledger_url), SOURCES)
    quiet = 0
    async with asyncio.timeout(PATIENCE_SECONDS):
        while quiet < 10:
            newest = await asyncio.to_thread(feed.newest)
            quiet = quiet + 1 if newest == follower.last else 0
            await asyncio.sleep(0.1)


async def some_calls(line: RunningLine, number: str) -> None:
    """One call from the welcome to the survey, and one of somebody who gives up."""
    call = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "contesta",
        "call",
        env=line.settings.as_child_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    said, _ = await call.communicate()
    assert call.returncode == 0, said
    async with callers_phone(line) as phone:
        fate = await call_until_queued(line, phone, number)
        assert fate.reached_queue


@pytest.mark.timeout(400)  # a call from the welcome to the survey takes its time, and a busy machine more
def test_all_that_is_told_of_real_calls_is_as_described_and_names_nobody(
    told_line: RunningLine, broker: Mosquitto
) -> None:
    number = random_mobile(random.Random(7))

    async def scenario() -> Follower:
        begin = await asyncio.to_thread(Feed(connect(told_line.settings.ledger_url), SOURCES).newest)
        async with (
            ClientSession() as session,
            following(broker, asking(told_line, session), last=begin) as follower,
        ):
            await some_calls(told_line, number)
            await until_all_told(told_line, follower)
            async with session.get(f"{told_line.settings.web_address}readyz") as answer:
                assert answer.status == 200, await answer.text()
            headers = {"Authorization": f"Bearer {key_of(told_line)}"}
            async with session.get(f"{told_line.settings.web_address}metrics", headers=headers) as answer:
                assert 'contesta_queue_visits_today{outcome="answered"' in await answer.text()
        return follower

    follower = asyncio.run(scenario())
    seen = set()
    for message in follower.messages:
        name, subject = subject_of(str(message.topic))
        if message.payload or name != "alert":  # one that is over has none
            VALIDATORS[name].validate(json.loads(bytes(message.payload)))
        assert message.qos == subject.qos
        seen.add(name)
    assert seen | {"alert"} == SUBJECTS.keys()
    assert {event["kind"] for event in follower.events} >= {
        "call_started",
        "menu_stepped",
        "queue_entered",
        "agent_rang",
        "connected",
        "recorded",
        "completed",
        "survey_answered",
        "queue_exited",
        "call_ended",
    }
    assert (follower.unfilled, follower.refilled) == (0, 0)
    everything = b"\n".join(str(message.topic).encode() + bytes(message.payload) for message in follower.messages)
    callers = {row.number for row in told_line.ledger().every_call()}
    assert any(number in caller for caller in callers)
    people = {part for adviser in told_line.accounts.members for part in (adviser.name, *adviser.name.split())}
    accounts = {adviser.account for adviser in told_line.accounts.members}
    for secret in {caller.removeprefix("+57") for caller in callers} | people | accounts | {"grabaciones", ".wav"}:
        assert secret.encode() not in everything, secret


def test_states_and_nothing_else_are_kept_for_who_comes_later(told_line: RunningLine, broker: Mosquitto) -> None:
    wanted = {name for name, subject in SUBJECTS.items() if subject.retained} - {"alert"}

    async def scenario() -> Follower:
        async with ClientSession() as session, following(broker, asking(told_line, session)) as follower:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not {subject_of(topic)[0] for topic in follower.states} >= wanted:  # noqa: ASYNC110  not ours
                    await asyncio.sleep(0.05)
            return follower

    follower = asyncio.run(scenario())
    assert {subject_of(str(message.topic))[0] for message in follower.messages if message.retain} - {"alert"} == wanted
    assert follower.states[topics.STATUS]["status"] == "online"


def test_a_web_process_killed_while_it_tells_tells_all_in_order(told_line: RunningLine, broker: Mosquitto) -> None:
    feed = Feed(connect(told_line.settings.ledger_url), SOURCES)

    async def scenario() -> Follower:
        begin = await asyncio.to_thread(feed.newest)
        async with (
            ClientSession() as session,
            following(broker, asking(told_line, session), last=begin) as follower,
        ):
            events = events_of(log_of(range(CALLS)))
            writing = asyncio.create_task(asyncio.to_thread(told_line.ledger().apply, events))
            async with asyncio.timeout(PATIENCE_SECONDS):
                while len(follower.events) < HALF_WAY:  # noqa: ASYNC110  what comes is not ours
                    await asyncio.sleep(0.005)
            was = await asyncio.to_thread(told_line.kill, "web")
            assert follower.last < await asyncio.to_thread(feed.newest), "it was killed too late"
            await writing
            await asyncio.to_thread(_wait_for_another, told_line, was)
            await until_all_told(told_line, follower)
            async with asyncio.timeout(PATIENCE_SECONDS):
                while _statuses(follower) != ["online", "offline", "online"]:  # noqa: ASYNC110  what comes is not ours
                    await asyncio.sleep(0.05)
            return follower

    follower = asyncio.run(scenario())
    assert (follower.unfilled, follower.refilled) == (0, 0)
    assert len(follower.events) == feed.count_after(follower.events[0]["previous"])


def _statuses(follower: Follower) -> list[str]:
    told = (message for message in follower.messages if str(message.topic) == topics.STATUS)
    return [json.loads(bytes(message.payload))["status"] for message in told]


def _wait_for_another(line: RunningLine, was: int) -> None:
    eventually(lambda: line.pid("web") != was, PATIENCE_SECONDS, "the web process is back")
