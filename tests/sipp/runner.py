"""Runs SIPp: one process for the callers of one scenario, and what each of them did and when."""

import asyncio
import re
import shutil
import socket
import struct
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from telephony.phone.audio import FRAME_SAMPLES, SILENCE, tone
from telephony.phone.dialog import branch
from telephony.phone.message import Request, encode
from telephony.phone.rtp import Packet
from telephony.phone.sdp import PCMU
from tests.ports import free_port
from tests.sipp.scenario import SOUNDS, Cue

SILENCE_SECONDS = 1
AUDIO_PORTS = 16
SPEECH_SECONDS = 2.0
_FRAMES_OF_SILENCE = 400  # longer than anybody listens to
_NOTE = re.compile(r"(\S+) (\S+) \S+\s\S+\s([0-9.]+)")

_CAPTURE = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)
_ETHERNET = bytes(12) + b"\x08\x00"
_CAPTURED_PORT = 40_000

Deeds = Mapping[str, Sequence[datetime]]
"""What one caller did: the times of each deed (dialled, answered, pressed-1, cued, hung-up, was-hung-up), UTC."""


def _captured(sound: bytes, stream: int) -> bytes:
    """Write sound as a capture (pcap) of what a telephone sends; SIPp puts in addresses and ports of its own."""
    capture = bytearray(_CAPTURE)
    for count in range(len(sound) // FRAME_SAMPLES):
        at = count * FRAME_SAMPLES
        payload = sound[at : at + FRAME_SAMPLES]
        rtp = Packet(
            payload_type=PCMU,
            sequence=stream * 1_000 + count,
            timestamp=stream * 1_000_000 + at,
            source=stream,
            payload=payload,
        ).encode()
        udp = struct.pack("!HHHH", _CAPTURED_PORT, _CAPTURED_PORT, 8 + len(rtp), 0) + rtp
        ip = struct.pack("!BBHIBBH8x", 0x45, 0, 20 + len(udp), 0, 64, 17, 0) + udp
        frame = _ETHERNET + ip
        seconds, milliseconds = divmod(count * 20, 1000)
        capture += struct.pack("<IIII", seconds, milliseconds * 1000, len(frame), len(frame)) + frame
    return bytes(capture)


@dataclass
class Callers:
    """Callers with one scenario, begun one after the other at `rate` a second.

    `dialled` is one number for all, or each one's own. `ports` are those for SIP and for audio.
    """

    folder: Path
    scenario: str
    numbers: Sequence[str]
    server: tuple[str, int]
    dialled: str | Sequence[str]
    rate: float = 1.0
    limit_seconds: int = 150
    ports: tuple[int, int] = field(default_factory=lambda: (free_port(), free_port(AUDIO_PORTS)))
    _cued: Counter[tuple[str, Cue]] = field(default_factory=Counter, init=False)

    async def run(self) -> None:
        """Let all of them call, and return when the last one is done."""
        if shutil.which("sipp") is None:
            pytest.fail("SIPp is missing: apt-get install sip-tester")
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "scenario.xml").write_text(self.scenario, encoding="utf-8")
        dialled = [self.dialled] * len(self.numbers) if isinstance(self.dialled, str) else self.dialled
        rows = [f"{number};{called};\n" for number, called in zip(self.numbers, dialled, strict=True)]
        (self.folder / "callers.csv").write_text("SEQUENTIAL\n" + "".join(rows))
        quiet = SILENCE * FRAME_SAMPLES * _FRAMES_OF_SILENCE
        for stream, sound in enumerate(SOUNDS, start=1):
            speech = tone(440, SPEECH_SECONDS) if sound.startswith(Cue.SPEAK) else b""
            (self.folder / sound).write_bytes(_captured(speech + quiet, stream))
        (self.folder / "silence.ulaw").write_bytes(b"\xff" * 8000 * SILENCE_SECONDS)
        sip, audio = self.ports
        command = (
            f"sipp {self.server[0]}:{self.server[1]} -sf scenario.xml -inf callers.csv "
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

    def cue(self, number: str, cue: Cue = Cue.GO_ON, key: str = "") -> None:
        """Give one caller the cue it waits for."""
        order = self.numbers.index(number) + 1
        self._cued[number, cue] += 1
        times = self._cued[number, cue] - 1 if cue in {Cue.SPEAK, Cue.BE_SILENT} else ""
        request = Request(
            method=f"{cue}{times}",
            uri=f"sip:{number}@127.0.0.1:{self.ports[0]}",
            headers=(
                ("Via", f"SIP/2.0/UDP 127.0.0.1:9;branch={branch()}"),
                ("From", "<sip:test@127.0.0.1>;tag=test"),
                ("To", f"<sip:{number}@127.0.0.1>;tag={order}"),
                ("Call-ID", self._call_id(str(order))),
                ("CSeq", f"99 {cue}"),
                ("Key", key),
            ),
        )
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            sender.sendto(encode(request), ("127.0.0.1", self.ports[0]))

    def deeds(self) -> Mapping[str, Deeds]:
        """Return what each number did."""
        found: dict[str, dict[str, list[datetime]]] = {number: defaultdict(list) for number in self.numbers}
        for number, deed, seconds in _NOTE.findall((self.folder / "deeds.log").read_text()):
            found[number][deed].append(datetime.fromtimestamp(float(seconds), UTC))
        return found

    def number_of(self, call_id: str) -> str:
        """Return the number of the caller whose SIP call this is."""
        return self.numbers[int(call_id.rpartition("-")[2]) - 1]

    def _call_id(self, order: str) -> str:
        return f"{self.folder.name}-{self.ports[0]}-{order}"

    def _errors(self) -> str:
        path = self.folder / "errors.log"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""
