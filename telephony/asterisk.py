"""Asterisk as a program: finding one, provisioning one, starting and stopping it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import NotAvailableError

OLDEST_MAJOR = 20
READY = "Asterisk has fully booted"
WAYS = (
    "Formas de tenerlo: (1) en Debian o derivados se descarga solo, sin root, al hacer «make run»; (2) instale "
    f"Asterisk {OLDEST_MAJOR} o posterior de modo que «asterisk» esté en el PATH; (3) use «docker compose up»."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """An Asterisk on this machine. `data` holds its sounds, music and documentation."""

    program: Path
    modules: Path
    data: Path
    version: str


def _version(program: Path) -> str | None:
    try:
        shown = subprocess.run([program, "-V"], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(r"Asterisk (?:certified[/-])?([0-9]+[^\s]*)", shown)
    return found[1] if found else None


def _inspect(program: Path, root: Path) -> Installation | None:
    version = _version(program)
    if version is None or int(version.split(".")[0]) < OLDEST_MAJOR:
        return None
    modules = [p.parent for p in sorted(root.glob("usr/lib*/**/asterisk/modules/app_queue.so"))]
    data = [p for p in (root / "usr/share/asterisk", root / "var/lib/asterisk") if (p / "sounds").is_dir()]
    if not modules or not data:
        return None
    return Installation(program=program, modules=modules[0], data=data[0], version=version)


def find(cache_dir: Path) -> Installation | None:
    """Find an Asterisk: on PATH if it is new enough, else the one provisioned in the cache."""
    on_path = shutil.which("asterisk", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if on_path and (installed := _inspect(Path(on_path), Path("/"))):
        return installed
    provisioned = cache_dir / "asterisk"
    if (provisioned / "asterisk").exists():
        return _inspect(provisioned / "asterisk", provisioned / "root")
    return None


def provision(cache_dir: Path, script: Path, progress: Callable[[str], None]) -> Installation:
    """Unpack an Asterisk into the cache by `script`, telling `progress` each step.

    Raises:
        NotAvailableError: it cannot be had here; the message names the ways that exist.
    """
    command = ["sh", str(script), str(cache_dir / "asterisk")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        lines = []
        for line in process.stdout or ():
            lines.append(line.strip())
            progress(line.strip())
    installed = find(cache_dir)
    if process.returncode != 0 or installed is None:
        raise NotAvailableError(f"no se pudo preparar Asterisk: {lines[-1] if lines else 'sin salida'}. {WAYS}")
    return installed


class Asterisk:
    """One running Asterisk with a configuration of its own.

    It is a session of its own: it survives the death of whoever started it, so that calls go on, and is
    adopted by the next start.
    """

    def __init__(self, installation: Installation, config: Path, log: Path) -> None:
        self._program = installation.program
        self._config = config
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, timeout_seconds: float = 40) -> bool:
        """Start it, or adopt the one already running; wait until it takes calls. True if it was adopted.

        Raises:
            NotAvailableError: it ended or did not come up in time; the message names its log.
        """
        adopted = self.running()
        if not adopted:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"}
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    [self._program, "-f", "-C", self._config],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=environment,
                    start_new_session=True,
                )
        deadline = time.monotonic() + timeout_seconds
        while READY not in self.console("core waitfullybooted"):
            if self._process is not None and self._process.poll() is not None:
                raise NotAvailableError(
                    f"Asterisk terminó al iniciar (código {self._process.returncode}); vea {self._log}"
                )
            if time.monotonic() > deadline:
                raise NotAvailableError(f"Asterisk no respondió en {timeout_seconds:.0f} s; vea {self._log}")
            time.sleep(0.1)  # its control socket has no other sign of being there
        return adopted

    def console(self, command: str) -> str:
        """Run a console command; what it printed, empty if Asterisk is not there."""
        try:
            done = subprocess.run(
                [self._program, "-C", self._config, "-rx", command],
                capture_output=True,
                timeout=15,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return ""
        return done.stdout.decode("utf-8", "replace")

    def running(self) -> bool:
        """Whether it answers on its control socket."""
        return "uptime" in self.console("core show uptime").lower()

    @property
    def pid(self) -> int | None:
        """Process id from its pid file, None if it is not alive."""
        try:
            pid = int((self._config.parent.parent / "run" / "asterisk.pid").read_text())
        except (OSError, ValueError):
            return None
        return pid if self._alive(pid) else None

    def stop(self, timeout_seconds: float = 15) -> None:
        """Stop it at once, ending calls in progress; kill it if it does not stop in time."""
        pid = self.pid
        self.console("core stop now")
        deadline = time.monotonic() + timeout_seconds
        while pid is not None and self._alive(pid):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)  # a process we may not be the parent of cannot be waited for

    def kill(self) -> None:
        """End it as a crash would."""
        pid = self.pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            while self._alive(pid):
                time.sleep(0.02)  # as above

    def _alive(self, pid: int) -> bool:
        if self._process is not None and self._process.pid == pid:
            return self._process.poll() is None
        try:
            os.kill(pid, 0)
        except OSError:
            return False
        return True
