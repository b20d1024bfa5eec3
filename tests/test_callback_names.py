"""Citizens' names as an adviser hears them: what is said of hostile ones, how soon, and until when they are kept."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from callback_queue.request import CallbackRequest, Person
from callback_queue.told import LONGEST_NAME, name_text
from contesta.callbacks.names import SpokenNames
from tests.callbacks import begun
from tests.running import eventually


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


@pytest.fixture
def names(tmp_path: Path) -> Iterator[SpokenNames]:
    spoken = SpokenNames(tmp_path / "nombres", again_seconds=0)
    yield spoken
    spoken.stop()


def said_of(names: SpokenNames, folder: Path, *requests: CallbackRequest) -> Mapping[str, str]:
    """Have names said, and wait until they are."""
    said = names.say(requests)
    for name in said.values():
        eventually((folder / f"{name}.wav").exists, what=f"{name} is said")
    return said


def test_a_name_is_said_once_for_all_attempts_anew_if_it_is_corrected_and_gone_when_its_request_is_over(
    names: SpokenNames, tmp_path: Path
) -> None:
    folder = tmp_path / "nombres"
    first = said_of(names, folder, of("Luz Marina"), of("Ana", "b2"), of("", "c3"))
    assert first.keys() == {"a1", "b2"}
    file = folder / f"{first['a1']}.wav"
    assert file.stem.startswith("a1_")
    samples, rate_hz = soundfile.read(file)
    assert (rate_hz, bool(np.abs(samples).max() > 0.1)) == (8000, True)
    made_at = file.stat().st_mtime_ns
    assert said_of(names, folder, of("Luz Marina"), of("Otra", "d4"))["a1"] == first["a1"]
    assert file.stat().st_mtime_ns == made_at, "the one told after it is made, so it was looked at"
    corrected = said_of(names, folder, of("Luz Elena"))
    assert corrected["a1"] != first["a1"]
    assert not file.exists()
    assert names.remove_over(lambda ids: {"b2"} & set(ids)) == 2
    assert [file.stem for file in folder.iterdir()] == [first["b2"]]
    assert names.remove_over(lambda _: set()) == 1
    assert names.remove_over(lambda _: set()) == 0


def test_a_voice_that_dies_costs_names_and_no_call_and_is_started_again(names: SpokenNames, tmp_path: Path) -> None:
    names.start()
    os.kill(voice_of(tmp_path), signal.SIGSTOP)
    many = [of("Luz Marina " * 5, f"r{number}") for number in range(2000)]
    told = names.say(many)
    assert 0 < len(told) < len(many), "it takes no more than it can say in time, and nobody waits"
    os.kill(voice_of(tmp_path), signal.SIGKILL)
    eventually(lambda: names.say([of("Ana", "z9")]) != {}, what="another voice is told")
    said_of(names, tmp_path / "nombres", of("Ana", "z9"))


def test_the_voice_ends_with_whoever_tells_it(tmp_path: Path) -> None:
    source = f"""
import os, pathlib
from contesta.callbacks.names import SpokenNames
SpokenNames(pathlib.Path({str(tmp_path / "nombres")!r})).start()
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", source], check=False)
    eventually(lambda: voice_of(tmp_path) == 0, what="the voice has ended")


def voice_of(folder: Path) -> int:
    """The process that speaks into a folder, 0 if there is none."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().decode().split("\0")
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            if "contesta.callbacks.speaking" in words and str(folder / "nombres") in words and state != "Z":
                return int(process.name)
    return 0
