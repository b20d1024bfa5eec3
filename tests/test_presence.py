"""What advisers did: kept as it is told, read back as it was, and counted."""

import json
import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, func, select
from typer.testing import CliRunner

from contesta.cli import app
from contesta.from_ledger import past, since_then
from contesta.stats_ledger import add_ledger
from core.events import AgentPresence, Completed, Connected, EndedBy, Event, PresenceChange, QueueEntered, Source
from quality.metrics.agents import AgentNow, AgentState, Member, Telephone
from quality.metrics.aggregate import Aggregate, Period
from quality.metrics.attendance import MOST_UNWRITTEN, Attendance, Stretch
from quality.metrics.figures import AgentTally, Ratio, Thresholds
from quality.metrics.live import LiveEngine
from storage import migrations
from storage.ledger import Ledger
from storage.migrate import upgrade
from storage.presence import PresenceBook
from storage.tables import RingRow
from tests.stories import START, at, events_of, lines, live, log_of, restart

ZONE = ZoneInfo("America/Bogota")
MIDNIGHT = 50_000  # of the stories' seconds, in Bogotá


def seen(
    second: float, telephone: Telephone | None, pause: str = "", queue: str = "atencion", agent: str = "Ana Ruiz"
) -> Member:
    return Member(at=at(second), queue=queue, agent=agent, telephone=telephone, paused=bool(pause), reason=pause)


def kept(attendance: Attendance, second: float) -> list[tuple[float | None, float, list[Member]]]:
    """What is to be written, with seconds for moments."""

    def of(moment: datetime) -> float:
        return (moment - at(0)).total_seconds()

    return [
        (None if one.since is None else of(one.since), of(one.until), one.members)
        for one in attendance.unwritten(at(second))
    ]


# ── What is kept


def test_only_what_is_new_is_kept_and_it_began_when_it_was_first_told() -> None:
    attendance, free = Attendance(ZONE), seen(1, Telephone.FREE)
    attendance.picture([free], at(1))
    attendance.see(replace(free, at=at(2)))
    assert kept(attendance, 3) == [(1, 3, [free])]
    attendance.see(replace(free, at=at(4)))
    attendance.see(seen(5, Telephone.FREE, "almuerzo"))
    attendance.see(seen(6, Telephone.FREE, "almuerzo"))
    assert kept(attendance, 7) == [(None, 7, [seen(5, Telephone.FREE, "almuerzo")])]


def test_a_watch_gives_a_sign_of_life_when_nothing_happens() -> None:
    attendance = Attendance(ZONE)
    attendance.picture([], at(0))
    assert kept(attendance, 1) == [(0, 1, [])]
    assert kept(attendance, 5) == []
    assert kept(attendance, 6) == [(None, 6, [])]


def test_what_is_told_after_a_miss_is_kept_with_the_next_picture() -> None:
    attendance = Attendance(ZONE)
    busy, other = seen(3, Telephone.BUSY), seen(0, Telephone.FREE, agent="José")
    attendance.picture([seen(0, Telephone.FREE), other], at(0))
    attendance.miss(at(2))
    attendance.see(busy)
    assert kept(attendance, 4) == [(0, 2, [seen(0, Telephone.FREE), other])]
    assert kept(attendance, 60) == []
    attendance.picture([replace(busy, at=at(70)), seen(70, Telephone.FREE, agent="Eva")], at(70))
    assert kept(attendance, 71) == [(70, 71, [busy, seen(70, Telephone.FREE, agent="Eva")])]


def test_a_new_day_is_a_new_watch_and_no_time_is_lost() -> None:
    attendance, free = Attendance(ZONE), seen(MIDNIGHT - 9, Telephone.FREE)
    attendance.picture([free], free.at)
    kept(attendance, MIDNIGHT - 1)
    assert kept(attendance, MIDNIGHT + 1) == [
        (None, MIDNIGHT + 1, []),
        (MIDNIGHT + 1, MIDNIGHT + 1, [free]),
    ]


