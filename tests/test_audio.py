"""Measures of recordings, on conversations whose speech, talk-over, holds and silences are known."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import soxr
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigurationError
from quality.audio import spans
from quality.audio.detectors import Narrow, Wide
from quality.audio.measures import Finding, Measures, Role
from quality.audio.read import measured
from quality.audio.spans import Spans
from quality.audio.suggest import Evidence, suggestions
from tests.labelled_audio import HZ, Lane, conversation, f1, hold_music, recorded_voice, synthetic_voice


def listen(folder: Path, *lanes: Lane, hz: int = HZ, subtype: str = "PCM_16", announced: Spans = ()) -> Measures:
    file = folder / "call.wav"
    soundfile.write(file, np.stack([lane.sound for lane in lanes], axis=1), hz, subtype=subtype)
    return measured(file, Narrow(), announced_hold=announced)


@pytest.mark.parametrize(("below_speech_db", "at_least"), [(None, 0.97), (30, 0.97), (20, 0.93)])
def test_speech_of_both_voices_is_found(tmp_path: Path, below_speech_db: float | None, at_least: float) -> None:
    lanes = conversation(turns=24, seed=3)
    for lane in lanes if below_speech_db else ():
        lane.add_noise(below_speech_db or 0)
    measures = listen(tmp_path, *lanes)
    for lane, channel in zip(lanes, measures.channels, strict=True):
        assert f1(channel.speech, lane.speech, measures.duration_seconds) >= at_least
    truth = spans.total(spans.common(lanes[0].speech, lanes[1].speech))
    found = sum(one.end - one.begin for one in measures.talk_over)
    assert truth > 1
    assert abs(found - truth) <= (0.1 if below_speech_db != 20 else 0.15) * truth


def test_quiet_talker_is_heard(tmp_path: Path) -> None:
    lanes = conversation(turns=12, seed=5, caller_db=-34)
    measures = listen(tmp_path, *lanes)
    caller = measures.channels[1]
    assert f1(caller.speech, lanes[1].speech, measures.duration_seconds) >= 0.93
    assert (Finding.QUIET, Role.CALLER) in measures.findings


@pytest.mark.parametrize("piece", range(5))
def test_hold_music_is_hold_and_not_speech(tmp_path: Path, piece: int) -> None:
    adviser, caller = Lane(60), Lane(60)
    adviser.say(recorded_voice()[4], 1)
    adviser.play(hold_music()[piece][: 30 * HZ], 12)
    caller.say(synthetic_voice()[2], 6)
    caller.say(synthetic_voice()[5], 45)
    for lane in (adviser, caller):
        lane.add_noise(35)
    measures = listen(tmp_path, adviser, caller)
    assert abs(spans.total(measures.hold) - 30) <= 3
    assert spans.total(spans.common(measures.hold, ((12, 42),))) >= 27
    assert not spans.common(measures.channels[0].speech, ((12, 42),))
    assert [one.evidence for one in suggestions(measures) if one.item == "9"] == [Evidence.HOLD] * len(measures.hold)


@pytest.mark.parametrize("coloured", [0.0, 0.8, 0.98])
def test_noise_is_neither_speech_nor_hold(tmp_path: Path, coloured: float) -> None:
    chance = np.random.default_rng(7)
    adviser, caller = conversation(turns=8, seed=8)
    noise = chance.normal(0, 1, len(caller.sound))
    for at in range(1, len(noise)):
        noise[at] += coloured * noise[at - 1]
    swell = 1 + np.sin(np.arange(len(noise)) / HZ * 1.3)
    caller.play((noise / noise.std() * swell).astype(np.float32), 0, level_db=-50)
    measures = listen(tmp_path, adviser, caller)
    assert measures.hold == ()
    assert f1(measures.channels[1].speech, caller.speech, measures.duration_seconds) >= 0.9


def test_silences_and_dead_air_are_timed(tmp_path: Path) -> None:
    adviser, caller = Lane(60), Lane(60)
    first = adviser.say(recorded_voice()[0], 1)
    second = caller.say(synthetic_voice()[0], first + 4)
    adviser.say(recorded_voice()[7], second + 15)
    for lane in (adviser, caller):
        lane.add_noise(25)
    measures = listen(tmp_path, adviser, caller)
    everybody = spans.bridged([*adviser.speech, *caller.speech], 0)
    truth = spans.of_length(spans.between(everybody, 60), 2)
    assert len(measures.silences) == len(truth) == 3
    for found, so in zip(measures.silences, truth, strict=True):
        assert found == pytest.approx(so, abs=0.3)
    assert len(measures.dead_air) == 2
    assert {one.item for one in suggestions(measures)} == {"9.3"}


def test_whoever_began_over_the_other_is_told(tmp_path: Path) -> None:
    adviser, caller = Lane(20), Lane(20)
    end = caller.say(synthetic_voice()[1], 1)
    adviser.say(recorded_voice()[9], end - 1)
    measures = listen(tmp_path, adviser, caller)
    assert [one.began for one in measures.talk_over] == [Role.ADVISER]
    assert [one.item for one in suggestions(measures) if one.evidence is Evidence.ADVISER_BEGAN_OVER_CALLER] == ["8.3"]


def test_announced_hold_is_hold_and_no_silence(tmp_path: Path) -> None:
    adviser, caller = Lane(30), Lane(30)
    caller.say(synthetic_voice()[0], 0.5)
    measures = listen(tmp_path, adviser, caller, announced=((10, 30),))
    assert measures.hold == ((10, 30),)
    assert all(end <= 10 for _, end in measures.silences)


def test_levels_clipping_and_offset(tmp_path: Path) -> None:
    adviser, caller = conversation(turns=10, seed=11)
    loud = adviser.sound * 30
    adviser.sound = np.clip(loud, -1, 1)
    caller.sound = caller.sound + np.float32(0.05)
    measures = listen(tmp_path, adviser, caller)
    clipped = float(np.mean(np.abs(loud) >= 1))
    assert measures.channels[0].clipped_fraction == pytest.approx(clipped, abs=0.02)
    assert measures.channels[1].offset == pytest.approx(0.05, abs=0.005)
    assert {(Finding.CLIPPED, Role.ADVISER), (Finding.OFFSET, Role.CALLER)} <= set(measures.findings)
    assert measures.talk_ratio == pytest.approx(
        measures.channels[0].speech_seconds / sum(one.speech_seconds for one in measures.channels)
    )


def test_one_way_audio_is_told(tmp_path: Path) -> None:
    adviser, caller = Lane(20), Lane(20)
    for at in (1, 8, 14):
        adviser.say(recorded_voice()[at], at)
    measures = listen(tmp_path, adviser, caller)
    assert (Finding.ONE_WAY, Role.CALLER) in measures.findings


def test_tone_pressed_or_ringing_is_no_speech(tmp_path: Path) -> None:
    adviser, caller = Lane(20), Lane(20)
    second = np.arange(HZ) / HZ
    for at in range(2, 18, 4):
        caller.play((0.3 * np.sin(2 * np.pi * 425 * second)).astype(np.float32), at)
    adviser.play((0.2 * (np.sin(2 * np.pi * 697 * second) + np.sin(2 * np.pi * 1209 * second))).astype(np.float32), 5)
    measures = listen(tmp_path, adviser, caller)
    assert [channel.speech for channel in measures.channels] == [(), ()]
    assert (Finding.NOTHING_SPOKEN, None) in measures.findings
    assert measures.talk_ratio is None


@pytest.mark.parametrize(("hz", "subtype"), [(8_000, "ULAW"), (16_000, "PCM_24"), (44_100, "FLOAT")])
def test_any_rate_and_coding_gives_the_same_speech(tmp_path: Path, hz: int, subtype: str) -> None:
    lanes = conversation(turns=6, seed=2)
    plain = listen(tmp_path, *lanes)
    for lane in lanes:
        lane.sound = soxr.resample(lane.sound, HZ, hz) if hz != HZ else lane.sound
    other = listen(tmp_path, *lanes, hz=hz, subtype=subtype)
    assert other.sample_rate == hz
    for one, same in zip(plain.channels, other.channels, strict=True):
        assert f1(same.speech, one.speech, plain.duration_seconds) >= 0.97


def test_one_channel_gives_what_can_be_known(tmp_path: Path) -> None:
    adviser, caller = conversation(turns=6, seed=2)
    mixed = Lane(0)
    mixed.sound = adviser.sound + caller.sound
    measures = listen(tmp_path, mixed)
    assert [channel.role for channel in measures.channels] == [Role.BOTH]
    both = spans.bridged([*adviser.speech, *caller.speech], 0.2)
    assert f1(measures.channels[0].speech, both, measures.duration_seconds) >= 0.95
    assert (measures.talk_over, measures.talk_ratio, measures.responses) == ((), None, ())


def test_what_follows_a_cut_is_missing_and_said(tmp_path: Path) -> None:
    listen(tmp_path, *conversation(turns=6, seed=2))
    whole = (tmp_path / "call.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[: len(whole) // 2])
    measures = measured(tmp_path / "cut.wav", Narrow())
    assert (Finding.CUT_OFF, None) in measures.findings
    assert measures.duration_seconds == pytest.approx((len(whole) // 2 - 44) / 4 / HZ, abs=0.01)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\xff\xff\xff\xffWAVEfmt ", b"<html>" * 100, b"\0" * 5000])
def test_damaged_file_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.wav").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"x\.wav: "):
        measured(tmp_path / "x.wav", Narrow())


def test_missing_file_and_many_channels_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no existe"):
        measured(tmp_path / "no.wav", Narrow())
    soundfile.write(tmp_path / "six.wav", np.zeros((HZ, 6)), HZ)
    with pytest.raises(ConfigurationError, match="6 canales"):
        measured(tmp_path / "six.wav", Narrow())


def test_network_of_other_machines_hears_the_same(tmp_path: Path) -> None:
    lanes = conversation(turns=6, seed=2)
    listen(tmp_path, *lanes)
    measures = measured(tmp_path / "call.wav", Wide())
    for lane, channel in zip(lanes, measures.channels, strict=True):
        assert f1(channel.speech, lane.speech, measures.duration_seconds) >= 0.95


def test_command_prints_the_contract(tmp_path: Path) -> None:
    listen(tmp_path, *conversation(turns=4, seed=2))
    run = [sys.executable, "-m", "contesta", "audio", str(tmp_path / "call.wav")]
    printed = subprocess.run([*run, "--json"], capture_output=True, text=True, check=True, timeout=60).stdout
    told = json.loads(printed)
    assert {"duration_seconds", "sample_rate", "channels", "talk_over", "silences", "hold", "talk_ratio"} <= set(told)
    keys = {"role", "speech", "speech_seconds", "level_dbfs", "noise_dbfs", "clipped_fraction"}
    assert all(keys <= set(channel) for channel in told["channels"])
    assert [channel["role"] for channel in told["channels"]] == ["adviser", "caller"]
    spoken = subprocess.run(run, capture_output=True, text=True, check=True, timeout=60).stdout
    assert "El asesor habló el" in spoken


_SPANS = st.lists(st.tuples(st.integers(0, 80), st.integers(1, 20)), max_size=8).map(
    lambda pairs: spans.bridged(((float(begin), float(begin + length)) for begin, length in pairs), 0.5)
)


@given(_SPANS, _SPANS)
def test_spans_are_as_sets_of_seconds(one: Spans, other: Spans) -> None:
    def seconds(found: Spans) -> set[int]:
        return {at for begin, end in found for at in range(int(begin), int(end))}

    assert seconds(spans.common(one, other)) == seconds(one) & seconds(other)
    assert seconds(spans.between(one, 100)) == set(range(100)) - seconds(one)
    assert seconds(spans.bridged([*one, *other], 0.0)) == seconds(one) | seconds(other)
    assert spans.total(one) == len(seconds(one))


def test_constant_component_and_hum_hide_nobody(tmp_path: Path) -> None:
    lanes = adviser, caller = conversation(turns=6, seed=2, caller_db=-20)
    seconds = np.arange(len(caller.sound)) / HZ
    adviser.sound = adviser.sound + np.float32(0.3)
    caller.sound = caller.sound + (0.02 * np.sin(2 * np.pi * 60 * seconds)).astype(np.float32)
    measures = listen(tmp_path, *lanes)
    for lane, channel in zip(lanes, measures.channels, strict=True):
        assert f1(channel.speech, lane.speech, measures.duration_seconds) >= 0.95
    noise = measures.channels[1].noise_dbfs
    assert noise == pytest.approx(-37, abs=1), "a hum is noise, and a constant component is none"
    assert measures.channels[0].noise_dbfs == pytest.approx(-96, abs=12)


@pytest.mark.parametrize("loss_db", [20, 30])
def test_echo_of_the_other_is_nobodys_speech(tmp_path: Path, loss_db: float) -> None:
    lanes = adviser, caller = conversation(turns=14, seed=3)
    said, late = (adviser.sound.copy(), caller.sound.copy()), round(0.06 * HZ)
    for lane, others in zip(lanes, reversed(said), strict=True):
        lane.sound[late:] += others[:-late] * np.float32(10 ** (-loss_db / 20))
        lane.play(np.random.default_rng(4).normal(0, 1, len(lane.sound)).astype(np.float32), 0, level_db=-65)
    measures = listen(tmp_path, *lanes)
    for lane, channel in zip(lanes, measures.channels, strict=True):
        assert f1(channel.speech, lane.speech, measures.duration_seconds) >= 0.97
    truth = spans.total(spans.common(adviser.speech, caller.speech))
    assert abs(sum(one.end - one.begin for one in measures.talk_over) - truth) <= 0.5
    assert measures.hold == ()


def test_signals_of_the_network_are_silence_and_no_hold(tmp_path: Path) -> None:
    adviser, caller = Lane(40), Lane(40)
    chance = np.random.default_rng(3)

    def tones(seconds: float, *hertz: float) -> npt.NDArray[np.float32]:
        at = np.arange(round(seconds * HZ)) / HZ
        waves = np.sum([np.sin(2 * np.pi * one * at) for one in hertz], axis=0)
        return np.asarray(0.3 * waves, np.float32)

    for beep in range(20):
        adviser.play(tones(0.25, 425), 1 + beep * 0.5)
        digit = float(chance.choice([697, 770, 852, 941])), float(chance.choice([1209, 1336, 1477]))
        caller.play(tones(0.1, *digit), 14 + beep * 0.4)
    adviser.play(tones(10, 425), 24)
    for lane in (adviser, caller):
        lane.play(chance.normal(0, 1, len(lane.sound)).astype(np.float32), 0, level_db=-65)
    measures = listen(tmp_path, adviser, caller)
    assert measures.hold == ()
    assert measures.silences == ((0, 40),)


def test_float_samples_without_bound_have_a_level(tmp_path: Path) -> None:
    sound = np.zeros((HZ, 2), np.float32)
    sound[100:200], sound[300], sound[400] = 1e30, np.nan, -np.inf
    soundfile.write(tmp_path / "x.wav", sound, HZ, subtype="FLOAT")
    measures = measured(tmp_path / "x.wav", Narrow())
    assert all(channel.noise_dbfs is not None and channel.noise_dbfs <= 0 for channel in measures.channels)
    assert measures.channels[0].clipped_fraction == pytest.approx(101 / HZ)


@pytest.mark.parametrize("hz", [1, 0x7FFFFFFF])
def test_impossible_sample_rate_is_one_sentence(tmp_path: Path, hz: int) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros((HZ, 2)), HZ)
    whole = (tmp_path / "x.wav").read_bytes()
    (tmp_path / "x.wav").write_bytes(whole[:24] + hz.to_bytes(4, "little") + whole[28:])
    with pytest.raises(ConfigurationError, match="muestras por segundo"):
        measured(tmp_path / "x.wav", Narrow())
