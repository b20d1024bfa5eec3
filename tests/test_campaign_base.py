"""Uploaded bases: what is read, what is guessed, what is counted, and that no file does any harm."""

import csv
import io
import json
import resource
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path

import phonenumbers
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from callback_queue.campaign import sheet
from callback_queue.campaign.base import Base, Counts, Excluded, Fate, take_in
from callback_queue.campaign.columns import guess
from callback_queue.campaign.numbers import found, is_empty
from callback_queue.campaign.sheet import Row, rows
from contesta import cli
from contesta.campaigns.reading import read
from core.errors import ConfigurationError

PEOPLE = (
    ("Nombre", "Teléfono", "Cédula"),
    ("Ana Muñoz", "300 123 4567", "52123456"),
    ("Luis Peña", "+57 3001234567", "80123456"),
    ("Eva", "12345", "1"),
    ("Leo", "", "2"),
    ("Ivo", "6012345678 ext 12", "3"),
)
COUNTED = {"initial": 5, "invalid": 1, "duplicates": 1, "no_data": 1, "excluded": 0, "to_manage": 2}


def as_csv(people: Sequence[Sequence[str]], delimiter: str = ",") -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows(people)
    return written.getvalue()


def as_xlsx(fill: Callable[[xlsxwriter.Workbook, xlsxwriter.worksheet.Worksheet], object]) -> bytes:
    written = io.BytesIO()
    with xlsxwriter.Workbook(written) as book:
        fill(book, book.add_worksheet("Base"))
    return written.getvalue()


def in_cells(people: Sequence[Sequence[object]]) -> bytes:
    def fill(_book: xlsxwriter.Workbook, page: xlsxwriter.worksheet.Worksheet) -> None:
        for place, person in enumerate(people):
            page.write_row(place, 0, person)

    return as_xlsx(fill)


def base_of(content: bytes, excluded: Excluded | None = None) -> Base:
    told = tuple(rows(content))
    return take_in(told, guess(told).checked(), excluded)