def test_whoever_left_and_is_told_to_have_left_again_is_no_news() -> None:
    attendance = Attendance(ZONE)
    attendance.picture([seen(0, Telephone.FREE)], at(0))
    kept(attendance, 1)
    for second in (2, 3):
        attendance.see(seen(second, None))
    assert kept(attendance, 4) == [(None, 4, [seen(2, None)])]


def test_what_is_told_last_holds_though_the_clock_was_set_back() -> None:
    attendance = Attendance(ZONE, [seen(100, Telephone.FREE)])
    attendance.picture([], at(100))
    attendance.see(seen(100, Telephone.FREE))
    kept(attendance, 100)
    attendance.see(seen(10, Telephone.BUSY))
    assert kept(attendance, 101) == [(None, 101, [seen(100, Telephone.BUSY)])]


def test_what_cannot_be_written_waits_and_when_it_is_too_much_a_new_watch_begins() -> None:
    attendance = Attendance(ZONE)
    attendance.picture([seen(0, Telephone.FREE)], at(0))
    first = attendance.unwritten(at(1))
    attendance.see(seen(2, Telephone.BUSY))
    attendance.put_back(first)
    assert kept(attendance, 3) == [(0, 1, [seen(0, Telephone.FREE)]), (None, 3, [seen(2, Telephone.BUSY)])]
    for second in range(3, MOST_UNWRITTEN + 10):
        attendance.see(seen(second, Telephone.FREE if second % 2 else Telephone.BUSY))
    attendance.put_back(attendance.unwritten(at(MOST_UNWRITTEN + 10)))
    (begun,) = attendance.unwritten(at(MOST_UNWRITTEN + 11))
    assert begun.since == at(MOST_UNWRITTEN + 10)
    assert [member.telephone for member in begun.members] == [Telephone.FREE]


# ── A working day at random, second by second

AGENTS = ("Ana Ruiz", "José", "Eva")
QUEUES = ("atencion", "juridica")
LENGTH = 400


