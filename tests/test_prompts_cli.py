"""`contesta prompts`, as who records an entity's texts uses it."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

import ivr
from contesta.cli import app
from contesta.settings import PREFIX, Settings

ANM = Path(ivr.__file__).parent / "lines" / "anm.yaml"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with one line of two languages, one of them without a voice; its folder of recordings."""
    (tmp_path / "lineas").mkdir()
    shutil.copy(ANM, tmp_path / "lineas")
    for name, value in {"DATA_DIR": "data", "LINES_DIR": "lineas", "RECORDED_PROMPTS_DIR": "own"}.items():
        monkeypatch.setenv(PREFIX + name, str(tmp_path / value))
    return tmp_path / "own"


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["prompts", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def record(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.1 * np.sin(np.arange(16_000)), 16_000)


def test_build_then_missing_then_recorded(own: Path, tmp_path: Path) -> None:
    built = run("build")
    assert "Audios listos: " in built
    assert "contesta prompts missing" in built
    (edition,) = (tmp_path / "data/sounds/guc/contesta/anm").iterdir()
    assert (edition / "bienvenida.wav").is_file()
    assert (edition / "bienvenida.wav16").is_file()

    told = run("missing")
    assert "Wayuunaiki: " in told
    assert "anm/guc/bienvenida.wav  «Le damos la bienvenida" in told
    assert "de cifras, fechas y horas; véalas con --all" in told
    assert "voz/tres" not in told
    assert "anm/guc/voz/tres.wav  «tres»" in run("missing", "--all")

    record(own / "anm/guc/bienvenida.wav")
    before = (edition / "bienvenida.wav").read_bytes()
    run("build")
    assert (edition / "bienvenida.wav").read_bytes() != before
    assert "anm/guc/bienvenida.wav" not in run("missing")


def test_every_file_that_is_said_to_be_missing_is_found_under_that_name(own: Path) -> None:
    lacking = json.loads(run("missing", "--json"))
    assert {each["language"] for each in lacking} == {"guc"}
    for each in lacking:
        record(own / each["file"])
    assert run("missing") == "No falta nada: cada texto tiene grabación o voz en su idioma.\n"
    assert run("missing", "--json") == "[]\n"


def test_line_with_a_fault_is_told(own: Path, tmp_path: Path) -> None:
    assert not own.exists()
    (tmp_path / "lineas" / "anm.yaml").write_text("name: anm\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["prompts", "build"])
    assert "falta «numbers»" in str(done.exception)
    assert not (Settings(data_dir=tmp_path / "data").sounds_dir).exists()
