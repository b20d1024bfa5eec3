"""What one channel has of the other's voice: crosstalk in the wires, or a loudspeaker's sound in a microphone.

An echo repeats the other's level, so much lower and so much later, for as long as the other speaks. Whoever talks at
the same time does not. So the two levels are held against each other at every delay; where most of what is loud in the
other channel comes back at one of them, at the same distance, what is no louder than that is nobody's speech.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy  # its parts load when they are used: a process starts sooner

from quality.audio.frames import FRAME_SECONDS, Lane
from quality.audio.spans import Mask, Spans

LATEST_SECONDS = 0.3
LEAST_LOSS_DB = 10.0
"""What comes back with less loss is no echo: both channels carry the same."""

WITHIN_DB = 3.0
COMES_BACK = 0.5
"""Of the loud frames of the other channel, the share that must come back at one delay and within that of one loss."""

ABOVE_ECHO_DB = 6.0
"""Whoever speaks over an echo is so much louder than it."""

FADES_SECONDS = 0.15
LEAST_SPEECH_SECONDS = 1.0
"""Of the other's, from which a path can be told."""

_Levels = npt.NDArray[np.float64]


class Path(NamedTuple):
    """How the other's voice comes back."""

    delay_frames: int
    gain_db: float


def echo_of(own: Lane, other: Lane, others_speech: Spans) -> Mask:
    """Tell in which frames a channel has nothing louder than the echo of the other's speech."""
    level = own.voice_dbfs
    spoken = np.zeros(len(level), dtype=bool)
    for begin, end in others_speech:
        spoken[round(begin / FRAME_SECONDS) : round(end / FRAME_SECONDS)] = True
    path = _path(level, level > own.floor_dbfs + WITHIN_DB, other.voice_dbfs, spoken)
    if path is None:
        return np.zeros(len(level), dtype=bool)
    fades = round(FADES_SECONDS / FRAME_SECONDS)
    loudest = scipy.ndimage.maximum_filter1d(
        np.where(spoken, other.voice_dbfs, -np.inf), fades, origin=(fades - 1) // 2
    )
    comes_back = _later(loudest, path.delay_frames) + path.gain_db + ABOVE_ECHO_DB
    return np.asarray(level < comes_back)


def _path(level: _Levels, audible: Mask, others_level: _Levels, others_speech: Mask) -> Path | None:
    """Find the delay and the loss at which most of the other's voice comes back, None if it does not."""
    spoken = others_level[others_speech]
    if len(spoken) * FRAME_SECONDS < LEAST_SPEECH_SECONDS:
        return None
    loud = np.flatnonzero(others_speech & (others_level > np.percentile(spoken, 60)))
    best, found = 0.0, None
    for delay in range(round(LATEST_SECONDS / FRAME_SECONDS) + 1):
        at = loud[loud + delay < len(level)]
        apart = np.sort((level[at + delay] - others_level[at])[audible[at + delay]])
        if not len(apart):
            continue
        within = np.searchsorted(apart, apart + 2 * WITHIN_DB) - np.arange(len(apart))
        share = float(within.max()) / len(loud)
        if share > best:
            best, found = share, Path(delay, float(apart[within.argmax()]) + WITHIN_DB)
    return found if found and best >= COMES_BACK and found.gain_db <= -LEAST_LOSS_DB else None


def _later(values: _Levels, frames: int) -> _Levels:
    return np.concatenate((np.full(frames, -np.inf), values))[: len(values)]
