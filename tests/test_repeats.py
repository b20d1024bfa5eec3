"""Who came back after being told that it was solved: from the facts of calls to the figure."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from contesta import cli
from core.events import (
    CallEnded,
    CallStarted,
    Completed,
    Connected,
    EndedBy,
    Event,
    ExitReason,
    QueueEntered,
    QueueExited,
    Resolution,
    Source,
    WorkEnded,
)
from quality.metrics.repeats import Repeats, repeats
from storage.contacts import contacts
from storage.ledger import Ledger

DAY = timedelta(days=1)
MAY = datetime(2026, 5, 1, 5, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, 5, tzinfo=UTC)
NOW = datetime(2026, 6, 5, tzinfo=UTC)
QUEUE, ANA = "atencion", "Ana Ruiz"


def call(
    name: str, at: datetime, person: int, subject: str = "", *, line: str = "anm", waits: int | None = None
) -> list[Event]:
    """A call of two minutes that an adviser answered, or with `waits` one that was abandoned after so many seconds."""
    of: Any = {"call_id": name, "channel_id": name, "source": Source.QUEUE_LOG}
    number = f"+573{person:09}" if person else "anonymous"
    told: list[Event] = [
        CallStarted(at=at, line=line, number=number, **of),
        QueueEntered(at=at, queue=QUEUE, **of),
    ]
    if waits is not None:
        gone = at + timedelta(seconds=waits)
        return [
            *told,
            QueueExited(at=gone, queue=QUEUE, reason=ExitReason.ABANDONED, wait_seconds=waits, **of),
            CallEnded(at=gone, by=EndedBy.CALLER, **of),
        ]
    ended = at + timedelta(minutes=2)
    told += [
        Connected(at=at + timedelta(seconds=9), queue=QUEUE, agent=ANA, wait_seconds=9, **of),
        Completed(at=ended, queue=QUEUE, agent=ANA, wait_seconds=9, talk_seconds=111, by=EndedBy.CALLER, **of),
        CallEnded(at=ended, by=EndedBy.CALLER, cause=16, **of),
    ]
    if subject:
        solved = Resolution.SOLVED if subject != "zeta" else Resolution.ESCALATED
        told.append(
            WorkEnded(
                at=ended,
                queue=QUEUE,
                agent=ANA,
                disposition=subject,
                title=subject,
                resolution=solved,
                by=ANA,
                limit_seconds=0,
                **of,
            )
        )
    return told


def calls() -> list[Event]:
    tenth = MAY + 9 * DAY
    return [
        *call("1.1", tenth, 1, "rucom"),  # came back about it after three days
        *call("1.2", tenth + 3 * DAY, 1, "rucom"),  # and not again: eight days later it was another time
        *call("1.3", tenth + 11 * DAY, 1, "rucom"),
        *call("2.1", tenth, 2, "rucom"),  # called about something else
        *call("2.2", tenth + DAY, 2, "zeta"),
        *call("3.1", tenth, 3, "rucom"),  # gave up waiting: nobody knows about what
        *call("3.2", tenth + DAY, 3, waits=30),
        *call("4.1", tenth, 4, "rucom"),  # a ghost, a call to another line, and one that we placed
        *call("4.2", tenth + DAY, 4, waits=2),
        *call("4.3", tenth + DAY, 4, line="art"),
        *call("cb-4-1", tenth + DAY, 4, "rucom"),
        *call("5.1", tenth, 0, "rucom"),  # nobody that could be known again
        *call("6.1", JUNE - DAY, 6, "rucom"),  # the days are not over
        *call("7.1", MAY - DAY, 7, "rucom"),  # of April
        *call("8.1", JUNE - 9 * DAY, 8, "rucom"),  # came back in the next month
        *call("8.2", JUNE - 3 * DAY, 8),
    ]


def test_who_came_back_about_the_same_is_counted_once_the_days_are_over(engine: Engine) -> None:
    Ledger(engine).apply(calls())
    found = repeats(contacts(engine, MAY, JUNE, 7, 5), MAY, JUNE, NOW, 7)
    assert found == Repeats(days=7, solved=8, came_back=3, pending=1)
    assert found.share.value == 3 / 8
    one = repeats(contacts(engine, MAY, JUNE, 1, 5), MAY, JUNE, NOW, 1)
    assert (one.came_back, one.pending) == (1, 0), "within a day, only who gave up waiting"
    nothing = repeats(contacts(engine, JUNE, None, 7, 5), JUNE, None, NOW, 7)
    assert nothing.share.value is None


def test_stats_tell_it_beside_what_advisers_say(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Ledger(sqlite_engine).apply(calls())
    monkeypatch.setenv("CONTESTA_DATABASE_URL", str(sqlite_engine.url))
    monkeypatch.setenv("CONTESTA_DATA_DIR", str(tmp_path))
    asked = ["stats", "--from", "2026-05-01", "--to", "2026-05-31"]
    told = json.loads(CliRunner().invoke(cli.app, [*asked, "--json"]).output)["repeat_contacts"]
    assert {name: told[name] for name in ("days", "came_back")} == {"days": 7, "came_back": 3}
    shown = CliRunner().invoke(cli.app, [*asked, "--repeat-days", "1"]).output
    assert "volvieron a llamar por lo mismo en 1 día:" in " ".join(shown.split())
