"""Where recordings lie."""

from pathlib import Path


def recording_path(recordings: Path, file: str) -> Path | None:
    """Find a recording in their folder; None if it is not there, or its name leads out of the folder."""
    if not file or "\0" in file:
        return None
    folder = recordings.resolve()
    found = (folder / file).resolve()
    return found if found.is_relative_to(folder) and found.is_file() else None
