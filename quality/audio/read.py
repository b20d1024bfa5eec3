"""A recording, in blocks at 8 kHz: of any rate, length and coding that libsndfile reads.

It is read twice, once for the levels and once by the detector, so that no more than a block is ever in memory.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from core.errors import ConfigurationError
from quality.audio.detectors import Detector
from quality.audio.frames import LINE_HZ, Lane
from quality.audio.measures import ROLES, Measures, measure
from quality.audio.spans import Spans
from quality.audio.speech import Listening, apart

BLOCK_SECONDS = 8
LEAST_HZ, MOST_HZ = 4_000, 384_000
"""Of the sample rates in headers; any other comes from a damaged one, and would take hours to convert."""

_SHORTER_THAN_TOLD = "(should be "
"""What libsndfile notes of a header that tells of more or less than there is."""

Block: TypeAlias = npt.NDArray[np.float32]
"""Shape (n, channels), at 8 kHz."""

Progress: TypeAlias = Callable[[float], None]
"""Called with the share that is done, 0 to 1."""


def measured(
    recording: Path, detector: Detector, *, announced_hold: Spans = (), progress: Progress = lambda _: None
) -> Measures:
    """Measure a recording of one channel, or of two of which the first is the adviser's.

    Raises:
        ConfigurationError: there is none, it is not audio, or has more channels; says which and how to mend it.
    """
    opened = Opened(recording)
    lanes = [Lane() for _ in range(opened.channels)]
    for block in opened.blocks(lambda share: progress(share * 0.1)):
        for lane, samples in zip(lanes, block.T, strict=True):
            lane.take(samples)
    if not lanes[0].totals.samples:
        raise ConfigurationError(f"{recording}: no tiene sonido; la grabación quedó vacía o dañada")
    heard = []
    for number, lane in enumerate(lanes):
        detector.forget()
        listening = Listening(lane, detector)

        def tell(share: float, number: int = number) -> None:
            progress(0.1 + 0.9 * (number + share) / len(lanes))

        for block in opened.blocks(tell):
            listening.take(np.ascontiguousarray(block[:, number]))
        heard.append(listening.heard())
    return measure(
        apart(list(zip(lanes, heard, strict=True))),
        duration_seconds=lanes[0].totals.samples / LINE_HZ,
        sample_rate=opened.sample_rate,
        announced_hold=announced_hold,
        cut_off=opened.cut_off,
    )


class Opened:
    """A file that is known to be audio."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with soundfile.SoundFile(path) as file:
                self.sample_rate, self.channels, self._frames = file.samplerate, file.channels, file.frames
                self.cut_off = _SHORTER_THAN_TOLD in file.extra_info
        except (soundfile.LibsndfileError, OSError) as error:
            why = "no existe o no se puede leer" if not path.is_file() else "no es un archivo de audio, o está dañado"
            raise ConfigurationError(f"{path}: {why}; use una grabación WAV, FLAC, Ogg o MP3") from error
        if not LEAST_HZ <= self.sample_rate <= MOST_HZ:
            raise ConfigurationError(
                f"{path}: dice tener {self.sample_rate} muestras por segundo, que no puede ser; "
                f"use una grabación de {LEAST_HZ} a {MOST_HZ}"
            )
        if self.channels not in ROLES:
            raise ConfigurationError(
                f"{path}: tiene {self.channels} canales; use uno, o dos con el asesor en el primero"
            )

    def blocks(self, progress: Progress = lambda _: None) -> Iterator[Block]:
        """Yield what can be read, from the beginning; a file that breaks off says so in `cut_off`."""
        resample = None
        if self.sample_rate != LINE_HZ:
            resample = soxr.ResampleStream(self.sample_rate, LINE_HZ, self.channels, dtype="float32")
        read = 0
        with soundfile.SoundFile(self.path) as file:
            while True:
                try:
                    block = file.read(BLOCK_SECONDS * self.sample_rate, dtype="float32", always_2d=True)
                except soundfile.LibsndfileError:
                    block = np.zeros((0, self.channels), np.float32)
                    self.cut_off = True
                read += len(block)
                last = not len(block)
                finite = np.clip(np.nan_to_num(block, nan=0.0), -1, 1)
                at_line = resample.resample_chunk(finite, last=last) if resample else finite
                if len(at_line):
                    yield at_line.reshape(-1, self.channels)
                if last:
                    break
                progress(min(1.0, read / max(1, self._frames)))
        self.cut_off |= read < self._frames
