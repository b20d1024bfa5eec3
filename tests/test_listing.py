"""The list behind a figure holds exactly the visits that the figure counts, whatever the telephone system told."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from core.errors import ConfigurationError, ProtocolError
from core.events import Event
from quality.metrics.aggregate import Aggregate
from quality.metrics.batch import Batch
from quality.metrics.figures import Tally, Thresholds
from quality.metrics.visits import Outcome
from storage import listing, passed_on
from storage.call_filter import CallFilter
from storage.database import connect
from storage.ledger import Ledger
from storage.listing import Cursor
from storage.migrate import upgrade
from storage.visits import visits
from telephony.queue_log.lines import DamagedLine
from telephony.queue_log.reader import Seconds
from tests.stories import events_of, log_of, uid
from tests.test_metrics_log import START, spoiled
from tests.test_metrics_log import log_of as random_log

THRESHOLDS = Thresholds(ghost_seconds=3, service_level_seconds=8)
IN_TIME_MS = THRESHOLDS.service_level_seconds * 1000
QUARTER = timedelta(minutes=15)
SEEDS = (1, 2, 3)


def told(log: list[bytes]) -> list[Event]:
    seconds = Seconds()
    events: list[Event] = []
    for line in log:
        decoded = seconds.events(line)
        events += [] if isinstance(decoded, DamagedLine) else decoded
    return events


def only(*outcomes: Outcome) -> frozenset[Outcome]:
    return frozenset(outcomes)


def figures(engine: Engine) -> Aggregate:
    aggregate = Aggregate(UTC, THRESHOLDS)
    for rows in visits(engine, None, None):
        aggregate.add(Batch.of(rows))
    return aggregate


def visits_listed(ledger: Ledger, **asked: Any) -> int:  # noqa: ANN401 - fields of a filter
    """Count the visits asked for, having seen that the list has the calls they are of, each once."""
    wanted = CallFilter(ghost_seconds=THRESHOLDS.ghost_seconds, **asked)
    counted = ledger.counts(wanted)
    listed = [call.call_id for call in ledger.calls(wanted, size=listing.MOST_COUNTED).calls]
    assert len(listed) == len(set(listed)) == counted.calls
    assert counted.visits is not None
    assert counted.calls <= counted.visits
    return counted.visits


@pytest.mark.parametrize("seed", SEEDS)
def test_a_list_has_what_its_figure_counts(ledger: Ledger, engine: Engine, seed: int) -> None:
    chance = random.Random(seed)
    ledger.apply(told(spoiled(chance, random_log(chance, 40, every=40, longest=60))))
    seen = figures(engine)
    quarters = [(begins, begins + QUARTER, tally) for begins, tally in seen.by_quarter_hour().items()]
    tables: list[tuple[dict[str, Any], Tally]] = [
        ({"outcomes": only(*Outcome)}, seen.total()),
        *(({"queue": queue}, tally) for queue, tally in seen.by_queue().items()),
        *(({"line": line, "outcomes": only(*Outcome)}, tally) for line, tally in seen.by_line().items()),
        *(
            ({"since": since, "until": until, "outcomes": only(*Outcome)}, tally)
            for since, until, tally in quarters[:2]
        ),
    ]
    for of, tally in tables:
        listed = {outcome: visits_listed(ledger, **(of | {"outcomes": only(outcome)})) for outcome in Outcome}
        assert listed == {outcome: getattr(tally, outcome) for outcome in Outcome}
        assert visits_listed(ledger, **of) == tally.offered
        in_time = of | {"wait_at_most_ms": IN_TIME_MS}
        assert visits_listed(ledger, **(in_time | {"outcomes": only(Outcome.ANSWERED)})) == tally.answered_within
        assert visits_listed(ledger, **(in_time | {"outcomes": only(Outcome.ABANDONED)})) == tally.abandoned_within
        late = of | {"wait_more_than_ms": IN_TIME_MS, "outcomes": only(Outcome.ANSWERED)}
        assert visits_listed(ledger, **late) == tally.answered - tally.answered_within
        known = of | {"talk_known": True, "outcomes": only(Outcome.ANSWERED)}
        assert visits_listed(ledger, **known) == tally.answered - tally.talk_unknown
        neither = only(*Outcome) - only(Outcome.GHOST)
        assert visits_listed(ledger, **(of | {"outcomes": neither})) == tally.offered - tally.ghost


@pytest.mark.parametrize("seed", SEEDS[:1])
def test_a_list_of_an_agent_has_his_conversations(ledger: Ledger, engine: Engine, seed: int) -> None:
    ledger.apply(told(random_log(random.Random(seed), 40, every=40, longest=60)))
    for agent, tally in figures(engine).by_agent.items():
        wanted = CallFilter(agent=agent)
        counted = ledger.counts(wanted)
        assert counted.conversations == tally.answered > 0
        mine = ledger.calls(wanted, size=500).calls
        assert all(agent in {leg.agent for visit in call.visits for leg in visit.legs} for call in mine)
        assert counted.calls == len(mine)
        assert {call.call_id for call in ledger.calls(CallFilter(answered_by=agent), size=500).calls} == {
            call.call_id for call in mine
        }


@pytest.mark.parametrize("seed", SEEDS[:1])
def test_a_list_of_rings_that_an_agent_let_pass(ledger: Ledger, engine: Engine, seed: int) -> None:
    ledger.apply(told(random_log(random.Random(seed), 60, every=40, longest=60)))
    unanswered = {agent: tally.rings_unanswered for agent, tally in figures(engine).by_agent.items()}
    assert sum(unanswered.values()) > 5
    for agent, rings in unanswered.items():
        wanted = CallFilter(unanswered_by=agent)
        counted = ledger.counts(wanted)
        assert counted.unanswered_rings == rings
        assert counted.calls == len(ledger.calls(wanted, size=500).calls)
        assert ledger.counts(CallFilter()).unanswered_rings is None


@pytest.mark.parametrize("seed", SEEDS)
def test_a_list_as_it_was_has_what_its_figure_counted_then(sqlite_ledger: Ledger, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    events = told(random_log(chance, 40, every=20, longest=60))
    sqlite_ledger.apply(events)
    for place in range(4):
        then = START + chance.randint(0, 40 * 20)
        moment = datetime.fromtimestamp(then, UTC)
        engine = connect(f"sqlite:///{tmp_path / f'then{place}.db'}")
        upgrade(engine)
        Ledger(engine).apply(event for event in events if event.at <= moment)
        seen = figures(engine)
        for of, tally in [({}, seen.total()), *(({"queue": queue}, one) for queue, one in seen.by_queue().items())]:
            asked: dict[str, Any] = of | {"as_of": moment}
            listed = {one: visits_listed(sqlite_ledger, outcomes=only(one), **asked) for one in Outcome}
            assert listed == {outcome: getattr(tally, outcome) for outcome in Outcome}
            assert visits_listed(sqlite_ledger, **asked) == tally.offered
            in_time = visits_listed(sqlite_ledger, outcomes=only(Outcome.ANSWERED), wait_at_most_ms=IN_TIME_MS, **asked)
            assert in_time == tally.answered_within
            known = visits_listed(sqlite_ledger, outcomes=only(Outcome.ANSWERED), talk_known=True, **asked)
            assert known == tally.answered - tally.talk_unknown
        for agent, one in seen.by_agent.items():
            assert sqlite_ledger.counts(CallFilter(agent=agent, as_of=moment)).conversations == one.answered
        engine.dispose()


def test_what_is_asked_is_asked_of_one_visit(ledger: Ledger) -> None:
    """Call 5 left one queue after a long wait, and was refused by another at once."""
    ledger.apply(events_of(log_of(range(8))))
    assert visits_listed(ledger, queue="atencion", outcomes=only(Outcome.CLOSED)) == 0
    assert visits_listed(ledger, queue="segunda", wait_more_than_ms=1000) == 0
    assert visits_listed(ledger, queue="segunda", outcomes=only(Outcome.CLOSED)) == 1
    assert visits_listed(ledger, outcomes=frozenset()) == 0


def test_who_waits_now_has_not_left(ledger: Ledger) -> None:
    ledger.apply(events_of(log_of(range(8))))
    (waiting,) = ledger.calls(CallFilter(waiting_now=True)).calls
    assert waiting.call_id == uid(7)


STORY = """\
1767280000|1767280000.1|NONE|NONE|LLAMADA|1767280000.1|018000|+573001234567
1767280000|1767280000.1|atencion|NONE|ENTERQUEUE||+573001234567|1
1767280005|1767280000.1|atencion|Ana|CONNECT|5|x|2
1767280040|1767280030.7|juridica|NONE|ENTERQUEUE||ana|1
1767280040|1767280039.8|juridica|NONE|ENTERQUEUE||+573009999999|2
1767280045|1767280000.1|atencion|Ana|ATTENDEDTRANSFER|BRIDGE|b|5|40|1
1767280050|1767280000.1|juridica|Beto|CONNECT|10|y|2
1767280080|1767280000.1|juridica|Beto|COMPLETECALLER|10|30|1
"""


def test_a_stay_under_two_channels_is_listed_once(ledger: Ledger, engine: Engine) -> None:
    ledger.apply(events_of(STORY.splitlines()))
    assert figures(engine).total().waiting == 1
    assert visits_listed(ledger, outcomes=only(Outcome.WAITING)) == 1
    assert visits_listed(ledger, queue="juridica") == 2
    assert visits_listed(ledger, outcomes=only(*Outcome)) == 3


def test_a_period_with_too_many_of_those_is_refused(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.apply(events_of(STORY.splitlines()))
    monkeypatch.setattr(passed_on, "MOST", 0)
    with pytest.raises(ConfigurationError, match="más corto"):
        ledger.calls(CallFilter(queue="juridica"))


def test_counting_ends_somewhere(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.apply(events_of(log_of(range(16))))
    monkeypatch.setattr(listing, "MOST_COUNTED", 5)
    assert ledger.counts(CallFilter()).calls == 5
    assert ledger.counts(CallFilter(queue="atencion")).visits == 5


def test_names_to_filter_by(ledger: Ledger) -> None:
    assert ledger.names() == listing.Names(lines=(), queues=(), agents=())
    ledger.apply(events_of(log_of(range(8))))
    assert ledger.names() == listing.Names(
        lines=("018000910123",), queues=("atencion", "segunda"), agents=("Ana Ruiz",)
    )


def test_a_page_tells_the_way_through_the_menus(ledger: Ledger) -> None:
    ledger.apply(events_of(log_of(range(8))))
    for call in ledger.calls().calls:
        assert [(step.menu, step.key) for step in call.steps] == [("principal", "1")]


@pytest.mark.parametrize(
    "said",
    [
        "",
        "x",
        "_1.1",
        "-1_1.1",
        "1e3_1.1",
        "1767280000000000_",
        "1767280000000000",
        "100000000000000000_1.1",
        "\u0661_1.1",
    ],
)
def test_no_place_in_the_list(said: str) -> None:
    with pytest.raises(ProtocolError, match="not a place"):
        Cursor.parse(said)


def test_a_place_in_the_list_is_read_as_it_was_written() -> None:
    place = Cursor(started_at=datetime.fromtimestamp(START, UTC) + timedelta(microseconds=7), call_id="1.1_2\ud800")
    assert Cursor.parse(str(place)) == Cursor(started_at=place.started_at, call_id="1.1_2?")


@pytest.mark.parametrize("text", ["\0", "\ud800", "a" * 5000, "' OR 1=1 --", "%", "_"])
def test_hostile_names_find_nothing(ledger: Ledger, text: str) -> None:
    ledger.apply(events_of(log_of(range(8))))
    assert ledger.call(text) is None
    for asked in ({"queue": text}, {"agent": text}, {"line": text}, {"answered_by": text}):
        assert ledger.calls(CallFilter(**asked)).calls == ()  # type: ignore[arg-type]  # each a text
        assert ledger.counts(CallFilter(**asked)).calls == 0  # type: ignore[arg-type]
