"""The ear for prompts hears what is said, in its order, and what is missing; noise and coding do not matter."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

import ivr
from contesta.lines import examine_files
from contesta.settings import Settings
from ivr import sounds, speech
from ivr.line.model import SPANISH
from telephony.phone.audio import decoded, encoded, tone
from tests.listening import RATE_HZ, Audio, Ear, Heard, prompts_in

DIGITS = tuple(speech.prompt(phrase) for value in range(10) for phrase in speech.number(value))
WELCOME = ("bienvenida", "idioma", "consentimiento", "consentimiento_pregunta", "consentimiento_si", "menu_principal")
READ_BACK = ("buzon_marco", DIGITS[6], DIGITS[7], DIGITS[6], DIGITS[0], "buzon_confirmar")
EVERY = (*WELCOME, "menu_principal_otra_tecla", "menu_principal", *READ_BACK, speech.TONE, "buzon_grabado", "despedida")


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Audio]:
    (examined,) = examine_files([Path(ivr.__file__).parent / "lines" / "anm.yaml"])
    assert examined.line
    folder = tmp_path_factory.mktemp("sounds")
    sounds.build([examined.line], folder, cache=Settings().cache_dir / "voz")
    return prompts_in(folder / SPANISH / examined.line.sounds, *DIGITS, speech.TONE, speech.prompt(speech.PAUSE))


@pytest.fixture(scope="module")
def ear(prompts: Mapping[str, Audio]) -> Ear:
    return Ear(prompts)


def silence(seconds: float) -> Audio:
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def first(audio: Audio, seconds: float) -> Audio:
    return audio[: round(seconds * RATE_HZ)]


def sounding_seconds(prompt: Audio) -> float:
    """How long it is without the pause after it."""
    return float(np.flatnonzero(np.abs(prompt) > 0.01)[-1] + 1) / RATE_HZ


def noise(audio: Audio, level_dbfs: float) -> Audio:
    random = np.random.default_rng(7).normal(0, 10 ** (level_dbfs / 20), audio.size)
    return np.asarray(audio + random, np.float32)


def on_the_line(audio: Audio) -> Audio:
    """Code it as the line does."""
    samples = np.clip(np.round(audio * 32_767), -32_768, 32_767).astype(np.int16)
    return np.asarray(decoded(encoded(samples)) / 32_768, np.float32)


def said(prompts: Mapping[str, Audio], names: tuple[str, ...], gap_seconds: float = 0.7) -> Audio:
    return np.concatenate([part for name in names for part in (prompts[name], silence(gap_seconds))])


def names_of(heard: list[Heard]) -> tuple[str, ...]:
    return tuple(each.prompt for each in heard)


@pytest.mark.parametrize("gap_seconds", [0.0, 0.7])
def test_what_is_said_is_heard_whole_and_in_its_order(
    prompts: Mapping[str, Audio], ear: Ear, gap_seconds: float
) -> None:
    audio = on_the_line(said(prompts, EVERY, gap_seconds))
    heard = ear.hear(audio)
    assert names_of(heard) == tuple(map(ear.name, EVERY))
    assert not any(each.missing for each in heard)
    at = np.cumsum([0, *(len(prompts[name]) / RATE_HZ + gap_seconds for name in EVERY[:-1])])
    assert [each.at_seconds for each in heard] == pytest.approx(at, abs=0.02)


@pytest.mark.parametrize(("gain_db", "noise_dbfs"), [(-12, -65), (4, -65), (0, -42)])
def test_softer_louder_and_noisy_is_the_same(
    prompts: Mapping[str, Audio], ear: Ear, gain_db: float, noise_dbfs: float
) -> None:
    audio = on_the_line(noise(said(prompts, EVERY) * np.float32(10 ** (gain_db / 20)), noise_dbfs))
    heard = ear.hear(audio)
    assert names_of(heard) == tuple(map(ear.name, EVERY))
    assert not any(each.missing for each in heard)


def test_order_survives_a_noise_as_loud_as_a_street(prompts: Mapping[str, Audio], ear: Ear) -> None:
    assert names_of(ear.hear(on_the_line(noise(said(prompts, WELCOME), -26)))) == WELCOME


@pytest.mark.parametrize("cut_seconds", [0.3, 1.0, 5.0, 12.0])
@pytest.mark.parametrize("after", [(), ("transferencia",)])
def test_a_prompt_cut_at_its_end_lacks_its_end(
    prompts: Mapping[str, Audio], ear: Ear, cut_seconds: float, after: tuple[str, ...]
) -> None:
    whole = sounding_seconds(prompts["menu_principal"])
    audio = [
        prompts["consentimiento_si"],
        first(prompts["menu_principal"], whole - cut_seconds),
        said(prompts, after or ("despedida",), 0),
    ]
    _, menu, last = ear.hear(on_the_line(np.concatenate(audio)))
    assert menu.prompt == "menu_principal"
    ((begin, end),) = menu.missing
    assert -0.2 < begin - (whole - cut_seconds) < 0.6, "a pause before it cannot be missed"
    assert end == pytest.approx(whole, abs=0.05)
    assert not last.missing


@pytest.mark.parametrize("later_samples", range(8))
def test_the_tone_is_heard_wherever_it_begins(prompts: Mapping[str, Audio], ear: Ear, later_samples: int) -> None:
    audio = [silence(later_samples / RATE_HZ), said(prompts, ("buzon_name", speech.TONE, "buzon_grabado"), 0)]
    assert names_of(ear.hear(on_the_line(np.concatenate(audio)))) == ("buzon_name", speech.TONE, "buzon_grabado")


def test_a_missing_prompt_is_not_heard(prompts: Mapping[str, Audio], ear: Ear) -> None:
    without = tuple(name for name in WELCOME if name != "consentimiento")
    assert names_of(ear.hear(on_the_line(said(prompts, without)))) == without


def test_prompts_in_another_order_are_heard_in_that_order(prompts: Mapping[str, Audio], ear: Ear) -> None:
    swapped = (*WELCOME[:2], WELCOME[3], WELCOME[2], *WELCOME[4:])
    assert names_of(ear.hear(on_the_line(said(prompts, swapped)))) == swapped


def test_a_prompt_said_twice_is_heard_twice(prompts: Mapping[str, Audio], ear: Ear) -> None:
    twice = ("menu_principal", "menu_principal", "transferencia")
    assert names_of(ear.hear(on_the_line(said(prompts, twice, 0)))) == twice


def test_a_hole_in_a_prompt_is_missing(prompts: Mapping[str, Audio], ear: Ear) -> None:
    audio = prompts["consentimiento"].copy()
    audio[4 * RATE_HZ : 5 * RATE_HZ] = 0
    (heard,) = ear.hear(on_the_line(audio))
    (begin, *_), (*_, end) = heard.missing[0], heard.missing[-1]
    assert (begin, end) == pytest.approx((4, 5), abs=0.25)


def test_frames_that_were_lost_are_missing_and_what_follows_is_heard(prompts: Mapping[str, Audio], ear: Ear) -> None:
    audio = prompts["consentimiento"]
    (heard,) = ear.hear(on_the_line(np.concatenate([audio[: 4 * RATE_HZ], audio[round(4.12 * RATE_HZ) :]])))
    (missing,) = heard.missing
    assert missing == pytest.approx((4, 4.12), abs=0.15)


def test_a_hiccup_takes_nothing_away(prompts: Mapping[str, Audio], ear: Ear) -> None:
    audio = prompts["consentimiento"]
    held_up = np.concatenate([audio[: 4 * RATE_HZ], silence(0.24), audio[4 * RATE_HZ :]])
    (heard,) = ear.hear(on_the_line(held_up))
    assert not heard.missing
    assert heard.until_seconds == pytest.approx(sounding_seconds(held_up), abs=0.1)


def test_prompts_with_the_same_beginning_are_told_apart(prompts: Mapping[str, Audio], ear: Ear) -> None:
    alike = ("otra_tecla_1", "menu_principal_otra_tecla", "otra_tecla_1")  # the second begins with the first
    heard = ear.hear(on_the_line(said(prompts, alike)))
    assert names_of(heard) == tuple(map(ear.name, alike))
    assert not any(each.missing for each in heard)


def test_prompts_with_the_same_sound_have_one_name(ear: Ear) -> None:
    assert ear.name("otra_tecla_1") == ear.name("consentimiento_otra_tecla") == ear.name("encuesta_otra_tecla_1")
    assert ear.name("otra_tecla_1") != ear.name("otra_tecla_2")
    assert ear.name(speech.prompt(speech.PAUSE)) == ""


def test_music_noise_silence_and_a_strange_voice_say_nothing(prompts: Mapping[str, Audio], ear: Ear) -> None:
    chord = sum((decoded(tone(hertz, 10, -20)) / 32_768 for hertz in (262, 330, 392, 523)), np.zeros(10 * RATE_HZ))
    backwards = prompts["menu_principal"][::-1]
    for audio in (chord, noise(silence(10), -20), silence(10), backwards, silence(0.01)):
        assert ear.hear(on_the_line(np.asarray(audio, np.float32))) == []
