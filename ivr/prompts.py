"""The catalogue of spoken texts: a YAML file from prompt id to Spanish text, checked when it is loaded.

In a text, … is a pause, as between what an option gives and its key. The rules of wording are those a caller on the
telephone needs: no sentence of more than 20 words, and nobody is told that what they did is invalid.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from core.errors import ConfigurationError

SENTENCE_WORDS = 20
SPANISH: Final = Path(__file__).parent / "catalog" / "es.yaml"

_ID = re.compile(r"[a-z][a-z0-9_]*")
_NEVER = re.compile(r"\b(inv[áa]lid|incorrect|err[óo]ne)\w*", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")
_STRANGE = re.compile(r"[^\wáéíóúüñÁÉÍÓÚÜÑ .,;:…¿?¡!-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Spoken texts by prompt id."""

    texts: Mapping[str, str]


def load(path: Path = SPANISH) -> Catalogue:
    """Read a catalogue file.

    Raises:
        ConfigurationError: the file is missing or wrong; names file, line, key and the mend.
    """
    try:
        return parse(path.read_text(encoding="utf-8"), path.name)
    except OSError as missing:
        raise ConfigurationError(f"No se puede leer el catálogo de textos {path}: {missing.strerror}") from missing
    except UnicodeDecodeError as strange:
        raise ConfigurationError(f"{path.name}: el archivo no está en UTF-8; guárdelo en UTF-8") from strange


def parse(source: str, name: str) -> Catalogue:
    """Check the text of a catalogue; `name` is the file's in error messages.

    Raises:
        ConfigurationError: as `load`.
    """
    try:
        root = yaml.compose(source, yaml.SafeLoader)
    except yaml.MarkedYAMLError as broken:
        line = broken.problem_mark.line + 1 if broken.problem_mark else 1
        raise ConfigurationError(f"{name}, línea {line}: no es YAML: {broken.problem}") from broken
    except yaml.YAMLError as broken:
        raise ConfigurationError(f"{name}: no es YAML: {broken}") from broken
    if not isinstance(root, yaml.MappingNode) or not root.value:
        raise ConfigurationError(f"{name}, línea 1: se espera una lista de «clave: texto»")
    texts: dict[str, str] = {}
    for key, value in root.value:
        where = f"{name}, línea {key.start_mark.line + 1}, clave {key.value!r}"
        if not isinstance(key, yaml.ScalarNode) or not _ID.fullmatch(key.value):
            raise ConfigurationError(f"{where}: use solo minúsculas sin tilde, cifras y _")
        if key.value in texts:
            raise ConfigurationError(f"{where}: está repetida; deje una sola")
        if not isinstance(value, yaml.ScalarNode) or not value.value.strip():
            raise ConfigurationError(f"{where}: falta el texto")
        for fault in _faults(value.value):
            raise ConfigurationError(f"{where}: {fault}")
        texts[key.value] = " ".join(value.value.split())
    return Catalogue(texts=texts)


def _faults(text: str) -> Iterator[str]:
    """Yield what a caller could not follow, or the voice could not say."""
    if strange := _STRANGE.search(text.replace("\n", " ")):
        yield f"el carácter {strange[0]!r} no se puede decir; escríbalo con palabras"
    if blaming := _NEVER.search(text):
        yield f"no diga «{blaming[0]}»: diga qué puede hacer la persona"
    for sentence in _SENTENCE_END.split(text):
        words = len(re.findall(r"\w+", sentence))
        if words > SENTENCE_WORDS:
            yield f"una frase tiene {words} palabras; parta la que empieza por «{sentence[:30]}»"
