"""A YAML file that people write, read so that every fault names file, line and key.

Values are the texts as written: what they mean is for whoever asks. Messages are for whoever wrote the file.

A file read with `Faults` is read to its end: what is wrong is gathered there, and told all at once.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import yaml

from core.errors import ConfigurationError

Word = TypeVar("Word", bound=StrEnum)
Made = TypeVar("Made")

LONGEST_TEXT = 1_000_000

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SHARE = re.compile(r"(\d{1,3}(?:[.,]\d{1,6})?) ?%", re.ASCII)
_SECONDS = re.compile(r"(\d{1,6}) ?s", re.ASCII)


class FaultError(ConfigurationError):
    """What is wrong at one place of a file, and the mend."""

    def __init__(self, file: str, line: int, key: str, mend: str) -> None:
        super().__init__(f"{file}, línea {line}, clave «{key}»: {mend}")
        self.line = line


class Faults:
    """What is wrong in a file."""

    def __init__(self) -> None:
        self._found: dict[str, FaultError] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def __iter__(self) -> Iterator[FaultError]:
        """Yield each fault once, in the order of the file."""
        return iter(sorted(self._found.values(), key=lambda fault: fault.line))

    def add(self, fault: FaultError) -> None:
        """Note a fault."""
        self._found.setdefault(str(fault), fault)


@dataclass(frozen=True, slots=True)
class Value:
    """A key and what is written for it. With `faults`, what can be passed over is noted there."""

    file: str
    key: str
    line: int
    node: yaml.Node
    faults: Faults | None = None

    def fault(self, mend: str) -> FaultError:
        """Make the error that names the place; `mend` says what to write."""
        return FaultError(self.file, self.line, self.key, mend)

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note a fault of the block, if faults are gathered, and go on behind it."""
        try:
            yield
        except FaultError as fault:
            self.complain(fault)

    def complain(self, fault: FaultError) -> None:
        """Note a fault, or raise it where none are gathered."""
        if self.faults is None:
            raise fault
        self.faults.add(fault)

    def text(self) -> str:
        """Read a text on one line.

        Raises:
            ConfigurationError: it is empty or not a text; so for all that follow.
        """
        if not isinstance(self.node, yaml.ScalarNode) or not self.node.value.strip():
            raise self.fault("falta el valor")
        return " ".join(self.node.value.split())

    def whole(self, least: int, most: int) -> int:
        """Read a whole number."""
        said = self.text()
        if not re.fullmatch(r"\d{1,9}", said, re.ASCII) or not least <= int(said) <= most:
            raise self.fault(f"escriba un número entero de {least} a {most}, no «{said}»")
        return int(said)

    def share(self) -> Fraction:
        """Read a percentage, as a share of 1; exact."""
        if not (found := _SHARE.fullmatch(self.text())):
            raise self.fault(f"escriba un porcentaje como «90 %» o «97,5 %», no «{self.text()}»")
        return Fraction(found[1].replace(",", ".")) / 100

    def milliseconds(self) -> Fraction:
        """Read a time, written in whole seconds and not 0, in milliseconds."""
        if not (found := _SECONDS.fullmatch(self.text())) or not int(found[1]):
            raise self.fault(f"escriba segundos enteros como «40 s», no «{self.text()}»")
        return Fraction(int(found[1]) * 1000)

    def day(self) -> date:
        """Read a day."""
        return self._day(self.text())

    def key_as_day(self) -> date:
        """Read the key itself as a day."""
        return self._day(self.key)

    def one_of(self, words: type[Word]) -> Word:
        """Read one of the words of an enumeration."""
        said = self.text()
        if said not in set(words):
            raise self.fault(f"escriba uno de: {', '.join(words)}; no «{said}»")
        return words(said)

    def section(self) -> "Section":
        """Read the keys below this one."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.fault("se esperan claves con su valor")
        values: dict[str, Value] = {}
        for key, value in self.node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            found = Value(self.file, name, key.start_mark.line + 1, value, self.faults)
            if found.key in values:
                self.complain(found.fault("está repetida; deje una sola"))
            else:
                values[found.key] = found
        return Section(self, values)

    @property
    def is_list(self) -> bool:
        """Whether a list is written, where one text would do as well."""
        return isinstance(self.node, yaml.SequenceNode)

    def items(self) -> "list[Value]":
        """Read a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.fault("se espera una lista: cada elemento comienza con «-»")
        return [Value(self.file, self.key, item.start_mark.line + 1, item, self.faults) for item in self.node.value]

    def sections(self) -> "list[Section]":
        """Read a list of which each item has keys."""
        return [item.section() for item in self.items()]

    def _day(self, said: str) -> date:
        try:
            if _DAY.fullmatch(said):
                return date.fromisoformat(said)
        except ValueError:
            pass
        raise self.fault(f"escriba un día como 2019-09-30, no «{said}»")


