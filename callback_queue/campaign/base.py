"""From rows to records: which are to be called, and which are not, and why. The counts are those of ART-2019, table 14.

A row has one fate: the first of these that fits, in this order.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from callback_queue.campaign import numbers
from callback_queue.campaign.columns import Columns
from callback_queue.campaign.sheet import Row


class Fate(StrEnum):
    """What becomes of a row when the file is taken in."""

    NO_DATA = "no_data"
    """It has no telephone."""
    INVALID = "invalid"
    """What stands there is no Colombian mobile or fixed number."""
    EXCLUDED = "excluded"
    """The telephone is not to be called, or was surveyed already."""
    DUPLICATE = "duplicate"
    """An earlier row has the same telephone."""
    TO_MANAGE = "to_manage"


class Exclusion(StrEnum):
    """Why a telephone is left out."""

    LEFT_ALONE = "left_alone"
    SURVEYED = "surveyed"
    OWN_LINE = "own_line"
    LISTED = "listed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """The telephones to leave out, by reason."""

    left_alone: Collection[str] = ()
    surveyed: Collection[str] = ()
    own_lines: Collection[str] = ()
    listed: Collection[str] = ()

    def why(self, telephone: str) -> Exclusion | None:
        """Tell why a telephone is left out; None if it is not."""
        for reason, telephones in (
            (Exclusion.LEFT_ALONE, self.left_alone),
            (Exclusion.SURVEYED, self.surveyed),
            (Exclusion.OWN_LINE, self.own_lines),
            (Exclusion.LISTED, self.listed),
        ):
            if telephone in telephones:
                return reason
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One row of a base. `telephones` are those that are valid, the one to call first; `written` is what stood there.

    `of_row` is, for a duplicate, the number of the row that has the telephone.
    """

    row: int
    fate: Fate
    telephones: tuple[str, ...]
    written: str
    name: str
    document: str
    cells: tuple[str, ...]
    exclusion: Exclusion | None = None
    of_row: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many rows there were, and what became of them; `initial` is the sum of the others."""

    initial: int
    invalid: int
    duplicates: int
    no_data: int
    excluded: int
    to_manage: int

    @property
    def cleaned(self) -> int:
        """The cleaned base ("base depurada"): rows that can be called, before duplicates are taken out."""
        return self.duplicates + self.to_manage


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A file that was taken in. `same_document` counts rows to manage whose document an earlier one has too."""

    columns: Columns
    records: tuple[Record, ...]
    same_document: int

    @property
    def counts(self) -> Counts:
        """Count the rows by fate."""
        by_fate = dict.fromkeys(Fate, 0)
        for record in self.records:
            by_fate[record.fate] += 1
        return Counts(
            initial=len(self.records),
            invalid=by_fate[Fate.INVALID],
            duplicates=by_fate[Fate.DUPLICATE],
            no_data=by_fate[Fate.NO_DATA],
            excluded=by_fate[Fate.EXCLUDED],
            to_manage=by_fate[Fate.TO_MANAGE],
        )


def take_in(rows: Iterable[Row], columns: Columns, excluded: Excluded | None = None) -> Base:
    """Decide on every row of a file; the row of titles is none."""
    excluded = excluded or Excluded()
    first_of: dict[str, int] = {}
    documents: set[str] = set()
    records: list[Record] = []
    same_document = 0
    for place, row in enumerate(rows):
        if place == 0 and columns.has_titles:
            continue
        record = _record(row, columns, excluded, first_of)
        if record.fate is Fate.TO_MANAGE:
            first_of.setdefault(record.telephones[0], row.number)
            same_document += bool(record.document) and record.document in documents
            documents.add(record.document)
        records.append(record)
    return Base(columns=columns, records=tuple(records), same_document=same_document)


def _record(row: Row, columns: Columns, excluded: Excluded, first_of: dict[str, int]) -> Record:
    cells = [_cell(row, place) for place in columns.telephones]
    telephones = tuple(dict.fromkeys(number for cell in cells for number in numbers.found(cell)))
    exclusion, of_row = None, None
    if not telephones:
        fate = Fate.NO_DATA if all(map(numbers.is_empty, cells)) else Fate.INVALID
    elif exclusion := next(filter(None, map(excluded.why, telephones)), None):
        fate = Fate.EXCLUDED
    elif of_row := first_of.get(telephones[0]):
        fate = Fate.DUPLICATE
    else:
        fate = Fate.TO_MANAGE
    return Record(
        row=row.number,
        fate=fate,
        telephones=telephones,
        written=" / ".join(filter(None, cells)),
        name=" ".join(filter(None, (_cell(row, place) for place in columns.names))),
        document="" if columns.document is None else _cell(row, columns.document),
        cells=row.cells,
        exclusion=exclusion,
        of_row=of_row,
    )


def _cell(row: Row, place: int) -> str:
    return row.cells[place] if place < len(row.cells) else ""
