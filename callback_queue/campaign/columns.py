"""What the columns of an uploaded file are: a guess from titles and contents, for a person to correct."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

from callback_queue.campaign import numbers
from callback_queue.campaign.sheet import Row
from core.errors import ConfigurationError

PREVIEW_ROWS: Final = 200
MOST_TELEPHONES: Final = 4

_TELEPHONE = ("telefono", "tel", "celular", "cel", "movil", "phone", "whatsapp", "fijo", "contacto", "msisdn")
_NAME = ("nombre", "nombres", "apellido", "apellidos", "ciudadano", "usuario", "name", "titular", "persona", "cliente")
_DOCUMENT = ("documento", "cedula", "identificacion", "cc", "nit", "doc", "dni", "nuip", "id")
_NO_TELEPHONE = ("fecha", "hora", "tipo", "correo", "email", "nombre", "persona", "medio", "canal", "ext", "indicativo")
_NO_DOCUMENT = ("tipo", "fecha", "lugar", "expedicion")
_NO_NAME = ("tipo", "municipio", "departamento", "entidad", "asesor", "empresa", "proyecto", "programa")
_SOME = 0.2
_TITLES_WITHIN = 20
_FIGURES = re.compile(r"(?:[^\w]*\d){5,}[^\w]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where things stand, counted from 0: telephones by preference, names to be joined, the identity document.

    `titles` are those of the file, or made up where its first row is a person already (`has_titles` false).
    """

    titles: tuple[str, ...]
    has_titles: bool
    telephones: tuple[int, ...]
    names: tuple[int, ...] = ()
    document: int | None = None

    def checked(self, telephones: Sequence[str] = ()) -> Self:
        """Give the same columns, with the telephones in those of these titles if any are given.

        Raises:
            ConfigurationError: a title is none of the file, or there is no column of telephones.
        """
        known = [_plain(title) for title in self.titles]
        if unknown := [title for title in telephones if _plain(title) not in known]:
            raise ConfigurationError(f"no hay columna «{unknown[0]}»; {self._there_are()}")
        if telephones:
            return replace(self, telephones=tuple(known.index(_plain(title)) for title in telephones))
        if not self.telephones:
            raise ConfigurationError(
                f"no se encontró la columna del teléfono; póngale el título «Teléfono». {self._there_are()}"
            )
        return self

    def _there_are(self) -> str:
        return f"las que hay son: {', '.join(self.titles)}"


def table(rows: Sequence[Row]) -> Sequence[Row]:
    """Give the rows from the titles on: above them, a spreadsheet often has its own name, a date or a note."""
    first = rows[:_TITLES_WITHIN]
    width = max((sum(map(bool, row.cells)) for row in first), default=0)
    for place, row in enumerate(first):
        if any(map(_is_figure, row.cells)):
            break  # a person already
        if 2 * sum(map(bool, row.cells)) >= width and any(map(_titles_telephones, row.cells)):
            return rows[place:]
    return rows


def guess(rows: Sequence[Row]) -> Columns:
    """Guess from the first rows. `telephones` is empty where nothing looks like one."""
    first = rows[0].cells if rows else ()
    has_titles = any(map(str.isalpha, "".join(first))) and (
        any(map(_titles_telephones, first)) or not any(map(_is_figure, first))
    )
    sample = rows[1:PREVIEW_ROWS] if has_titles else rows[:PREVIEW_ROWS]
    width = max((len(row.cells) for row in rows[:PREVIEW_ROWS]), default=0)
    given = first if has_titles else ()
    titles = tuple(
        given[place] if place < len(given) and given[place] else f"Columna {place + 1}" for place in range(width)
    )
    words = [_words(title) if has_titles else frozenset[str]() for title in titles]
    shares = [_share_of_numbers(sample, place) for place in range(width)]
    called = [place for place in range(width) if _names_telephones(words[place]) and _may_hold_numbers(sample, place)]
    best = max(range(width), key=shares.__getitem__, default=0)
    looking = (best,) if width and shares[best] else ()
    telephones = tuple(sorted(called, key=lambda place: not shares[place])[:MOST_TELEPHONES]) or looking
    left = [place for place in range(width) if place not in telephones]
    document = next(
        (place for place in left if _named(words[place], _DOCUMENT) and not words[place] & set(_NO_DOCUMENT)), None
    )
    return Columns(
        titles=titles,
        has_titles=has_titles,
        telephones=telephones,
        names=tuple(
            place
            for place in left
            if place != document and _named(words[place], _NAME) and not words[place] & set(_NO_NAME)
        ),
        document=document,
    )


def _plain(title: str) -> str:
    """Write a title without capitals, accents and spaces at its ends."""
    decomposed = unicodedata.normalize("NFKD", title.strip().lower())
    return "".join(each for each in decomposed if not unicodedata.combining(each))


def _words(title: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]+", _plain(title)))


def _names_telephones(words: frozenset[str]) -> bool:
    return _named(words, _TELEPHONE) and not words & set(_NO_TELEPHONE)


def _titles_telephones(cell: str) -> bool:
    return _names_telephones(_words(cell)) and not _is_figure(cell)


def _is_figure(cell: str) -> bool:
    """Tell whether a cell is a telephone, or an identity number: the first row that has one is a person's."""
    return _FIGURES.fullmatch(cell) is not None or bool(numbers.found(cell))


def _named(words: frozenset[str], names: tuple[str, ...]) -> bool:
    return any(word in names or (word.endswith("s") and word[:-1] in names) for word in words)


def _share_of_numbers(sample: Sequence[Row], place: int) -> float:
    cells = [row.cells[place] for row in sample if place < len(row.cells) and row.cells[place]]
    return sum(bool(numbers.found(cell)) for cell in cells) / len(cells) if cells else 0.0


def _may_hold_numbers(sample: Sequence[Row], place: int) -> bool:
    """Tell whether a column that is called so can be one: most of what stands in it has digits, or is empty."""
    cells = [row.cells[place] for row in sample if place < len(row.cells) and not numbers.is_empty(row.cells[place])]
    return not cells or sum(any(map(str.isdigit, cell)) for cell in cells) / len(cells) >= _SOME
