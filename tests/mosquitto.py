"""A real Mosquitto for tests: with the topic rights that we ship, passwords, and a free port."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiomqtt import Client

import contesta.bus
from contesta.bus.mqtt import Broker
from tests.ports import free_port
from tests.running import eventually

SHIPPED = Path(contesta.bus.__file__).parent
PASSWORDS = {"contesta": "clave-de-contesta", "lector": "clave-de-lector", "curioso": "clave-de-curioso"}
QUEUED_MESSAGES = 1500  # what it keeps for a reader that is slow or away; by default it is 1000


@dataclass
class Mosquitto:
    """A broker that can be stopped, killed, held up and started again; what it saved survives a stop."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [_program("mosquitto"), "-c", self.folder / "mosquitto.conf"], stdout=log, stderr=log
            )
        eventually(self._answers, what="Mosquitto")

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it with a signal."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.send_signal(signal.SIGCONT)
            self.process.wait(timeout=20)
            self.process = None

    def hold_up(self) -> None:
        """Stop it in its tracks: it keeps its connections and answers nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on after `hold_up`."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def broker(self) -> Broker:
        """What our bridge is told of it."""
        return Broker(host="127.0.0.1", port=self.port, user="contesta", password=PASSWORDS["contesta"])

    def client(self, user: str = "lector", identifier: str | None = None) -> Client:
        """A client that another system might be; with an identifier, one whose messages wait for it."""
        return Client(
            "127.0.0.1",
            self.port,
            username=user,
            password=PASSWORDS[user],
            identifier=identifier,
            clean_session=identifier is None,
        )

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            pytest.fail(f"Mosquitto ended: {(self.folder / 'log').read_text()}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.fail(f"{name} is missing: install the package mosquitto")
    return found


def certificate(folder: Path, name: str) -> Path:
    """Make a certificate of this machine that nobody else has signed, with its key beside it."""
    made = folder / f"{name}.pem"
    subprocess.run(
        [
            *(_program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", made.with_suffix(".key"), "-out", made),
        ],
        check=True,
        capture_output=True,
    )
    return made


def prepare(folder: Path, *more: str) -> Mosquitto:
    """Configure a broker in a folder of its own, as it is shipped but for its port, its folder and its memory."""
    port = free_port()
    passwords = folder / "passwords"
    passwords.touch(mode=0o600)
    for user, password in PASSWORDS.items():
        subprocess.run([_program("mosquitto_passwd"), "-b", passwords, user, password], check=True)
    shutil.copy(SHIPPED / "mosquitto.acl", folder)
    own = {
        "listener": f"{port} 127.0.0.1",
        "password_file": str(passwords),
        "acl_file": str(folder / "mosquitto.acl"),
        "persistence_location": f"{folder}/",
        "max_queued_messages": str(QUEUED_MESSAGES),
    }
    lines = ["user root"] if os.getuid() == 0 else []
    for line in (SHIPPED / "mosquitto.conf").read_text().splitlines():
        key = line.partition(" ")[0]
        lines.append(f"{key} {own.pop(key)}" if key in own else line)
    assert not own, f"the shipped configuration says nothing about {own}"
    (folder / "mosquitto.conf").write_text("\n".join([*lines, *more]) + "\n")
    return Mosquitto(folder, port)


@contextlib.contextmanager
def serving() -> Iterator[Mosquitto]:
    """Run a broker while the block runs."""
    with tempfile.TemporaryDirectory(prefix="contesta-mqtt-") as folder:
        broker = prepare(Path(folder))
        broker.start()
        yield broker
        broker.end(signal.SIGKILL)


@pytest.fixture
def mosquitto() -> Iterator[Mosquitto]:
    """A broker that is running."""
    with serving() as broker:
        yield broker
