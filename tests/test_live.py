"""The live engine: whatever comes in whatever order, at rest it tells what the log alone gives."""

import gc
import os
import random
from collections.abc import Iterable, Sequence
from dataclasses import astuple, replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from core.events import (
    AgentPresence,
    AgentRang,
    CallEnded,
    CallStarted,
    Completed,
    Connected,
    EndedBy,
    Event,
    ExitReason,
    PresenceChange,
    QueueEntered,
    QueueExited,
    Source,
    SystemRestarted,
)
from quality.metrics.agents import AgentState, Member, Telephone
from quality.metrics.aggregate import Aggregate, Period
from quality.metrics.figures import Tally, add_up
from quality.metrics.live import LiveEngine, Snapshot, expected_wait_ms
from telephony.ami.codec import Message
from telephony.ami.decode import EventDecoder
from telephony.ami.members import member
from telephony.queue_log.visits import LogVisits
from tests.ami_captures import FOLDER, messages
from tests.stories import START, at, events_of, live, log_of, restart

if TYPE_CHECKING:
    from quality.metrics.batch import Ints

ZONE = ZoneInfo("America/Bogota")
CALLS = 40
REST = at(3600)
LOG = log_of(range(CALLS), restart(3 * CALLS + 100))

ours: dict[str, Any] = {"call_id": "1.1", "channel_id": "1.1", "source": Source.QUEUE_LOG}
in_queue = ours | {"queue": "atencion"}


def engine(*events: Event) -> LiveEngine:
    made = LiveEngine(ZONE)
    for event in events:
        made.take(event)
    return made


def from_log(log: Sequence[str], folder: Path) -> Aggregate:
    """What the log alone gives for the day of the stories, by the road of `contesta stats`."""
    path = folder / "queue_log"
    path.write_text("".join(f"{line}\n" for line in log), encoding="utf-8")
    day = datetime.fromtimestamp(START, ZONE).date()
    figures = Aggregate(ZONE, period=Period(first=day, last=day))
    for visits in LogVisits([path]):
        figures.add(visits)
    return figures


def tables(figures: Aggregate) -> object:
    """All that two accounts must agree on: time on hold is known to the live feed only."""

    def known(tally: Tally) -> Tally:
        return replace(tally, hold_ms=0)

    return (
        known(figures.total()),
        {name: known(tally) for name, tally in figures.by_queue().items()},
        {name: known(tally) for name, tally in figures.by_line().items()},
        {when: known(tally) for when, tally in figures.by_quarter_hour().items()},
        {name: replace(tally, hold_ms=0) for name, tally in figures.by_agent.items()},
    )


def at_rest(snapshot: Snapshot) -> object:
    return tables(snapshot.today), snapshot.waiting, snapshot.agents_by_state, snapshot.open_calls


def told_of(calls: Iterable[int]) -> list[Event]:
    return [event for call in calls for event in live(call)]


# ── The same at rest


def test_log_alone_gives_what_stats_give(tmp_path: Path) -> None:
    rest = engine(*events_of(LOG)).snapshot(REST)
    assert tables(rest.today) == tables(from_log(LOG, tmp_path))
    assert rest.total.offered == 40  # of eight kinds one has no visit and one two
    assert rest.total.lost == 5
    assert rest.balances
    assert rest.waiting == ()
    assert rest.open_calls == 0


