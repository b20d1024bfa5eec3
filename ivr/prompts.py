"""The catalogue of spoken texts: a YAML file from prompt id to Spanish text, checked when it is loaded.

In a text, … is a pause, as between what an option gives and its key. The rules of wording are those a caller on the
telephone needs: no sentence of more than 20 words, and nobody is told that what they did is invalid.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Final

from core import document
from ivr.line import wording

CATALOGUE: Final = Path(__file__).parent / "catalog"
SPANISH: Final = CATALOGUE / "es.yaml"

_ID = re.compile(r"[a-z][a-z0-9_]*")


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


@cache
def shared() -> Mapping[str, Mapping[str, str]]:
    """Read the texts that all lines have, by language and prompt id, once; a line's file may say its own.

    Raises:
        ConfigurationError: as `load`.
    """
    return {path.stem: load(path).texts for path in sorted(CATALOGUE.glob("*.yaml"))}


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
        for fault in chain(wording.unspeakable(texts[value.key]), wording.hard_to_follow(texts[value.key])):
            raise value.fault(fault)
    if not texts:
        raise written.of.fault("no hay ningún texto; escriba «clave: texto»")
    return Catalogue(texts=texts)
