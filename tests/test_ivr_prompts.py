"""The catalogue of spoken texts, and the audio made of it."""

from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile

from agi_scripts.encuesta import ATENCION
from agi_scripts.entrada import PRINCIPAL
from core.errors import ConfigurationError
from ivr.prompts import Catalogue, load, parse
from ivr.voice import LINE_HZ, american_spelling, build, even_loudness, speak

SHORT = Catalogue(texts={"uno": "Uno.", "dos": "Marque … dos."})


def test_every_prompt_of_the_dialogs_and_the_dialplan_is_in_the_catalogue() -> None:
    used = {"bienvenida", "transferencia", "respaldo", "ocupados", "despedida"}
    used |= {ATENCION.intro, ATENCION.thanks, *(question.prompt for question in ATENCION.questions)}
    used |= {PRINCIPAL.prompt, PRINCIPAL.give_up}
    for retries in (PRINCIPAL.retries, ATENCION.retries):
        used |= {*retries.wrong, *retries.silent}
    assert used <= load().texts.keys()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "x.yaml, línea 1, clave «(todo el archivo)»: se esperan claves"),
        ("{}", "x.yaml, línea 1, clave «(todo el archivo)»: no hay ningún texto"),
        ("- a\n- b\n", "x.yaml, línea 1, clave «(todo el archivo)»: se esperan claves"),
        ("a: b\nc: [d\n", "x.yaml, línea 3: no es YAML"),
        ("a: \x00\n", "x.yaml: no es YAML"),
        ("uno: Uno.\n\nUno: Dos.\n", "x.yaml, línea 3, clave «Uno»: use solo minúsculas"),
        ("uno: Uno.\nuno: Dos.\n", "x.yaml, línea 2, clave «uno»: está repetida"),
        ("uno: ''\n", "x.yaml, línea 1, clave «uno»: falta el valor"),
        ("uno:\n  a: b\n", "x.yaml, línea 1, clave «uno»: falta el valor"),
        ("? [a]\n: b\n", "x.yaml, línea 1"),
        ("uno: Opción inválida.\n", "x.yaml, línea 1, clave «uno»: no diga «inválida»"),
        ("uno: Marque & espere.\n", "x.yaml, línea 1, clave «uno»: el carácter '&' no se puede decir"),
        ("uno: " + "palabra " * 21, "x.yaml, línea 1, clave «uno»: una frase tiene 21 palabras"),
    ],
)
def test_what_is_wrong_in_a_catalogue_is_told_with_file_line_and_key(source: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        parse(source, "x.yaml")
    assert str(error.value).startswith(message)


def test_catalogue_that_is_not_there_or_not_utf8(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no se puede leer"):
        load(tmp_path / "es.yaml")
    (tmp_path / "es.yaml").write_bytes(b"uno: Jos\xe9\n")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load(tmp_path / "es.yaml")


def test_prompts_are_8_khz_mono_16_bit_and_of_one_loudness_and_no_longer_than_they_may(tmp_path: Path) -> None:
    folder = tmp_path / "es" / "contesta"
    assert build(folder, cache=tmp_path / "cache") == len(load().texts)
    assert {path.stem for path in folder.iterdir()} == set(load().texts)
    for path in folder.iterdir():
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.subtype) == (LINE_HZ, 1, "PCM_16")
        assert info.duration <= (5 if path.stem == "bienvenida" else 20)
        assert loudness(path) == pytest.approx(-20, abs=0.5)


def loudness(path: Path) -> float:
    audio, rate_hz = soundfile.read(path)
    return float(pyloudnorm.Meter(rate_hz).integrated_loudness(audio))


def made(folder: Path, tmp_path: Path, catalogue: Catalogue, recordings: Path | None = None) -> list[str]:
    """Build and return the prompts that had to be made anew."""
    seen: list[str] = []
    total = len(catalogue.texts)

    def progress(done: int, all_: int, prompt: str) -> None:
        assert 0 <= done <= all_ == total
        seen.append(prompt)

    build(folder, cache=tmp_path / "cache", catalogue=catalogue, recordings=recordings, progress=progress)
    assert seen.pop() == ""
    return seen


def test_only_what_changed_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    assert made(folder, tmp_path, SHORT) == ["uno", "dos"]
    assert made(folder, tmp_path, SHORT) == []
    assert made(tmp_path / "other", tmp_path, SHORT) == []
    assert made(folder, tmp_path, Catalogue(texts={**SHORT.texts, "dos": "Marque tres."})) == ["dos"]


def test_recording_replaces_the_voice_and_is_made_to_fit_the_line(tmp_path: Path) -> None:
    recordings = tmp_path / "recorded"
    recordings.mkdir()
    tone = 0.01 * np.sin(2 * np.pi * 440 * np.arange(44_100 * 2) / 44_100)
    soundfile.write(recordings / "uno.flac", np.stack([tone, tone], axis=1), 44_100)
    folder = tmp_path / "prompts"
    build(folder, cache=tmp_path / "cache", catalogue=SHORT)
    assert made(folder, tmp_path, SHORT, recordings) == ["uno"]
    info = soundfile.info(folder / "uno.wav")
    assert (info.samplerate, info.channels, info.subtype) == (LINE_HZ, 1, "PCM_16")
    assert info.duration == pytest.approx(2, abs=0.01)
    assert loudness(folder / "uno.wav") == pytest.approx(-20, abs=0.5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.zeros(8000), "no tiene sonido"),
        (np.zeros(0), "no tiene sonido"),
        (0.1 * np.sin(np.arange(8000 * 21)), "dura 21 s"),
    ],
)
def test_recording_that_cannot_be_used_is_named(tmp_path: Path, content: np.ndarray, message: str) -> None:
    soundfile.write(tmp_path / "uno.wav", content, 8000)
    with pytest.raises(ConfigurationError, match=f"«uno».*{message}"):
        build(tmp_path / "out", cache=tmp_path / "cache", catalogue=SHORT, recordings=tmp_path)


def test_recording_that_is_no_audio_is_named(tmp_path: Path) -> None:
    (tmp_path / "uno.wav").write_bytes(b"nothing to hear")
    with pytest.raises(ConfigurationError, match="No se puede leer la grabación"):
        build(tmp_path / "out", cache=tmp_path / "cache", catalogue=SHORT, recordings=tmp_path)


def test_short_audio_and_loud_audio_get_a_gain_too() -> None:
    click = 0.001 * np.sin(np.arange(800))
    assert np.max(np.abs(even_loudness(click, "x"))) > 0.02
    peaky = np.zeros(16_000)
    peaky[::4000] = 1.0
    assert np.max(np.abs(even_loudness(peaky, "x"))) <= 0.9


def test_dots_are_a_pause() -> None:
    assert len(speak("Marque … uno.")) - len(speak("Marque.")) - len(speak("uno.")) > 0.3 * LINE_HZ


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
    assert american_spelling(written) == spoken