@pytest.mark.parametrize("seed", range(12))
def test_any_order_and_repetition_gives_the_same(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    events = events_of(LOG) + told_of(range(CALLS))
    events += chance.choices(events, k=len(events) // 2)
    chance.shuffle(events)
    fed = LiveEngine(ZONE)
    for place, event in enumerate(events):
        fed.take(event)
        if place % 200 == 0:
            assert fed.snapshot(at(0)).balances
    rest = fed.snapshot(REST)
    assert tables(rest.today) == tables(from_log(LOG, tmp_path))
    assert at_rest(rest) == at_rest(engine(*events_of(LOG), *told_of(range(CALLS))).snapshot(REST))


@pytest.mark.parametrize("seed", range(12))
def test_live_feed_with_a_gap_and_a_late_log_equals_the_log_alone(seed: int, tmp_path: Path) -> None:
    """Calls settle on the way: what comes less than a minute late is still taken."""
    chance = random.Random(seed)
    gap = sorted(chance.uniform(0, 3 * CALLS + 60) for _ in range(2))
    fed_live = [event for event in told_of(range(CALLS)) if not at(gap[0]) <= event.at <= at(gap[1])]
    latest = 50
    arriving = [(event.at + timedelta(seconds=chance.uniform(0, latest)), event) for event in events_of(LOG) + fed_live]
    arriving += [(when + timedelta(seconds=1), event) for when, event in chance.choices(arriving, k=100)]
    fed = LiveEngine(ZONE)
    for place, (now, event) in enumerate(sorted(arriving, key=lambda one: one[0])):
        fed.take(event)
        if place % 50 == 0:
            snapshot = fed.snapshot(now)
            assert snapshot.balances
            assert sum(tally.offered for tally in snapshot.today.by_quarter_hour().values()) == snapshot.total.offered
    assert tables(fed.snapshot(REST).today) == tables(from_log(LOG, tmp_path))


@pytest.mark.parametrize("late_seconds", [0, 9])
def test_what_is_told_of_a_forgotten_call_does_not_count_again(late_seconds: int, tmp_path: Path) -> None:
    fed = engine(*events_of(LOG))
    fed.settle(REST)
    told = [replace(event, at=event.at + timedelta(seconds=late_seconds)) for event in told_of(range(CALLS))]
    for event in told + [event for event in events_of(LOG) if event.channel_id]:
        fed.take(event)
    rest = fed.snapshot(REST)
    assert tables(rest.today) == tables(from_log(LOG, tmp_path))
    assert rest.late > 200


def test_who_comes_back_after_his_call_was_forgotten_is_counted_again() -> None:
    """A log without lines of ours tells no end of the call: it may go on after its stay is over."""
    fed = engine(
        QueueEntered(at=at(0), **in_queue),
        QueueExited(at=at(60), reason=ExitReason.TIMEOUT, wait_seconds=60, **in_queue),
    )
    fed.settle(at(600))
    fed.take(QueueEntered(at=at(600), **in_queue))
    fed.take(QueueExited(at=at(660), reason=ExitReason.ABANDONED, wait_seconds=60, **in_queue))
    total = fed.snapshot(REST).total
    assert (total.offered, total.overflow, total.abandoned) == (2, 1, 1)


def test_sums_over_intervals_equal_the_total() -> None:
    today = engine(*events_of(log_of(range(2000)))).snapshot(at(7200)).today
    quarters = today.by_quarter_hour()
    assert len(quarters) == 8
    for table in (quarters, today.by_queue(), today.by_line(), today.by_hour()):
        columns = [np.array(astuple(tally)) for tally in table.values()]
        sums: Ints = reduce(add_up, columns)
        assert Tally.of(sums) == today.total()


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.txt")))
def test_captured_calls_balance_at_every_message(name: str) -> None:
    decoder, fed, last = EventDecoder(), LiveEngine(ZONE), at(0)
    for message in messages(name):
        for event in decoder.decode(message):
            fed.take(event)
            last = max(last, event.at)
        if seen := member(message):
            fed.agents.see(seen)
        snapshot = fed.snapshot(last)
        assert snapshot.balances
        assert len(snapshot.waiting) <= snapshot.total.waiting
    assert fed.snapshot(last + timedelta(hours=1)).waiting == ()


# ── Who waits, and for how long


def test_callers_waiting_longest_first() -> None:
    fed = engine(
        CallStarted(at=at(0), line="ciudadanos", number="+573001234567", **ours),
        QueueEntered(at=at(10), **in_queue),
        QueueEntered(at=at(5), **(in_queue | {"call_id": "2.2", "channel_id": "2.2"})),
    )
    snapshot = fed.snapshot(at(30))
    assert [(one.call_id, one.number, one.wait_ms) for one in snapshot.waiting] == [
        ("2.2", "", 25_000),
        ("1.1", "+573001234567", 20_000),
    ]
    assert snapshot.queues["atencion"].longest_wait_ms == 25_000
    assert snapshot.total.waiting == 2
    assert snapshot.open_calls == 2


def test_a_restart_leaves_nobody_waiting() -> None:
    fed = engine(QueueEntered(at=at(0), **in_queue))
    assert len(fed.snapshot(at(10)).waiting) == 1
    fed.take(SystemRestarted(at=at(20), call_id="", channel_id="", source=Source.QUEUE_LOG))
    snapshot = fed.snapshot(at(21))
    assert (snapshot.waiting, snapshot.total.lost) == ((), 1)


def test_calls_that_are_gone_after_a_gap_are_over_until_the_log_knows_better() -> None:
    fed = engine(QueueEntered(at=at(0), **in_queue), QueueEntered(at=at(0), **_named("2.2")))
    fed.vanish({"2.2"}, at(30))
    snapshot = fed.snapshot(at(31))
    assert [one.call_id for one in snapshot.waiting] == ["2.2"]
    assert snapshot.total.lost == 1
    fed.take(QueueExited(at=at(12), reason=ExitReason.ABANDONED, wait_seconds=12, **in_queue))
    fed.take(CallEnded(at=at(12), by=EndedBy.CALLER, **ours))
    total = fed.snapshot(at(32)).total
    assert (total.lost, total.abandoned) == (0, 1)


def test_midnight_begins_a_new_day_and_whoever_waits_still_waits() -> None:
    midnight = datetime(2026, 1, 2, 5, 0, tzinfo=UTC)
    fed = engine(QueueEntered(at=midnight - timedelta(seconds=30), **in_queue))
    before = fed.snapshot(midnight - timedelta(seconds=1))
    after = fed.snapshot(midnight + timedelta(seconds=1))
    assert (before.total.waiting, after.total.waiting) == (1, 0)
    assert len(after.waiting) == 1
    assert after.waiting[0].wait_ms == 31_000


@pytest.mark.parametrize(
    ("waiting", "free", "present", "talk_ms", "expected"),
    [
        (0, 1, 3, None, 0),
        (0, 0, 0, 60_000.0, None),
        (0, 0, 2, None, None),
        (0, 0, 2, 60_000.0, 30_000),
        (3, 0, 2, 60_000.0, 120_000),
        (2, 1, 4, 60_000.0, 30_000),
    ],
)
def test_expected_wait(waiting: int, free: int, present: int, talk_ms: float | None, expected: int | None) -> None:
    assert expected_wait_ms(waiting, free, present, talk_ms) == expected


def test_expected_wait_comes_from_the_queue_s_own_conversations() -> None:
    fed = LiveEngine(ZONE)
    for number in range(40):  # the last thirty take 100 s each; those before, an hour
        names = _named(f"{START + number}.1")
        talk = 3600 if number < 10 else 100
        fed.take(QueueEntered(at=at(number), **names))
        fed.take(Connected(at=at(number + 1), agent="Ana Ruiz", wait_seconds=1, **names))
        done = Completed(
            at=at(number + 5000), agent="Ana Ruiz", wait_seconds=1, talk_seconds=talk, by=EndedBy.AGENT, **names
        )
        fed.take(done)
    fed.take(QueueEntered(at=at(6000), **in_queue))
    fed.take(AgentRang(at=at(6000), agent="Ana Ruiz", **in_queue))
    queue = fed.snapshot(at(6010)).queues["atencion"]
    assert (len(queue.waiting), queue.free, queue.present) == (1, 0, 1)
    assert queue.expected_wait_ms == 200_000


# ── What agents do


def seen(second: float, telephone: Telephone, *, queue: str = "atencion", paused: str = "") -> Member:
    return Member(at=at(second), queue=queue, agent="Ana Ruiz", telephone=telephone, paused=bool(paused), reason=paused)


def presence(second: float, change: PresenceChange, queue: str = "atencion", reason: str = "") -> AgentPresence:
    told: dict[str, Any] = {"call_id": "", "channel_id": "", "source": Source.QUEUE_LOG}
    return AgentPresence(at=at(second), queue=queue, agent="Ana Ruiz", change=change, reason=reason, **told)


def state(fed: LiveEngine, second: float = 100) -> AgentState:
    (agent,) = fed.snapshot(at(second)).agents
    return agent.state


def test_adviser_in_two_queues_counts_once() -> None:
    fed = LiveEngine(ZONE)
    fed.agents.see(seen(0, Telephone.FREE))
    fed.agents.see(seen(0, Telephone.FREE, queue="segunda", paused="almuerzo"))
    snapshot = fed.snapshot(at(10))
    assert snapshot.agents_by_state == {
        AgentState.AVAILABLE: 1,
        AgentState.RINGING: 0,
        AgentState.TALKING: 0,
        AgentState.PAUSED: 0,
        AgentState.SIGNED_OUT: 0,
    }
    assert [snapshot.queues[name].free for name in ("atencion", "segunda")] == [1, 0]
    fed.agents.see(seen(11, Telephone.FREE, paused="almuerzo"))
    (agent,) = fed.snapshot(at(20)).agents
    assert (agent.state, agent.reason, agent.since) == (AgentState.PAUSED, "almuerzo", at(11))


def test_adviser_through_a_call() -> None:
    fed = LiveEngine(ZONE)
    fed.agents.see(seen(0, Telephone.FREE))
    fed.take(QueueEntered(at=at(1), **in_queue))
    assert state(fed) is AgentState.AVAILABLE
    fed.take(AgentRang(at=at(2), agent="Ana Ruiz", **in_queue))
    assert state(fed) is AgentState.RINGING
    fed.take(Connected(at=at(5), agent="Ana Ruiz", wait_seconds=4, **in_queue))
    assert state(fed) is AgentState.TALKING
    fed.take(Completed(at=at(9), agent="Ana Ruiz", wait_seconds=4, talk_seconds=4, by=EndedBy.AGENT, **in_queue))
    assert state(fed) is AgentState.AVAILABLE


def test_adviser_by_telephone_alone() -> None:
    fed = LiveEngine(ZONE)
    for second, (telephone, expected) in enumerate(
        [
            (Telephone.ABSENT, AgentState.SIGNED_OUT),
            (Telephone.RINGING, AgentState.RINGING),
            (Telephone.BUSY, AgentState.TALKING),
            (Telephone.FREE, AgentState.AVAILABLE),
        ]
    ):
        fed.agents.see(seen(second, telephone))
        assert state(fed) is expected
    fed.agents.see_all([], at(50))
    assert state(fed) is AgentState.SIGNED_OUT


def test_adviser_by_log_alone_in_any_order() -> None:
    told = [
        presence(0, PresenceChange.LOGGED_IN),
        presence(10, PresenceChange.PAUSED, reason="almuerzo"),
        presence(20, PresenceChange.UNPAUSED),
        presence(30, PresenceChange.PAUSED, queue="", reason="reunión"),
    ]
    random.Random(4).shuffle(told)
    (agent,) = engine(*told).snapshot(at(40)).agents
    assert (agent.state, agent.reason, agent.since) == (AgentState.PAUSED, "reunión", at(30))
    assert state(engine(*told, presence(35, PresenceChange.LOGGED_OUT))) is AgentState.SIGNED_OUT
    assert state(engine(*told, presence(35, PresenceChange.UNPAUSED, queue=""))) is AgentState.AVAILABLE


def test_member_messages_are_read() -> None:
    told = [one for message in messages("unfiltered_call") if (one := member(message))]
    assert {one.agent for one in told} == {"Ana Ruiz"}
    assert [one.telephone for one in told][:2] == [Telephone.RINGING, Telephone.BUSY]
    assert member(Message("QueueMemberStatus", "\r\nStatus: 1\r\n")) is None


# ── What is kept


def test_memory_follows_open_calls_and_not_calls_seen() -> None:
    fed = LiveEngine(ZONE)
    sizes = []
    for number in range(50_000):
        names = _named(f"{START}.{number}")
        begin = number / 4
        fed.take(QueueEntered(at=at(begin), **names))
        fed.take(QueueExited(at=at(begin + 9), reason=ExitReason.ABANDONED, wait_seconds=9, **names))
        if number % 1000 == 999:
            fed.settle(at(begin))
        if number in {30_000, 49_999}:
            gc.collect()
            sizes.append(_resident_bytes())
    assert fed.snapshot(at(26_000)).total.abandoned == 50_000
    assert sizes[1] - sizes[0] < 10_000_000  # a call kept is 2 kB


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _named(name: str) -> dict[str, Any]:
    return in_queue | {"call_id": name, "channel_id": name}
