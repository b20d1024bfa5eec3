"""What browsers are sent besides pages: scripts, styles, and the packages they stand on."""

import json
import re
from pathlib import Path

import pytest
from aiohttp import hdrs
from sqlalchemy import Engine

from contesta.web.assets import FOR_GOOD, MODULES, OURS, PACKAGES, Assets
from core.errors import NotAvailableError
from docs.view_types import TYPES, view_types
from tests.web import Office, assert_guarded, run_office

ROOT = Path(__file__).parent.parent
SCRIPTS = sorted((OURS / "js").glob("*.js"))


def test_types_of_the_scripts_are_those_of_the_models() -> None:
    assert TYPES.read_text(encoding="utf-8") == view_types(), "static/js/view.d.ts is old: make docs"


def test_packages_are_of_one_version_and_from_no_particular_place() -> None:
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    wanted = package["dependencies"] | package["devDependencies"]
    assert set(wanted) == set(package["about"]), "each package has its reason"
    for name, version in wanted.items():
        assert re.fullmatch(r"[0-9.]+", version)
        assert lock[f"node_modules/{name}"]["version"] == version
    for name, locked in lock.items():
        assert "resolved" not in locked
        assert not name or locked["integrity"].startswith("sha512-")
        assert not locked.get("hasInstallScript")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_whatever_a_script_imports_is_served(script: Path) -> None:
    imported = re.findall(
        r"""(?:^import .*?|\bfrom |\bimport\()"([^"]+)";?\)?""", script.read_text(encoding="utf-8"), re.MULTILINE
    )
    reached = json.loads(Assets().import_map())["imports"]
    for name in imported:
        found = f"/estatico/js/{name.removeprefix('./')}" if name.startswith("./") else name
        assert found in reached or name.endswith(".d.ts"), name


def test_files_are_kept_for_good_and_change_their_address_with_their_content(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a {}")
    before = Assets(tmp_path).address("a.css")
    assert re.fullmatch(r"/estatico/a\.[0-9a-f]{12}\.css", before)
    assert Assets(tmp_path).address("a.css") == before
    (tmp_path / "a.css").write_text("b {}")
    assert Assets(tmp_path).address("a.css") != before


def test_every_file_is_served_whole_in_its_kind(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        client = await office.visitor()
        assets = Assets()
        scripts = [f"js/{script.name}" for script in SCRIPTS]
        for name in [
            *scripts,
            *MODULES.values(),
            "tablero.css",
            "contesta.css",
            "icono.svg",
            "uplot/dist/uPlot.min.css",
        ]:
            file = next(folder / name for folder in (OURS, PACKAGES) if (folder / name).exists())
            answer = await client.get(assets.address(name))
            assert answer.status == 200
            assert answer.headers[hdrs.CACHE_CONTROL] == FOR_GOOD
            assert answer.headers[hdrs.CONTENT_ENCODING] == "gzip"
            assert await answer.read() == file.read_bytes()
            plain = await client.get(f"/estatico/{name}", headers={hdrs.ACCEPT_ENCODING: "identity"})
            assert await plain.read() == file.read_bytes()
            assert_guarded(plain)

    run_office(sqlite_engine, scenario)


@pytest.mark.parametrize(
    "address",
    [
        "/estatico/",
        "/estatico/../app.py",
        "/estatico/%2e%2e/app.py",
        "/estatico/js",
        "/estatico/js/view.d.ts",
        "/estatico/js/tablero.000000000000.js",
        "/estatico/preact/package.json",
        "/estatico/..%2f..%2fsettings.py",
        "/estatico/%00",
    ],
)
def test_nothing_else_is_served(sqlite_engine: Engine, address: str) -> None:
    async def scenario(office: Office) -> None:
        assert (await (await office.visitor()).get(address)).status == 404

    run_office(sqlite_engine, scenario)


def test_missing_packages_are_told_with_their_mend(tmp_path: Path) -> None:
    with pytest.raises(NotAvailableError, match=r"preact\.mjs.*setup\.sh run"):
        Assets(packages=tmp_path)
