"""The bus inside one process: who gets what, in which order, and what a slow reader costs the others."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from contesta.bus import topics
from contesta.bus.bus import Bus, Message, Subscription, matches


class Number(BaseModel):
    n: int


def payload(n: int) -> bytes:
    return Number(n=n).model_dump_json().encode()


def waiting(subscription: Subscription) -> list[tuple[str, bytes]]:
    """Read what is there, without waiting."""

    async def read() -> list[Message]:
        return [await anext(subscription) for _ in range(len(subscription))]

    return [(message.topic, message.payload) for message in asyncio.run(read())]


def test_each_reader_gets_its_topics_in_their_order() -> None:
    bus = Bus()
    with bus.subscribe("a/#") as of_a, bus.subscribe("b", "a/c") as of_two:
        for n, topic in enumerate(["a/b", "b", "a/c", "c"]):
            bus.publish(topic, Number(n=n))
    assert waiting(of_a) == [("a/b", payload(0)), ("a/c", payload(2))]
    assert waiting(of_two) == [("b", payload(1)), ("a/c", payload(2))]
    assert bus.published == 4


def test_who_comes_late_gets_the_newest_state_first_and_who_has_left_nothing() -> None:
    bus = Bus()
    for n in range(3):
        bus.publish("state", Number(n=n), retain=True)
        bus.publish("event", Number(n=n))
    with bus.subscribe("#") as subscription:
        bus.publish("event", Number(n=9))
    bus.publish("event", Number(n=10))
    assert waiting(subscription) == [("state", payload(2)), ("event", payload(9))]
    assert [message.topic for message in bus.retained.values()] == ["state"]


def test_a_slow_reader_loses_old_events_and_no_state_and_the_others_nothing() -> None:
    bus = Bus()
    with bus.subscribe("#", size=10) as slow, bus.subscribe("#", size=10_000) as patient:
        for n in range(1000):
            bus.publish("state", Number(n=n), retain=True)
            bus.publish("event", Number(n=n))
    assert slow.dropped == 990
    assert waiting(slow) == [("state", payload(999)), *(("event", payload(n)) for n in range(990, 1000))]
    assert patient.dropped == 0
    assert [told for topic, told in waiting(patient) if topic == "event"] == [payload(n) for n in range(1000)]


def test_a_reader_that_waits_is_woken() -> None:
    async def scenario() -> list[int]:
        bus = Bus()

        async def read() -> list[int]:
            with bus.subscribe("n") as subscription:
                return [Number.model_validate_json((await anext(subscription)).payload).n for _ in range(3)]

        reading = asyncio.create_task(read())
        for n in range(3):
            await asyncio.sleep(0)
            bus.publish("n", Number(n=n))
        return await asyncio.wait_for(reading, 10)

    assert asyncio.run(scenario()) == [0, 1, 2]


def test_states_can_be_had_once_more() -> None:
    bus = Bus()
    with bus.subscribe("s/#") as subscription:
        for n in range(2):
            bus.publish(f"s/{n}", Number(n=n), retain=True)
        assert len(waiting(subscription)) == 2
        subscription.renew()
        bus.publish("s/0", Number(n=7), retain=True)
    assert sorted(waiting(subscription)) == [("s/0", payload(7)), ("s/1", payload(1))]


@pytest.mark.parametrize(
    ("wanted", "topic", "taken"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a/b/c", False),
        ("a/+", "a", False),
        ("+/b", "a/b", True),
        ("a/#", "a/b/c", True),
        ("a/#", "a", True),
        ("#", "a/b", True),
        ("a", "a/b", False),
        ("a/b", "a", False),
    ],
)
def test_filters_are_those_of_mqtt(wanted: str, topic: str, taken: bool) -> None:  # noqa: FBT001  a case's answer
    assert matches(wanted, topic) is taken


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_name_is_one_level_of_a_topic_whatever_is_in_it(line: str, name: str) -> None:
    told = topics.queue(line, name)
    assert told.isascii()
    assert not set("+#\0 ") & set(told)
    assert matches(f"{topics.ROOT}/+/queues/+", told)
    levels = told.split("/")
    assert len(levels) == 5
    assert all(levels)


def test_names_that_differ_have_topics_that_differ() -> None:
    names = ["", "a", "a/b", "a%2Fb", "A", "á", "%", "+", "#", "_"]
    assert len({topics.queue("l", name) for name in names}) == len(names)


def test_what_is_shown_inside_does_not_leave_the_house() -> None:
    assert not matches(topics.EVERYTHING, topics.VIEW)
    assert all(
        matches(topics.EVERYTHING, topic)
        for topic in (topics.STATUS, topics.board("l"), topics.queue("l", "q"), topics.alert("l", "waiting:q"))
    )
