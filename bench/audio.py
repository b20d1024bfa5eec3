"""Measuring recordings: how right, how quick, how much memory; beside what else could tell speech.

Accuracy is F1 over steps of 10 ms on conversations whose speech is known (tests/labelled_audio.py), each detector with
the same gate and the same edges; music is the share of hold music that is taken for speech. Speed is hours of
recording, two channels, measured per hour of one core, decoding included; the baseline is the network alone over
every window of both channels. Goal: 300, and under 200 MB for three hours.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import webrtcvad

from quality.audio import spans
from quality.audio.detectors import WINDOW_SAMPLES, Detector, Narrow, Wide
from quality.audio.frames import Lane as Frames
from quality.audio.frames import Samples, dbfs
from quality.audio.read import measured
from tests.labelled_audio import HZ, Lane, conversation, f1, hold_music

MUSIC_SECONDS = 60
SPEED_TURNS = 120
LONG_HOURS = 3


class Energy:
    """Whatever is louder than a level is speech."""

    def hears(self, windows: Samples) -> npt.NDArray[np.float32]:
        """Tell who speaks."""
        return (dbfs(np.square(windows).mean(axis=1)) > -40).astype(np.float32)

    def forget(self) -> None:
        """Do nothing: nothing was kept."""


class WebRtc:
    """The detector of WebRTC, at its strictest."""

    def __init__(self) -> None:
        self._vad = webrtcvad.Vad(3)

    def hears(self, windows: Samples) -> npt.NDArray[np.float32]:
        """Tell who speaks."""
        pcm = (np.clip(windows, -1, 1) * 32767).astype("<i2")[:, :240]
        return np.array([self._vad.is_speech(one.tobytes(), HZ) for one in pcm], np.float32)

    def forget(self) -> None:
        """Forget what was heard."""
        self._vad = webrtcvad.Vad(3)


DETECTORS: dict[str, Callable[[], Detector]] = {
    "level": Energy,
    "webrtcvad": WebRtc,
    "silero, 8 kHz": Narrow,
    "silero, 16 kHz": Wide,
}


def written(folder: Path, *lanes: Lane) -> Path:
    file = folder / "call.wav"
    soundfile.write(file, np.stack([lane.sound for lane in lanes], axis=1), HZ)
    return file


def accuracy(folder: Path, detector: Detector, noise_db: float | None, caller_db: float) -> float:
    scores = []
    for seed in (21, 22):
        lanes = conversation(turns=16, seed=seed, caller_db=caller_db)
        for lane in lanes if noise_db else ():
            lane.add_noise(noise_db or 0)
        measures = measured(written(folder, *lanes), detector)
        scores += [
            f1(channel.speech, lane.speech, measures.duration_seconds)
            for lane, channel in zip(lanes, measures.channels, strict=True)
        ]
    return float(np.mean(scores))


def music_taken(folder: Path, detector: Detector) -> float:
    taken = 0.0
    for piece in hold_music():
        lane = Lane(MUSIC_SECONDS + 10)
        lane.play(piece[: MUSIC_SECONDS * HZ], 5)
        taken += spans.total(measured(written(folder, lane), detector).channels[0].speech)
    return taken / (MUSIC_SECONDS * len(hold_music()))


def levels_of(lanes: tuple[Lane, Lane]) -> None:
    for lane in lanes:
        Frames().take(lane.sound)


def over_every_window(detector: Detector, lanes: tuple[Lane, Lane]) -> None:
    for lane in lanes:
        for window in lane.sound[: len(lane.sound) // WINDOW_SAMPLES * WINDOW_SAMPLES].reshape(-1, 1, WINDOW_SAMPLES):
            detector.hears(window)


def cpu(run: Callable[[], object]) -> float:
    before = time.process_time()
    run()
    return time.process_time() - before


def speed(folder: Path) -> None:
    lanes = conversation(turns=SPEED_TURNS, seed=31)
    for lane in lanes:
        lane.add_noise(35)
    file = written(folder, *lanes)
    seconds = len(lanes[0].sound) / HZ
    levels = cpu(partial(levels_of, lanes))
    for name in ("silero, 8 kHz", "webrtcvad"):
        detector = DETECTORS[name]()
        whole = cpu(partial(measured, file, detector))
        alone = cpu(partial(over_every_window, detector, lanes))
        print(
            f"  {name:15} {seconds / whole:5.0f} times real time, network alone {seconds / alone:5.0f}: "
            f"ratio {alone / whole:.2f}   (levels alone {seconds / levels:.0f})",
            flush=True,
        )


def memory(folder: Path) -> None:
    lanes = conversation(turns=60, seed=41)
    once = np.stack([lane.sound for lane in lanes], axis=1)
    file = folder / "long.wav"
    with soundfile.SoundFile(file, "w", HZ, 2) as out:
        while out.frames < LONG_HOURS * 3600 * HZ:
            out.write(once)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    run = [sys.executable, "-m", "contesta", "audio", str(file), "--json"]
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL, timeout=1200)
    print(
        f"  {LONG_HOURS} h: {max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024:.0f} MB at most"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        print("  detector         clean   30 dB   20 dB   10 dB   quiet   music taken for speech")
        for name, make in DETECTORS.items():
            detector = make()
            scores = [accuracy(folder, detector, noise, -9) for noise in (None, 30, 20, 10)]
            scores.append(accuracy(folder, detector, None, -34))
            figures = "   ".join(f"{score:.3f}" for score in scores)
            print(f"  {name:15}  {figures}   {100 * music_taken(folder, detector):.1f} %", flush=True)
        speed(folder)
        memory(folder)


if __name__ == "__main__":
    main()
