"""Builds the prompts' audio: a recording of the entity where there is one, else the text spoken by a synthetic voice.

Output: 8 kHz mono 16-bit wav, one loudness for all (ITU-R BS.1770), kept until its text, recording or voice changes.
"""

import hashlib
import io
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from py_nanotts import NanoTTS

from core.errors import ConfigurationError
from ivr.prompts import Catalogue, load

LINE_HZ = 8_000
VOICE_HZ = 16_000
VOICE = "es-ES"
SPEED = 0.95
PAUSE_SECONDS = 0.35
LOUDNESS_LUFS = -20.0
PEAK = 0.89  # -1 dBFS
AUDIBLE = 0.01  # of full scale
BLOCK_SECONDS = 0.4  # of BS.1770; anything shorter cannot be measured
LONGEST_SECONDS = 20.0
RECORDING_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
RECIPE = 1  # raise it when the sound of the same text changes

Audio = npt.NDArray[np.float64]
"""Samples in -1..1, shape (n,)."""

Progress = Callable[[int, int, str], None]
"""Called before a prompt is made, with prompts done, prompts in all and its id; at the end with an empty id."""


def build(
    folder: Path,
    *,
    cache: Path,
    catalogue: Catalogue | None = None,
    recordings: Path | None = None,
    progress: Progress = lambda _done, _total, _prompt: None,
) -> int:
    """Write `folder`/<id>.wav for every text of the catalogue and return how many there are.

    `recordings`/<id>.wav (or flac, ogg, mp3) replaces the synthetic voice. What was made before is in `cache`, by the
    hash of what it was made from.

    Raises:
        ConfigurationError: a recording cannot be used, or a prompt is too long; names the file or key and the mend.
    """
    texts = (catalogue or load()).texts
    folder.mkdir(parents=True, exist_ok=True)
    cache.mkdir(parents=True, exist_ok=True)
    for done, (prompt, text) in enumerate(texts.items()):
        recording = _recording(recordings, prompt)
        made = cache / f"{_digest(recording.read_bytes() if recording else text.encode())}.wav"
        if not made.exists():
            progress(done, len(texts), prompt)
            audio = even_loudness(_read(recording) if recording else speak(text), prompt)
            if len(audio) > LONGEST_SECONDS * LINE_HZ:
                raise ConfigurationError(
                    f"El audio «{prompt}» dura {len(audio) / LINE_HZ:.0f} s; acórtelo a {LONGEST_SECONDS:.0f} s o menos"
                )
            _replace(made, _wav(audio))
        _replace(folder / f"{prompt}.wav", made.read_bytes())
    progress(len(texts), len(texts), "")
    return len(texts)


def speak(text: str) -> Audio:
    """Synthesise a text at 8 kHz; … becomes a pause."""
    pause = np.zeros(round(PAUSE_SECONDS * VOICE_HZ))
    parts = []
    for phrase in filter(None, (part.strip() for part in text.split("…"))):
        pcm = NanoTTS().speak(american_spelling(phrase), voice=VOICE, speed=SPEED)
        parts += [_trim(np.frombuffer(pcm, "<i2") / 32768.0), pause]
    return to_line(np.concatenate(parts[:-1]), VOICE_HZ)


def american_spelling(text: str) -> str:
    """Spell as it sounds in Colombia: the voice is Castilian and would lisp ce, ci and z.

    A z at the end of a word stays, since words that end in s are stressed elsewhere.
    """
    text = re.sub(r"c(?=[eiéí])", "s", text)
    text = re.sub(r"C(?=[eiéí])", "S", text)
    return re.sub(r"z(?=\w)", "s", re.sub(r"Z(?=\w)", "S", text))


def to_line(audio: Audio, rate_hz: int) -> Audio:
    """Resample to the line's 8 kHz."""
    return np.asarray(soxr.resample(audio, rate_hz, LINE_HZ, "VHQ"), np.float64)


def even_loudness(audio: Audio, name: str) -> Audio:
    """Bring audio at 8 kHz to -20 LUFS, less where its peaks would clip.

    Raises:
        ConfigurationError: there is no sound in it.
    """
    import pyloudnorm  # noqa: PLC0415  it brings scipy, which a start with all prompts made does not wait for

    shortest = round(BLOCK_SECONDS * LINE_HZ) + 1
    repeated = np.resize(audio, max(shortest, len(audio))) if len(audio) else np.zeros(shortest)
    loudness = pyloudnorm.Meter(LINE_HZ).integrated_loudness(repeated)
    if not np.isfinite(loudness):
        raise ConfigurationError(f"El audio «{name}» no tiene sonido; grábelo de nuevo o retire la grabación")
    gain = min(10 ** ((LOUDNESS_LUFS - float(loudness)) / 20), PEAK / float(np.max(np.abs(audio))))
    return audio * gain


def _trim(audio: Audio) -> Audio:
    """Cut the silence that the voice puts around every phrase, so that pauses last what they should."""
    loud = np.flatnonzero(np.abs(audio) > AUDIBLE)
    edge = VOICE_HZ // 50
    return audio[max(0, loud[0] - edge) : loud[-1] + edge] if len(loud) else audio


def _recording(folder: Path | None, prompt: str) -> Path | None:
    if folder is None:
        return None
    return next((path for s in RECORDING_SUFFIXES if (path := folder / f"{prompt}{s}").is_file()), None)


def _read(recording: Path) -> Audio:
    try:
        audio, rate_hz = soundfile.read(recording, dtype="float64", always_2d=True)
    except soundfile.LibsndfileError as broken:
        raise ConfigurationError(f"No se puede leer la grabación {recording}: {broken.error_string}") from broken
    return to_line(np.asarray(audio.mean(axis=1), np.float64), rate_hz)


def _digest(source: bytes) -> str:
    return hashlib.sha256(f"{RECIPE} {VOICE} {SPEED} {PAUSE_SECONDS} {LOUDNESS_LUFS} ".encode() + source).hexdigest()


def _wav(audio: Audio) -> bytes:
    content = io.BytesIO()
    soundfile.write(content, np.round(audio * 32767).astype(np.int16), LINE_HZ, "PCM_16", format="WAV")
    return content.getvalue()


def _replace(target: Path, content: bytes) -> None:
    """Write a file so that nobody, Asterisk included, ever sees half of it, nor meets another writer of it."""
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as part:
        part.write(content)
    Path(part.name).chmod(0o644)
    Path(part.name).replace(target)
