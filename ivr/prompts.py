"""The catalogue of spoken texts: a YAML file from prompt id to Spanish text, checked when it is loaded.

In a text, … is a pause, as between what an option gives and its key. The rules of wording are those a caller on the
telephone needs: no sentence of more than 20 words, and nobody is told that what they did is invalid.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core import document

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
    return _checked(document.read(path))


def parse(source: str, name: str) -> Catalogue:
    """Check the text of a catalogue; `name` is the file's in error messages.

    Raises:
        ConfigurationError: as `load`.
    """
    return _checked(document.parse(source, name))


def _checked(written: document.Section) -> Catalogue:
    texts = {}
    for value in written:
        if not _ID.fullmatch(value.key):
            raise value.fault("use solo minúsculas sin tilde, cifras y _")
        texts[value.key] = value.text()
        for fault in _faults(texts[value.key]):
            raise value.fault(fault)
    if not texts:
        raise written.of.fault("no hay ningún texto; escriba «clave: texto»")
    return Catalogue(texts=texts)


def _faults(text: str) -> Iterator[str]:
    """Yield what a caller could not follow, or the voice could not say."""
    if strange := _STRANGE.search(text):
        yield f"el carácter {strange[0]!r} no se puede decir; escríbalo con palabras"
    if blaming := _NEVER.search(text):
        yield f"no diga «{blaming[0]}»: diga qué puede hacer la persona"
    for sentence in _SENTENCE_END.split(text):
        words = len(re.findall(r"\w+", sentence))
        if words > SENTENCE_WORDS:
            yield f"una frase tiene {words} palabras; parta la que empieza por «{sentence[:30]}»"
