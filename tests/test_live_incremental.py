"""What the live engine shows at any moment is what a fold from nothing would show of all that it was told by then."""

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import (
    AgentRang,
    CallEnded,
    CallStarted,
    Completed,
    Connected,
    EndedBy,
    Event,
    ExitReason,
    QueueEntered,
    QueueExited,
    RingEnded,
    RingResult,
    Source,
    SystemRestarted,
)
from quality.metrics.aggregate import Aggregate, Period
from quality.metrics.batch import Batch
from quality.metrics.figures import Thresholds
from quality.metrics.history import CallHistory, Outcome, build
from quality.metrics.live import LiveEngine, Snapshot
from quality.metrics.rows import Row, Settling, rows_of
from tests import stories as of_stories
from tests.stories import START, events_of, live, log_of, restart

ZONE = ZoneInfo("America/Bogota")
LATEST_SECONDS = 55  # less than what a call that is over is kept
LOOKS = 10
BEFORE_MIDNIGHT_SECONDS = 49_880  # from the beginning of the stories to two minutes before a midnight in Bogotá
AGENTS = ("Ana Ruiz", "José Díaz")


# ── The fold from nothing


def calls_of(events: Iterable[Event]) -> list[CallHistory]:
    """Fold everything anew, each call from all events of the channels that belong to it."""
    told = list(events)
    restarts = sorted({event.at for event in told if isinstance(event, SystemRestarted)})
    call_of: dict[str, set[str]] = {}
    for event in told:
        names = call_of.get(event.channel_id, {event.channel_id}) | call_of.get(event.call_id, {event.call_id})
        call_of |= dict.fromkeys(names, names)
    by_call: defaultdict[frozenset[str], list[Event]] = defaultdict(list)
    for event in told:
        if event.channel_id:
            by_call[frozenset(call_of[event.channel_id])].append(event)
    return [
        build(of_call, [when for when in restarts if when >= min(event.at for event in of_call)])
        for of_call in by_call.values()
    ]


def adopted(calls: Iterable[CallHistory]) -> tuple[list[Row], set[str]]:
    """Return the rows that count, and the calls of which none does because others go on with them."""
    rows = {call.call_id: rows_of(call) for call in calls}
    settling = Settling()
    counted = settling.take(row for of_call in rows.values() for row in of_call) + settling.rest()
    kept = set(map(id, counted))
    return counted, {call for call, of_call in rows.items() if of_call and not kept & set(map(id, of_call))}


def tables(figures: Aggregate) -> object:
    return (
        figures.total(),
        figures.by_queue(),
        figures.by_line(),
        figures.by_quarter_hour(),
        figures.by_transfer_area(),
        dict(figures.by_agent),
    )


def check(snapshot: Snapshot, told: Iterable[Event]) -> None:
    calls = calls_of(told)
    rows, gone_on_with = adopted(calls)
    figures = Aggregate(ZONE, Thresholds(), Period(first=snapshot.day, last=snapshot.day))
    figures.add(Batch.of(rows))
    assert tables(snapshot.today) == tables(figures)
    assert snapshot.balances
    waiting = {
        (visit.entered_at, visit.queue)
        for call in calls
        if call.call_id not in gone_on_with
        for visit in call.visits
        if visit.result is Outcome.WAITING and visit.left_at is None
    }
    assert {(caller.entered_at, caller.queue) for caller in snapshot.waiting} == waiting


# ── What it is told


def at(second: float) -> datetime:
    return of_stories.at(BEFORE_MIDNIGHT_SECONDS + second)


def call(number: int, kind: int, begin: float) -> list[Event]:
    """A call whose waits and talks the two sources measure differently; some are passed on, some never end."""
    name = f"{START + int(begin)}.{number}"
    names: dict[str, Any] = {"call_id": name, "channel_id": name, "source": Source.QUEUE_LOG}
    queue, agent = names | {"queue": ("atencion", "juridica")[kind % 2]}, AGENTS[number % 2]
    wait = 3 + kind
    told: list[Event] = [
        CallStarted(at=at(begin), line=("a", "b")[number % 2], number="anonymous", **names),
        QueueEntered(at=at(begin), **queue),
        AgentRang(at=at(begin + 1), agent=agent, **(queue | {"source": Source.AMI})),
    ]
    if kind in {0, 1, 2}:
        ring = RingEnded(at=at(begin + 3), agent=agent, ring_ms=2000, result=RingResult.NO_ANSWER, **queue)
        connected = Connected(at=at(begin + wait), agent=agent, wait_seconds=wait, **queue)
        by, target = (EndedBy.BLIND_TRANSFER, "700") if kind == 2 else (EndedBy.AGENT, "")
        done = Completed(
            at=at(begin + wait + 9), agent=agent, wait_seconds=wait, talk_seconds=9, by=by, target=target, **queue
        )
        told += [ring, connected, done]
    elif kind in {3, 4}:
        told += [QueueExited(at=at(begin + wait), reason=ExitReason.ABANDONED, wait_seconds=wait, **queue)]
    if kind != 5:
        told += [CallEnded(at=told[-1].at, by=EndedBy.CALLER, cause=16, **names)]
    return told + [replace(one, source=Source.AMI, at=one.at + timedelta(milliseconds=400)) for one in told[1:]]


