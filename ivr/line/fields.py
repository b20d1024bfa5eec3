"""Reads what the parts of a line's file have in common; a fault is noted and reading goes on."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias, TypeVar

from core.document import Section, Value

T = TypeVar("T")

Path: TypeAlias = tuple[str, ...]
"""Where a thing stands: the keys that lead to it, as ("menus", "principal", "options", "1")."""

NAME = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
PROMPT = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
ACCOUNT = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
_LONGEST_TITLE = 80


class _YesNo(StrEnum):
    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Places:
    """Where each thing of a line is written."""

    by_path: dict[Path, Value] = field(default_factory=dict)

    def note(self, path: Path, value: Value) -> None:
        """Remember where a thing stands."""
        self.by_path[path] = value

    def nearest(self, path: Path) -> Value:
        """Return where a thing stands, or what it is part of."""
        while path not in self.by_path:
            path = path[:-1]
        return self.by_path[path]

    def names(self, kind: str) -> set[str]:
        """Return the names that are written below a key, also of what could not be read."""
        return {path[1] for path in self.by_path if path[:1] == (kind,) and len(path) == 2}  # noqa: PLR2004  kind, name


def required(section: Section, key: str, read: Callable[[Value], T], otherwise: T) -> T:
    """Read a key that must be there; `otherwise` stands for what has a fault."""
    with section.of.noting():
        value = section[key]
        with value.noting():
            return read(value)
    return otherwise


def optional(section: Section, key: str, read: Callable[[Value], T], otherwise: T) -> T:
    """Read a key that may be there."""
    value = section.get(key)
    if value is not None:
        with value.noting():
            return read(value)
    return otherwise


def name(value: Value) -> str:
    """Read a name."""
    return matching(value, NAME, "un nombre en minúsculas sin tilde, cifras y _, como «atencion»")


def prompt(value: Value) -> str:
    """Read the id of a text."""
    return matching(value, PROMPT, "la clave de un texto, en minúsculas sin tilde, cifras y _")


def matching(value: Value, pattern: re.Pattern[str], what: str) -> str:
    """Read a text of one form; `what` describes it."""
    said = value.text()
    if not pattern.fullmatch(said):
        raise value.fault(f"escriba {what}; no «{said[:40]}»")
    return said


def title(value: Value) -> str:
    """Read a text for screens and reports."""
    said = value.text()
    if len(said) > _LONGEST_TITLE or not said.isprintable():
        raise value.fault(f"escriba un texto de {_LONGEST_TITLE} caracteres o menos, sin caracteres de control")
    return said


def whole(least: int, most: int) -> Callable[[Value], int]:
    """Make a reader of whole numbers."""
    return lambda value: value.whole(least, most)


def yes_no(value: Value) -> bool:
    """Read yes or no."""
    return value.one_of(_YesNo) is _YesNo.YES


def listed(read: Callable[[Value], T]) -> Callable[[Value], tuple[T, ...]]:
    """Make a reader of lists."""

    def read_all(value: Value) -> tuple[T, ...]:
        found = []
        for item in value.items():
            with item.noting():
                found.append(read(item))
        return tuple(found)

    return read_all


def named(value: Value, places: Places, path: Path, read: Callable[[str, Section], T]) -> Mapping[str, T]:
    """Read what stands below a key, each under a name of its own."""
    return dict(_named(value.section(), places, path, read))


def _named(section: Section, places: Places, path: Path, read: Callable[[str, Section], T]) -> Iterator[tuple[str, T]]:
    for value in section:
        places.note((*path, value.key), value)
        with value.noting():
            if not NAME.fullmatch(value.key):
                raise value.fault("use solo minúsculas sin tilde, cifras y _, 32 caracteres o menos")
            yield value.key, read(value.key, value.section())
