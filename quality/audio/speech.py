"""Where the speech and the music of a lane begin and end.

The detector is asked only where the lane is louder than its own background: silence costs nothing. It tells in which
windows of 32 ms somebody speaks, the level of the frames where exactly that begins and ends.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy  # its parts load when they are used: a process starts sooner

from quality.audio import spans
from quality.audio.detectors import WINDOW_SAMPLES, WINDOW_SECONDS, Detector
from quality.audio.echo import echo_of
from quality.audio.frames import FRAME_SECONDS, Lane, Samples
from quality.audio.music import QUARTER_SAMPLES, QUARTER_SECONDS, Spectrum, is_signal, spectrum, tonal_share
from quality.audio.spans import Mask, Span, Spans

ABOVE_FLOOR_DB = 5.0
AUDIBLE_DBFS = -62.0
AROUND_SECONDS = 0.1

USUAL_DBFS = -25.0
MOST_GAIN_DB = 30.0
"""The detector is given every lane at the level of usual speech: it misses whoever speaks low."""

SURE, STILL = 0.5, 0.3
"""Speech begins where the detector is so sure, and ends where it no longer is so much."""

LATE_SECONDS = 0.25
"""The detector hears the beginning and the end of speech at most so late or early."""

BELOW_SPEECH_DB = 30.0
ABOVE_BACKGROUND_DB = 15.0
"""A background that swells is taken for speech no less than so far below it."""

WORD_GAP_SECONDS = 0.2
LEAST_SPEECH_SECONDS = 0.08

LEAST_BESIDE_ECHO_SECONDS = 0.3
"""What is left of speech between echoes, and shorter, is their noise."""

_LOCAL_FRAMES = round(2.0 / FRAME_SECONDS)

TONAL = 0.3
MUSIC_GAP_SECONDS = 1.5
LEAST_MUSIC_SECONDS = 3.0
SUNG_SECONDS = 1.0
"""What sounds like speech for less, most of it while there is music, is music."""

MUSIC_IS_TONAL = 0.4
MOSTLY_SIGNAL = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What is to be heard in a lane."""

    speech: Spans
    music: Spans


def apart(lanes: list[tuple[Lane, Heard]]) -> list[tuple[Lane, Heard]]:
    """Take out of each of two lanes what it has of the other's voice."""
    if len(lanes) != 2:  # noqa: PLR2004  two sides of a conversation
        return lanes
    (one, ones), (other, others) = lanes
    return [(one, _own(one, ones, other, others)), (other, _own(other, others, one, ones))]


def _own(lane: Lane, heard: Heard, other: Lane, others: Heard) -> Heard:
    echo = echo_of(lane, other, others.speech)
    if not echo.any():
        return heard
    opened = gate(lane)
    found: list[Span] = []
    for one in heard.speech:
        here = _frames(one)
        if not echo[here].any():
            found.append(one)
            continue
        left = spans.bridged(spans.of_mask(~echo[here], FRAME_SECONDS), WORD_GAP_SECONDS)
        found += [(one[0] + begin, one[0] + end) for begin, end in spans.of_length(left, LEAST_BESIDE_ECHO_SECONDS)]
    music = tuple(one for one in heard.music if echo[_frames(one)].sum() < opened[_frames(one)].sum() / 2)
    return Heard(speech=tuple(found), music=music)


def _frames(one: Span) -> slice:
    return slice(round(one[0] / FRAME_SECONDS), round(one[1] / FRAME_SECONDS))


def gate(lane: Lane) -> Mask:
    """Tell in which frames a lane is louder than its background, or about to be, or just was."""
    loud = lane.voice_dbfs > max(lane.floor_dbfs + ABOVE_FLOOR_DB, AUDIBLE_DBFS)
    return _widened(loud, round(AROUND_SECONDS / FRAME_SECONDS))


