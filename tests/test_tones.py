"""Keypad tones: found wherever a digit was pressed, in no speech, and silent in what is heard of a recording."""

import hashlib

import numpy as np
import pytest
import soundfile
from sqlalchemy import Engine

from contesta.masked import audible, forget_gone
from contesta.web.access import Role
from quality.audio.frames import LINE_HZ
from quality.audio.mask import tones_of
from quality.audio.spans import Spans
from quality.audio.tones import HIGH_HZ, LOW_HZ, Tones
from tests.labelled_audio import Sound, hold_music, recorded_voice, synthetic_voice
from tests.test_quality_pages import SAMPLE, audit, begun, prepared
from tests.web import Office, run_office

RNG = np.random.default_rng(7)


def digit(place: int, seconds: float, *, off: float = 0.0, level_dbfs: float = -12.0) -> Sound:
    """The tones of a digit, 0 to 15; `off` is the share by which both are wrong."""
    row, column = divmod(place, 4)
    times = np.arange(round(seconds * LINE_HZ)) / LINE_HZ
    tones = np.sin(2 * np.pi * LOW_HZ[row] * (1 + off) * times)
    tones += np.sin(2 * np.pi * HIGH_HZ[column] * (1 + off) * times)
    return (10 ** (level_dbfs / 20) * tones).astype(np.float32)


def heard(sound: Sound) -> Spans:
    """What is found when the sound comes in blocks."""
    tones = Tones()
    for first in range(0, len(sound), 3001):
        tones.take(sound[first : first + 3001])
    return tones.spans


@pytest.mark.parametrize("off", [-0.015, 0.0, 0.015])
@pytest.mark.parametrize("seconds", [0.04, 0.12])
def test_every_digit_is_found_whole(seconds: float, off: float) -> None:
    begin = 0.5003
    for place in range(16):
        silence = np.zeros(round(begin * LINE_HZ), np.float32)
        sound = np.concatenate((silence, digit(place, seconds, off=off), silence))
        sound += RNG.normal(0, 10 ** (-27 / 20), len(sound)).astype(np.float32)
        ((first, last),) = heard(sound)
        assert begin - 0.06 < first <= begin, place
        assert begin + seconds <= last < begin + seconds + 0.06, place


def test_speech_and_music_are_no_digits() -> None:
    voices = (*recorded_voice()[:120], *synthetic_voice(), *(one[: 30 * LINE_HZ] for one in hold_music()))
    assert sum(len(one) for one in voices) / LINE_HZ > 400
    assert [place for place, one in enumerate(voices) if heard(one)] == []


def test_who_hears_a_recording_hears_no_digit_and_all_else_as_it_was(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        prepared(sqlite_engine, office)
        auditor = await office.signed_in(Role.AUDITOR)
        await auditor.post("/calidad/muestras", data=SAMPLE)
        address = await begun(auditor)
        path = office.settings.recordings_dir / audit(office, 1).file
        (speech,) = recorded_voice()[3:4]
        adviser = np.concatenate((np.resize(speech, 4 * LINE_HZ), np.zeros(LINE_HZ, np.float32)))
        citizen = np.zeros_like(adviser)
        for place in range(5):  # the adviser speaks meanwhile
            tone = digit(place, 0.1)
            citizen[8000 + 2400 * place :][: len(tone)] = tone
        citizen[30_000:] = np.resize(speech, len(citizen) - 30_000)
        soundfile.write(path, np.stack((adviser, citizen), axis=1), LINE_HZ, subtype="PCM_16")
        kept, as_recorded = hashlib.sha256(path.read_bytes()).hexdigest(), path.read_bytes()
        assert [len(spans) for spans in tones_of(path)] == [0, 5]

        whole = await (await auditor.get(f"{address}/grabacion")).read()
        assert len(whole) == len(as_recorded)
        served = path.with_name("served.wav")
        served.write_bytes(whole)
        assert tones_of(served) == ((), ())
        before, after = soundfile.read(path, dtype="int16")[0], soundfile.read(served, dtype="int16")[0]
        assert np.array_equal(before[:, 0], after[:, 0]), "who did not press is heard as he was"
        changed = np.flatnonzero(before[:, 1] != after[:, 1]) / LINE_HZ
        assert (changed.min(), changed.max()) >= (0.9, 2.2)
        assert changed.max() < 2.4, "the speech after the digits is as it was"
        part = await auditor.get(f"{address}/grabacion", headers={"Range": "bytes=30000-50000"})
        assert (part.status, await part.read()) == (206, whole[30_000:50_001])
        assert hashlib.sha256(path.read_bytes()).hexdigest() == kept, "the recording itself is never changed"

        copy = audible(office.settings, path.resolve())
        assert copy != path.resolve()
        path.unlink()
        assert forget_gone(office.settings) == 1
        assert not copy.exists()

    run_office(sqlite_engine, scenario)


def test_a_recording_without_digits_is_heard_itself(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        prepared(sqlite_engine, office)
        path = next(iter(office.settings.recordings_dir.glob("*.wav"))).resolve()
        assert audible(office.settings, path) == path
        assert audible(office.settings, path) == path

    run_office(sqlite_engine, scenario)
