"""A matrix as people write it, in YAML, and as the ledger keeps it: the same form, as JSON.

`docs/calidad.md` describes the form. A file is read to its end: all that is wrong is told at once.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from core import document
from core.document import Section, Value

from .matrix import EVERYWHERE, Category, Channel, ContactKind, Item, Matrix, Scope, SubItem

ART_2019: Final = Path(__file__).parent / "art_2019.yaml"

_ID = re.compile(r"[a-z][a-z0-9-]{0,62}")
_NUMBER = re.compile(r"[0-9]{1,2}(\.[0-9]{1,2}){0,2}")
_KEYS = ("id", "version", "title", "source", "valid_from", "valid_to", "applies", "categories")
_SCOPE_KEYS = ("lines", "channels", "kinds")


def load(path: Path) -> Matrix:
    """Read a matrix from a file.

    Raises:
        ConfigurationError: it is missing or wrong; names file, line, key and the mend of each fault.
    """
    return parse(document.text_of(path), path.name)


def parse(source: str, file: str) -> Matrix:
    """Read a matrix; `file` is the source's name in messages.

    Raises:
        ConfigurationError: as `load`.
    """
    return document.whole(source, file, _matrix)


def write(matrix: Matrix) -> str:
    """Give one line of JSON that `parse` makes the same matrix of; equal matrices give equal texts."""
    said: dict[str, Any] = {
        "id": matrix.id,
        "version": matrix.version,
        "title": matrix.title,
        "source": matrix.source,
        "valid_from": matrix.valid_from.isoformat(),
        "categories": {category: _category_said(matrix, category) for category in Category},
    }
    if matrix.valid_to:
        said["valid_to"] = matrix.valid_to.isoformat()
    return json.dumps(said | _scope_said(matrix.scope), ensure_ascii=False, sort_keys=True)


def _category_said(matrix: Matrix, category: Category) -> dict[str, Any]:
    percent = matrix.thresholds[category] * 100
    return {
        "at_least": f"{(Decimal(percent.numerator) / Decimal(percent.denominator)).normalize():f} %",
        "items": [
            {
                "id": item.id,
                "title": item.title,
                "subitems": [
                    {"id": each.id, "title": each.title, "guidance": each.guidance} | _scope_said(each.scope)
                    for each in item.subitems
                ],
            }
            for item in matrix.items
            if item.category is category
        ],
    }


def _scope_said(scope: Scope) -> dict[str, Any]:
    said = {name: sorted(map(str, getattr(scope, name))) for name in _SCOPE_KEYS}
    told = {name: words for name, words in said.items() if words}
    return {"applies": told} if told else {}


def _matrix(root: Section) -> Matrix:
    root.refuse_others(_KEYS)
    valid_from = root["valid_from"].day()
    valid_to = None
    if ends := root.get("valid_to"):
        valid_to = ends.day()
        if valid_to < valid_from:
            raise ends.fault(f"termina antes de comenzar ({valid_from}); corrija uno de los dos días")
    if not _ID.fullmatch(root["id"].text()):
        raise root["id"].fault("escriba minúsculas sin acento, cifras y guiones, comenzando por una letra")
    categories = root["categories"].section()
    categories.refuse_others(tuple(Category))
    thresholds, items = {}, []
    seen: dict[str, int] = {}
    for category in Category:
        section = categories[category].section()
        section.refuse_others(("at_least", "items"))
        thresholds[category] = _threshold(section["at_least"])
        items += list(_items(section["items"], category, seen))
    return Matrix(
        id=root["id"].text(),
        version=root["version"].whole(1, 9999),
        title=root["title"].text(),
        source=root["source"].text(),
        valid_from=valid_from,
        valid_to=valid_to,
        scope=_scope(root),
        thresholds=thresholds,
        items=tuple(items),
    )


def _threshold(value: Value) -> Fraction:
    threshold = value.share()
    if not 0 < threshold <= 1:
        raise value.fault(f"escriba un porcentaje mayor que 0 % y hasta 100 %, no «{value.text()}»")
    return threshold


def _items(value: Value, category: Category, seen: dict[str, int]) -> Iterator[Item]:
    items = value.items()
    if not items:
        raise value.fault("falta al menos un ítem: cada uno comienza con «-»")
    for each in items:
        with each.noting():
            section = each.section()
            section.refuse_others(("id", "title", "subitems"))
            number = _number(section["id"], seen)
            yield Item(
                id=number,
                title=section["title"].text(),
                category=category,
                subitems=tuple(_subitems(section["subitems"], number, seen)),
            )


def _subitems(value: Value, item: str, seen: dict[str, int]) -> Iterator[SubItem]:
    subitems = value.items()
    if not subitems:
        raise value.fault(f"el ítem {item} necesita al menos un subítem")
    for each in subitems:
        with each.noting():
            section = each.section()
            section.refuse_others(("id", "title", "guidance", "applies"))
            number = _number(section["id"], seen)
            if not number.startswith(f"{item}."):
                raise section["id"].fault(f"los subítems del ítem {item} se numeran {item}.1, {item}.2…, no «{number}»")
            yield SubItem(
                id=number,
                title=section["title"].text(),
                guidance=section["guidance"].text(),
                scope=_scope(section),
            )


def _number(value: Value, seen: dict[str, int]) -> str:
    """Read the number of an item or sub-item, that no other may have."""
    number = value.text()
    if not _NUMBER.fullmatch(number):
        raise value.fault(f"escriba un número como «3» o «3.1», no «{number}»")
    if number in seen:
        raise value.fault(f"el número {number} ya está en la línea {seen[number]}; dé otro")
    seen[number] = value.line
    return number


def _scope(section: Section) -> Scope:
    if (written := section.get("applies")) is None:
        return EVERYWHERE
    applies = written.section()
    applies.refuse_others(_SCOPE_KEYS)
    return Scope(
        lines=frozenset(value.text() for value in _list(applies, "lines")),
        channels=frozenset(value.one_of(Channel) for value in _list(applies, "channels")),
        kinds=frozenset(value.one_of(ContactKind) for value in _list(applies, "kinds")),
    )


def _list(section: Section, key: str) -> list[Value]:
    """Read a list that bounds something: to bound nothing is to leave it out."""
    if (value := section.get(key)) is None:
        return []
    if not (items := value.items()):
        raise value.fault("la lista está vacía; escriba algo en ella, o quite la clave para que valga en todo caso")
    return items