class Listening:
    """Listens to one lane whose frames are known, in blocks from its beginning."""

    def __init__(self, lane: Lane, detector: Detector) -> None:
        """Begin; the detector forgets what it heard before."""
        self._lane, self._detector = lane, detector
        self._offset = np.float32(lane.totals.offset)
        opened = gate(lane)
        self._opened = np.concatenate(([0], np.cumsum(opened, dtype=np.int32)))
        loud = lane.voice_dbfs[opened]
        gain_db = USUAL_DBFS - float(np.percentile(loud, 95)) if len(loud) else 0.0
        self._gain = np.float32(10 ** (min(max(gain_db, 0.0), MOST_GAIN_DB) / 20))
        self._sure = np.zeros(lane.totals.samples // WINDOW_SAMPLES, np.float32)
        self._tonal = np.zeros(lane.totals.samples // QUARTER_SAMPLES, np.float32)
        self._signal = np.zeros(len(self._tonal), dtype=bool)
        self._before: Spectrum | None = None
        self._was_open = True
        self._rest: Samples = np.zeros(0, np.float32)
        self._for_music: Samples = np.zeros(0, np.float32)
        self._windows = self._quarters = 0

    def take(self, samples: Samples) -> None:
        """Take the next samples in."""
        samples = samples - self._offset
        held = np.concatenate((self._rest, samples))
        whole = len(held) // WINDOW_SAMPLES * WINDOW_SAMPLES
        self._ask(held[:whole].reshape(-1, WINDOW_SAMPLES))
        self._rest = held[whole:]
        held = np.concatenate((self._for_music, samples))
        whole = len(held) // QUARTER_SAMPLES * QUARTER_SAMPLES
        self._listen_for_music(held[:whole].reshape(-1, QUARTER_SAMPLES))
        self._for_music = held[whole:]

    def _ask(self, windows: Samples) -> None:
        sure = self._sure[self._windows : self._windows + len(windows)]
        for begin, end in _runs(self._open(self._windows, len(windows), WINDOW_SECONDS)):
            if begin > 0 or not self._was_open:
                self._detector.forget()
            sure[begin:end] = self._detector.hears(windows[begin:end] * self._gain)
        if len(windows):
            self._was_open = bool(self._open(self._windows + len(windows) - 1, 1, WINDOW_SECONDS)[0])
        self._windows += len(windows)

    def _listen_for_music(self, quarters: Samples) -> None:
        loud = self._open(self._quarters, len(quarters), QUARTER_SECONDS)
        per_quarter = QUARTER_SECONDS / WINDOW_SECONDS
        for number, quarter in enumerate(quarters, self._quarters):
            spoken = self._sure[int(number * per_quarter) : int((number + 1) * per_quarter) + 1].max(initial=0) > SURE
            if loud[number - self._quarters] and not spoken:
                now = spectrum(quarter)
                self._tonal[number] = tonal_share(now)
                self._signal[number] = is_signal(now, self._before)
                self._before = now
        self._quarters += len(quarters)

    def _open(self, first: int, count: int, step_seconds: float) -> Mask:
        """Tell for `count` steps whether the gate is open at some time in each."""
        edges = np.round(np.arange(first, first + count + 1) * step_seconds / FRAME_SECONDS).astype(int)
        at = np.minimum(edges, len(self._opened) - 1)
        return np.asarray(self._opened[at[1:]] > self._opened[at[:-1]])

    def heard(self) -> Heard:
        """Tell what was to be heard, once all is in."""
        speech = _refined(self._lane, _spoken(self._sure))
        music = _music(self._tonal, self._signal, tuple(one for one in speech if one[1] - one[0] >= SUNG_SECONDS))
        speech = tuple(one for one in speech if not _within(one, music))
        return Heard(speech=speech, music=music)


def _spoken(sure: npt.NDArray[np.float32]) -> Spans:
    """Return the stretches in which the detector is surer than STILL, if it is SURE somewhere in them."""
    return tuple(
        (begin * WINDOW_SECONDS, end * WINDOW_SECONDS)
        for begin, end in _runs(sure > STILL)
        if sure[begin:end].max() > SURE
    )


def _refined(lane: Lane, spoken: Spans) -> Spans:
    """Move the ends of speech to where its level rises and falls."""
    level = lane.voice_dbfs
    least = max(lane.floor_dbfs + ABOVE_FLOOR_DB, AUDIBLE_DBFS)
    found: list[Span] = []
    for begin, end in spans.bridged(((b - LATE_SECONDS, e + LATE_SECONDS) for b, e in spoken), 0.0):
        first, last = max(0, round(begin / FRAME_SECONDS)), round(end / FRAME_SECONDS)
        frames = level[first:last]
        if not len(frames):
            continue
        loud = float(np.percentile(frames, 90))
        around = level[max(0, first - _LOCAL_FRAMES) : last + _LOCAL_FRAMES]
        background = min(float(np.percentile(around, 10)) + ABOVE_FLOOR_DB, loud - ABOVE_BACKGROUND_DB)
        voiced = frames > max(least, background, loud - BELOW_SPEECH_DB)
        at = first * FRAME_SECONDS
        moved = ((at + b, at + e) for b, e in spans.of_mask(voiced, FRAME_SECONDS))
        found += (one for one in spans.bridged(moved, WORD_GAP_SECONDS) if spans.common((one,), spoken))
    return spans.of_length(spans.bridged(found, WORD_GAP_SECONDS), LEAST_SPEECH_SECONDS)


def _music(tonal: npt.NDArray[np.float32], signal: Mask, speech: Spans) -> Spans:
    """Return the stretches of music: tonal for seconds on end, without speech, and not mostly a signal."""
    quarters = spans.of_mask(tonal > TONAL, QUARTER_SECONDS)
    joined: list[Span] = []
    for one in quarters:
        gap = (joined[-1][1], one[0]) if joined else (0.0, one[0])
        if joined and gap[1] - gap[0] < MUSIC_GAP_SECONDS and not spans.common((gap,), speech):
            joined[-1] = (joined[-1][0], one[1])
        else:
            joined.append(one)
    return tuple(one for one in spans.of_length(joined, LEAST_MUSIC_SECONDS) if _is_music(one, tonal, signal))


def _is_music(one: Span, tonal: npt.NDArray[np.float32], signal: Mask) -> bool:
    quarters = slice(round(one[0] / QUARTER_SECONDS), round(one[1] / QUARTER_SECONDS))
    sounds = tonal[quarters] > TONAL
    return bool(tonal[quarters].mean() > MUSIC_IS_TONAL and signal[quarters][sounds].mean() < MOSTLY_SIGNAL)


def _within(one: Span, music: Spans) -> bool:
    seconds = one[1] - one[0]
    return seconds < SUNG_SECONDS and spans.total(spans.common((one,), music)) > seconds / 2


def _runs(mask: Mask) -> Iterable[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return zip((int(edge) for edge in edges[::2]), (int(edge) for edge in edges[1::2]), strict=True)


def _widened(mask: Mask, frames: int) -> Mask:
    return np.asarray(scipy.ndimage.binary_dilation(mask, iterations=frames)) if frames else mask
