"""The rows of an uploaded file, CSV or XLSX, as texts.

The file is hostile until it has been read. Every bound is checked before memory is spent on what it bounds, but one
cannot be: the spreadsheet library makes room for every cell between the first and the last. So whoever serves others
reads files in a process of its own, with a limit on its memory (`contesta.campaigns.reading`).
"""

import csv
import io
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook

from core.errors import ConfigurationError

MOST_BYTES: Final = 20 * 1024 * 1024
MOST_UNPACKED_BYTES: Final = 100 * 1024 * 1024
MOST_PARTS: Final = 1000
MOST_ROWS: Final = 250_000
MOST_COLUMNS: Final = 200
LONGEST_CELL: Final = 1000
MOST_CHARACTERS: Final = 50_000_000

_LOCAL_HEADER = struct.Struct("<4s22xHH")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u2028\u2029\ufeff]+")
_PIECE = 1024 * 1024
_SAMPLE_LINES = 30
_EXACT_FLOAT = 2.0**53
_OLD_EXCEL, _ZIP = b"\xd0\xcf\x11\xe0", b"PK\x03\x04"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: its number in the file, from 1, and its cells, without what is empty at the end."""

    number: int
    cells: tuple[str, ...]


def rows(content: bytes) -> Iterator[Row]:
    """Yield the rows of a file in which there is something. What it is, its content says, not its name.

    Raises:
        ConfigurationError: it cannot be read; says what, where and how to mend it.
    """
    if len(content) > MOST_BYTES:
        raise ConfigurationError(f"el archivo pasa de {MOST_BYTES // 1024 // 1024} MB; divídalo en varios")
    if content.startswith(_OLD_EXCEL):
        raise ConfigurationError("es un libro de Excel antiguo o con contraseña; guárdelo como .xlsx o .csv, sin clave")
    found = _spreadsheet(content) if content.startswith(_ZIP) else _text(content)
    count = characters = 0
    for number, cells in enumerate(found, 1):
        _drop_empty_end(cells)
        if len(cells) > MOST_COLUMNS:
            raise ConfigurationError(f"la fila {number} tiene {len(cells)} columnas; deje {MOST_COLUMNS} o menos")
        told = [_plain(cell) for cell in cells]
        _drop_empty_end(told)
        count += bool(told)
        characters += sum(map(len, told))
        if characters > MOST_CHARACTERS:
            raise ConfigurationError("tiene demasiado texto; deje solo las columnas que hacen falta")
        if count > MOST_ROWS:
            raise ConfigurationError(f"tiene más de {MOST_ROWS} filas; divídalo en varios")
        if told:
            yield Row(number=number, cells=tuple(told))
    if not count:
        raise ConfigurationError("el archivo no tiene datos; escriba una fila de títulos y una fila por persona")


def _drop_empty_end(cells: list[str]) -> None:
    while cells and not cells[-1]:
        cells.pop()


def _plain(cell: str) -> str:
    """Give a cell on one line, without what cannot be seen, and not too long."""
    return " ".join(_CONTROLS.sub(" ", cell[: 2 * LONGEST_CELL]).split())[:LONGEST_CELL]


# -- text


def _text(content: bytes) -> Iterator[list[str]]:
    text = _decoded(content)
    first, _, rest = text.partition("\n")
    said = re.fullmatch(r"\s*sep=(.)\s*", first, re.IGNORECASE)
    if said:
        yield []
        text = rest
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=said[1] if said else _delimiter(text))
    csv.field_size_limit(64 * LONGEST_CELL)
    try:
        yield from reader
    except csv.Error as error:
        line = reader.line_num + bool(said)
        raise ConfigurationError(
            f"no se entiende cerca de la línea {line}: hay comillas sin cerrar o una celda demasiado larga"
        ) from error


def _decoded(content: bytes) -> str:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    if b"\0" in content:
        raise ConfigurationError("no es un archivo de texto ni de Excel; guárdelo como .xlsx o .csv")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _delimiter(text: str) -> str:
    """Tell what separates the cells: what divides most lines into the same number of them."""
    lines = [line for line in text[: 64 * LONGEST_CELL].splitlines() if line.strip()][:_SAMPLE_LINES]

    def score(mark: str) -> tuple[int, int]:
        counts = [len(next(csv.reader([line], delimiter=mark), [])) for line in lines]
        usual = max(set(counts), key=counts.count, default=1)
        return (counts.count(usual) if usual > 1 else 0, usual)

    try:
        return max(";,\t|", key=score)
    except csv.Error:
        return ","


# -- spreadsheets


def _spreadsheet(content: bytes) -> Iterator[list[str]]:
    _check_unpacked(content)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            if sheet.height and sheet.width:
                if sheet.height > MOST_ROWS + MOST_COLUMNS or sheet.width > MOST_COLUMNS:
                    raise ConfigurationError(
                        f"la hoja «{_plain(name)}» tiene {sheet.height} filas y {sheet.width} columnas; deje "
                        f"{MOST_ROWS} filas y {MOST_COLUMNS} columnas o menos"
                    )
                column = sheet.start[1] if sheet.start else 0
                for cells in sheet.iter_rows():
                    yield [""] * column + [_written(cell) for cell in cells]
                return
    except (CalamineError, zipfile.BadZipFile, ValueError, KeyError) as error:
        raise ConfigurationError(_DAMAGED) from error


def _written(cell: object) -> str:
    """Write a cell as people would: numbers without ".0", dates without a midnight that nobody wrote."""
    match cell:
        case bool():
            return "sí" if cell else "no"
        case float() if not math.isfinite(cell):
            return ""
        case float() if cell.is_integer() and abs(cell) <= _EXACT_FLOAT:
            return str(int(cell))
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case datetime() | date() | time():
            return cell.isoformat()
        case _:
            return str(cell)


def _check_unpacked(content: bytes) -> None:
    """See to it that what is packed in a spreadsheet is not too much, whatever its directory says of sizes."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise ConfigurationError(_DAMAGED) from error
    if len(parts) > MOST_PARTS:
        raise ConfigurationError(_DAMAGED)
    room = MOST_UNPACKED_BYTES
    for part in parts:
        if part.flag_bits & 1 or part.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise ConfigurationError("el libro está cifrado o comprimido de otra forma; guárdelo como .xlsx, sin clave")
        room -= _unpacked_bytes(content, part, room)
        if room < 0:
            raise ConfigurationError(
                f"el libro ocupa más de {MOST_UNPACKED_BYTES // 1024 // 1024} MB al abrirlo; deje solo los datos, o "
                "guárdelo como .csv"
            )


def _unpacked_bytes(content: bytes, part: zipfile.ZipInfo, room: int) -> int:
    """Count what a part unpacks to; a little more than `room` if it is more."""
    header = content[part.header_offset : part.header_offset + _LOCAL_HEADER.size]
    if len(header) < _LOCAL_HEADER.size:
        raise ConfigurationError(_DAMAGED)
    _, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(header)
    begin = part.header_offset + _LOCAL_HEADER.size + name_bytes + extra_bytes
    packed = memoryview(content)[begin : begin + part.compress_size]
    if part.compress_type == zipfile.ZIP_STORED:
        return len(packed)
    unpacking, count = zlib.decompressobj(-zlib.MAX_WBITS), 0
    try:
        piece = unpacking.decompress(packed, _PIECE)
        while piece and count <= room:
            count += len(piece)
            piece = unpacking.decompress(unpacking.unconsumed_tail, _PIECE)
    except zlib.error as error:
        raise ConfigurationError(_DAMAGED) from error
    return count


_DAMAGED = "el libro de Excel está dañado; ábralo en Excel y guárdelo de nuevo como .xlsx o .csv"
