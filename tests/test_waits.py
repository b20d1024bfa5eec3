"""The expected wait from the events of a line to what a call reads: per queue, and nothing where nothing is known."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from contesta.web.waits import waits_of
from core.events import CallEnded, Completed, Connected, EndedBy, Event, ExitReason, QueueEntered, QueueExited, Source
from ivr.dialogs.offer import Wait
from ivr.waits import FRESH, WaitsFile
from quality.metrics.agents import Member, Telephone
from quality.metrics.live import LiveEngine
from quality.metrics.recently import RECENT
from tests.stories import at

ZONE = ZoneInfo("America/Bogota")
NOW = at(3000)
TALK_SECONDS = 120
TALKS = 10


def of(call: str, queue: str) -> dict[str, Any]:
    return {"call_id": call, "channel_id": call, "queue": queue, "source": Source.QUEUE_LOG}


def waiting(queue: str, count: int) -> Iterable[Event]:
    return [QueueEntered(at=NOW - timedelta(seconds=5), **of(f"w.{queue}.{number}", queue)) for number in range(count)]


def talked(queue: str, agent: str = "Pasado") -> Iterable[Event]:
    """Conversations that were over some time ago."""
    for number in range(TALKS):
        call = of(f"t.{queue}.{number}", queue)
        begin = NOW - timedelta(seconds=900 - number)
        yield QueueEntered(at=begin, **call)
        yield Connected(at=begin + timedelta(seconds=10), agent=agent, wait_seconds=10, **call)
        end = begin + timedelta(seconds=10 + TALK_SECONDS)
        yield Completed(at=end, agent=agent, wait_seconds=10, talk_seconds=TALK_SECONDS, by=EndedBy.AGENT, **call)
        yield CallEnded(at=end, by=EndedBy.SYSTEM, **{key: call[key] for key in ("call_id", "channel_id", "source")})


def talking(queue: str, agent: str, seconds: float) -> Iterable[Event]:
    call = of(f"n.{agent}", queue)
    yield QueueEntered(at=NOW - timedelta(seconds=seconds + 1), **call)
    yield Connected(at=NOW - timedelta(seconds=seconds), agent=agent, wait_seconds=1, **call)


def member(agent: str, queue: str, telephone: Telephone = Telephone.FREE, *, paused: bool = False) -> Member:
    return Member(at=NOW - timedelta(seconds=60), queue=queue, agent=agent, telephone=telephone, paused=paused)


def waits(*told: Iterable[Event | Member], now: datetime = NOW) -> dict[str, Wait]:
    engine = LiveEngine(ZONE)
    for queue in ("a", "b"):  # whom the conversations of the past show has left since
        engine.take(Member(at=NOW, queue=queue, agent="Pasado", telephone=None))
    for each in told:
        for one in each:
            engine.take(one)
    return waits_of(engine, now)


def middle(wait: Wait) -> float:
    return (wait.least_seconds + wait.most_seconds) / 2


def test_a_free_adviser_is_no_wait_and_a_talking_one_is_what_is_left_of_the_conversation() -> None:
    free = waits(talked("a"), [member("Ana", "a")])
    assert free["a"] == Wait(0, 0)
    busy = waits(talked("a"), talking("a", "Ana", 30), [member("Ana", "a", Telephone.BUSY)])
    assert busy["a"].least_seconds < TALK_SECONDS - 30 < busy["a"].most_seconds


def test_who_waits_ahead_makes_it_longer_also_while_the_telephone_rings_for_them() -> None:
    history = list(talked("a"))
    one = waits(history, waiting("a", 1), [member("Ana", "a", Telephone.RINGING)])
    three = waits(history, waiting("a", 3), [member("Ana", "a", Telephone.RINGING)])
    assert 0 < middle(one["a"]) < middle(three["a"])


def test_who_pauses_serves_nobody() -> None:
    assert "a" not in waits(talked("a"), [member("Ana", "a", paused=True)])
    two = waits(talked("a"), waiting("a", 1), [member("Ana", "a"), member("Luz", "a", paused=True)])
    assert two["a"] == waits(talked("a"), waiting("a", 1), [member("Ana", "a")])["a"]


def test_a_queue_has_its_own_history() -> None:
    told = waits(talked("a"), talking("a", "Ana", 1), talking("b", "Luz", 1), [member("Ana", "a"), member("Luz", "b")])
    assert "a" in told
    assert "b" not in told


def test_callers_of_another_queue_are_ahead_as_far_as_its_advisers_are_shared() -> None:
    history = [*talked("a"), *talked("b")]
    both = [member("Ana", "a"), member("Ana", "b")]
    alone = waits(history, both)
    shared = waits(history, waiting("b", 4), both)
    half = waits(history, waiting("b", 4), [*both, member("Luz", "b")])
    apart = waits(history, waiting("b", 4), [member("Ana", "a"), member("Luz", "b")])
    assert apart["a"] == alone["a"] == Wait(0, 0)
    assert 0 < middle(half["a"]) < middle(shared["a"])


def test_who_gives_up_or_leaves_by_key_shortens_the_wait_of_those_behind_for_an_hour() -> None:
    def left(reason: ExitReason) -> Iterable[Event]:
        for number in range(20):
            call = of(f"g.{number}", "a")
            yield QueueEntered(at=NOW - timedelta(seconds=300), **call)
            yield QueueExited(at=NOW - timedelta(seconds=280), reason=reason, wait_seconds=20, **call)
            yield CallEnded(
                at=NOW - timedelta(seconds=280),
                by=EndedBy.CALLER,
                **{key: call[key] for key in ("call_id", "channel_id", "source")},
            )

    def scene(*more: Iterable[Event], now: datetime = NOW) -> Wait:
        return waits(talked("a"), *more, waiting("a", 4), talking("a", "Ana", 10), [member("Ana", "a")], now=now)["a"]

    patient = middle(scene())
    for reason in (ExitReason.ABANDONED, ExitReason.KEY):
        assert middle(scene(left(reason))) < patient
        assert scene(left(reason), now=NOW + RECENT) == scene(now=NOW + RECENT)


def test_calls_that_were_settled_still_count() -> None:
    engine = LiveEngine(ZONE)
    told: list[Event | Member] = [*talked("a"), *talking("a", "Pasado", 30), member("Pasado", "a", Telephone.BUSY)]
    for one in told:
        engine.take(one)
    before = waits_of(engine, NOW)
    assert not any(name.startswith("t.") for call in engine._open for name in call.names)  # noqa: SLF001  nothing else shows it
    assert waits_of(engine, NOW) == before
    assert "a" in before


# ── What a call reads


@pytest.fixture
def file(tmp_path: Path) -> WaitsFile:
    made = WaitsFile(tmp_path / "esperas.json", lambda: NOW)
    made.write({"a": Wait(180.0, 420.04)})
    return made


def test_a_call_reads_what_was_written_last(file: WaitsFile, tmp_path: Path) -> None:
    assert file.of("a") == Wait(180.0, 420.0)
    assert file.of("b") is None
    file.write({"b": Wait(0, 0)})
    assert (file.of("a"), file.of("b")) == (None, Wait(0, 0))
    assert [each.name for each in tmp_path.iterdir()] == ["esperas.json"]


@pytest.mark.parametrize("age", [FRESH * 1.1, -FRESH * 1.1])
def test_what_is_old_or_of_the_future_tells_nothing(file: WaitsFile, tmp_path: Path, age: timedelta) -> None:
    assert file.of("a")
    assert WaitsFile(tmp_path / "esperas.json", lambda: NOW + age).of("a") is None


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"\xff", b"[]", b"null", b"7", b'{"at": 3}', b'{"at": "ayer", "seconds": {}}',
        *(b'{"at": "%s", "seconds": %s}' % (NOW.isoformat().encode(), seconds) for seconds in (
            b"7", b'{"a": 3}', b'{"a": [1]}', b'{"a": [9, 3]}', b'{"a": [-1, 3]}', b'{"a": [1, NaN]}',
            b'{"a": [1, 1e999]}', b'{"a": [null, 1]}', b'{"a": ["x", "y"]}',
        )),
        b'{"at": "%s", "seconds": {"a": [1, 2]}}' % NOW.replace(tzinfo=None).isoformat().encode(),
    ],
)  # fmt: skip
def test_a_damaged_file_tells_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "esperas.json").write_bytes(content)
    assert WaitsFile(tmp_path / "esperas.json", lambda: NOW).of("a") is None


def test_without_a_file_nothing_is_told(tmp_path: Path) -> None:
    assert WaitsFile(tmp_path / "esperas.json", lambda: NOW).of("a") is None
