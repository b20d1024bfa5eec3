"""The drawing of a line, and its page in the documentation."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from contesta import line_picture, lines
from contesta.cli import app
from core.errors import NotAvailableError
from docs.generate import DOCS, DRAWN
from ivr import prompts
from ivr.line import draw, read, read_dialog, read_queues, read_web
from ivr.line.examine import examine
from ivr.line.model import Line
from tests.line_stage import EXAMPLES

SVG = "{http://www.w3.org/2000/svg}"


def _line(name: str) -> Line:
    (examined,) = lines.examine_files([EXAMPLES / f"{name}.yaml"])
    assert examined.line is not None
    return examined.line


def test_every_menu_option_is_drawn_and_leads_where_the_file_says() -> None:
    line = _line("anm")
    dot = draw.dot(line)
    edges = dict(re.findall(r'menus_tramites -> (\w+) \[label=" (.*?) "\]', dot))
    assert edges["queues_anm_atencion"] == (
        "1 · Registro minero y\\ncertificados\\n3 · Regalías y formularios\\nFRI\\n0 · Hablar con un asesor"
    )
    assert edges["atras_tramites_9"] == "9 · Volver"
    assert edges["dice_tramites_4"] == "4 · Dónde atienden en\\npersona"
    assert "dice_tramites_4 -> menus_tramites" in dot, "what is said leads back to the menu"
    assert "dice_tramites_2 -> queues_anm_atencion" in dot
    assert re.search(r'queues_anm_solicitudes -> queues_anm_atencion \[label=" tras 10 min "', dot)
    assert re.search(r'horario -> mailboxes_te_llamamos \[label=" no "', dot)
    assert "821 · Registro Minero\\l822 · Gestión Documental\\l" in dot


def test_every_node_that_an_edge_names_is_drawn() -> None:
    for name in ("anm", "art", "art_soporte", "ciudadanos"):
        dot = draw.dot(_line(name))
        drawn = set(re.findall(r"^  (\w+) \[", dot, re.MULTILINE)) - {"graph", "node", "edge"}
        named = {end for pair in re.findall(r"^  (\w+) -> (\w+)", dot, re.MULTILINE) for end in pair}
        assert named <= drawn
        assert drawn - named == set(), "nothing stands alone"


def test_a_title_cannot_become_more_than_a_label() -> None:
    source = (EXAMPLES / "anm.yaml").read_text(encoding="utf-8")
    evil = 'x"]; evil [label="'
    source = source.replace("title: Trámites mineros\n", f"title: '{evil}'\n")
    (examined,) = examine({"x.yaml": source}, prompts.shared())
    assert examined.line is not None
    assert not re.search(r"^\s*evil", draw.dot(examined.line), re.MULTILINE)
    assert 'x\\"]; evil [label=\\"' in draw.dot(examined.line)


def test_the_sentences_tell_what_the_drawing_shows() -> None:
    told = draw.described(_line("art"))
    assert "Se llama al 018000919101." in told
    assert "Fuera del horario: buzón «Devolución de llamadas»." in told
    assert "2, Información: menú «Información»" in told
    assert "Cola «Ciudadanos»: tras 15 min: buzón «Devolución de llamadas»" in told
    assert "Secretaría General" in told


def test_the_picture_can_be_read_without_being_seen(tmp_path: Path) -> None:
    file = tmp_path / "anm.svg"
    result = CliRunner().invoke(app, ["line", "draw", str(EXAMPLES / "anm.yaml"), "-o", str(file)])
    assert result.exit_code == 0, result.output
    svg = ET.fromstring(file.read_text(encoding="utf-8"))  # noqa: S314  it is our own
    assert svg.get("role") == "img"
    named = {svg.find(f"{SVG}title"), svg.find(f"{SVG}desc")}
    assert {each.get("id") for each in named if each is not None} == set((svg.get("aria-labelledby") or "").split())
    assert "Agencia Nacional de Minería" in (svg.findtext(f"{SVG}title") or "")
    assert "Trámites mineros" in (svg.findtext(f"{SVG}desc") or "")
    assert "menus_tramites" not in file.read_text(encoding="utf-8"), "names of nodes are for nobody"


def test_without_a_file_the_drawing_is_told_as_text() -> None:
    result = CliRunner().invoke(app, ["line", "draw", str(EXAMPLES / "anm.yaml")])
    assert result.output.startswith("digraph linea {")


def test_without_graphviz_the_way_to_get_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NotAvailableError, match="apt-get install graphviz"):
        line_picture.svg(_line("anm"))


@pytest.mark.parametrize("name", DRAWN)
def test_the_pictures_of_the_documentation_are_of_the_lines_as_they_are(name: str) -> None:
    drawn = (DOCS / "imagenes" / f"linea_{name}.svg").read_text(encoding="utf-8")
    assert line_picture.digest(_line(name)) in drawn, "make docs draws it again"


def test_every_key_is_explained_in_the_documentation() -> None:
    page = (DOCS / "linea.md").read_text(encoding="utf-8")
    keys = {
        key
        for module in (read, read_dialog, read_queues, read_web)
        for name, known in vars(module).items()
        if name.endswith("_KEYS")
        for key in known
    }
    assert len(keys) > 60
    assert {key for key in keys if f"`{key}`" not in page and f"`{key}: " not in page} == set()


def test_check_tells_faults_and_advice_and_says_by_its_code_whether_all_is_well(tmp_path: Path) -> None:
    runner = CliRunner()
    good = runner.invoke(app, ["line", "check", *(str(path) for path in sorted(EXAMPLES.glob("*.yaml")))])
    assert good.exit_code == 0
    assert good.output.count("se puede publicar") == 4
    source = (EXAMPLES / "anm.yaml").read_text(encoding="utf-8").replace("menu: tramites}", "menu: tramite}")
    (tmp_path / "mala.yaml").write_text(source.replace("friday: 08:00-16:00", "friday: 25:00-16:00"), encoding="utf-8")
    bad = runner.invoke(app, ["line", "check", str(tmp_path / "mala.yaml")])
    assert bad.exit_code == 1
    assert "mala.yaml, línea 14, clave «friday»" in bad.output
    assert "no existe el menú «tramite»" in bad.output
    assert "se puede publicar" not in bad.output