FILES = {
    "utf-8, comma": as_csv(PEOPLE).encode(),
    "utf-8 with a mark, semicolon": as_csv(PEOPLE, ";").encode("utf-8-sig"),
    "latin-1, semicolon": as_csv(PEOPLE, ";").encode("latin-1"),
    "utf-16, tab": as_csv(PEOPLE, "\t").encode("utf-16"),
    "bar": as_csv(PEOPLE, "|").encode(),
    "sep= of Excel": b"sep=;\r\n" + as_csv(PEOPLE, ";").encode("cp1252"),
    "empty lines": as_csv(PEOPLE).replace("\r\n", "\r\n,,,\r\n\r\n").encode(),
    "xlsx": in_cells(PEOPLE),
    "xlsx with numbers": in_cells([*PEOPLE[:1], ("Ana", 3001234567, 52123456), *PEOPLE[2:]]),
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_base_is_counted_the_same_in_every_form(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "base"
    file.write_bytes(content)
    told = CliRunner().invoke(cli.app, ["campaign", "load", str(file), "--json"])
    assert json.loads(told.stdout) == COUNTED
    base = base_of(content)
    assert [record.fate for record in base.records] == [
        Fate.TO_MANAGE,
        Fate.DUPLICATE,
        Fate.INVALID,
        Fate.NO_DATA,
        Fate.TO_MANAGE,
    ]
    assert base.records[1].name == "Luis Peña"
    assert base.records[1].of_row == base.records[0].row
    assert base.records[4].telephones == ("+576012345678",)


def test_report_of_art_comes_out_as_it_was_printed() -> None:
    """Table 14: 5 606 initial, 3 220 cleaned, 1 583 duplicates, 1 637 to manage."""
    dead = [("Sin", "")] * 2000 + [("Mal", "300")] * 386
    once = [("Uno", f"3{number:09}") for number in range(1637)]
    again = [("Otra", f"+57 3{number % 1637:09}") for number in range(1583)]
    base = base_of(as_csv([("Nombre", "Celular"), *dead, *once, *again]).encode())
    counts = base.counts
    assert counts == Counts(initial=5606, invalid=386, duplicates=1583, no_data=2000, excluded=0, to_manage=1637)
    assert counts.cleaned == 3220


def test_whoever_is_left_out_is_counted_apart(tmp_path: Path) -> None:
    file, others = tmp_path / "base.csv", tmp_path / "no-llamar.csv"
    file.write_text(as_csv(PEOPLE), encoding="utf-8")
    others.write_text("3001234567\n", encoding="utf-8")
    told = CliRunner().invoke(cli.app, ["campaign", "load", str(file), "--exclude", str(others), "--json"])
    assert json.loads(told.stdout) == COUNTED | {"excluded": 2, "duplicates": 0, "to_manage": 1}
    shown = CliRunner().invoke(cli.app, ["campaign", "load", str(file), "--exclude", str(others)]).stdout
    assert "Fila 2: está en la lista de excluidos" in shown


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("3001234567", ["+573001234567"]),
        ("(601) 234-5678", ["+576012345678"]),
        ("3001234567 / 310 987 6543", ["+573001234567", "+573109876543"]),
        ("300 123 4567 y 601 2345678 ext. 45", ["+573001234567", "+576012345678"]),
        ("30012345673109876543", ["+573001234567", "+573109876543"]),
        ("3001234567 3001234567", ["+573001234567"]),
        ("601 234 5678 EXTENSIÓN: 1234", ["+576012345678"]),
        ("1 234 5678", ["+576012345678"]),
        ("033001234567", ["+573001234567"]),
        ("3,001234567E+09", ["+573001234567"]),
        ("3001234567.0", ["+573001234567"]),
        ("3001234567,00", ["+573001234567"]),
        ("3.00123456700E+09", ["+573001234567"]),
        ("0057 300 123 4567", ["+573001234567"]),
        ("57-300-1234567", ["+573001234567"]),
        ("\u202a+57 300\u2011123\u20114567\u202c", ["+573001234567"]),
        ("573001234567573109876543", ["+573001234567", "+573109876543"]),
        ("3001234567-2345678", ["+573001234567"]),
        ("300 1234567 2345678", ["+573001234567"]),
        ("(1)2345678", ["+576012345678"]),
        ("(4) 444 22 22", ["+576044442222"]),
        ("0312345678", ["+576012345678"]),
        ("(091) 234 5678", ["+576012345678"]),
        ("+57 (1) 234 5678", ["+576012345678"]),
        ("5712345678", ["+576012345678"]),
        ("46123456", []),
        ("2026-06-02T10:30:00", []),
        ("3,00123E+09", []),
        ("2345678", []),
        ("52123456", []),
        ("018000910123", []),
        ("123", []),
        ("+1 212 555 1234", []),
        ("=3001234567", ["+573001234567"]),
        ("'; DROP TABLE campaign; --", []),
    ],
)
def test_numbers_in_a_cell(cell: str, numbers: list[str]) -> None:
    assert list(found(cell)) == numbers


@pytest.mark.parametrize(
    "cell", ["", " ", "-", "N/A", "n.a.", "#N/A", "no tiene", "SIN TELÉFONO", "0", "ninguno", "xxx", "#¡REF!"]
)
def test_cell_that_says_there_is_no_number(cell: str) -> None:
    assert is_empty(cell)


@given(st.from_regex(r"((\+|00)?57)?3[0-9]{9}", fullmatch=True))
def test_mobiles_are_those_of_the_library(written: str) -> None:
    number = phonenumbers.parse(f"+57{written[-10:]}")
    known = phonenumbers.number_type(number) is phonenumbers.PhoneNumberType.MOBILE
    assert found(written) == ((f"+57{written[-10:]}",) if known else ())


@given(st.text(max_size=300))
def test_any_cell_is_read(cell: str) -> None:
    assert all(number.startswith("+57") and len(number) == 13 for number in found(cell))
    is_empty(cell)


@pytest.mark.parametrize(
    ("titles", "telephones", "names", "document"),
    [
        (("Nombres", "Apellidos", "Celular", "Tel. fijo", "No. documento"), (2, 3), (0, 1), 4),
        (("TIPO DE DOCUMENTO", "Identificación", "NOMBRE CIUDADANO", "MÓVIL"), (3,), (2,), 1),
        (("a", "b", "3"), (2,), (), None),
        (("Fecha de contacto", "Nombre de contacto", "Número"), (2,), (1,), None),
    ],
)
def test_columns_are_guessed(
    titles: tuple[str, ...], telephones: tuple[int, ...], names: tuple[int, ...], document: int | None
) -> None:
    person = ["2026-06-02"] * len(titles)
    for place in telephones:
        person[place] = "3001234567"
    guessed = guess([Row(number=1, cells=titles), Row(number=2, cells=tuple(person))])
    assert (guessed.telephones, guessed.names, guessed.document) == (telephones, names, document)
    assert guessed.has_titles


