"""A recording without its keypad tones: a copy in which they are silent, each in its own channel.

The copy has the length, the header and every other sample of the recording, so that seconds and ranges of bytes agree.
"""

import shutil
from pathlib import Path

import numpy as np
import soundfile

from quality.audio.read import Opened
from quality.audio.spans import Spans
from quality.audio.tones import Tones


def tones_of(recording: Path) -> tuple[Spans, ...]:
    """Find the keypad tones of each channel, in seconds.

    Raises:
        ConfigurationError: the recording is not there, or is no audio.
    """
    opened = Opened(recording)
    channels = [Tones() for _ in range(opened.channels)]
    for block in opened.blocks():
        for tones, samples in zip(channels, block.T, strict=True):
            tones.take(samples)
    return tuple(tones.spans for tones in channels)


def silence(recording: Path, tones: tuple[Spans, ...], copy: Path) -> None:
    """Write a copy of a recording in which the stretches of each channel are silent."""
    shutil.copyfile(recording, copy)
    with soundfile.SoundFile(copy, "r+") as file:
        for channel, spans in enumerate(tones):
            for begin, end in spans:
                first, last = round(begin * file.samplerate), min(file.frames, round(end * file.samplerate))
                file.seek(first)
                samples = file.read(last - first, dtype="int16", always_2d=True)
                samples[:, channel] = np.int16(0)
                file.seek(first)
                file.write(samples)
