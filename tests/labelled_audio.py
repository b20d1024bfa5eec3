"""Conversations whose speech is known to 20 ms: prompts of two voices, hold music, noise, laid where a test wants them.

Where a prompt is spoken is read off its own clean sound, which is silent between words. Between words less than
WORD_GAP_SECONDS apart, speech goes on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from contesta.settings import Settings
from ivr import synthesis
from quality.audio import spans
from quality.audio.spans import Spans

HZ = 8_000
STEP = 80
STEP_SECONDS = STEP / HZ
WORD_GAP_SECONDS = 0.2
INAUDIBLE_DB = 30.0

Sound = npt.NDArray[np.float32]

_TEXTS = (
    "Buenos días, gracias por llamar a la línea de atención a la ciudadanía.",
    "Su solicitud quedó radicada hoy y le llegará una copia al correo.",
    "Necesito saber en qué va mi trámite, porque ya pasaron varias semanas.",
    "Sí, señora, con gusto le ayudo. Permítame un momento en la línea.",
    "El número del expediente es cuatro, cinco, ocho, nueve.",
    "Muchas gracias por su ayuda, que tenga una buena tarde.",
)


@cache
def recorded_voice() -> tuple[Sound, ...]:
    """Prompts of Debian's Spanish package, which a person recorded: 1 to 9 s each."""
    return tuple(_files(_asterisk() / "sounds" / "es_MX_f_Allison", 1, 9))


@cache
def synthetic_voice() -> tuple[Sound, ...]:
    """Sentences of the synthetic voice."""
    wide = (synthesis.even_loudness(synthesis.speak(text, "es-ES")) for text in _TEXTS)
    return tuple(soxr.resample(one, synthesis.WIDE_HZ, HZ).astype(np.float32) for one in wide)


@cache
def hold_music() -> tuple[Sound, ...]:
    """Asterisk's hold music, one piece each."""
    return tuple(_files(_asterisk() / "moh", 10, 600))


def _asterisk() -> Path:
    return Settings().cache_dir / "asterisk" / "root" / "usr" / "share" / "asterisk"


def _files(folder: Path, least_seconds: float, most_seconds: float) -> Iterator[Sound]:
    files = sorted(folder.glob("*.wav"))
    assert files, "make run provisions Asterisk"
    for file in files:
        if least_seconds < soundfile.info(file).duration < most_seconds:
            yield soundfile.read(file, dtype="float32")[0]


def spoken(sound: Sound) -> npt.NDArray[np.bool_]:
    """Tell in which steps of 10 ms a clean prompt is spoken, words apart."""
    frames = sound[: len(sound) // STEP * STEP].reshape(-1, STEP)
    level = np.sqrt(np.square(frames).mean(axis=1))
    loud: npt.NDArray[np.bool_] = level > np.percentile(level, 90) * 10 ** (-INAUDIBLE_DB / 20)
    return loud


@dataclass
class Lane:
    """One side of a conversation."""

    seconds: float
    sound: Sound = field(init=False)
    _spoken: npt.NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.sound = np.zeros(round(self.seconds * HZ), np.float32)
        self._spoken = np.zeros(len(self.sound) // STEP, dtype=bool)

    def say(self, prompt: Sound, at: float, level_db: float = -6.0) -> float:
        """Lay a prompt at a second; return when it ends."""
        first = round(at * HZ) // STEP * STEP
        prompt = prompt[: len(self.sound) - first]
        self.sound[first : first + len(prompt)] += prompt * np.float32(10 ** (level_db / 20))
        loud = spoken(prompt)
        self._spoken[first // STEP : first // STEP + len(loud)] |= loud
        return at + len(prompt) / HZ

    def play(self, sound: Sound, at: float, level_db: float = -6.0) -> None:
        """Lay a sound that is no speech."""
        first = round(at * HZ)
        self.sound[first : first + len(sound)] += sound * np.float32(10 ** (level_db / 20))

    def end_at(self, seconds: float) -> None:
        """Leave away what comes later."""
        steps = round(seconds / STEP_SECONDS)
        self.sound, self._spoken = self.sound[: steps * STEP], self._spoken[:steps]

    def add_noise(self, below_speech_db: float, seed: int = 1) -> None:
        """Add white noise so far below the level of the speech."""
        loud = np.repeat(self._spoken, STEP)
        power = np.square(self.sound[: len(loud)][loud]).mean()
        deviation = np.sqrt(power * 10 ** (-below_speech_db / 10))
        self.sound += np.random.default_rng(seed).normal(0, deviation, len(self.sound)).astype(np.float32)

    @property
    def speech(self) -> Spans:
        """Where it is spoken."""
        return spans.bridged(spans.of_mask(self._spoken, STEP_SECONDS), WORD_GAP_SECONDS)


def conversation(turns: int, seed: int, adviser_db: float = -6.0, caller_db: float = -9.0) -> tuple[Lane, Lane]:
    """Two voices taking turns, now and then one over the other; a second or two of silence at times."""
    chance = np.random.default_rng(seed)
    adviser, caller = Lane(turns * 8.0), Lane(turns * 8.0)
    at = 0.5
    for turn in range(turns):
        lane, voice, level = (
            (adviser, recorded_voice(), adviser_db) if turn % 2 == 0 else (caller, synthetic_voice(), caller_db)
        )
        prompt = voice[int(chance.integers(len(voice)))]
        at = lane.say(prompt, at, level) + float(chance.choice([-0.8, 0.3, 0.7, 1.5, 2.5]))
    seconds = at + 1
    for lane in (adviser, caller):
        lane.end_at(seconds)
    return adviser, caller


def masked(found: Spans, seconds: float) -> npt.NDArray[np.bool_]:
    """Turn stretches into steps of 10 ms."""
    mask = np.zeros(round(seconds / STEP_SECONDS), dtype=bool)
    for begin, end in found:
        mask[round(begin / STEP_SECONDS) : round(end / STEP_SECONDS)] = True
    return mask


def f1(found: Spans, truth: Spans, seconds: float) -> float:
    """Harmonic mean of precision and recall over steps of 10 ms."""
    said, is_so = masked(found, seconds), masked(truth, seconds)
    return float(2 * (said & is_so).sum() / max(1, said.sum() + is_so.sum()))
