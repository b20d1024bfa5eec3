"""A ledger with gaps, repaired from queue_log; what cannot be repaired raises an alert."""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from contesta.comparison import compare, differences
from contesta.listener import LOG_NAME, Listener
from contesta.reconciliation import Reconciler, files_of, next_night, reconcile
from contesta.settings import Settings
from core.events import CallVanished, Source
from quality.metrics.history import Outcome, Reason
from storage.database import connect
from storage.ledger import Ledger, LogPosition
from storage.migrate import upgrade
from telephony.ami.connection import Account
from telephony.queue_log.tailer import Position, Tailer
from tests.fake_manager import SECRET, USER, FakeManager, fake_manager
from tests.stories import at, events_of, lines, live, log_of, restart, uid

CALLS = 16
BOGOTA = ZoneInfo("America/Bogota")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return written(tmp_path / "queue_log", log_of(range(CALLS), restart(400)))


def written(path: Path, told: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in told), encoding="utf-8")
    return path


def test_gap_is_repaired_from_the_log(sqlite_ledger: Ledger, log: Path) -> None:
    told = log_of(range(CALLS), restart(400))
    sqlite_ledger.apply(events_of(told[: len(told) // 3] + told[len(told) // 2 :]))
    with capture_logs() as logs:
        result = reconcile(sqlite_ledger, [log])
    assert result.found
    assert result.remaining == ()
    assert result.repaired_calls == {difference.call_id for difference in result.found}
    assert differences(sqlite_ledger, [log]) == []
    assert logs == []
    assert reconcile(sqlite_ledger, [log]).found == ()


def test_what_the_live_feed_supposed_gives_way_to_the_log(sqlite_ledger: Ledger, log: Path) -> None:
    """In a gap a call seemed gone: it had been answered, and the listener never read the lines."""
    sqlite_ledger.apply([*events_of(lines(0)[:3]), *live(0)[:2]])
    sqlite_ledger.apply([CallVanished(at=at(9), call_id=uid(0), channel_id=uid(0), source=Source.INFERRED)])
    (before,) = sqlite_ledger.every_call()
    assert (before.visits[0].result, before.visits[0].reason) == (Outcome.LOST, Reason.VANISHED)
    result = reconcile(sqlite_ledger, [written(log, lines(0))])
    assert result.remaining == ()
    (after,) = sqlite_ledger.every_call()
    assert after.visits[0].result is Outcome.ANSWERED
    assert not after.lost


def test_call_that_the_log_does_not_know_raises_an_alert(sqlite_ledger: Ledger, log: Path) -> None:
    sqlite_ledger.apply([*events_of(log_of(range(CALLS), restart(400))), *live(CALLS)])
    with capture_logs() as logs:
        result = reconcile(sqlite_ledger, [log])
    assert {(one.call_id, one.fact) for one in result.remaining} == {(named(), "está")}
    assert result.repaired_calls == frozenset()
    (alert,) = logs
    assert (alert["log_level"], alert["calls"], alert["first"]) == ("error", 1, [named()])


def named() -> str:
    """The older channel that the live feed links call number CALLS to."""
    return live(CALLS)[0].call_id


def test_restart_that_only_the_log_knows_ends_what_went_on(sqlite_ledger: Ledger, log: Path) -> None:
    sqlite_ledger.apply(events_of(log_of(range(CALLS))))
    assert sqlite_ledger.open_calls()
    assert reconcile(sqlite_ledger, [log]).remaining == ()
    assert not sqlite_ledger.open_calls()


def test_only_calls_at_rest_and_of_the_period_are_compared(sqlite_ledger: Ledger, log: Path) -> None:
    late = log_of(range(4000, 4004))
    written(log, log_of(range(CALLS)) + late)

    def missing(**bounds: datetime) -> set[str]:
        return {one.call_id for one in compare(sqlite_ledger, [log], **bounds).differences}

    assert missing() == {uid(call) for call in [*range(CALLS), *range(4000, 4004)]}
    assert missing(since=at(6000)) == {uid(call) for call in range(4000, 4004)}
    assert missing(settled_before=at(3600)) == {uid(call) for call in range(CALLS)}
    assert missing(since=at(13_000), settled_before=at(13_000)) == set()


def test_rotated_files_belong_to_the_log(tmp_path: Path) -> None:
    for name in ("queue_log", "queue_log.1", "queue_log-20260101.gz", "queue_log.part", "queue_log_old"):
        written(tmp_path / name, ["1|1.1|NONE|NONE|X"])
    assert {file.name for file in files_of(tmp_path / "queue_log")} == {
        "queue_log",
        "queue_log.1",
        "queue_log-20260101.gz",
    }
    later = datetime.now(UTC) + timedelta(hours=1)
    assert files_of(tmp_path / "queue_log", since=later) == [tmp_path / "queue_log"]
    assert files_of(tmp_path / "nowhere" / "queue_log") == []


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 1, 1, 8, 29, tzinfo=UTC), datetime(2026, 1, 1, 8, 30, tzinfo=UTC)),
        (datetime(2026, 1, 1, 8, 30, tzinfo=UTC), datetime(2026, 1, 2, 8, 30, tzinfo=UTC)),
        (datetime(2026, 1, 1, 3, 0, tzinfo=UTC), datetime(2026, 1, 1, 8, 30, tzinfo=UTC)),
    ],
)
def test_next_night_is_by_the_clock_of_the_line(now: datetime, expected: datetime) -> None:
    assert next_night(now, time(3, 30), BOGOTA) == expected


