"""An ear for prompts: which of them are said in what a caller hears, when, and whether any of it is missing.

A matched filter. The beginning of each prompt is looked for in all of the audio by normalised cross-correlation (at
half the rate, by FFT); where it is found, the prompt is followed piece by piece to its end. So a prompt that is
cut short is told from one that is whole, and a missing one is not heard at all. Nothing is assumed of what ought to be
there.

Pieces are compared by shape, not by level: louder, softer or noisy is the same. Silence in mid prompt, as a hiccup of a
machine under load makes, is passed over; speech that is not there is not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy  # its parts load when they are used
import soundfile

RATE_HZ = 8_000
HEAD_SECONDS = 0.8
PIECE_SECONDS = 0.125
HEAD_LIKE, PIECE_LIKE, RESUMED_LIKE = 0.55, 0.5, 0.7
"""How alike they must be at least, 0 to 1."""
LEAST_SECONDS = 0.5
"""Of a prompt that is heard in part."""
LONGEST_HICCUP_SECONDS, LONGEST_SKIP_SECONDS = 0.5, 0.2
FAINT_DB = -26.0
"""Pieces that much below the loudest of their prompt tell nothing: noise covers them."""
MOST_COVERED = 0.3
"""Of a prompt that is heard, by one that explains more of the same sound."""

_SLOWER = 2  # more, and the tone after which callers speak would be lost
_BLOCK = 16_384
_NEAR = RATE_HZ // 100  # a likeness at the slower rate may be the next period of the voice
_PIECE = round(PIECE_SECONDS * RATE_HZ)
_ENOUGH = 4  # pieces in a row, to look for what follows them
_QUIET = 1e-3  # RMS; the prompts have 0.1
_AUDIBLE = 0.01

Audio = npt.NDArray[np.float32]
"""Samples in -1..1 at 8 kHz, shape (n,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A prompt that was heard. `missing` are the parts of it that were not: seconds within the prompt, from and to."""

    prompt: str
    at_seconds: float
    until_seconds: float
    missing: tuple[tuple[float, float], ...] = ()


def prompts_in(folder: Path, *values: str) -> Mapping[str, Audio]:
    """Read the prompts of a line's edition: all of its texts, and of the values the ones that are named."""
    texts = [path.stem for path in sorted(folder.glob("*.wav"))]
    return {name: soundfile.read(folder / f"{name}.wav", dtype="float32")[0] for name in (*texts, *values)}


class Ear:
    """Knows prompts by their sound. Of several that sound the same, the first names them all."""

    def __init__(self, prompts: Mapping[str, Audio]) -> None:
        """Take prompts by name."""
        self._names: dict[str, str] = {}
        known: dict[bytes, _Prompt] = {}
        for name, samples in prompts.items():
            prompt = known.setdefault(samples.tobytes(), _Prompt(name=name, samples=samples))
            self._names[name] = prompt.name
        self._prompts = [prompt for prompt in known.values() if prompt.sound.size]
        heads = np.zeros((len(self._prompts), _BLOCK), np.float32)
        for row, prompt in zip(heads, self._prompts, strict=True):
            row[: prompt.head.size] = prompt.head
        self._spectra = np.conj(scipy.fft.rfft(heads))
        self._longest = max(prompt.head.size for prompt in self._prompts)

    def name(self, prompt: str) -> str:
        """Return the name by which this ear tells a prompt, '' for silence, which nobody can tell."""
        name = self._names[prompt]
        return name if any(known.name == name for known in self._prompts) else ""

    def hear(self, audio: Audio) -> list[Heard]:
        """Return what is said, in order."""
        found = [place for prompt, at in self._beginnings(audio) if (place := _follow(prompt, audio, at))]
        said: list[_Place] = []
        for place in sorted(found, key=lambda place: place.explains, reverse=True):
            if sum(place.covered_by(other) for other in said) <= MOST_COVERED:
                said.append(place)
        return [place.heard for place in sorted(said, key=lambda place: place.at)]

    def _beginnings(self, audio: Audio) -> Iterator[tuple["_Prompt", int]]:
        """Find where prompts may begin: every likeness of a head, by sample."""
        slow = _slower(audio)
        padded = np.concatenate([slow, np.zeros(_BLOCK, np.float32)])
        for start in range(0, slow.size, _BLOCK - self._longest):
            block = padded[start : start + _BLOCK]
            if block.size < _BLOCK or np.sqrt(np.mean(block**2)) < _QUIET / 10:
                continue
            products = scipy.fft.irfft(scipy.fft.rfft(block) * self._spectra, _BLOCK)
            energy = np.concatenate([[0.0], np.cumsum(block.astype(np.float64) ** 2)])
            for prompt, product in zip(self._prompts, products, strict=True):
                size = prompt.head.size
                level = np.sqrt(np.maximum(energy[size:] - energy[:-size], size * _QUIET**2))
                like = product[: level.size] / (level * prompt.head_norm)
                if like.max() >= HEAD_LIKE:
                    peaks, _ = scipy.signal.find_peaks(np.pad(like, 1), height=HEAD_LIKE, distance=2 * _NEAR // _SLOWER)
                    yield from ((prompt, (start + int(peak) - 1) * _SLOWER) for peak in peaks)


class _Prompt:
    """A prompt as it is looked for: `sound` is it without the silence around it, `lead` are the samples before.

    `starts` are where its pieces begin; `telling`, which of them are loud enough to be compared.
    """

    def __init__(self, name: str, samples: Audio) -> None:
        self.name = name
        loud = np.flatnonzero(np.abs(samples) > _AUDIBLE)
        self.lead = int(loud[0]) if loud.size else 0
        self.sound = samples[self.lead : int(loud[-1]) + 1] if loud.size else samples[:0]
        self.size = min(_PIECE, self.sound.size)
        self.starts = np.array([*range(0, self.sound.size - self.size, _PIECE), self.sound.size - self.size])
        levels = np.linalg.norm(_pieces(self.sound, self.starts, self.size), axis=1)
        self.telling = levels > levels.max(initial=0.0) * 10 ** (FAINT_DB / 20)
        self.head = _slower(self.sound[: round(HEAD_SECONDS * RATE_HZ)])
        self.head_norm = float(np.linalg.norm(self.head)) or 1.0

    def missing(self, there: npt.NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
        """Return the parts of which no piece is there, as seconds from and to within the prompt."""
        parts: list[tuple[float, float]] = []
        before_is_there = True
        for start, is_there in zip(self.starts[self.telling], there[self.telling], strict=True):
            if not is_there:
                begin = self._second(int(start)) if before_is_there else parts.pop()[0]
                parts.append((begin, self._second(int(start) + self.size)))
            before_is_there = is_there
        return tuple(parts)

    def _second(self, sample: int) -> float:
        return round((self.lead + sample) / RATE_HZ, 2)


@dataclass(frozen=True)
class _Place:
    """Where a prompt was found, in samples: its sound from `at` until `until`, with the pieces that are there."""

    prompt: _Prompt
    at: int
    until: int
    there: npt.NDArray[np.bool_]
    like: float

    @property
    def explains(self) -> tuple[int, float, float]:
        """How much is there, how much of the whole that is, how alike. The greatest of those in one place is right."""
        count = int(np.count_nonzero(self.there))
        return count, count / np.count_nonzero(self.prompt.telling), self.like

    def covered_by(self, other: "_Place") -> float:
        common = min(self.until, other.until) - max(self.at, other.at)
        return max(0, common) / (self.until - self.at)

    @property
    def heard(self) -> Heard:
        return Heard(
            prompt=self.prompt.name,
            at_seconds=round((self.at - self.prompt.lead) / RATE_HZ, 2),
            until_seconds=round(self.until / RATE_HZ, 2),
            missing=self.prompt.missing(self.there),
        )


def _follow(prompt: _Prompt, audio: Audio, near: int) -> _Place | None:
    """Follow a prompt that seems to begin near a sample, piece by piece; None if it is not there."""
    head = prompt.sound[: _ENOUGH * _PIECE]
    at = begin = near - _NEAR + _best(head, _part(audio, near - _NEAR, head.size + 2 * _NEAR))[0]
    likes = _likes(prompt, audio, at)
    there = likes >= PIECE_LIKE
    there |= ~prompt.telling
    for count in range(_ENOUGH, there.size - 1):
        if not there[count] and there[count - _ENOUGH : count].all() and (shift := _resumes(prompt, audio, at, count)):
            at += shift
            likes[count + 1 :] = _likes(prompt, audio, at)[count + 1 :]
            there[count + 1 :] = (likes[count + 1 :] >= PIECE_LIKE) | ~prompt.telling[count + 1 :]
            there[count] = shift > 0
    there &= prompt.telling
    # What lies behind the end of a prompt that was cut short may be like it by chance.
    balance = np.cumsum(np.where(prompt.telling, np.where(there, 1, -1), 0))
    last = int(np.argmax(balance))
    there[last + 1 :] = False
    enough = np.count_nonzero(there) * prompt.size >= LEAST_SECONDS * RATE_HZ or there[prompt.telling].all()
    if not enough or balance[last] <= 0:
        return None
    until = at + int(prompt.starts[last]) + prompt.size
    return _Place(prompt=prompt, at=begin, until=until, there=there, like=float(likes[there].mean()))


def _resumes(prompt: _Prompt, audio: Audio, at: int, count: int) -> int | None:
    """Return by how many samples the pieces after one come later (or earlier) than they ought to; None: not at all."""
    start = int(prompt.starts[count + 1])
    rest = prompt.sound[start : start + 3 * _PIECE]
    earliest = -round(LONGEST_SKIP_SECONDS * RATE_HZ)
    latest = round(LONGEST_HICCUP_SECONDS * RATE_HZ)
    shift, like = _best(rest, _part(audio, at + start + earliest, rest.size + latest - earliest))
    return shift + earliest if like >= RESUMED_LIKE else None


def _likes(prompt: _Prompt, audio: Audio, at: int) -> npt.NDArray[np.float64]:
    """Tell how alike each piece of a prompt is to the audio, if the prompt begins at a sample."""
    there = _pieces(_part(audio, at, prompt.sound.size), prompt.starts, prompt.size)
    own = _pieces(prompt.sound, prompt.starts, prompt.size)
    levels = np.maximum(np.linalg.norm(there, axis=1), _QUIET * np.sqrt(prompt.size))
    products = np.sum(own * there, axis=1, dtype=np.float64)
    return np.asarray(products / (levels * np.maximum(np.linalg.norm(own, axis=1), 1e-9)))


def _best(wanted: Audio, audio: Audio) -> tuple[int, float]:
    """Return where in the audio something is, and how alike it is there."""
    product = scipy.signal.correlate(audio, wanted, mode="valid")
    energy = np.concatenate([[0.0], np.cumsum(audio.astype(np.float64) ** 2)])
    level = np.sqrt(np.maximum(energy[wanted.size :] - energy[: -wanted.size], wanted.size * _QUIET**2))
    like = product / (level * max(1e-9, float(np.linalg.norm(wanted))))
    best = int(np.argmax(like))
    return best, float(like[best])


def _pieces(audio: Audio, starts: npt.NDArray[np.int_], size: int) -> Audio:
    return np.asarray(audio[starts[:, np.newaxis] + np.arange(size)])


def _part(audio: Audio, start: int, size: int) -> Audio:
    """Return `size` samples; those beyond either end are silent."""
    inside = audio[max(0, start) : max(0, start + size)]
    before = min(size, max(0, -start))
    return np.pad(inside, (before, size - before - inside.size))


def _slower(audio: Audio) -> Audio:
    return np.asarray(scipy.signal.resample_poly(audio, 1, _SLOWER), np.float32)