def test_file_without_titles_is_taken_from_its_first_row(tmp_path: Path) -> None:
    assert base_of(b"3001234567\n3109876543\n").counts.to_manage == 2
    assert base_of(b"12345\n3109876543\n").counts == Counts(
        initial=2, invalid=1, duplicates=0, no_data=0, excluded=0, to_manage=1
    )
    file = tmp_path / "base.csv"
    file.write_text("a,b\nx,y\n", encoding="utf-8")
    told = CliRunner().invoke(cli.app, ["campaign", "load", str(file), "--json"])
    assert isinstance(told.exception, ConfigurationError)
    assert "base.csv: no se encontró la columna del teléfono; póngale el título «Teléfono»" in str(told.exception)
    named = CliRunner().invoke(cli.app, ["campaign", "load", str(file), "--telephone", "b", "--json"])
    assert json.loads(named.stdout)["invalid"] == 1


ABOVE = ("BASE DE TELÉFONOS SEPTIEMBRE 2019", "Corte: 2019-09-30")
OTHER_ORDER = (("Municipio", "CELULAR", "Correo", "TELÉFONO 2", "CÉDULA"), ("Cali", "300 123 4567", "", "", "52123456"))


@pytest.mark.parametrize(
    ("people", "counts"),
    [
        ((ABOVE[:1], (), ABOVE[1:], *PEOPLE), COUNTED),
        (OTHER_ORDER, dict.fromkeys(COUNTED, 0) | {"initial": 1, "to_manage": 1}),
        (
            (("Ana", "12345"), ("Luis", "3001234567")),
            dict.fromkeys(COUNTED, 0) | {"initial": 2, "invalid": 1, "to_manage": 1},
        ),
        (
            (("Ana", "", "52123456"), ("Luis", "3001234567", "2")),
            dict.fromkeys(COUNTED, 0) | {"initial": 2, "no_data": 1, "to_manage": 1},
        ),
    ],
    ids=["a name and a date above the titles", "another order", "no titles, wrong first", "no titles, empty first"],
)
def test_titles_are_found_wherever_they_are(
    people: Sequence[Sequence[str]], counts: dict[str, int], tmp_path: Path
) -> None:
    for name, content in (("base.csv", as_csv(people, ";").encode("utf-8-sig")), ("base.xlsx", in_cells(people))):
        file = tmp_path / name
        file.write_bytes(content)
        told = CliRunner().invoke(cli.app, ["campaign", "load", str(file), "--json"])
        assert json.loads(told.stdout) == counts, told.output


def test_merged_cells_formulas_and_dates_are_counted_and_add_up(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook, page: xlsxwriter.worksheet.Worksheet) -> None:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        page.merge_range("A1:C1", "Base de la entidad")
        page.write_row(1, 0, ["Nombre", "Teléfono", "Fecha"])
        page.merge_range("B3:B4", 3001234567.0)
        page.write_row(2, 0, ["Ana"])
        page.write_row(3, 0, ["Luz"])  # below a merged cell there is nothing
        page.write_formula(4, 1, "=3001234567+0", None, 3001234567)
        page.write_datetime(5, 1, date(2026, 1, 2), day)
        page.write(6, 1, "3001234568\n6012345678")

    file = tmp_path / "base.xlsx"
    file.write_bytes(as_xlsx(fill))
    told = json.loads(
        CliRunner().invoke(cli.app, ["campaign", "load", str(file), "--telephone", "TELEFONO", "--json"]).stdout
    )
    assert told == {"initial": 5, "invalid": 1, "duplicates": 1, "no_data": 1, "excluded": 0, "to_manage": 2}
    assert told["initial"] == sum(told.values()) - told["initial"]


def test_cells_of_a_spreadsheet_are_written_as_people_write_them() -> None:
    def fill(book: xlsxwriter.Workbook, page: xlsxwriter.worksheet.Worksheet) -> None:
        day = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        page.write_row(1, 1, ["tel", "x"])
        page.write_row(2, 1, [3001234567, 1.5, True])
        page.write_datetime(2, 4, datetime(2026, 1, 2), day)  # noqa: DTZ001  spreadsheets have no zones
        page.write_datetime(2, 5, date(2026, 1, 2), day)
        page.write_formula(2, 6, "=1+1", None, 2)
        page.write(2, 7, "Ana\x0b\u200b María\n")

    told = list(rows(as_xlsx(fill)))
    assert [row.number for row in told] == [2, 3]
    assert told[1].cells == ("", "3001234567", "1.5", "sí", "2026-01-02", "2026-01-02", "2", "Ana María")