def test_listener_reconciles_by_itself_after_a_gap(sqlite_url: str, tmp_path: Path) -> None:
    """Lines that the listener's place in the log has passed, as after a database was put back from a copy."""
    now = int(datetime.now(UTC).timestamp()) - 60
    call = f"{now}.1"
    log = written(
        tmp_path / "queue_log",
        [
            f"{now}|{call}|NONE|NONE|LLAMADA|{call}|018000910123|anonymous",
            f"{now + 1}|{call}|atencion|NONE|ENTERQUEUE||anonymous|1",
            f"{now + 9}|{call}|atencion|NONE|ABANDON|1|1|8",
            f"{now + 9}|{call}|NONE|NONE|FIN|caller|16",
        ],
    )
    engine = connect(sqlite_url)
    upgrade(engine)
    ledger = Ledger(engine)
    ledger.apply([], LogPosition(name=LOG_NAME, position=json.dumps(asdict(end_of(log)))))

    async def play(fake: FakeManager) -> None:
        reconciler = Reconciler(ledger, log, time(3, 30), BOGOTA)
        account = Account(port=fake.port, username=USER, secret=SECRET)
        listener = Listener(engine, log, account, reconciler.after_gap)
        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            reconciling = tasks.create_task(reconciler.run(after_gap_seconds=0.1))
            listening = tasks.create_task(listener.run())
            while not await asyncio.to_thread(ledger.every_call):  # noqa: ASYNC110 - the ledger does not call back
                await asyncio.sleep(0.05)
            listener.stop()
            await listening
            reconciling.cancel()

    async def scene() -> None:
        async with fake_manager() as fake:
            await play(fake)

    with capture_logs() as logs:
        asyncio.run(scene())
    (stored,) = ledger.every_call()
    assert stored.visits[0].result is Outcome.ABANDONED
    (told,) = [entry for entry in logs if entry["event"] == "reconciled"]
    assert (told["reason"], told["repaired_calls"], told["remaining"]) == ("gap", 1, 0)
    engine.dispose()


def end_of(log: Path) -> Position:
    position = Tailer(log).read().position
    assert position
    return position


def typed(settings: Settings, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "contesta", "reconcile", *words],
        env=os.environ | {"CONTESTA_DATA_DIR": str(settings.data_dir), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_reconcile_as_it_is_typed(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    log = [line.replace("COMPLETEAGENT|7|20", "COMPLETEAGENT|7|21") for line in log_of([*range(15), 16])]
    written(settings.queue_log, log)
    engine = connect(settings.ledger_url)
    upgrade(engine)
    Ledger(engine).apply(events_of(log_of(range(CALLS))))
    engine.dispose()

    checked = typed(settings, "--check", "--json")
    assert checked.returncode == 1
    assert [tuple(found.values()) for found in json.loads(checked.stdout)["remaining"]] == [
        (uid(0), "atencion 1 0 Ana Ruiz talk_ms", "20000", "21000"),
        (uid(15), "está", "sí", "\N{EN DASH}"),
        (uid(16), "está", "\N{EN DASH}", "sí"),
    ]
    repaired = typed(settings)
    assert repaired.returncode == 1
    assert "Reparado desde queue_log: 1 llamadas" in repaired.stdout
    assert "Diferencias: 2" in repaired.stdout
    (alert,) = [json.loads(line) for line in repaired.stderr.splitlines()]
    assert (alert["level"], alert["first"]) == ("error", [uid(0), uid(15)])
    written(settings.queue_log, log_of(range(17)))
    equal = typed(settings)
    assert (equal.returncode, equal.stdout) == (0, "El libro de llamadas es igual a queue_log.\n")
    assert "No puedo leer" in typed(settings, str(tmp_path / "nowhere")).stderr
