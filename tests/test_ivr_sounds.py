"""The audio of prompts: for every text of every language something to hear, of one loudness, made once."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from contesta.lines import SHIPPED, examine_files
from contesta.settings import Settings
from core.errors import ConfigurationError
from ivr import sounds, speech, synthesis
from ivr.line.model import SPANISH, Language, Languages, Line
from ivr.sounds import Recordings

WAYUU = Language(code="guc", title="Wayuunaiki", key="2")
ENGLISH = Language(code="en", title="English", key="3", voice="en-US")
SPANISH_VOICE = Language(code=SPANISH, title="Español", key="1", voice="es-ES")


@pytest.fixture(scope="module")
def shipped() -> Line:
    (examined,) = examine_files([SHIPPED])
    assert examined.line
    return examined.line


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory, shipped: Line) -> Path:
    """A cache of our own that has all values, and the shipped line's texts."""
    usual = Settings().cache_dir / "voz"
    sounds.build([shipped], tmp_path_factory.mktemp("first"), cache=usual)
    copied = tmp_path_factory.mktemp("copied") / "cache"
    shutil.copytree(usual, copied)
    return copied


def saying(line: Line, texts: Mapping[str, str], *languages: Language, **more: Mapping[str, str]) -> Line:
    """Return the line with few texts of its own, in Spanish and in other languages."""
    spoken = {SPANISH: texts, **more}
    return replace(line, texts=spoken, languages=Languages(all=(SPANISH_VOICE, *languages)))


