"""The way to the newest form of the ledger's tables."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from storage import migrations
from storage.database import connect, take_write_lock

_TABLE = "alembic_version"
_STEP = re.compile(r'^(revision|down_revision) = "(\w+)"', re.MULTILINE)


@contextmanager
def up_to_date(url: str) -> Iterator[Engine]:
    """Have a database whose tables are of the newest form, for as long as a command works with it."""
    engine = connect(url)
    try:
        upgrade(engine)
        yield engine
    finally:
        engine.dispose()


def upgrade(engine: Engine) -> None:
    """Bring the tables to their newest form; at once if they have it. Safe if several programs do it together.

    A step that says `PROJECTS_ANEW` changes what is told of a call: all calls are then written anew from their facts.
    """
    with engine.begin() as connection:
        take_write_lock(connection)
        if _form_of(connection) == _newest_form():
            return
        from storage.migrations import steps  # noqa: PLC0415  Alembic, whom a program seldom needs

        steps.take(connection)


def _form_of(connection: Connection) -> list[str]:
    if not inspect(connection).has_table(_TABLE):
        return []
    return list(connection.scalars(text(f"SELECT version_num FROM {_TABLE}")))  # noqa: S608  a constant


@cache
def _newest_form() -> list[str]:
    """Find the steps that no other comes after, which Alembic calls heads."""
    folder = Path(migrations.__file__).parent / "versions"
    found = [_STEP.findall(file.read_text(encoding="utf-8")) for file in folder.glob("*.py")]
    named = {
        word: {name for step in found for said, name in step if said == word} for word in ("revision", "down_revision")
    }
    return sorted(named["revision"] - named["down_revision"])
