"""One channel of a recording, by frames of 10 ms, taken in block by block so that its length does not matter."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import scipy  # its parts load when they are used: a process starts sooner

LINE_HZ = 8_000
FRAME_SAMPLES = 80
FRAME_SECONDS = FRAME_SAMPLES / LINE_HZ
FLOOR_DBFS = -96.3
"""One step of 16 bits: nothing is quieter."""

CLIPPED = 0.98
"""Of full scale: the largest value of µ-law and A-law lies just above."""

Samples: TypeAlias = npt.NDArray[np.float32]
"""Shape (n,), at 8 kHz, -1 to 1."""

Levels: TypeAlias = npt.NDArray[np.float32]

BELOW_VOICE_HZ = 120
_NOTHING = 1e-9


def dbfs(power: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return mean squares, full scale 1, in dBFS (a square wave of full scale is 0)."""
    return np.asarray(np.maximum(10 * np.log10(np.maximum(power, 1e-12)), FLOOR_DBFS), np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a lane comes to: samples, those clipped, and the mean of all, which is 0 but for a fault, of full scale."""

    samples: int
    clipped: int
    offset: float


class Voice:
    """Takes out of a channel what lies below a voice: a constant component and the hum of the mains."""

    def __init__(self) -> None:
        self._filter = scipy.signal.butter(4, BELOW_VOICE_HZ, "highpass", fs=LINE_HZ, output="sos").astype(np.float32)
        self._state: npt.NDArray[np.float32] | None = None

    def of(self, samples: Samples) -> Samples:
        """Return the next samples without it."""
        if not len(samples):
            return samples
        settled = scipy.signal.sosfilt_zi(self._filter).astype(np.float32) * samples[0]
        state = settled if self._state is None else self._state
        filtered, state = scipy.signal.sosfilt(self._filter, samples, zi=state)
        self._state = np.where(np.abs(state) < _NOTHING, np.float32(0), state)  # what fades for ever is slow to reckon
        return np.asarray(filtered, np.float32)


class Lane:
    """The frames of one channel."""

    def __init__(self) -> None:
        self._powers: list[Levels] = []
        self._means: list[Levels] = []
        self._voiced: list[Levels] = []
        self._voice = Voice()
        self._voice_rest: Samples = np.zeros(0, np.float32)
        self._rest: Samples = np.zeros(0, np.float32)
        self._samples = self._clipped = 0
        self._sum = 0.0

    def take(self, samples: Samples) -> None:
        """Take the next samples in."""
        self._samples += len(samples)
        self._clipped += int(np.count_nonzero(np.abs(samples) >= CLIPPED))
        self._sum += float(samples.sum(dtype=np.float64))
        held = np.concatenate((self._rest, samples))
        whole = len(held) // FRAME_SAMPLES * FRAME_SAMPLES
        frames = held[:whole].reshape(-1, FRAME_SAMPLES)
        self._powers.append(np.square(frames).mean(axis=1, dtype=np.float32))
        self._means.append(frames.mean(axis=1, dtype=np.float32))
        self._rest = held[whole:]
        held = np.concatenate((self._voice_rest, self._voice.of(samples)))
        self._voiced.append(np.square(held[:whole].reshape(-1, FRAME_SAMPLES)).mean(axis=1, dtype=np.float32))
        self._voice_rest = held[whole:]

    @property
    def totals(self) -> Totals:
        """What the lane came to."""
        mean = self._sum / self._samples if self._samples else 0.0
        return Totals(samples=self._samples, clipped=self._clipped, offset=mean)

    @cached_property
    def power(self) -> Levels:
        """Mean square of each frame about the lane's mean, shape (frames,), once all is in."""
        if not self._powers:
            return np.zeros(0, np.float32)
        offset = np.float32(self.totals.offset)
        power = np.concatenate(self._powers) - 2 * offset * np.concatenate(self._means) + offset * offset
        return np.maximum(power, np.float32(0))

    @cached_property
    def level_dbfs(self) -> npt.NDArray[np.float64]:
        """Level of each frame, shape (frames,)."""
        return dbfs(self.power)

    @cached_property
    def voice_dbfs(self) -> npt.NDArray[np.float64]:
        """Level of each frame without what lies below a voice, shape (frames,)."""
        return dbfs(np.concatenate(self._voiced)) if self._voiced else np.zeros(0)

    @cached_property
    def floor_dbfs(self) -> float:
        """Level of the background: what a tenth of the frames stay below, without what lies below a voice."""
        return float(np.percentile(self.voice_dbfs, 10)) if len(self.voice_dbfs) else FLOOR_DBFS
