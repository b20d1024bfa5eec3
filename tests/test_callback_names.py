"""Citizens' names as an adviser hears them: what is said of hostile ones, how soon, and until when they are kept."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from callback_queue.request import CallbackRequest, Person
from callback_queue.told import LONGEST_NAME, name_text
from contesta.callbacks.names import SpokenNames
from tests.callbacks import begun


def of(name: str, request_id: str = "a1") -> CallbackRequest:
    return replace(begun(), id=request_id, person=Person(name=name))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Luz Marina Pérez", "Luz Marina Pérez"),
        ("  LUZ\tMARINA\n PÉREZ  ", "Luz Marina Pérez"),
        ("Jose\N{COMBINING ACUTE ACCENT} Nuñez", "José Nuñez"),
        ("O'Brien-García", "O Brien García"),
        ('Ana"); System(rm -rf /) … <speak volume="9">', "Ana System Rm Rf Speak Volume"),
        ("Luz 3001234567, pague ya", "Luz Pague Ya"),
        ("Ωμέγα 李明 Ana \N{PILE OF POO}\x00\x1b[2J", "Ana J"),
    ],
)
def test_only_letters_of_a_name_are_said(name: str, said: str) -> None:
    assert name_text(name) == f"Se llama {said}."


@pytest.mark.parametrize("nobody", ["", "  ", "3001234567", "李明", "…", "a" * (LONGEST_NAME + 1)])
def test_of_what_is_no_name_nothing_is_said(nobody: str) -> None:
    assert name_text(nobody) == ""


def test_a_name_without_end_is_cut_after_a_word() -> None:
    said = name_text("Luz Marina " * 10_000).removeprefix("Se llama ").removesuffix(".")
    assert LONGEST_NAME - 10 < len(said) <= LONGEST_NAME
    assert set(said.split()) == {"Luz", "Marina"}


def say(names: SpokenNames, *requests: CallbackRequest) -> Mapping[str, str]:
    said = names.say(requests)
    names.finish()
    return said


def test_a_name_is_said_once_for_all_attempts_and_anew_if_it_is_corrected(tmp_path: Path) -> None:
    names = SpokenNames(tmp_path / "nombres")
    first = say(names, of("Luz Marina"), of("Ana", "b2"), of("", "c3"))
    assert first.keys() == {"a1", "b2"}
    file = tmp_path / "nombres" / f"{first['a1']}.wav"
    assert file.stem.startswith("a1_")
    samples, rate_hz = soundfile.read(file)
    assert (rate_hz, bool(np.abs(samples).max() > 0.1)) == (8000, True)
    made_at = file.stat().st_mtime_ns
    assert say(names, of("Luz Marina")) == {"a1": first["a1"]}
    assert file.stat().st_mtime_ns == made_at
    corrected = say(names, of("Luz Elena"))
    assert corrected["a1"] != first["a1"]
    assert not file.exists()


def test_no_call_waits_for_names_however_many_there_are_or_whether_they_can_be_made(tmp_path: Path) -> None:
    many = [of("Luz Marina", f"r{number}") for number in range(5)]
    assert SpokenNames(tmp_path / "nombres", most_begun=0).say(many) == {}
    names = SpokenNames(tmp_path / "nombres", most_begun=2)
    assert say(names, *many).keys() == {"r0", "r1"}, "no more are begun at once"
    assert say(names, *many).keys() == {"r0", "r1"}, "those are made"
    (tmp_path / "file").write_text("")
    assert say(SpokenNames(tmp_path / "file" / "nombres"), of("Luz Marina")).keys() == {"a1"}, "it is passed over"


def test_a_name_is_gone_when_its_request_is_over(tmp_path: Path) -> None:
    names = SpokenNames(tmp_path)
    said = say(names, of("Luz", "a1"), of("Ana", "b2"))
    assert names.remove_over(lambda ids: {"b2"} & set(ids)) == 1
    assert [file.stem for file in tmp_path.iterdir()] == [said["b2"]]
    assert names.remove_over(lambda _: set()) == 1
    assert names.remove_over(lambda _: set()) == 0
