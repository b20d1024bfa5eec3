"""Whether a sound is music.

Music holds its notes, so that single bins of its spectrum stand out of their neighbours for a quarter of a second.
Noise does not do so, however it is coloured, and a murmur of many voices hardly does.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import scipy  # its parts load when they are used: a process starts sooner

from quality.audio.frames import LINE_HZ, Samples
from quality.audio.tones import HIGH_HZ, LOW_HZ

QUARTER_SAMPLES = LINE_HZ // 4
QUARTER_SECONDS = 0.25

_WINDOW = 500
_AUDIBLE_BINS = slice(12, 212)  # 192 to 3 392 Hz, of 16 Hz each
_NEIGHBOURS = 15
_STANDS_OUT = 3.0

_WIDTH = 3  # bins that a steady tone spreads over, to each side
_ONLY_TONES = 0.9
_SAME = 0.98


Spectrum: TypeAlias = npt.NDArray[np.float64]
"""Mean power of each audible bin, shape (200,)."""


def spectrum(quarter: Samples) -> Spectrum:
    """Return the spectrum of a quarter second."""
    windows = np.lib.stride_tricks.sliding_window_view(quarter, _WINDOW)[:: _WINDOW // 2]
    return np.asarray(np.square(np.abs(np.fft.rfft(windows * _HANN, axis=1))).mean(axis=0)[_AUDIBLE_BINS])


def tonal_share(of: Spectrum) -> float:
    """Return the share of a quarter second's power, 0 to 1, that stands out of its spectrum.

    Hold music has 0.4 to 1, coloured noise 0, a murmur 0.2; of a single voice it says nothing.
    """
    power = float(of.sum())
    stands_out = of > _STANDS_OUT * scipy.ndimage.median_filter(of, size=_NEIGHBOURS)
    return float(of[stands_out].sum()) / power if power > 0 else 0.0


def is_signal(of: Spectrum, before: Spectrum | None) -> bool:
    """Tell whether a quarter second is a signal and no music: two tones and nothing else, or what was there before.

    Dial, busy and keypad tones are the one, a hum the other. Single quarters of music are so too, but never most.
    """
    if before is not None and float(of @ before) > _SAME * float(np.linalg.norm(of) * np.linalg.norm(before)):
        return True
    rest, tones = of.copy(), 0.0
    for _ in range(2):
        peak = int(rest.argmax())
        around = slice(max(0, peak - _WIDTH), peak + _WIDTH + 1)
        tones += float(rest[around].sum())
        rest[around] = 0
    return max(tones, float(of[_OF_KEYS].sum())) > _ONLY_TONES * float(of.sum())


_HANN = np.hanning(_WINDOW).astype(np.float32)
_KEYS = np.abs(16 * np.arange(12, 212)[:, None] - np.array(LOW_HZ + HIGH_HZ)).min(axis=1)
_OF_KEYS = _KEYS <= 16 * _WIDTH
