"""A knowledge test as people write it, in YAML, and as the ledger keeps it: the same form, as JSON.

`docs/calidad.md` describes the form. A file is read to its end: all that is wrong is told at once.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from core import document
from core.document import Section, Value

from .knowledge import KnowledgeTest, Option, Question

ART_2019: Final = Path(__file__).parent / "art_2019.yaml"
MOST_QUESTIONS: Final = 100
MOST_ATTEMPTS: Final = 10

_ID = re.compile(r"[a-z][a-z0-9-]{0,62}")
_NUMBER = re.compile(r"[1-9][0-9]{0,2}")
_LETTER = re.compile(r"[a-h]")
_KEYS = ("id", "version", "title", "source", "valid_from", "valid_to", "pass_mark", "attempts", "questions")
_QUESTION_KEYS = ("id", "text", "options", "right", "points")
_FEWEST_OPTIONS = 2


def load(path: Path) -> KnowledgeTest:
    """Read a test from a file.

    Raises:
        ConfigurationError: it is missing or wrong; names file, line, key and the mend of each fault.
    """
    return parse(document.text_of(path), path.name)


def parse(source: str, file: str) -> KnowledgeTest:
    """Read a test; `file` is the source's name in messages.

    Raises:
        ConfigurationError: as `load`.
    """
    return document.whole(source, file, _test)


def write(test: KnowledgeTest) -> str:
    """Give one line of JSON that `parse` makes the same test of; equal tests give equal texts."""
    percent = test.pass_mark * 100
    said: dict[str, Any] = {
        "id": test.id,
        "version": test.version,
        "title": test.title,
        "source": test.source,
        "valid_from": test.valid_from.isoformat(),
        "pass_mark": f"{(Decimal(percent.numerator) / Decimal(percent.denominator)).normalize():f} %",
        "attempts": test.attempts,
        "questions": [
            {
                "id": each.id,
                "text": each.text,
                "options": {option.letter: option.text for option in each.options},
                "right": sorted(each.right),
                "points": each.points,
            }
            for each in test.questions
        ],
    }
    if test.valid_to:
        said["valid_to"] = test.valid_to.isoformat()
    return json.dumps(said, ensure_ascii=False, sort_keys=True)


def _test(root: Section) -> KnowledgeTest:
    root.refuse_others(_KEYS)
    valid_from, valid_to = root["valid_from"].day(), None
    if ends := root.get("valid_to"):
        valid_to = ends.day()
        if valid_to < valid_from:
            raise ends.fault(f"termina antes de comenzar ({valid_from}); corrija uno de los dos días")
    if not _ID.fullmatch(root["id"].text()):
        raise root["id"].fault("escriba minúsculas sin acento, cifras y guiones, comenzando por una letra")
    pass_mark = root["pass_mark"].share()
    if not 0 < pass_mark <= 1:
        raise root["pass_mark"].fault("escriba un porcentaje mayor que 0 % y hasta 100 %")
    return KnowledgeTest(
        id=root["id"].text(),
        version=root["version"].whole(1, 9999),
        title=root["title"].text(),
        source=root["source"].text(),
        valid_from=valid_from,
        valid_to=valid_to,
        pass_mark=pass_mark,
        attempts=root["attempts"].whole(1, MOST_ATTEMPTS),
        questions=tuple(_questions(root["questions"])),
    )


def _questions(value: Value) -> Iterator[Question]:
    items = value.items()
    if not 0 < len(items) <= MOST_QUESTIONS:
        raise value.fault(f"escriba de 1 a {MOST_QUESTIONS} preguntas: cada una comienza con «-»")
    seen: dict[str, int] = {}
    for each in items:
        with each.noting():
            yield _question(each.section(), seen)


def _question(section: Section, seen: dict[str, int]) -> Question:
    section.refuse_others(_QUESTION_KEYS)
    number = section["id"].text()
    if not _NUMBER.fullmatch(number):
        raise section["id"].fault(f"escriba el número de la pregunta, de 1 a 999, no «{number}»")
    if number in seen:
        raise section["id"].fault(f"el número {number} ya está en la línea {seen[number]}; dé otro")
    seen[number] = section["id"].line
    options = _options(section["options"])
    points = section.get("points")
    return Question(
        id=number,
        text=section["text"].text(),
        options=options,
        right=_right(section["right"], {option.letter for option in options}),
        points=points.whole(1, 100) if points else 1,
    )


def _options(value: Value) -> tuple[Option, ...]:
    found = []
    for each in value.section():
        if not _LETTER.fullmatch(each.key):
            raise each.fault(f"las opciones se nombran con una letra de «a» a «h», no «{each.key}»")
        found.append(Option(letter=each.key, text=each.text()))
    if len(found) < _FEWEST_OPTIONS:
        raise value.fault("escriba dos opciones o más, cada una con su letra")
    return tuple(found)


def _right(value: Value, letters: set[str]) -> frozenset[str]:
    said = [each.text() for each in value.items()] if value.is_list else [value.text()]
    for letter in said:
        if letter not in letters:
            raise value.fault(f"no hay opción «{letter}»; las que hay son: {', '.join(sorted(letters))}")
    if not said or set(said) == letters:
        raise value.fault("diga cuál opción es la correcta, o cuáles; no pueden ser todas")
    return frozenset(said)
