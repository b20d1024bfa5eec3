"""Many callers at once through consent, menu and the whole callback mailbox, against the same steps in the dialplan.

Two loads: a call through the mailbox lasts most of a minute, and 100 of them a second would be thousands at once.
The first is also held for some seconds at one rate after the other, until calls fail: the highest clean rate of each.

    rate       the calls of `menu`, 25, 50, 75 and 100 a second for 15 s each
    menu       100 calls/s for 60 s: welcome, consent (1), menu (1), queue
    mailbox    300 calls at once: welcome, consent (1), menu (3), document number and its confirmation, the number they
               call from, subject, a spoken description and its confirmation, filing number, goodbye

Real SIPp callers with real digits and real speech; Asterisk, the scripts' server, the listener and SIPp share this
machine. A call of the first load fails if it did not consent, choose and reach the queue; one of the second if its
request is not complete in the store or the line did not say goodbye. `python -m bench.ivr_load rate` runs one of them.
"""

import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import ivr
from bench.ivr import cpu_seconds
from storage.callbacks import Callbacks
from storage.database import connect
from telephony.phone.audio import tone
from tests.ports import free_port
from tests.running import RunningLine, start_line

if TYPE_CHECKING:
    from collections.abc import Iterator

RATE, HOLD_SECONDS = 100, 60
AT_ONCE, BEGIN_RATE = 300, 15
RATES, STEP_SECONDS = (25, 50, 75, 100), 15
INTAKE_SECONDS = 60
SPEECH_SECONDS, PACKET, LOOPBACK = 3, 160, bytes((127, 0, 0, 1))
KEYS_AFTER = ((3.5, 11), (6.5, 1), (12.0, 1))
"""Seconds after the tone, and keys: 11 is #."""
NUMBERS = {"menu": "018000910998", "mailbox": "018000910999"}
CONSENT = """
consent:
  version: "1"
  core: consentimiento
  question: consentimiento_pregunta
"""

BASELINE = """
[publico]
exten => {menu},1,Set(CAMINO=cola-base)
 same => n,Goto(base,s,1)
exten => {mailbox},1,Set(CAMINO=buzon-base)
 same => n,Goto(base,s,1)
[base]
exten => s,1,Gosub(lineas,{line},1)
 same => n,Gosub(numero,s,1)
 same => n,Set(CHANNEL(hangup_handler_push)=fin,s,1)
 same => n,QueueLog(NONE,${{UNIQUEID}},NONE,LLAMADA,${{CHANNEL(linkedid)}}|base|${{CALLERID(num)}})
 same => n,Answer()
 same => n,Read(TECLA,${{SONIDOS}}/bienvenida,1,,1,1)
 same => n,Playback(${{SONIDOS}}/consentimiento)
 same => n,Read(TECLA,${{SONIDOS}}/consentimiento_pregunta,1,,1,6)
 same => n,QueueLog(NONE,${{UNIQUEID}},NONE,CONSENTIMIENTO,1|${{IF($["${{TECLA}}"="1"]?accepted:silent)}})
 same => n,Playback(${{SONIDOS}}/consentimiento_si)
 same => n,Read(TECLA,${{SONIDOS}}/menu_principal,1,,1,6)
 same => n,QueueLog(NONE,${{UNIQUEID}},NONE,MENU,principal|${{TECLA}}|chosen)
 same => n,Goto(${{CAMINO}},s,1)
[cola-base]
exten => s,1,Playback(${{SONIDOS}}/transferencia)
 same => n,Set(NOMBRE={queue})
 same => n,Goto(cola,s,1)
[buzon-base]
exten => s,1,Read(DOCUMENTO,${{SONIDOS}}/buzon_intro&${{SONIDOS}}/buzon_document,11,,1,20)
 same => n,Read(TECLA,${{SONIDOS}}/buzon_marco&${{SONIDOS}}/buzon_confirmar,1,,1,6)
 same => n,Read(TECLA,${{SONIDOS}}/buzon_llama_desde&${{SONIDOS}}/buzon_llamar_ahi,1,,1,6)
 same => n,Read(TECLA,${{SONIDOS}}/buzon_subject,1,,1,6)
 same => n,Playback(${{SONIDOS}}/buzon_description)
 same => n,Playback(${{SONIDOS}}/voz/tono)
 same => n,Record(${{CONTESTA_MENSAJES}}/base/${{UNIQUEID}}.wav,4,60,q)
 same => n,Read(TECLA,${{SONIDOS}}/buzon_grabado,1,,1,6)
 same => n,Read(TECLA,${{SONIDOS}}/buzon_listo&${{SONIDOS}}/buzon_radicado&${{SONIDOS}}/buzon_repetir,1,,1,6)
 same => n,QueueLog(NONE,${{UNIQUEID}},NONE,BUZON,base|finished)
 same => n,Goto(despedida,s,1)
"""


