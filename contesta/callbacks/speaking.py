"""The process that speaks citizens' names: it reads what to say, a line each, until whoever tells it is gone.

Started by `contesta.callbacks.names` as `python -m contesta.callbacks.speaking FOLDER`. It comes after everybody else's
work. A name whose time is over is passed over, and so is one that cannot be said.
"""

import json
import os
import sys
import time
from pathlib import Path

import structlog

from contesta.callbacks.names import APART, SUFFIX
from contesta.logs import configure_logs
from core.errors import ContestaError
from ivr import synthesis
from ivr.sounds import SPANISH_VOICE, Source

NICENESS = 10

log = structlog.get_logger()


def make(folder: Path, name: str, text: str) -> None:
    """Make one sound, unless it is there, in the place of what was said of the same request before."""
    file = folder / f"{name}{SUFFIX}"
    if file.exists():
        return
    sound = synthesis.wav(Source(prompt="nombre", text=text, voice=SPANISH_VOICE).audio(), synthesis.LINE_HZ)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for other in folder.glob(f"{name.partition(APART)[0]}{APART}*"):
        other.unlink(missing_ok=True)
    part = file.with_suffix(".part")
    part.write_bytes(sound)
    part.replace(file)


def main() -> None:
    """Say what is told on standard input."""
    configure_logs(None)
    os.nice(NICENESS)
    folder = Path(sys.argv[1])
    Source(prompt="nombre", text="Se llama Ana.", voice=SPANISH_VOICE).audio()  # the first takes longer
    for line in sys.stdin.buffer:
        told = json.loads(line)
        if told["until"] < time.time():
            continue
        try:
            make(folder, told["name"], told["text"])
        except (OSError, ValueError, RuntimeError, ContestaError) as error:
            log.warning("a name cannot be said", name=told["name"], error=type(error).__name__)


if __name__ == "__main__":
    main()
