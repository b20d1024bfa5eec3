"""Scripts, styles and pictures of the pages, ours and those of packages, each at an address that names its content.

A changed file has another address, so browsers keep each for good and never mix two versions. Only what was listed when
the application started is served. Scripts import each other by their plain names; the import map leads these to the
addresses. A plain name is answered too, and asked for anew each time.
"""

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import aiohttp_jinja2
from aiohttp import hdrs, web
from markupsafe import Markup

from contesta.web.routes import Route
from contesta.web.sessions import STATIC
from core.errors import NotAvailableError

OURS = Path(__file__).parent / "static"
PACKAGES = Path(__file__).parents[2] / "node_modules"

MODULES: Mapping[str, str] = {
    "preact": "preact/dist/preact.mjs",
    "preact/hooks": "preact/hooks/dist/hooks.mjs",
    "htm": "htm/dist/htm.module.js",
    "htm/preact": "htm/preact/index.module.js",
    "uplot": "uplot/dist/uPlot.esm.js",
}
"""What scripts import of packages: name to file."""

STYLES = ("uplot/dist/uPlot.min.css",)

CONTENT_TYPES: Mapping[str, str] = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
}
FOR_GOOD = "public, max-age=31536000, immutable"
_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file. `name` is its plain address below `STATIC`, `address` the one that names its content."""

    name: str
    address: str
    content_type: str
    body: bytes
    zipped: bytes


class Assets:
    """All files of the pages, in memory.

    Raises:
        NotAvailableError: the packages are not installed.
    """

    def __init__(self, ours: Path = OURS, packages: Path = PACKAGES) -> None:
        found = [*_ours(ours), *(_package(packages, file) for file in (*MODULES.values(), *STYLES))]
        self._by_name = {asset.name: asset for asset in found}
        self._by_address = {asset.address: asset for asset in found}

    def address(self, name: str) -> str:
        """Give the address of a file, "tablero.css" for one of ours, "uplot/dist/uPlot.min.css" for a package's."""
        return self._by_name[name].address

    def import_map(self) -> Markup:
        """Give what leads scripts to each other and to the packages."""
        scripts = {
            STATIC + name: asset.address
            for name, asset in self._by_name.items()
            if asset.content_type == CONTENT_TYPES[".js"]
        }
        packages = {name: self.address(file) for name, file in MODULES.items()}
        return Markup(json.dumps({"imports": scripts | packages}, sort_keys=True).replace("<", "\\u003c"))  # noqa: S704  JSON of our own file names, without "<"

    def serve(self, request: web.Request) -> web.Response:
        """Answer with the file of a request's path."""
        asset = self._by_address.get(request.path)
        cache = FOR_GOOD
        if asset is None:
            asset = self._by_name.get(request.path.removeprefix(STATIC))
            cache = "no-cache"
        if asset is None:
            raise web.HTTPNotFound
        headers = {hdrs.CACHE_CONTROL: cache, hdrs.VARY: hdrs.ACCEPT_ENCODING}
        zipped = "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, "")
        if zipped:
            headers[hdrs.CONTENT_ENCODING] = "gzip"
        return web.Response(
            body=asset.zipped if zipped else asset.body,
            content_type=asset.content_type,
            charset="utf-8",
            headers=headers,
        )


def _ours(folder: Path) -> Iterator[Asset]:
    for file in sorted(folder.rglob("*")):
        if file.suffix in CONTENT_TYPES:
            yield _asset(file.relative_to(folder).as_posix(), file.read_bytes())


def _package(folder: Path, name: str) -> Asset:
    try:
        return _asset(name, (folder / name).read_bytes())
    except OSError as error:
        raise NotAvailableError(
            f"no se puede leer {folder / name}: {error.strerror}. Las bibliotecas de las páginas se instalan con "
            "./setup.sh run"
        ) from error


@cache  # tests make many applications of the same files
def _asset(name: str, body: bytes) -> Asset:
    stem, dot, suffix = name.rpartition(".")
    digest = hashlib.sha256(body).hexdigest()[:_DIGITS]
    return Asset(
        name=name,
        address=f"{STATIC}{stem}.{digest}{dot}{suffix}",
        content_type=CONTENT_TYPES[dot + suffix],
        body=body,
        zipped=gzip.compress(body, mtime=0),
    )


ASSETS = web.AppKey("assets", Assets)


def prepare(app: web.Application) -> None:
    """Read the files, and give templates `asset(name)` and `import_map()`."""
    assets = Assets()
    app[ASSETS] = assets
    aiohttp_jinja2.get_env(app).globals.update(asset=assets.address, import_map=assets.import_map)


async def file(request: web.Request) -> web.StreamResponse:
    """Serve a file."""
    return request.app[ASSETS].serve(request)


ROUTES = (Route(method="GET", path=STATIC + "{name:.+}", handler=file, permission=None, public=True),)
