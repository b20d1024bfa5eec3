"""The databases that the ledger is tested on: a file of SQLite, and a PostgreSQL server of our own on a free port."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from storage.database import connect
from storage.ledger import Ledger
from storage.migrate import upgrade
from tests.ports import free_port

SERVER_USER = "postgres"
START_SECONDS = 60
MIGRATED = "migrated"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgreSqlServer:
    """A server that trusts whoever reaches it on 127.0.0.1. `start` and `kill` are for those who break it."""

    port: int
    folder: Path
    options: tuple[str, ...] = ("-F",)
    running: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    @property
    def address(self) -> str:
        """Address of its database for psycopg."""
        return f"postgresql://{SERVER_USER}@127.0.0.1:{self.port}/postgres"

    def empty_database(self) -> str:
        """Throw away what the last test left, and give SQLAlchemy's address of the database."""
        return self.make("own")

    def make(self, name: str, template: str = "template0") -> str:
        """Make a database as its template is, in the place of one of this name; give SQLAlchemy's address of it."""
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return f"postgresql+psycopg://{SERVER_USER}@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        asked = [
            *self.options,
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-k",
            str(self.folder),
            "-c",
            "max_connections=50",
        ]
        with (self.folder / "log").open("ab") as log:
            command = [_program("postgres"), "-D", str(self.folder / "data"), *asked]
            self.running.append(subprocess.Popen(command, stdout=log, stderr=log, user=_user(), cwd=self.folder))
        _wait_until_it_answers(self, self.running[-1])

    def kill(self) -> None:
        """End it as a crash would: what was not committed is gone."""
        process = self.running.pop()
        process.send_signal(signal.SIGQUIT)
        process.wait(timeout=30)


def _program(name: str) -> str:
    found = shutil.which(name) or next(map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)
    if found is None:
        pytest.fail(f"{name} is missing: install the package postgresql")
    return found


def _user() -> str | None:
    """Say as whom it runs: it refuses to as root."""
    return SERVER_USER if os.getuid() == 0 else None


@contextlib.contextmanager
def serving(options: tuple[str, ...] = ("-F",)) -> Iterator[PostgreSqlServer]:
    """Run a server of one's own. -F: what the operating system would lose in a crash of its own may be lost."""
    with tempfile.TemporaryDirectory(prefix="contesta-pg-") as name:
        folder = Path(name)
        if user := _user():
            shutil.chown(folder, user)
        subprocess.run(
            [_program("initdb"), "-U", SERVER_USER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N", "-D", "data"],
            check=True,
            stdout=subprocess.DEVNULL,
            user=_user(),
            cwd=folder,
        )
        server = PostgreSqlServer(port=free_port(), folder=folder, options=options)
        try:
            server.start()
            yield server
        finally:
            while server.running:
                server.kill()  # nothing in it is worth a clean end


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSqlServer]:
    with serving() as server:
        yield server


def _wait_until_it_answers(server: PostgreSqlServer, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(server.address).close()
        except psycopg.OperationalError:
            assert process.poll() is None, "the PostgreSQL server ended while starting"
            assert time.monotonic() < deadline, "the PostgreSQL server does not answer"
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database, on each kind in turn."""
    if request.param == "postgresql":
        server: PostgreSqlServer = request.getfixturevalue("postgresql")
        return server.empty_database()
    url: str = request.getfixturevalue("sqlite_url")
    return url


@pytest.fixture(scope="session")
def migrated_server(postgresql: PostgreSqlServer) -> PostgreSqlServer:
    """The server, with a database MIGRATED to make others of: steps are taken once, and not for every test."""
    engine = connect(postgresql.make(MIGRATED))
    upgrade(engine)
    engine.dispose()
    return postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a migrated database without a row, on each kind in turn."""
    if request.param == "postgresql":
        server: PostgreSqlServer = request.getfixturevalue("migrated_server")
        return server.make("own", MIGRATED)
    migrated: Path = request.getfixturevalue("migrated_file")
    return f"sqlite:///{shutil.copy(migrated, tmp_path)}"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A migrated database, on each kind in turn."""
    engine = connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def ledger(engine: Engine) -> Ledger:
    return Ledger(engine)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated and empty SQLite database, to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "ledger.db"
    engine = connect(f"sqlite:///{file}")
    upgrade(engine)
    engine.dispose()
    return file


@pytest.fixture
def sqlite_engine(migrated_file: Path, tmp_path: Path) -> Iterator[Engine]:
    """A migrated database where its kind is not the point."""
    engine = connect(f"sqlite:///{shutil.copy(migrated_file, tmp_path)}")
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_ledger(sqlite_engine: Engine) -> Ledger:
    """A ledger where the kind of database is not the point."""
    return Ledger(sqlite_engine)
