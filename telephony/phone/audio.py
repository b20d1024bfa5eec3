"""Sound on the line: 8 kHz, mono, mu-law (ITU-T G.711), one byte a sample.

Inside the telephone, sound is `bytes` of mu-law, also where it speaks A-law on the line; `decoded` gives numpy int16,
shape (samples,).
"""

from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from core.errors import ConfigurationError

RATE_HZ = 8000
FRAME_SAMPLES = 160  # 20 ms
SILENCE = b"\xff"

_BIAS = 132
_LOUDEST = 32_635


def _decoding_table() -> NDArray[np.int16]:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = ((((code & 0x0F) << 3) + _BIAS) << ((code >> 4) & 0x07)) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


_DECODED = _decoding_table()


def decoded(mulaw: bytes) -> NDArray[np.int16]:
    """Return samples, int16, shape (len(mulaw),)."""
    return _DECODED[np.frombuffer(mulaw, dtype=np.uint8)]


def encoded(samples: NDArray[np.int16]) -> bytes:
    """Return mu-law for int16 samples of shape (n,)."""
    wide = samples.astype(np.int32)
    magnitude = np.minimum(np.abs(wide), _LOUDEST) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    sign = np.where(wide < 0, 0x80, 0)
    code = ~(sign | (exponent << 4) | mantissa) & 0xFF
    return bytes(code.astype(np.uint8))


def _alaw_decoding_table() -> NDArray[np.int32]:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    mantissa, segment = ((code & 0x0F) << 4) + 8, (code >> 4) & 0x07
    magnitude = np.where(segment, (mantissa + 256) << np.maximum(segment - 1, 0), mantissa)
    return np.where(code & 0x80, magnitude, -magnitude)


_ALAW = _alaw_decoding_table()
FROM_ALAW = encoded(_ALAW.astype(np.int16))
"""Mu-law for each code of A-law."""


def in_alaw(samples: NDArray[np.int16]) -> bytes:
    """Return A-law for int16 samples of shape (n,)."""
    wide = samples.astype(np.int32)
    magnitude = np.clip(np.abs(wide), 1, 32_767)
    segment = np.maximum(np.floor(np.log2(magnitude)).astype(np.int32) - 7, 0)
    mantissa = (magnitude >> np.where(segment, segment + 3, 4)) & 0x0F
    code = (np.where(wide < 0, 0, 0x80) | (segment << 4) | mantissa) ^ 0x55
    return bytes(code.astype(np.uint8))


TO_ALAW = in_alaw(_DECODED)
"""A-law for each code of mu-law."""


def tone(hertz: float, seconds: float, level_dbfs: float = -15.0) -> bytes:
    """Return a sine wave."""
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    peak = 32_767 * 10 ** (level_dbfs / 20)
    return encoded((peak * np.sin(2 * np.pi * hertz * time)).astype(np.int16))


def read_wav(path: Path) -> bytes:
    """Read a sound file of 8 kHz, mono.

    Raises:
        ConfigurationError: it has another rate or more channels.
    """
    samples, rate_hz = sf.read(path, dtype="int16")
    if rate_hz != RATE_HZ or samples.ndim != 1:
        raise ConfigurationError(f"{path}: sound of 8000 Hz and one channel expected; convert it with sox -r 8000 -c 1")
    return encoded(samples)


def write_wav(path: Path, mulaw: bytes) -> None:
    """Write sound as a 16-bit file."""
    sf.write(path, decoded(mulaw), RATE_HZ, subtype="PCM_16")


def level_dbfs(mulaw: bytes) -> float:
    """Return the RMS level, -inf for digital silence or no sound at all."""
    samples = decoded(mulaw).astype(np.float64)
    power = float(np.mean(samples**2)) if samples.size else 0.0
    return 10 * float(np.log10(power / 32_768**2)) if power else float("-inf")


def share_at(mulaw: bytes, hertz: float, width_hertz: float = 30.0) -> float:
    """Return the share of the power, 0 to 1, that lies within `width_hertz` of a frequency."""
    spectrum = np.abs(np.fft.rfft(decoded(mulaw).astype(np.float64))) ** 2
    frequencies = np.fft.rfftfreq(len(mulaw), 1 / RATE_HZ)
    total = float(spectrum.sum())
    return float(spectrum[np.abs(frequencies - hertz) <= width_hertz].sum()) / total if total else 0.0
