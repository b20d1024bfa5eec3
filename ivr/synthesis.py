"""The synthetic voice, and the sound of every prompt: one loudness for all (ITU-R BS.1770), at 8 and at 16 kHz."""

import io
import re
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from py_nanotts import NanoTTS

from core.errors import ConfigurationError

LINE_HZ = 8_000
WIDE_HZ = 16_000
"""The voice's own rate, and that of wideband calls."""

SPEED = 0.95
TEXT_PAUSE_SECONDS = 0.35
SENTENCE_PAUSE_SECONDS = 0.3
"""After what ends a sentence, before whatever is said next."""
LOUDNESS_LUFS = -20.0
PEAK = 0.89  # -1 dBFS
TONE_HZ, TONE_SECONDS = 1_000, 0.3
RECIPE: Final = f"3 {SPEED} {TEXT_PAUSE_SECONDS} {SENTENCE_PAUSE_SECONDS} {LOUDNESS_LUFS}"
"""What the sound of a text depends on beside text and voice; the number is raised when anything else changes it."""

_CASTILIAN = "es-ES"
_AUDIBLE = 0.01  # of full scale
_BLOCK_SECONDS = 0.4  # of BS.1770; anything shorter cannot be measured
_EDGE_SECONDS = 0.02

Audio = npt.NDArray[np.float64]
"""Samples in -1..1 at 16 kHz, shape (n,)."""


def speak(text: str, voice: str) -> Audio:
    """Synthesise a text; … becomes a pause."""
    pause = silence(TEXT_PAUSE_SECONDS)
    parts = []
    for phrase in filter(None, (part.strip() for part in text.split("…"))):
        spelled = american_spelling(phrase) if voice == _CASTILIAN else phrase
        pcm = NanoTTS().speak(spelled, voice=voice, speed=SPEED)
        parts += [_trim(np.frombuffer(pcm, "<i2") / 32768.0), pause]
    return np.concatenate(parts[:-1])


def american_spelling(text: str) -> str:
    """Spell as it sounds in Colombia: the voice is Castilian and would lisp ce, ci and z.

    A z at the end of a word stays, since words that end in s are stressed elsewhere.
    """
    text = re.sub(r"c(?=[eiéí])", "s", text)
    text = re.sub(r"C(?=[eiéí])", "S", text)
    return re.sub(r"z(?=\w)", "s", re.sub(r"Z(?=\w)", "S", text))


def silence(seconds: float) -> Audio:
    """Make silence."""
    return np.zeros(round(seconds * WIDE_HZ))


def with_pause(audio: Audio) -> Audio:
    """Let a sentence be followed by its pause; what silence it ends with counts."""
    loud = np.flatnonzero(np.abs(audio) > _AUDIBLE)
    there = len(audio) - 1 - int(loud[-1]) if len(loud) else 0
    return np.concatenate([audio, np.zeros(max(0, round(SENTENCE_PAUSE_SECONDS * WIDE_HZ) - there))])


def tone() -> Audio:
    """Make the tone after which a caller speaks, at its loudness."""
    times = np.arange(round(TONE_SECONDS * WIDE_HZ)) / WIDE_HZ
    fade = np.minimum(1.0, np.minimum(times, TONE_SECONDS - times) / _EDGE_SECONDS)
    return even_loudness(np.sin(2 * np.pi * TONE_HZ * times) * fade)


def read(recording: Path) -> Audio:
    """Read a recording of any rate, its channels made one.

    Raises:
        ConfigurationError: it is no audio.
    """
    try:
        audio, rate_hz = soundfile.read(recording, dtype="float64", always_2d=True)
    except soundfile.LibsndfileError as broken:
        raise ConfigurationError(f"No se puede leer la grabación {recording}: {broken.error_string}") from broken
    return resampled(np.asarray(audio.mean(axis=1), np.float64), rate_hz, WIDE_HZ)


def even_loudness(audio: Audio) -> Audio:
    """Bring audio to -20 LUFS as the line carries it, less where its peaks would clip.

    Raises:
        ValueError: there is no sound in it.
    """
    import pyloudnorm  # noqa: PLC0415  it brings scipy, which a start with all prompts made does not wait for

    narrow = resampled(audio, WIDE_HZ, LINE_HZ)
    shortest = round(_BLOCK_SECONDS * LINE_HZ) + 1
    repeated = np.resize(narrow, max(shortest, len(narrow))) if len(narrow) else np.zeros(shortest)
    loudness = pyloudnorm.Meter(LINE_HZ).integrated_loudness(repeated)
    if not np.isfinite(loudness):
        raise ValueError("no sound")
    peak = max(float(np.max(np.abs(audio))), float(np.max(np.abs(narrow))))
    return audio * min(10 ** ((LOUDNESS_LUFS - float(loudness)) / 20), PEAK / peak)


def wav(audio: Audio, rate_hz: int) -> bytes:
    """Write mono 16-bit wav at `rate_hz`."""
    content = io.BytesIO()
    pcm = np.round(resampled(audio, WIDE_HZ, rate_hz) * 32767).astype(np.int16)
    soundfile.write(content, pcm, rate_hz, "PCM_16", format="WAV")
    return content.getvalue()


def resampled(audio: Audio, from_hz: int, to_hz: int) -> Audio:
    """Change the rate without aliasing."""
    return audio if from_hz == to_hz else np.asarray(soxr.resample(audio, from_hz, to_hz, "VHQ"), np.float64)


def _trim(audio: Audio) -> Audio:
    """Cut the silence that the voice puts around every phrase, so that pauses last what they should."""
    loud = np.flatnonzero(np.abs(audio) > _AUDIBLE)
    edge = round(_EDGE_SECONDS * WIDE_HZ)
    return audio[max(0, loud[0] - edge) : loud[-1] + edge] if len(loud) else audio
