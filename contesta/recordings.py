"""Where recordings lie, and what is heard in their place."""

from pathlib import Path

from contesta.settings import Settings


def recording_path(recordings: Path, file: str) -> Path | None:
    """Find a recording in their folder; None if it is not there, or its name leads out of the folder."""
    if not file or "\0" in file:
        return None
    folder = recordings.resolve()
    found = (folder / file).resolve()
    return found if found.is_relative_to(folder) and found.is_file() else None


def copy_of(settings: Settings, root: Path, recording: Path) -> Path:
    """Tell where the copy without keypad tones of a recording lies, if there is one; it is of the folder `root`."""
    return settings.audible_dir / root.name / recording.relative_to(root)
