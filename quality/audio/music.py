"""Whether a sound is music.

Music holds its notes, so that single bins of its spectrum stand out of their neighbours for a quarter of a second.
Noise does not do so, however it is coloured, and a murmur of many voices hardly does.
"""

import numpy as np
import scipy  # its parts load when they are used: a process starts sooner

from quality.audio.frames import LINE_HZ, Samples

QUARTER_SAMPLES = LINE_HZ // 4
QUARTER_SECONDS = 0.25

_WINDOW = 500
_AUDIBLE_BINS = slice(12, 212)  # 192 to 3 392 Hz, of 16 Hz each
_NEIGHBOURS = 15
_STANDS_OUT = 3.0


def tonal_share(quarter: Samples) -> float:
    """Return the share of a quarter second's power, 0 to 1, that stands out of its spectrum.

    Hold music has 0.4 to 1, coloured noise 0, a murmur 0.2; of a single voice it says nothing.
    """
    windows = np.lib.stride_tricks.sliding_window_view(quarter, _WINDOW)[:: _WINDOW // 2]
    spectrum = np.square(np.abs(np.fft.rfft(windows * _HANN, axis=1))).mean(axis=0)[_AUDIBLE_BINS]
    power = float(spectrum.sum())
    stands_out = spectrum > _STANDS_OUT * scipy.ndimage.median_filter(spectrum, size=_NEIGHBOURS)
    return float(spectrum[stands_out].sum()) / power if power > 0 else 0.0


_HANN = np.hanning(_WINDOW).astype(np.float32)