def press(keys: str, then_seconds: float) -> str:
    return (
        f'<nop><action><exec play_dtmf="{keys}"/></action></nop>\n<pause milliseconds="{round(then_seconds * 1000)}"/>'
    )


def steps(name: str, core_seconds: float, description_seconds: float) -> tuple[str, bool]:
    """Tell what a caller does, and whether the line hangs up first."""
    consents = ['<pause milliseconds="500"/>', press("1", core_seconds + 1.0), press("1", 1.5)]
    if name == "menu":
        return "\n".join([*consents, press("1", 4.0)]), False
    speaks = '<nop><action><exec play_pcap_audio="speech.pcap"/></action></nop>'
    mailbox = [
        press("3", 2.5), press("1029384756#", 7.0), press("1", 2.5), press("1", 2.5),
        press("2", description_seconds + 1.0), speaks,
    ]  # fmt: skip
    return "\n".join([*consents, *mailbox]), True


def scenario(does: str, *, is_hung_up: bool) -> str:
    """Return the dialled call of `ivr.xml`, with other things done in it."""
    text = (Path(__file__).parent / "ivr.xml").read_text(encoding="utf-8").replace("30012[call_number]", "[field0]")
    head, rest = text.split('  <pause milliseconds="500"/>')
    bye = rest[rest.index('  <send retrans="500">') :]
    ok = """<recv request="BYE" timeout="60000"/>
  <send>
    <![CDATA[
      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      [last_CSeq:]
      Content-Length: 0

    ]]>
  </send>
</scenario>
"""
    return head + does + "\n" + (ok if is_hung_up else bye)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of the callers of one load. CPU is per call, in milliseconds."""

    calls: int
    failed: int
    unclean: bool
    asterisk_ms: float
    scripts_ms: float
    listener_ms: float
    callers_ms: float

    def __str__(self) -> str:
        seen = " (SIPp saw errors)" if self.unclean else ""
        return (
            f"{self.calls:5d} calls, {self.failed:4d} failed{seen}   CPU a call: Asterisk {self.asterisk_ms:6.1f} ms, "
            f"scripts {self.scripts_ms:5.2f} ms, listener {self.listener_ms:5.2f} ms, callers {self.callers_ms:5.2f} ms"
        )


@dataclass(frozen=True)
class Load:
    """Calls to a number, and what callers do; a call is right if everything in `done` counts it."""

    name: str
    number: str
    text: str
    done: list[Callable[[], int]]


def speech() -> bytes:
    """Return a capture of what a caller sends from the tone on: speech, # and two times 1, with pauses between.

    SIPp plays it with addresses and ports of its own. All of it is one stream, because Asterisk takes keys for old ones
    that come after speech and are numbered from another beginning.
    """
    sent: list[tuple[float, bytes]] = []
    audio = tone(440, 1.0) * SPEECH_SECONDS
    for begin in range(0, len(audio), PACKET):
        sent.append((begin / 8000, _rtp(len(sent), begin, 0) + audio[begin:][:PACKET]))
    for at, event in KEYS_AFTER:
        stamp = round(at * 8000)
        for step in range(1, 9):
            told = struct.pack("!BBH", event, 0x8A if step > 5 else 0x0A, min(step, 6) * PACKET)
            sent.append((at + step * 0.02, _rtp(len(sent), stamp, 96 | (0x80 if step == 1 else 0)) + told))
    capture = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)
    for at, rtp in sent:
        udp = struct.pack("!HHHH", 4000, 4000, 8 + len(rtp), 0) + rtp
        packet = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, LOOPBACK, LOOPBACK) + udp
        frame = bytes(12) + b"\x08\x00" + packet
        capture += struct.pack("<IIII", int(at), int(at % 1 * 1e6), len(frame), len(frame)) + frame
    return capture


def _rtp(count: int, stamp: int, kind: int) -> bytes:
    return struct.pack("!BBHII", 0x80, kind, 20_000 + count, 1_000_000 + stamp, 7)


def count(line: RunningLine, *words: str) -> Callable[[], int]:
    """Count lines of queue_log that have some words."""

    def counted() -> int:
        with line.settings.queue_log.open(encoding="utf-8") as log:
            return sum(all(word in row for word in words) for row in log)

    return counted


def complete(line: RunningLine) -> int:
    """Count the complete requests in the store, when all that were finished have been taken in."""
    rows = [row.split("|") for row in line.settings.queue_log.read_text(encoding="utf-8").splitlines()]
    calls = [row[1] for row in rows if row[4] == "BUZON" and row[6] == "finished" and row[5] != "base"]
    engine = connect(line.settings.ledger_url)
    store = Callbacks(engine)
    until = time.monotonic() + INTAKE_SECONDS
    while len(found := store.of_calls(calls)) < len(calls) and time.monotonic() < until:
        time.sleep(1)
    kept = [store.get(request) for request in set(found.values())]
    engine.dispose()
    return sum(request is not None and request.complete for request in kept)


def run(line: RunningLine, load: Load, calls: int, rate: int) -> Result:
    """Let `calls` come, `rate` a second."""
    number, text, done = load.number, load.text, load.done
    pids = [line.asterisk.pid or 0, line.pid("agi"), line.pid("listen")]
    before, counted = [cpu_seconds(pid) for pid in pids], [one() for one in done]
    callers_before = children_seconds()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "calls.xml").write_text(text, encoding="utf-8")
        numbers = "".join(f"{3_005_500_000 + number};\n" for number in range(calls))
        (Path(folder) / "callers.csv").write_text(f"SEQUENTIAL\n{numbers}", encoding="utf-8")
        (Path(folder) / "speech.pcap").write_bytes(speech())
        sipp = subprocess.run(
            [
                "sipp", f"127.0.0.1:{line.settings.sip_port}", "-sf", "calls.xml", "-inf", "callers.csv", "-s", number,
                "-i", "127.0.0.1",
                "-p", str(free_port()), "-mp", "40000", "-r", str(rate), "-m", str(calls), "-l", str(calls),
                "-nostdin", "-timeout", "170", "-timeout_error",
            ],
            cwd=folder, capture_output=True, text=True, check=False, timeout=200,
        )  # fmt: skip
    if sipp.returncode:
        print(sipp.stderr[-400:], file=sys.stderr)
    callers_ms = 1000 * (children_seconds() - callers_before) / calls
    time.sleep(3)  # the last lines of the log
    spent = [1000 * (cpu_seconds(pid) - at) / calls for pid, at in zip(pids, before, strict=True)]
    right = min(one() - was for one, was in zip(done, counted, strict=True))
    return Result(
        calls=calls, failed=calls - right, unclean=sipp.returncode != 0,
        asterisk_ms=spent[0], scripts_ms=spent[1], listener_ms=spent[2], callers_ms=callers_ms,
    )  # fmt: skip


def children_seconds() -> float:
    """CPU of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def a_line() -> "Iterator[RunningLine]":
    """Run a line that asks for consent in short words, so that the load is calls and not one long text."""
    folder = Path(tempfile.mkdtemp(prefix="contesta-bench-", dir="/tmp"))
    (folder / "lineas").mkdir()
    source = (Path(ivr.__file__).parent / "lines" / "ciudadanos.yaml").read_text(encoding="utf-8")
    source = source.replace("recording: always\n", f"recording: consented\n{CONSENT}")
    source += "    consentimiento: Grabamos si autoriza.\n    transferencia: Le comunicamos.\n"
    (folder / "lineas" / "linea.yaml").write_text(source, encoding="utf-8")
    try:
        with start_line(
            folder, data_dir=folder / "var", lines_dir=str(folder / "lineas"), rtp_first_port=20000, rtp_ports=12000
        ) as line:
            dialplan = line.settings.asterisk_dir / "etc" / "extensions.conf"
            with dialplan.open("a", encoding="utf-8") as file:
                file.write(BASELINE.format(**NUMBERS, line=line.line.name, queue=line.queue))
            line.asterisk.console("dialplan reload")
            yield line
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def seconds(line: RunningLine, prompt: str) -> float:
    return (line.prompts / f"{prompt}.wav").stat().st_size / 16_000