def zipped(**parts: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return written.getvalue()


def lying_bomb() -> bytes:
    """A part that unpacks to 300 MB, of which the directory says that it is 10 bytes with the right checksum."""
    content = bytearray(zipped(xl=bytes(300 * 1024 * 1024)))
    said = struct.pack("<I", zlib.crc32(bytes(10)))
    for mark, crc, size in ((b"PK\x03\x04", 14, 22), (b"PK\x01\x02", 16, 24)):
        at = content.index(mark)
        content[at + crc : at + crc + 4] = said
        content[at + size : at + size + 4] = struct.pack("<I", 10)
    return bytes(content)


def far_cell(_book: xlsxwriter.Workbook, page: xlsxwriter.worksheet.Worksheet) -> None:
    page.write(0, 0, "tel")
    page.write(1048575, 16383, 3001234567)


HOSTILE = {
    "empty": (lambda: b"", "no tiene datos"),
    "only commas": (lambda: b",,,\n" * 1000, "no tiene datos"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "no es un archivo de texto ni de Excel"),
    "old Excel": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "Excel antiguo o con contraseña"),
    "a zip of something else": (lambda: zipped(a=b"x"), "está dañado"),
    "cut off": (lambda: FILES["xlsx"][:-100], "está dañado"),
    "a bomb": (lambda: zipped(xl=bytes(300 * 1024 * 1024)), "ocupa más de 100 MB al abrirlo"),
    "a bomb that lies": (lying_bomb, "ocupa más de 100 MB al abrirlo"),
    "many parts": (lambda: zipped(**{f"{number}": b"" for number in range(1001)}), "está dañado"),
    "a cell far away": (lambda: as_xlsx(far_cell), "una celda escrita muy lejos"),
    "a million columns": (lambda: b"a," * 1_000_000 + b"b\n", "1000001 columnas; deje 200 o menos"),
    "too many rows": (lambda: b"x\n" * (sheet.MOST_ROWS + 1), "más de 250000 filas"),
    "too large": (lambda: bytes(sheet.MOST_BYTES + 1), "pasa de 20 MB"),
    "quote without an end": (lambda: b'tel\n"3001234567\n' + b"x" * 100_000, "comillas sin cerrar"),
}


@pytest.mark.parametrize(("made", "told"), HOSTILE.values(), ids=HOSTILE)
def test_file_that_cannot_be_taken_says_why_and_costs_little(made: Callable[[], bytes], told: str) -> None:
    content = made()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ConfigurationError, match=told):
        read(content) if content.startswith(b"PK") else tuple(rows(content))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000, "KB"


def test_names_of_files_and_what_stands_in_cells_do_nothing(tmp_path: Path) -> None:
    hostile = ["=cmd|' /C calc'!A0", "@SUM(1)", "<script>alert(1)</script>", "../../etc/passwd", "[bold]x", "a\x00b"]
    people = [("Nombre", "Teléfono"), *((said, f"30012345{number:02}") for number, said in enumerate(hostile[:5]))]
    file = tmp_path / "..;rm -rf; base.csv"
    file.write_text(as_csv(people), encoding="utf-8")
    shown = CliRunner().invoke(cli.app, ["campaign", "load", str(file), "--json"])
    assert json.loads(shown.stdout)["to_manage"] == 5
    with pytest.raises(ConfigurationError, match="no es un archivo de texto"):
        read(as_csv([*people, (hostile[5], "1")]).encode())


@settings(max_examples=150)
@given(
    st.one_of(
        st.binary(max_size=500),
        st.lists(st.lists(st.text(max_size=12), max_size=5), max_size=12)
        .map(as_csv)
        .map(lambda text: text.encode("utf-8", "replace")),
        st.tuples(st.just(FILES["xlsx"]), st.integers(0, 6000), st.binary(min_size=1, max_size=30)).map(
            lambda cut: cut[0][: cut[1]] + cut[2] + cut[0][cut[1] + len(cut[2]) :]
        ),
    )
)
def test_whatever_is_uploaded_is_counted_or_refused(content: bytes) -> None:
    try:
        told = tuple(rows(content))
        base = take_in(told, guess(told).checked())
    except ConfigurationError:
        return
    counts = base.counts
    parts = (counts.invalid, counts.duplicates, counts.no_data, counts.excluded, counts.to_manage)
    assert counts.initial == sum(parts) == len(base.records)
