"""Runs SIPp: one process for the callers of one scenario, and what each of them did and when."""

import asyncio
import re
import shutil
import socket
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from telephony.phone.dialog import branch
from telephony.phone.message import Request, encode
from tests.ports import free_port

SILENCE_SECONDS = 1
AUDIO_PORTS = 16
_NOTE = re.compile(r"(\S+) (\S+) \S+\s\S+\s([0-9.]+)")

Deeds = Mapping[str, Sequence[datetime]]
"""What one caller did: the times of each deed (dialled, answered, pressed-1, cued, hung-up, was-hung-up), UTC."""


@dataclass
class Callers:
    """Callers with one scenario, begun one after the other at `rate` a second."""

    folder: Path
    scenario: str
    numbers: Sequence[str]
    server: tuple[str, int]
    dialled: str
    rate: float = 1.0
    limit_seconds: int = 150
    _ports: tuple[int, int] = field(default_factory=lambda: (free_port(), free_port(AUDIO_PORTS)), init=False)

    async def run(self) -> None:
        """Let all of them call, and return when the last one is done."""
        if shutil.which("sipp") is None:
            pytest.fail("SIPp is missing: apt-get install sip-tester")
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "scenario.xml").write_text(self.scenario, encoding="utf-8")
        (self.folder / "callers.csv").write_text("SEQUENTIAL\n" + "".join(f"{n};\n" for n in self.numbers))
        (self.folder / "silence.ulaw").write_bytes(b"\xff" * 8000 * SILENCE_SECONDS)
        sip, audio = self._ports
        command = (
            f"sipp {self.server[0]}:{self.server[1]} -s {self.dialled} -sf scenario.xml -inf callers.csv "
            f"-m {len(self.numbers)} -l {len(self.numbers)} -r {round(self.rate * 1000)} -rp 1000000 "
            f"-i 127.0.0.1 -p {sip} -mp {audio} "
            f"-cid_str {self._call_id('%u')} -nostdin -timeout {self.limit_seconds} -timeout_error "
            "-trace_logs -log_file deeds.log -trace_err -error_file errors.log"
        )
        with (self.folder / "output.txt").open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *command.split(), cwd=self.folder, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output
            )
            try:
                status = await process.wait()
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if status != 0:
            pytest.fail(f"SIPp ended with {status}, see {self.folder}:\n{self._errors()}")

    def cue(self, number: str, *, again: bool = False) -> None:
        """Give one caller the cue it waits for: to go on, or to press the key once more."""
        order = self.numbers.index(number) + 1
        method = "MESSAGE" if again else "INFO"
        told = Request(
            method=method,
            uri=f"sip:{number}@127.0.0.1:{self._ports[0]}",
            headers=(
                ("Via", f"SIP/2.0/UDP 127.0.0.1:9;branch={branch()}"),
                ("From", "<sip:test@127.0.0.1>;tag=test"),
                ("To", f"<sip:{number}@127.0.0.1>;tag={order}"),
                ("Call-ID", self._call_id(str(order))),
                ("CSeq", f"99 {method}"),
            ),
        )
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            sender.sendto(encode(told), ("127.0.0.1", self._ports[0]))

    def deeds(self) -> Mapping[str, Deeds]:
        """Return what each number did."""
        found: dict[str, dict[str, list[datetime]]] = {number: defaultdict(list) for number in self.numbers}
        for number, deed, seconds in _NOTE.findall((self.folder / "deeds.log").read_text()):
            found[number][deed].append(datetime.fromtimestamp(float(seconds), UTC))
        return found

    def _call_id(self, order: str) -> str:
        return f"{self.folder.name}-{self._ports[0]}-{order}"

    def _errors(self) -> str:
        path = self.folder / "errors.log"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""
