"""The ledger's database: SQLite on one machine, PostgreSQL for more than one.

SQLite takes its write lock when a transaction begins (BEGIN IMMEDIATE): with the driver's own deferred begin, two
programs that read and then write lose each other's updates. Readers use a deferred begin and, in WAL, never wait.
"""

import sqlite3
import time
from datetime import UTC, datetime
from typing import cast

from sqlalchemy import Connection, DateTime, Dialect, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

_LEDGER_LOCK = 0x436F6E74  # "Cont": the number of PostgreSQL's advisory lock for whoever writes the ledger

_PATIENCE_MS = 5_000  # of SQLite's writers with one another
_LOOK_MS = 10
_PATIENCE = {"connect_timeout": 5, "tcp_user_timeout": 10_000}  # s until connected; ms until data must be acknowledged


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC with microseconds. A naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: UTC, without its zone where the database has no type for it.

        Raises:
            ValueError: `value` is naive.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime: {value!r}")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database: aware and UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


def connect(url: str) -> Engine:
    """Give an engine for `sqlite:///path` or `postgresql+psycopg://…`. Nothing is opened yet.

    Its errors do not show values: they are personal data.
    """
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, hide_parameters=True, connect_args=_PATIENCE)
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def reader(engine: Engine) -> Engine:
    """Give the same database to someone who only reads: one snapshot a transaction, and no lock on writers."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(reads_only=True)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def table_of(row: type[SQLModel]) -> Table:
    """Give the table behind a model: what SQLModel declares only when the program runs."""
    return cast("Table", row.__table__)  # type: ignore[attr-defined]  # that is why


def take_write_lock(connection: Connection) -> None:
    """Wait until no other program writes the ledger, and keep it so until the transaction ends.

    In SQLite the transaction's own beginning has done it.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LEDGER_LOCK})


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    for pragma in (f"busy_timeout = {_PATIENCE_MS}", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    """Begin. A writer looks for the lock every few ms: SQLite by itself looks ever less often, then every 100 ms."""
    if connection.get_execution_options().get("reads_only", False):
        connection.exec_driver_sql("BEGIN")
        return
    driver = cast("sqlite3.Connection", connection.connection.driver_connection)
    until = time.monotonic() + _PATIENCE_MS / 1000
    driver.execute(f"PRAGMA busy_timeout = {_LOOK_MS}").close()
    try:
        while time.monotonic() < until:
            try:
                driver.execute("BEGIN IMMEDIATE").close()
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
                    break
            else:
                return
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # its error is for whoever wanted to write
    finally:
        driver.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}").close()
