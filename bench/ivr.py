"""The whole dialog of a call (welcome, menu, key, queue) by our scripts, against the same steps in the dialplan alone.

Real SIPp callers with real digits; Asterisk, the scripts' server, the listener and SIPp share this machine. Each rate
is held for some seconds, higher and higher until a call fails or does not reach the queue. Printed: the highest clean
rate of each, CPU per call, and the ratios. Goal: at least 0.8 of the dialplan's rate.
"""

import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port
from tests.running import RunningLine, start_line

RATES = (40, 80, 120, 160, 200)
HOLD_SECONDS = 8
BASELINE_NUMBER = "018000910999"
TICKS = os.sysconf("SC_CLK_TCK")

BASELINE = """
[publico]
exten => {number},1,Goto(base,s,1)
[base]
exten => s,1,Gosub(lineas,{line},1)
 same => n,Gosub(numero,s,1)
 same => n,Set(CHANNEL(hangup_handler_push)=fin,s,1)
 same => n,QueueLog(NONE,${{UNIQUEID}},NONE,LLAMADA,${{CHANNEL(linkedid)}}|base|${{CALLERID(num)}})
 same => n,Answer()
 same => n,Read(TECLA,${{SONIDOS}}/bienvenida,1,,1,1)
 same => n,ExecIf($["${{TECLA}}"=""]?Read(TECLA,${{SONIDOS}}/menu_principal,1,,1,6))
 same => n,QueueLog(NONE,${{UNIQUEID}},NONE,MENU,principal|${{TECLA}}|chosen)
 same => n,Playback(${{SONIDOS}}/transferencia)
 same => n,Set(NOMBRE={queue})
 same => n,Goto(cola,s,1)
"""


@dataclass(frozen=True)
class Result:
    """One rate held: calls per second, calls, failures, CPU seconds per call of Asterisk and of the scripts' server."""

    rate: int
    calls: int
    failed: int
    asterisk_ms: float
    scripts_ms: float


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def entered(line: RunningLine) -> int:
    return line.settings.queue_log.read_text().count("|ENTERQUEUE|")


def hold(line: RunningLine, number: str, rate: int) -> Result:
    calls = rate * HOLD_SECONDS
    asterisk_pid, scripts_pid = line.asterisk.pid or 0, line.pid("agi")
    before = cpu_seconds(asterisk_pid), cpu_seconds(scripts_pid), entered(line)
    with tempfile.TemporaryDirectory() as folder:
        sipp = subprocess.run(
            [
                "sipp", f"127.0.0.1:{line.settings.sip_port}", "-sf", str(Path(__file__).parent / "ivr.xml"),
                "-s", number, "-i", "127.0.0.1", "-p", str(free_port()), "-mp", "40000", "-r", str(rate),
                "-m", str(calls), "-l", str(calls), "-nostdin", "-timeout", "60", "-timeout_error",
            ],
            cwd=folder, capture_output=True, text=True, check=False, timeout=90,
        )  # fmt: skip
    time.sleep(1)  # the last lines of the log
    reached = entered(line) - before[2]
    asterisk_s, scripts_s = cpu_seconds(asterisk_pid) - before[0], cpu_seconds(scripts_pid) - before[1]
    failed = max(calls - reached, 0 if sipp.returncode == 0 else 1)
    return Result(rate, calls, failed, 1000 * asterisk_s / calls, 1000 * scripts_s / calls)


def climb(line: RunningLine, name: str, number: str) -> list[Result]:
    clean = []
    for rate in RATES:
        result = hold(line, number, rate)
        print(
            f"  {name:9} {rate:4d} calls/s   {result.calls:5d} calls, {result.failed:3d} failed   "
            f"CPU per call: Asterisk {result.asterisk_ms:5.2f} ms, scripts {result.scripts_ms:5.2f} ms",
            flush=True,
        )
        if result.failed:
            break
        clean.append(result)
    return clean


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="contesta-bench-"))
    with start_line(folder, rtp_first_port=20000, rtp_ports=12000) as line:
        dialplan = line.settings.asterisk_dir / "etc" / "extensions.conf"
        with dialplan.open("a", encoding="utf-8") as file:
            file.write(BASELINE.format(number=BASELINE_NUMBER, line=line.line.name, queue=line.queue))
        line.asterisk.console("dialplan reload")
        ours = climb(line, "scripts", line.number)
        base = climb(line, "dialplan", BASELINE_NUMBER)
    shutil.rmtree(folder)
    if not ours or not base:
        print("no clean rate: this machine is too busy")
        return
    best, baseline = ours[-1].rate, base[-1].rate
    print(f"  highest clean rate: {best} against {baseline} calls/s: ratio {best / baseline:.2f}")
    at = min(best, baseline)
    a, b = (next(r for r in results if r.rate == at) for results in (ours, base))
    print(
        f"  CPU per call at {at} calls/s: {a.asterisk_ms + a.scripts_ms:.2f} ms against {b.asterisk_ms:.2f} ms: "
        f"ratio {(a.asterisk_ms + a.scripts_ms) / b.asterisk_ms:.2f}"
    )


if __name__ == "__main__":
    main()
