"""What is heard in place of a recording: itself or, where somebody pressed keys, a copy without the tones.

Which of the two is found out once, and kept beside the recordings under the same name: a copy, or an empty file where
there is nothing to hide. The recording is never changed.
"""

import secrets
from pathlib import Path

from contesta.recordings import copy_of
from contesta.settings import Settings
from core.errors import NotAvailableError
from quality.audio.mask import silence, tones_of


def audible(settings: Settings, recording: Path) -> Path:
    """Give the file to be heard in place of a recording.

    Raises:
        ConfigurationError: the recording is no audio.
        NotAvailableError: it lies in none of our folders.
    """
    kept = _kept(settings, recording)
    if not kept.is_file() or kept.stat().st_mtime < recording.stat().st_mtime:
        _find_out(recording, kept)
    return kept if kept.stat().st_size else recording


def forget_gone(settings: Settings) -> int:
    """Remove what is kept of recordings that are gone, and return of how many."""
    gone = 0
    for root in _roots(settings):
        folder = settings.audible_dir / root.name
        for kept in folder.rglob("*"):
            if kept.is_file() and not (root / kept.relative_to(folder)).exists():
                kept.unlink(missing_ok=True)
                gone += 1
    return gone


def _find_out(recording: Path, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = kept.with_name(f".{kept.name}.{secrets.token_hex(4)}")
    try:
        tones = tones_of(recording)
        if any(tones):
            silence(recording, tones, part)
        else:
            part.touch()
        part.chmod(0o600)
        part.replace(kept)
    finally:
        part.unlink(missing_ok=True)


def _kept(settings: Settings, recording: Path) -> Path:
    for root in _roots(settings):
        if recording.is_relative_to(root):
            return copy_of(settings, root, recording)
    raise NotAvailableError("la grabación no está en su carpeta")


def _roots(settings: Settings) -> tuple[Path, ...]:
    return settings.recordings_dir.resolve(), settings.messages_dir.resolve()
