"""Keypad tones in the sound of a channel: where a digit is heard that somebody pressed.

A digit is two tones at once, one of four low and one of four high frequencies (ITU-T Q.23). Windows of 26 ms, every
10 ms, are held against all eight (as Goertzel's algorithm does, here one product of matrices): most of a window's power
must lie in one tone of each group, neither far above the other, and in the same two for 40 ms. Speech has its power
elsewhere too.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from quality.audio.frames import LINE_HZ, Samples
from quality.audio.spans import Spans, bridged

LOW_HZ = (697, 770, 852, 941)
HIGH_HZ = (1209, 1336, 1477, 1633)

WINDOW_SAMPLES = 205
STEP_SAMPLES = 80
LEAST_WINDOWS = 3
LEAST_SHARE = 0.65
"""Of a window's power, in the two tones together."""
LARGEST_TWIST = 6.0
"""Between the powers of the two tones, as a ratio: 8 dB."""
LEAST_POWER = 1e-5
"""Mean square of a window, full scale 1: -50 dBFS."""
MARGIN_SECONDS = 0.02
"""What is left of a tone in windows that were not taken for it."""

_AT_ONCE = 4096  # windows
_WINDOW = np.hanning(WINDOW_SAMPLES).astype(np.float32)
_TIMES = np.arange(WINDOW_SAMPLES) / LINE_HZ
_ANGLES = 2 * np.pi * np.outer(_TIMES, LOW_HZ + HIGH_HZ)
_WAVES = np.hstack((np.cos(_ANGLES), np.sin(_ANGLES))).astype(np.float32)
_OF_PURE_TONE = float(np.sum(_WINDOW)) ** 2 / (2 * float(np.sum(np.square(_WINDOW))))
_NONE = -1


class Tones:
    """The keypad tones of one channel, taken in block by block so that its length does not matter."""

    def __init__(self) -> None:
        self._digits: list[npt.NDArray[np.int8]] = []
        self._rest: Samples = np.zeros(0, np.float32)

    def take(self, samples: Samples) -> None:
        """Take the next samples in, at 8 kHz."""
        held = np.concatenate((self._rest, samples))
        count = max(0, (len(held) - WINDOW_SAMPLES) // STEP_SAMPLES + 1)
        if count:
            windows = np.lib.stride_tricks.sliding_window_view(held, WINDOW_SAMPLES)[::STEP_SAMPLES][:count]
            for first in range(0, count, _AT_ONCE):
                self._digits.append(_digits(windows[first : first + _AT_ONCE]))
        self._rest = held[count * STEP_SAMPLES :]

    @property
    def spans(self) -> Spans:
        """Where digits are heard, in seconds, with a margin around each."""
        digits = np.concatenate(self._digits) if self._digits else np.zeros(0, np.int8)
        edges = np.flatnonzero(np.diff(np.concatenate(([_NONE], digits, [_NONE]))))
        found = [
            (
                max(0.0, begin * STEP_SAMPLES / LINE_HZ - MARGIN_SECONDS),
                ((end - 1) * STEP_SAMPLES + WINDOW_SAMPLES) / LINE_HZ + MARGIN_SECONDS,
            )
            for begin, end in pairwise(edges)
            if digits[begin] != _NONE and end - begin >= LEAST_WINDOWS
        ]
        return bridged(((float(begin), float(end)) for begin, end in found), 1e-9)


def _digits(windows: npt.NDArray[np.float32]) -> npt.NDArray[np.int8]:
    """Give the digit of each window, 0 to 15, or -1; `windows` has shape (n, WINDOW_SAMPLES)."""
    shaped = windows * _WINDOW
    parts = np.square(shaped @ _WAVES)
    powers = parts[:, : len(LOW_HZ + HIGH_HZ)] + parts[:, len(LOW_HZ + HIGH_HZ) :]
    energy = np.square(shaped).sum(axis=1)
    low, high = powers[:, : len(LOW_HZ)], powers[:, len(LOW_HZ) :]
    row, column = low.argmax(axis=1), high.argmax(axis=1)
    one, other = low.max(axis=1), high.max(axis=1)
    share = (one + other) / np.maximum(energy * _OF_PURE_TONE, 1e-20)
    loud = energy >= LEAST_POWER * float(np.sum(np.square(_WINDOW)))
    is_digit = loud & (share >= LEAST_SHARE) & (one <= LARGEST_TWIST * other) & (other <= LARGEST_TWIST * one)
    return np.where(is_digit, row * len(HIGH_HZ) + column, _NONE).astype(np.int8)