def consulted(number: int, begin: float) -> list[Event]:
    """An attended transfer into a queue: the entry stands under the consultation, the rest under the citizen."""
    first = call(number, 0, begin)
    citizen: dict[str, Any] = {
        "call_id": first[0].call_id,
        "channel_id": first[0].channel_id,
        "source": Source.QUEUE_LOG,
    }
    consultation = citizen | {"call_id": f"{START + number}.77", "channel_id": f"{START + number}.77"}
    kept = [one for one in first if not isinstance(one, CallEnded)]
    transferred = [replace(one, by=EndedBy.ATTENDED_TRANSFER) if isinstance(one, Completed) else one for one in kept]
    agent: dict[str, Any] = {"queue": "segunda", "agent": AGENTS[0], "wait_seconds": 6}
    return [
        *transferred,
        QueueEntered(at=at(begin + 8), queue="segunda", **consultation),
        Connected(at=at(begin + 14), **agent, **citizen),
        Completed(at=at(begin + 20), talk_seconds=6, by=EndedBy.AGENT, **agent, **citizen),
        CallEnded(at=at(begin + 20), by=EndedBy.AGENT, cause=16, **citizen),
    ]


def stories(chance: random.Random) -> list[Event]:
    """Return some calls of every kind over some minutes about a midnight, with a restart now and then."""
    numbers = range(chance.randint(1, 25))
    told = [one for n in numbers for one in call(n, chance.randrange(7), chance.randrange(240))]
    if chance.random() < 0.5:
        told += consulted(100, chance.randrange(200))
    if chance.random() < 0.3:
        when = at(chance.randrange(260))
        told += [SystemRestarted(at=when, call_id="", channel_id="", source=Source.QUEUE_LOG)]
    return told


def play(events: list[Event], chance: random.Random) -> None:
    """Let events come late, twice and in any order, and look every now and then."""
    arriving = [(event.at + timedelta(seconds=chance.uniform(0, LATEST_SECONDS)), event) for event in events]
    arriving += [(now + timedelta(seconds=0.5), event) for now, event in chance.choices(arriving, k=len(events) // 4)]
    arriving.sort(key=lambda one: one[0])
    engine, told, looks = LiveEngine(ZONE), list[Event](), LOOKS / len(arriving)
    for now, event in arriving:
        engine.take(event)
        told.append(event)
        if chance.random() < 2 * looks:
            engine.fold(chance.randrange(5))
        if chance.random() < looks:
            check(engine.snapshot(now), told)
    last = arriving[-1][0]
    check(engine.snapshot(last), told)
    check(engine.snapshot(last + timedelta(seconds=30)), told)
    assert engine.late == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(min_value=0))
def test_every_look_shows_what_a_fold_from_nothing_shows(seed: int) -> None:
    chance = random.Random(seed)
    play(stories(chance), chance)


@settings(max_examples=8, deadline=None)
@given(st.integers(min_value=0))
def test_so_do_calls_of_two_sources(seed: int) -> None:
    chance = random.Random(seed)
    play(events_of(log_of(range(24), restart(150))) + [one for n in range(24) for one in live(n)], chance)


def test_a_look_is_not_changed_by_what_comes_after_it() -> None:
    engine = LiveEngine(ZONE)
    shown: list[tuple[Snapshot, object]] = []
    for number in range(40):
        for event in call(number, number % 7, 3 * number):
            engine.take(event)
            shown.append((look := engine.snapshot(at(3 * number)), tables(look.today)))
    assert all(tables(look.today) == told for look, told in shown)


def test_folding_in_slices_ends_and_gives_the_same() -> None:
    told = [one for n in range(50) for one in call(n, n % 7, n)]
    whole, sliced = LiveEngine(ZONE), LiveEngine(ZONE)
    for event in told:
        whole.take(event)
        sliced.take(event)
    slices = 1
    while not sliced.fold(3):
        slices += 1
    assert slices == 17
    assert tables(sliced.snapshot(at(60)).today) == tables(whole.snapshot(at(60)).today)