@dataclass(frozen=True, slots=True)
class Section:
    """Keys with their values, in the order of the file."""

    of: Value
    values: Mapping[str, Value]

    def __iter__(self) -> Iterator[Value]:
        return iter(self.values.values())

    def __getitem__(self, key: str) -> Value:
        """Return the value of a key that must be there.

        Raises:
            ConfigurationError: it is not.
        """
        if key not in self.values:
            raise self.of.fault(f"falta «{key}»")
        return self.values[key]

    def get(self, key: str) -> Value | None:
        """Return the value of a key that may be there."""
        return self.values.get(key)

    def refuse_others(self, known: Collection[str]) -> None:
        """See to it that no key is mistyped.

        Raises:
            ConfigurationError: a key is none of those known.
        """
        for value in self:
            if value.key not in known:
                self.of.complain(value.fault(f"no se conoce; las que hay son: {', '.join(known)}"))


def read(path: Path) -> Section:
    """Read the keys of a file.

    Raises:
        ConfigurationError: the file cannot be read, or is not YAML with keys.
    """
    return parse(text_of(path), path.name)


def whole(source: str, file: str, make: Callable[[Section], Made]) -> Made:
    """Read a text to its end, and give what `make` makes of its keys.

    Raises:
        ConfigurationError: all that is wrong, in the order of the text.
    """
    faults = Faults()
    root = parse(source, file, faults)
    made = None
    with root.of.noting():
        made = make(root)
    if faults or made is None:
        raise ConfigurationError("\n".join(map(str, faults)))
    return made


def text_of(path: Path) -> str:
    """Read a file that somebody wrote, with or without the mark that Windows puts before UTF-8.

    Raises:
        ConfigurationError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as missing:
        raise ConfigurationError(f"no se puede leer {path}: {missing.strerror}") from missing
    except UnicodeDecodeError as strange:
        raise ConfigurationError(f"{path.name}: el archivo no está en UTF-8; guárdelo en UTF-8") from strange


def parse(source: str, file: str, faults: Faults | None = None) -> Section:
    """Read the keys of a text; `file` is its name in messages.

    Raises:
        ConfigurationError: as `read`.
    """
    if len(source) > LONGEST_TEXT:
        raise ConfigurationError(f"{file}: el archivo pasa de {LONGEST_TEXT} caracteres; divídalo")
    try:
        root = yaml.compose(source, yaml.SafeLoader)
    except yaml.MarkedYAMLError as broken:
        line = broken.problem_mark.line + 1 if broken.problem_mark else 1
        raise ConfigurationError(f"{file}, línea {line}: no es YAML: {broken.problem}") from broken
    except yaml.YAMLError as broken:
        raise ConfigurationError(f"{file}: no es YAML: {broken}") from broken
    except RecursionError as deep:
        raise ConfigurationError(f"{file}: tiene demasiados niveles, unos dentro de otros") from deep
    return Value(file, "(todo el archivo)", 1, root or yaml.ScalarNode("", ""), faults).section()
