"""The way to the newest form of the ledger's tables."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from core.errors import ConfigurationError
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

    Raises:
        ConfigurationError: they have a form that is unknown here, as after a newer program; nothing was changed.
    """
    with engine.begin() as connection:
        take_write_lock(connection)
        form = _form_of(connection)
        if form == _newest_form():
            return
        if unknown := sorted(set(form) - _forms()):
            raise ConfigurationError(
                f"la base de datos es de una versión más nueva de Contesta: su forma es la {', '.join(unknown)}, y "
                f"esta versión llega a la {', '.join(_newest_form())}. Actualice el programa o restaure una copia"
            )
        from storage.migrations import steps  # noqa: PLC0415  Alembic, whom a program seldom needs

        steps.take(connection)


def _form_of(connection: Connection) -> list[str]:
    if not inspect(connection).has_table(_TABLE):
        return []
    return list(connection.scalars(text(f"SELECT version_num FROM {_TABLE}")))  # noqa: S608  a constant


def _newest_form() -> list[str]:
    """Find the steps that no other comes after, which Alembic calls heads."""
    return sorted(_forms() - {before for of, before in _steps() if of == "down_revision"})


def _forms() -> set[str]:
    return {name for of, name in _steps() if of == "revision"}


@cache
def _steps() -> tuple[tuple[str, str], ...]:
    """Read from the files of steps which each is, and which it comes after."""
    folder = Path(migrations.__file__).parent / "versions"
    return tuple(found for file in folder.glob("*.py") for found in _STEP.findall(file.read_text(encoding="utf-8")))
