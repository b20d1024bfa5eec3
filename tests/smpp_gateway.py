"""A real SMS gateway on loopback: the SMPP server of an npm package, written by others than our adapter's library."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from telephony.smpp import SmppGateway
from tests.ports import free_port
from tests.running import eventually

_SERVER = Path(__file__).with_name("smpp_server.cjs")
_BESIDE = Path(__file__).parents[1] / ".venv" / "bin" / "node"  # where setup.sh puts it if the machine has none


@dataclass
class FakeOperator:
    """The server, and all that it was told. It can be killed and started again at the same port."""

    port: int = field(default_factory=free_port)
    told: list[dict[str, Any]] = field(default_factory=list)
    _process: "subprocess.Popen[str] | None" = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        node = shutil.which("node") or str(_BESIDE)
        already = len(self.told)
        self._process = subprocess.Popen(
            [node, _SERVER, str(self.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()
        eventually(lambda: len(self.told) > already, what="the SMS gateway")

    def kill(self) -> None:
        """Kill it."""
        if self._process and self._process.stdin and self._process.stdout:
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()

    def texts(self) -> list[str]:
        """The texts that were submitted, in order."""
        return [each["text"] for each in self.told if each["command"] == "submit_sm"]

    def reply(self, number: str, text: str) -> None:
        """Let a telephone send a message."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"from": number, "text": text}) + "\n")
        self._process.stdin.flush()

    def gateway(self, password: str = "secreta", window: int = 10) -> SmppGateway:  # noqa: S107  made up
        """Our way to it."""
        return SmppGateway(
            host="127.0.0.1",
            port=self.port,
            system_id="contesta",
            password=password,
            now=lambda: datetime.now(UTC),
            window=window,
            connect_seconds=2,
        )

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.told.append(json.loads(line))


@pytest.fixture
def operator() -> Iterator[FakeOperator]:
    found = FakeOperator()
    found.start()
    yield found
    found.kill()
