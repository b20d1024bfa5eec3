import re
from pathlib import Path

from docs.generate import DOCS, pages
from quality.matrix.lifecycle import diagram

ROOT = Path(__file__).parent.parent


def test_every_command_and_setting_has_its_line() -> None:
    for name, text in pages().items():
        assert (DOCS / name).read_text(encoding="utf-8") == text, f"docs/{name} is old: make docs"


def test_links_between_pages_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *DOCS.glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} → {target}"


def test_drawing_of_an_audits_states_is_that_of_the_program() -> None:
    assert diagram() in (DOCS / "calidad.md").read_text(encoding="utf-8")