class Day:
    """Who is where in each second; `watched` says in which seconds the manager interface tells."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)
        self.begin = chance.choice([0, MIDNIGHT - LENGTH // 2])
        self.truth: list[dict[tuple[str, str], Member]] = []
        self.watched: list[bool] = []
        now = {
            (agent, queue): seen(-1, Telephone.FREE, queue=queue, agent=agent) for agent in AGENTS for queue in QUEUES
        }
        for second in range(LENGTH):
            for agent in AGENTS:
                if chance.random() < 0.05:
                    telephone = chance.choice(list(Telephone))
                    now |= {key: replace(one, telephone=telephone) for key, one in now.items() if key[0] == agent}
                for queue in QUEUES:
                    if chance.random() < 0.03:
                        now.pop((agent, queue), None)
                    if chance.random() < 0.05:
                        others = [one for key, one in now.items() if key[0] == agent]
                        phone = others[0].telephone if others else Telephone.FREE
                        pause = chance.choice(["", "almuerzo"])
                        now[agent, queue] = seen(second, phone, pause, queue=queue, agent=agent)
            self.truth.append(dict(now))
            self.watched.append(chance.random() < (0.98 if not self.watched or self.watched[-1] else 0.1))
        self.watched[0] = True

    def at(self, second: int) -> datetime:
        return at(self.begin + second)

    def stretches(self, chance: random.Random) -> list[Stretch]:
        """What the listener would write of this day."""
        attendance, written = Attendance(ZONE), list[Stretch]()
        for second, truth in enumerate(self.truth):
            now, before = self.at(second), self.truth[second - 1] if second else {}
            if self.watched[second] and not (second and self.watched[second - 1]):
                attendance.picture([replace(one, at=now) for one in truth.values()], now)
            elif self.watched[second]:
                for key, one in before.items():
                    if key not in truth:
                        attendance.see(replace(one, at=now, telephone=None))
                for one in truth.values():
                    attendance.see(replace(one, at=now))
            else:
                attendance.miss(now)
            if chance.random() < 0.3:
                written += attendance.unwritten(now)
        attendance.miss(self.at(LENGTH))
        return written + attendance.unwritten(self.at(LENGTH))

    def times(self, agent: str, begin: datetime, end: datetime) -> tuple[int, int]:
        """Milliseconds logged in and paused, counted one by one."""
        logged_in = paused = 0
        for second, truth in enumerate(self.truth):
            stays = [one for (name, _), one in truth.items() if name == agent]
            there = stays and stays[0].telephone is not Telephone.ABSENT
            if self.watched[second] and there and begin <= self.at(second) < end:
                logged_in += 1000
                paused += 1000 * all(one.paused for one in stays)
        return logged_in, paused


def write(engine: Engine, stretches: Iterable[Stretch]) -> PresenceBook:
    book = PresenceBook(engine)
    for stretch in stretches:
        book.write(stretch)
    return book


def counted(url: str, now: datetime, period: Period | None = None) -> tuple[dict[str, AgentTally], float]:
    figures = Aggregate(ZONE, Thresholds(), period)
    unwatched = add_ledger(figures, url, now)
    return dict(figures.by_agent), unwatched


@pytest.mark.parametrize("seed", range(6))
def test_times_are_those_counted_second_by_second(engine: Engine, database_url: str, seed: int) -> None:
    day = Day(seed)
    write(engine, day.stretches(random.Random(seed)))
    whole, unwatched = counted(database_url, day.at(LENGTH))
    assert unwatched == LENGTH - sum(day.watched)
    first = day.at(0).astimezone(ZONE).date()
    begin, midnight = day.at(-1), datetime.combine(first + timedelta(days=1), datetime.min.time(), ZONE)
    of_first, _ = counted(database_url, day.at(LENGTH), Period(first=first, last=first))
    for agent in AGENTS:
        told, of_day = whole.get(agent, AgentTally()), of_first.get(agent, AgentTally())
        assert (told.logged_in_ms, told.paused_ms) == day.times(agent, begin, day.at(LENGTH))
        assert (of_day.logged_in_ms, of_day.paused_ms) == day.times(agent, begin, midnight)


@pytest.mark.parametrize("seed", range(6))
def test_a_past_moment_shows_who_was_there(engine: Engine, seed: int) -> None:
    day = Day(seed)
    write(engine, day.stretches(random.Random(seed)))
    for second in random.Random(seed).sample([one for one in range(LENGTH) if day.watched[one]], 12):
        shown = past(engine, ZONE, Thresholds(), day.at(second)).snapshot(day.at(second)).agents
        truth = LiveEngine(ZONE)
        truth.agents.see_all([replace(one, at=day.at(second)) for one in day.truth[second].values()], day.at(second))
        assert [one for one in map(what, shown) if one[1]] == [
            what(one) for one in truth.snapshot(day.at(second)).agents
        ]


def what(agent: AgentNow) -> tuple[object, ...]:
    return agent.agent, agent.queues, agent.serving, agent.state, agent.reason


def test_a_moment_that_nobody_watched_shows_no_state(engine: Engine) -> None:
    write(engine, [Stretch(since=at(0), until=at(60), members=[seen(0, Telephone.FREE)])])
    assert [one.state for one in past(engine, ZONE, Thresholds(), at(65)).agents.now()] == [AgentState.AVAILABLE]
    assert past(engine, ZONE, Thresholds(), at(90)).agents.now() == ()


def test_what_happened_lately_comes_in_order_with_what_advisers_did(engine: Engine) -> None:
    Ledger(engine).apply(events_of(log_of(range(20), restart(40))))
    write(
        engine, [Stretch(since=at(0), until=at(60), members=[seen(n, Telephone.FREE, str(n % 2)) for n in range(60)])]
    )
    told = since_then(engine, at(20), at(50))
    assert [one.at for one in told] == sorted(one.at for one in told)
    assert all(at(20) < one.at <= at(50) for one in told)
    assert sum(isinstance(one, Member) for one in told) == 30
    events = {one for one in events_of(log_of(range(20), restart(40))) if at(20) < one.at <= at(50)}
    assert {replace(one, order=0) for one in told if isinstance(one, Event)} == {
        replace(one, order=0) for one in events
    }


# ── Beside calls, and where nobody watched


def answered(second: int, talk: int) -> list[Event]:
    names: dict[str, Any] = {"call_id": f"{START + second}.1", "channel_id": f"{START + second}.1"}
    names |= {"source": Source.QUEUE_LOG, "queue": "atencion"}
    done = Completed(
        at=at(second + talk), agent="Ana Ruiz", wait_seconds=0, talk_seconds=talk, by=EndedBy.AGENT, **names
    )
    return [
        QueueEntered(at=at(second), **names),
        Connected(at=at(second), agent="Ana Ruiz", wait_seconds=0, **names),
        done,
    ]


def test_talk_that_nobody_watched_has_no_part_in_the_occupancy(engine: Engine, database_url: str) -> None:
    free = [seen(0, Telephone.FREE)]
    write(
        engine, [Stretch(since=at(0), until=at(100), members=free), Stretch(since=at(200), until=at(300), members=free)]
    )
    Ledger(engine).apply([*answered(80, 40), *answered(150, 10), *answered(190, 20), *answered(250, 20)])
    tallies, unwatched = counted(database_url, at(310))
    ana = tallies["Ana Ruiz"]
    assert unwatched == 110
    assert (ana.talk_ms, ana.logged_in_ms) == (90_000, 200_000)
    assert ana.unwatched_talk_ms == (20 + 10 + 10) * 1000
    assert ana.occupancy == Ratio(50_000, 200_000)


def test_before_anybody_watched_a_log_counts_as_in_a_log(engine: Engine, database_url: str) -> None:
    told: dict[str, Any] = {"call_id": "", "channel_id": "", "source": Source.QUEUE_LOG, "agent": "Ana Ruiz"}
    told |= {"queue": "atencion"}
    Ledger(engine).apply(
        [
            AgentPresence(at=at(0), change=PresenceChange.LOGGED_IN, **told),
            AgentPresence(at=at(30), change=PresenceChange.PAUSED, **told),
            *answered(150, 50),
        ]
    )
    tallies, unwatched = counted(database_url, at(10_000))
    assert (tallies["Ana Ruiz"].logged_in_ms, tallies["Ana Ruiz"].paused_ms, unwatched) == (200_000, 170_000, 0)
    write(engine, [Stretch(since=at(100), until=at(140), members=[seen(100, Telephone.FREE)])])
    tallies, unwatched = counted(database_url, at(160))
    assert (tallies["Ana Ruiz"].logged_in_ms, tallies["Ana Ruiz"].paused_ms, unwatched) == (140_000, 70_000, 20)


PRESENCE_LOG = """\
1772629000|NONE|voz|Ana Ruiz|ADDMEMBER|
1772629010|NONE|chat|Ana Ruiz|ADDMEMBER|
1772629020|NONE|voz|Ana Ruiz|PAUSE|almuerzo
1772629060|NONE|chat|Ana Ruiz|PAUSE|almuerzo
1772629090|NONE|NONE|Ana Ruiz|UNPAUSEALL|
1772629100|NONE|voz|José|PAUSE|baño
1772629140|1.1|voz|NONE|ENTERQUEUE||+573001234567|1
1772629145|1.1|voz|José|RINGNOANSWER|5000
1772629146|1.1|voz|José|RINGNOANSWER|0
1772629150|1.1|voz|Ana Ruiz|CONNECT|10|x|3
1772629270|1.1|voz|Ana Ruiz|COMPLETEAGENT|10|120|1
1772629280|NONE|voz|José|UNPAUSE|
1772629290|NONE|voz|Ana Ruiz|REMOVEMEMBER|
1772629400|1.3|voz|NONE|ENTERQUEUE||anonymous|1
1772715600|NONE|chat|Ana Ruiz|REMOVEMEMBER|
1772715601|1.6|chat|NONE|ENTERQUEUE||anonymous|1
"""


@pytest.mark.parametrize("period", [(), ("--from", "2026-03-05"), ("--to", "2026-03-04")])
def test_a_ledger_made_of_a_log_tells_of_advisers_what_the_log_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, period: tuple[str, ...]
) -> None:
    monkeypatch.setenv("CONTESTA_DATA_DIR", str(tmp_path))
    log = tmp_path / "queue_log"
    log.write_text(PRESENCE_LOG, encoding="utf-8")

    def typed(*arguments: str) -> Any:  # noqa: ANN401 - whatever the program prints
        result = CliRunner().invoke(app, list(arguments))
        assert result.exit_code == 0, result.output
        return json.loads(result.output) if "--json" in arguments else result.output

    typed("import", str(log))
    of_log, of_ledger = typed("stats", "--json", "--queue-log", str(log), *period), typed("stats", "--json", *period)
    assert of_ledger["by_agent"] == of_log["by_agent"]
    if not period:
        ana, jose = of_ledger["by_agent"]["Ana Ruiz"], of_ledger["by_agent"]["José"]
        assert (ana["logged_in_seconds"], ana["paused_seconds"]) == (86_600, 30)
        assert ana["occupancy"] == 120 / 86_570
        assert (jose["rings_unanswered"], jose["paused_seconds"]) == (2, 180)
        assert "Sin conexión a la central" not in typed("stats")


# ── Rings, and ledgers that were there before


def rings(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(RingRow)) or 0


def test_a_ledger_from_before_gets_its_rings(engine: Engine) -> None:
    told = [one for n in range(20) for one in live(n)] + events_of(log_of(range(20)))
    Ledger(engine).apply(told)
    before = rings(engine)
    assert before > 5
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0004")
    upgrade(engine)
    assert rings(engine) == before


# ── Beginning from the ledger


def figures(engine: LiveEngine, now: datetime) -> object:
    """What is shown, but for the names of calls: the ledger knows better which channels are one."""
    look = engine.snapshot(now)
    return (
        look.total,
        {name: (one.today, one.free, one.present, one.expected_wait_ms) for name, one in look.queues.items()},
        look.today.by_quarter_hour(),
        dict(look.today.by_agent),
        [(one.number, one.queue, one.entered_at, one.wait_ms) for one in look.waiting],
        look.open_calls,
        [(one.agent, one.state, one.queues) for one in look.agents if one.state is not AgentState.SIGNED_OUT],
    )


@pytest.mark.parametrize("seed", range(4))
def test_an_engine_of_a_past_moment_is_the_one_that_had_been_told_till_then(engine: Engine, seed: int) -> None:
    chance = random.Random(seed)
    events = [*events_of(log_of(range(120), restart(350))), *(one for n in range(120) for one in live(n))]
    Ledger(engine).apply(events)
    for _ in range(4):
        second = chance.uniform(10, 500)
        told = LiveEngine(ZONE)
        for event in events:
            if event.at <= at(second):
                told.take(event)
        assert figures(past(engine, ZONE, Thresholds(), at(second)), at(second)) == figures(told, at(second))


def test_late_lines_of_a_call_that_the_ledger_had_settled_do_not_count_again(engine: Engine) -> None:
    Ledger(engine).apply(events_of(log_of(range(8))))
    begun = past(engine, ZONE, Thresholds(), at(1000))
    before = begun.snapshot(at(1000)).total
    for event in events_of(lines(0)):
        begun.take(event)
    assert begun.snapshot(at(1001)).total == before
    assert begun.late > 0
