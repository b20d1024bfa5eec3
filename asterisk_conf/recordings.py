"""Recordings that the telephone system's death cut off: what there is of them is kept."""

import subprocess
from pathlib import Path

FINISH = Path(__file__).parent / "finish_recording.sh"


def finish_cut_off(recordings: Path) -> tuple[Path, ...]:
    """Make a WAV of each recording that was left raw, and return those that could be made. Only while Asterisk is down.

    A file that cannot be converted stays as it is.
    """
    finished = []
    for raw in sorted(recordings.rglob("*.raw")):
        path = raw.parent / raw.name.removesuffix(".raw")  # the name itself has dots
        done = subprocess.run(["sh", FINISH, path], capture_output=True, check=False, timeout=600)
        if done.returncode == 0:
            finished.append(raw.with_suffix(".wav"))
    return tuple(finished)
