"""The lines that are published: a copy of each edition's file, so that a call in progress keeps the one it began with.

<folder>/current.json            the editions new calls get, and since when the others are past
<folder>/<line>/<edition>.yaml   the file as it was published
<folder>/retention.json          how long things of lines stay that are no longer published: as they said last
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from core.document import text_of
from core.errors import ConfigurationError
from core.privacy.retention import Kind as Kept
from ivr.line.model import Line
from ivr.line.read import Texts, read

KEPT = timedelta(days=1)
"""How long a past edition is kept: longer than any call."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
_EDITION = re.compile(r"[0-9a-f]{12}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One state of one line's file. `past_since` is None for the one that new calls get."""

    line: str
    edition: str
    past_since: datetime | None = None


class Published:
    """The editions in a folder. Several processes may read while one publishes."""

    def __init__(self, folder: Path, shared: Texts) -> None:
        """Use `folder`; `shared` are the texts that all lines have."""
        self._folder = folder
        self._shared = shared
        self._read: dict[tuple[str, str], Line] = {}

    def line(self, name: str, edition: str) -> Line:
        """Return one edition of a line.

        Raises:
            ConfigurationError: there is none.
        """
        if not (_NAME.fullmatch(name) and _EDITION.fullmatch(edition)):
            raise ConfigurationError(f"«{name[:40]}» no es una línea, o «{edition[:40]}» no es una edición")
        if (name, edition) not in self._read:
            path = self._path(name, edition)
            draft = read(text_of(path), path.name, self._shared)
            for fault in draft.faults:
                raise fault
            self._read[name, edition] = replace(draft.line, edition=edition)
        return self._read[name, edition]

    def current(self) -> tuple[Line, ...]:
        """Return the lines that new calls get, in the order of publication; none if nothing is published.

        Raises:
            ConfigurationError: what was written cannot be read.
        """
        return tuple(self.line(each.line, each.edition) for each in self.editions() if each.past_since is None)

    def editions(self) -> tuple[Edition, ...]:
        """Return all editions there are.

        Raises:
            ConfigurationError: what was written cannot be read.
        """
        path = self._folder / "current.json"
        if not path.exists():
            return ()
        try:
            return tuple(
                Edition(
                    line=each["line"],
                    edition=each["edition"],
                    past_since=datetime.fromisoformat(each["past_since"]) if each["past_since"] else None,
                )
                for each in json.loads(path.read_text(encoding="utf-8"))
            )
        except (ValueError, KeyError, TypeError) as broken:
            raise ConfigurationError(f"{path} está dañado ({broken}). Bórrelo y publique de nuevo") from broken

    def retention(self) -> Mapping[str, Mapping[Kept, int]]:
        """Return how many days things of each line stay, as it said when it was published last; what it said of.

        Raises:
            ConfigurationError: what was written cannot be read.
        """
        return {**self._kept(), **{line.name: line.retention for line in self.current()}}

    def _kept(self) -> dict[str, dict[Kept, int]]:
        path = self._folder / "retention.json"
        if not path.exists():
            return {}
        try:
            return {
                line: {Kept(kind): int(days) for kind, days in said.items()}
                for line, said in json.loads(path.read_text(encoding="utf-8")).items()
            }
        except (ValueError, TypeError, AttributeError) as broken:
            raise ConfigurationError(
                f"{path} está dañado ({broken}). Restaure una copia, o bórrelo y publique de nuevo las líneas retiradas"
            ) from broken

    def add(self, sources: Mapping[str, tuple[str, str]]) -> None:
        """Keep the files of editions, by the line's name: edition and text. They are not current yet."""
        for name, (edition, source) in sources.items():
            path = self._path(name, edition)
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, source)

    def make_current(self, editions: Mapping[str, str], now: datetime) -> tuple[Edition, ...]:
        """Give new calls these editions, by the line's name; return those that are forgotten, with their files."""
        left = {line: said for line, said in self.retention().items() if said and line not in editions}
        current = [Edition(line=name, edition=edition) for name, edition in editions.items()]
        past = [
            replace(each, past_since=each.past_since or now)
            for each in self.editions()
            if editions.get(each.line) != each.edition
        ]
        kept = [each for each in past if each.past_since and each.past_since > now - KEPT]
        rows = [
            {
                "line": each.line,
                "edition": each.edition,
                "past_since": each.past_since.isoformat() if each.past_since else None,
            }
            for each in (*current, *kept)
        ]
        self._folder.mkdir(parents=True, exist_ok=True)
        _write(self._folder / "retention.json", json.dumps(left, indent=1))
        _write(self._folder / "current.json", json.dumps(rows, indent=1))
        forgotten = tuple(each for each in past if each not in kept)
        for each in forgotten:
            self._path(each.line, each.edition).unlink(missing_ok=True)
        return forgotten

    def _path(self, name: str, edition: str) -> Path:
        return self._folder / name / f"{edition}.yaml"


def _write(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