class Building:
    """Builds a line and keeps which prompts had to be made."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder, self.cache = folder, cache
        self.made: list[str] = []

    def __call__(self, line: Line, recordings: Path | None = None) -> Path:
        self.made = []
        count = sounds.build([line], self.folder, cache=self.cache, recordings=recordings, progress=self._progress)
        assert self.made.pop() == ""
        subjects = sum(len(mailbox.subjects) for mailbox in line.mailboxes.values())
        assert count == len(line.languages.all) * (len(line.texts[SPANISH]) + len(speech.vocabulary()) + 1 + subjects)
        return self.folder / SPANISH / line.sounds

    def _progress(self, done: int, total: int, prompt: str) -> None:
        assert 0 <= done <= total
        self.made.append(prompt)


@pytest.fixture
def build(tmp_path: Path, cache: Path) -> Building:
    return Building(tmp_path / "sounds", cache)


def loudness(path: Path) -> float:
    import pyloudnorm  # noqa: PLC0415  every worker reads this file, and one runs it: it brings half of scipy

    audio, rate_hz = soundfile.read(path)
    return float(pyloudnorm.Meter(rate_hz).integrated_loudness(audio))


def spectrum_peak_hz(path: Path) -> float:
    audio, rate_hz = soundfile.read(path)
    return float(np.argmax(np.abs(np.fft.rfft(audio))) * rate_hz / len(audio))


def record(path: Path, hz: float = 440, seconds: float = 2, rate_hz: int = 44_100, gain: float = 0.01) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = gain * np.sin(2 * np.pi * hz * np.arange(round(rate_hz * seconds)) / rate_hz)
    soundfile.write(path, np.stack([wave, wave], axis=1), rate_hz)


def test_shipped_line_is_heard_at_both_rates_at_one_loudness(shipped: Line, build: Building) -> None:
    folder = build(shipped)
    assert build.made == []
    subjects = {f"asunto/devolucion_{name}" for name in ("tramite", "solicitud", "otro")}
    prompts = {*shipped.texts[SPANISH], *speech.vocabulary(), speech.TONE, *subjects}
    files = {path.relative_to(folder) for path in folder.rglob("*.wav*")}
    assert files == {Path(f"{prompt}{suffix}") for prompt in prompts for suffix in (".wav", ".wav16")}
    for prompt in shipped.texts[SPANISH]:
        for suffix, rate_hz in (("wav", 8_000), ("wav16", 16_000)):
            info = soundfile.info(folder / f"{prompt}.{suffix}")
            assert (info.samplerate, info.channels, info.subtype) == (rate_hz, 1, "PCM_16")
            assert info.duration <= (5 if prompt == shipped.welcome else 20), prompt
        assert loudness(folder / f"{prompt}.wav") == pytest.approx(-20, abs=0.5), prompt
    assert soundfile.info(folder / "voz/pausa.wav").frames == 0.4 * 8_000
    assert spectrum_peak_hz(folder / "voz/tono.wav") == pytest.approx(1_000, abs=5)


def test_values_sound_as_loud_as_texts(shipped: Line, build: Building) -> None:
    folder = build(shipped)
    for phrase in ("cero", "treinta_y_uno", "millones", "a_las_ocho", "el_martes"):
        audio, _ = soundfile.read(folder / f"voz/{phrase}.wav")
        assert 0.03 < np.sqrt(np.mean(audio**2)) < 0.3, phrase
        assert 0.15 < len(audio) / 8_000 < 1.6, phrase


def test_only_what_changed_is_made_again(shipped: Line, build: Building) -> None:
    line = saying(shipped, {"uno": "Esto nunca se ha dicho.", "dos": "Marque … catorce."})
    build(line)
    assert build.made == ["uno", "dos"]
    build(line)
    assert build.made == []
    build(replace(line, edition="another"))
    assert build.made == []
    build(saying(shipped, {"uno": "Esto nunca se ha dicho.", "dos": "Marque … noventa."}))
    assert build.made == ["dos"]


@pytest.mark.parametrize("place", ["uno.wav", "es/uno.flac", "ciudadanos/uno.ogg", "ciudadanos/es/uno.wav"])
def test_recording_replaces_the_voice_and_is_made_to_fit(
    shipped: Line, build: Building, tmp_path: Path, place: str
) -> None:
    line = saying(shipped, {"uno": "Uno."})
    build(line)
    record(tmp_path / "own" / place)
    folder = build(line, tmp_path / "own")
    assert spectrum_peak_hz(folder / "uno.wav") == pytest.approx(440, abs=1)
    assert soundfile.info(folder / "uno.wav").duration == pytest.approx(2.3, abs=0.01)
    assert loudness(folder / "uno.wav") == pytest.approx(-20, abs=0.5)


def test_nearest_recording_counts_also_for_values(shipped: Line, build: Building, tmp_path: Path) -> None:
    line = saying(shipped, {"uno": "Uno."})
    record(tmp_path / "own" / "uno.wav", hz=300)
    record(tmp_path / "own" / "ciudadanos" / "es" / "uno.wav", hz=500)
    record(tmp_path / "own" / "es" / "voz" / "tres.wav", hz=700)
    record(tmp_path / "own" / "otra" / "uno.wav", hz=900)
    folder = build(line, tmp_path / "own")
    assert spectrum_peak_hz(folder / "uno.wav") == pytest.approx(500, abs=1)
    assert spectrum_peak_hz(folder / "voz/tres.wav") == pytest.approx(700, abs=1)


def test_language_without_a_voice_is_heard_from_recordings_and_else_in_spanish(
    shipped: Line, build: Building, tmp_path: Path
) -> None:
    texts = {"uno": "Uno.", "dos": "Marque … dos."}
    line = saying(shipped, texts, WAYUU)
    record(tmp_path / "own" / "guc" / "uno.wav")
    spanish = build(line, tmp_path / "own")
    wayuu = tmp_path / "sounds" / "guc" / line.sounds
    assert spectrum_peak_hz(wayuu / "uno.wav") == pytest.approx(440, abs=1)
    assert (wayuu / "dos.wav").samefile(spanish / "dos.wav")
    assert (wayuu / "voz/tres.wav").samefile(spanish / "voz/tres.wav")
    lacking = list(sounds.missing(line, Recordings(tmp_path / "own")))
    assert {missing.language for missing in lacking} == {WAYUU}
    assert {missing.prompt for missing in lacking} == {"dos", *speech.vocabulary()} - {"voz/pausa"}


def test_language_with_a_voice_says_its_own_texts(shipped: Line, build: Building, tmp_path: Path) -> None:
    line = saying(shipped, {"uno": "Uno.", "dos": "Marque dos."}, ENGLISH, en={"uno": "Welcome to this line."})
    spanish = build(line)
    english = tmp_path / "sounds" / "en" / line.sounds
    assert not (english / "uno.wav").samefile(spanish / "uno.wav")
    assert (english / "dos.wav").samefile(spanish / "dos.wav")
    lacking = {missing.prompt for missing in sounds.missing(line, Recordings(None))}
    assert "dos" in lacking
    assert "uno" not in lacking


def test_spanish_without_a_voice_is_heard_all_the_same(shipped: Line, build: Building) -> None:
    mute = Language(code=SPANISH, title="Español")
    line = replace(saying(shipped, {"uno": "Uno."}), languages=Languages(all=(mute,)))
    assert (build(line) / "uno.wav").exists()
    assert "uno" in {missing.prompt for missing in sounds.missing(line, Recordings(None))}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.zeros(8000), "«uno» no tiene sonido"),
        (np.zeros(0), "«uno» no tiene sonido"),
        (0.1 * np.sin(np.arange(8000 * 21)), "«uno» dura 21 s"),
        (b"nothing to hear", "No se puede leer la grabación .*uno.wav"),
    ],
)
def test_recording_that_cannot_be_used_is_named(
    shipped: Line, build: Building, tmp_path: Path, content: np.ndarray | bytes, message: str
) -> None:
    (tmp_path / "own").mkdir()
    if isinstance(content, bytes):
        (tmp_path / "own" / "uno.wav").write_bytes(content)
    else:
        soundfile.write(tmp_path / "own" / "uno.wav", content, 8000)
    with pytest.raises(ConfigurationError, match=message):
        build(saying(shipped, {"uno": "Uno."}), tmp_path / "own")


def test_forgotten_edition_is_gone_and_others_stay(shipped: Line, build: Building, tmp_path: Path) -> None:
    line = saying(shipped, {"uno": "Uno."}, WAYUU)
    old = build(replace(line, edition="old"))
    new = build(line)
    sounds.forget(tmp_path / "sounds", line.name, "old")
    assert not old.exists()
    assert not (tmp_path / "sounds" / "guc" / "contesta" / line.name / "old").exists()
    assert (new / "uno.wav").exists()


def test_folder_on_another_disk_gets_copies(shipped: Line, cache: Path) -> None:
    elsewhere = Path("/dev/shm") / f"contesta-test-{os.getpid()}"  # noqa: S108  the other disk that every machine has
    try:
        build = Building(elsewhere, cache)
        folder = build(saying(shipped, {"uno": "Uno."}))
        assert (folder / "uno.wav").stat().st_nlink == 1
    finally:
        shutil.rmtree(elsewhere)


def test_short_audio_and_loud_audio_get_a_gain_too() -> None:
    click = 0.001 * np.sin(np.arange(800))
    assert np.max(np.abs(synthesis.even_loudness(click))) > 0.02
    peaky = np.zeros(16_000)
    peaky[::4000] = 1.0
    assert np.max(np.abs(synthesis.even_loudness(peaky))) <= 0.9


def silent_at_the_end_seconds(path: Path) -> float:
    audio, rate_hz = soundfile.read(path)
    return float((len(audio) - 1 - np.flatnonzero(np.abs(audio) > 0.01)[-1]) / rate_hz)


def test_sentences_are_followed_by_a_pause_and_beginnings_of_one_are_not(
    shipped: Line, build: Building, tmp_path: Path
) -> None:
    line = saying(shipped, {"uno": "Gracias.", "dos": "Su turno es el número", "tres": "¿Está bien?", "cuatro": "Ya."})
    for name, text_seconds, after_seconds in (("tres", 1.0, 0.0), ("cuatro", 1.0, 0.5)):
        wave = np.pad(np.sin(np.arange(round(8000 * text_seconds))), (0, round(8000 * after_seconds)))
        (tmp_path / "own").mkdir(exist_ok=True)
        soundfile.write(tmp_path / "own" / f"{name}.wav", 0.1 * wave, 8000)
    folder = build(line, tmp_path / "own")
    pauses = {name: silent_at_the_end_seconds(folder / f"{name}.wav16") for name in line.texts[SPANISH]}
    assert pauses == pytest.approx({"uno": 0.3, "dos": 0.02, "tres": 0.3, "cuatro": 0.5}, abs=0.02)


def test_dots_are_a_pause() -> None:
    parts = [synthesis.speak(text, "es-ES") for text in ("Marque … uno.", "Marque.", "uno.")]
    assert len(parts[0]) - len(parts[1]) - len(parts[2]) > 0.3 * synthesis.WIDE_HZ


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Gracias", "Grasias"),
        ("atención", "atensión"),
        ("Cecilia", "Sesilia"),
        ("izquierda", "isquierda"),
        ("vez", "vez"),
    ],
)
def test_voice_does_not_lisp(written: str, spoken: str) -> None:
    assert synthesis.american_spelling(written) == spoken
