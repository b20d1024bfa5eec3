"""From the texts of lines' files to lines, or to all that is wrong with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.document import Faults
from core.errors import ConfigurationError
from ivr.line import advise, check
from ivr.line.fields import Path, Places
from ivr.line.model import Line
from ivr.line.read import Draft, Texts, read


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One file: its line if it has no fault, and what is told of it, each with file, line, key and mend."""

    file: str
    source: str
    line: Line | None
    faults: tuple[str, ...]
    advice: tuple[str, ...] = ()
    places: Places = field(default_factory=Places)

    def told(self, path: Path, said: str) -> str:
        """Say something with the place it is about."""
        return str(self.places.nearest(path).fault(said))


def examine(sources: Mapping[str, str], shared: Texts) -> tuple[Examined, ...]:
    """Check the texts of files, by name, that are to be the lines of one telephone system."""
    drafts: dict[str, Draft | str] = {}
    for file, source in sources.items():
        try:
            drafts[file] = read(source, file, shared)
        except ConfigurationError as unreadable:
            drafts[file] = str(unreadable)
    found = [draft for draft in drafts.values() if isinstance(draft, Draft)]
    for draft in found:
        for path, said in list(check.faults(draft)):
            draft.faults.add(draft.places.nearest(path).fault(said))
    for index, path, said in check.together([draft.line for draft in found]):
        found[index].faults.add(found[index].places.nearest(path).fault(said))
    return tuple(_examined(file, sources[file], draft) for file, draft in drafts.items())


def _examined(file: str, source: str, draft: Draft | str) -> Examined:
    if isinstance(draft, str):
        return Examined(file=file, source=source, line=None, faults=(draft,))
    advised = Faults()
    for path, said in [] if draft.faults else advise.advice(draft):
        advised.add(draft.places.nearest(path).fault(said))
    return Examined(
        file=file,
        source=source,
        line=None if draft.faults else draft.line,
        faults=tuple(map(str, draft.faults)),
        advice=tuple(map(str, advised)),
        places=draft.places,
    )