def loads(line: RunningLine, name: str) -> tuple[Load, Load]:
    """Return the calls of a load, to the scripts and to the dialplan alone."""
    does, is_hung_up = steps(name, seconds(line, "consentimiento"), seconds(line, "buzon_description"))
    text = scenario(does, is_hung_up=is_hung_up)
    consented = count(line, "|CONSENTIMIENTO|", "|accepted")
    chosen = count(line, "|MENU|principal|", "|chosen")
    said_goodbye = count(line, "|FIN|system|")
    if name == "menu":
        ends = base_ends = [consented, chosen, count(line, "|ENTERQUEUE|")]
    else:
        ends = [consented, chosen, lambda: complete(line), said_goodbye]
        base_ends = [consented, chosen, count(line, "|BUZON|base|finished"), said_goodbye]
    return Load("scripts", line.number, text, ends), Load("dialplan", NUMBERS[name], text, base_ends)


def measure(line: RunningLine, name: str, size: tuple[int, int]) -> None:
    results = []
    for load in loads(line, name):
        results.append(run(line, load, *size))
        print(f"  {name:8} {load.name:9} {results[-1]}", flush=True)
    ours, base = results
    print(f"  {name:8} dialplan  {base}", flush=True)
    added = (ours.asterisk_ms + ours.scripts_ms) / base.asterisk_ms
    print(f"  {name:8} CPU of Asterisk and scripts against the dialplan alone: {added:.2f}", flush=True)


def search(line: RunningLine) -> None:
    """Find the highest rate at which no call fails, of the scripts and of the dialplan alone."""
    clean = dict.fromkeys(("scripts", "dialplan"), 0)
    failed = set[str]()
    for rate in RATES:
        for load in loads(line, "menu"):
            if load.name in failed:
                continue
            result = run(line, load, rate * STEP_SECONDS, rate)
            print(f"  {rate:4} calls/s {load.name:9} {result}", flush=True)
            if result.failed:
                failed.add(load.name)
            else:
                clean[load.name] = rate
    ratio = f"{clean['scripts'] / clean['dialplan']:.2f}" if clean["dialplan"] else "none"
    print(
        f"  highest clean rate: scripts {clean['scripts']}, dialplan {clean['dialplan']} calls/s: {ratio}", flush=True
    )


def main(*wanted: str) -> None:
    sizes = {"menu": (RATE * HOLD_SECONDS, RATE), "mailbox": (AT_ONCE, BEGIN_RATE)}
    with a_line() as line:
        for name in wanted or ("rate", *sizes):
            if name == "rate":
                search(line)
            else:
                measure(line, name, sizes[name])


if __name__ == "__main__":
    main(*sys.argv[1:])
