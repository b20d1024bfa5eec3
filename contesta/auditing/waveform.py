"""The outline of a recording: how loud each moment of each channel is, read a part at a time whatever its length."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from core.errors import NotAvailableError

BUCKETS = 1200
_AT_ONCE = 64  # buckets read together


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """Of a recording of `seconds`: for each channel the largest amplitude in each bucket, from 0 to 1."""

    seconds: float
    channels: tuple[tuple[float, ...], ...]


def outline(path: Path, buckets: int = BUCKETS) -> Outline:
    """Read the outline of a recording, in at most so many buckets of equal length.

    Raises:
        NotAvailableError: the file cannot be read as audio.
    """
    try:
        with soundfile.SoundFile(path) as file:
            size = max(1, -(-file.frames // buckets))
            parts = list(_peaks(file, size))
            peaks = np.concatenate(parts) if parts else np.zeros((0, file.channels), dtype=np.float32)
            return Outline(
                seconds=file.frames / file.samplerate,
                channels=tuple(tuple(round(float(peak), 3) for peak in channel) for channel in peaks.T),
            )
    except (soundfile.SoundFileError, OSError) as error:
        raise NotAvailableError("la grabación no se puede leer: el archivo está dañado o no está") from error


def _peaks(file: soundfile.SoundFile, size: int) -> Iterator[NDArray[np.float32]]:
    """Yield peaks (buckets by channels) of parts of the file, `size` frames a bucket."""
    for block in file.blocks(blocksize=size * _AT_ONCE, dtype="float32", always_2d=True):
        whole = -(-len(block) // size)
        padded = np.zeros((whole * size, block.shape[1]), dtype=np.float32)
        padded[: len(block)] = np.abs(block)
        yield padded.reshape(whole, size, -1).max(axis=1)
