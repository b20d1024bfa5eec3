"""Training sessions from a CSV file, and the words in which people write a session."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

from core.document import text_of
from core.errors import ConfigurationError
from quality.learning.training import Training

COLUMNS = ("fecha", "tema", "lugar", "formador", "horas", "asesores")
MOST_ROWS = 5000
LONGEST = 200
MOST_MINUTES = 24 * 60

_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_WRITTEN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_HOURS = re.compile(r"(\d{1,2}(?:[.,]\d{1,4})?) ?(?:h|horas?)?", re.ASCII | re.IGNORECASE)
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f]")


def load(path: Path) -> tuple[Training, ...]:
    """Read sessions from a file with the columns of COLUMNS, parted by ; or , and the advisers of a session by |.

    Raises:
        ConfigurationError: it cannot be read, or rows are wrong; names file, line and column of each fault.
    """
    text = text_of(path).removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    head = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text), delimiter=";" if ";" in head else ",")
    faults: list[str] = []
    found: list[Training] = []
    try:
        titles = [title.strip().lower() for title in next(rows, [])]
        if set(titles) != set(COLUMNS) or len(titles) != len(COLUMNS):
            raise ConfigurationError(f"{path.name}, línea 1: las columnas son {'; '.join(COLUMNS)}")
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(found) >= MOST_ROWS:
                raise ConfigurationError(f"{path.name}: pasa de {MOST_ROWS} capacitaciones; divídalo")
            if len(row) != len(titles):
                faults.append(f"{path.name}, línea {rows.line_num}: tiene {len(row)} columnas, no {len(titles)}")
                continue
            said = dict(zip(titles, row, strict=True))
            wrong = [f"{path.name}, línea {rows.line_num}, columna «{key}»: {mend}" for key, mend in _faults(said)]
            faults += wrong
            if not wrong:
                found.append(_training(said))
    except csv.Error as broken:
        raise ConfigurationError(f"{path.name}, línea {rows.line_num}: no es CSV: {broken}") from broken
    if faults:
        raise ConfigurationError("\n".join(faults))
    return tuple(found)


def read_day(said: str) -> date | None:
    """Read a day such as 2019-09-23 or 23/09/2019; None if it is none."""
    if found := _ISO.fullmatch(said.strip()):
        year, month, day = map(int, found.groups())
    elif found := _WRITTEN.fullmatch(said.strip()):
        day, month, year = map(int, found.groups())
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def read_hours(said: str) -> int | None:
    """Read hours such as "2", "1,5" or "2 horas", in minutes; None if they are none, or no whole minutes."""
    if not (found := _HOURS.fullmatch(said.strip())):
        return None
    minutes = Decimal(found[1].replace(",", ".")) * 60
    return int(minutes) if minutes == int(minutes) and 0 < minutes <= MOST_MINUTES else None


def _faults(said: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if read_day(said["fecha"]) is None:
        yield "fecha", "escriba un día como 23/09/2019"
    if read_hours(said["horas"]) is None:
        yield "horas", f"escriba las horas, como 2 o 1,5; hasta {MOST_MINUTES // 60}"
    for key in ("tema", "lugar", "formador"):
        if not said[key].strip() or len(said[key]) > LONGEST or _UNWRITABLE.search(said[key]):
            yield key, f"escriba de 1 a {LONGEST} caracteres, en una línea"
    if any(len(name) > LONGEST or _UNWRITABLE.search(name) for name in _names(said["asesores"])):
        yield "asesores", "escriba los nombres separados por «|»"


def _training(said: Mapping[str, str]) -> Training:
    return Training(
        day=read_day(said["fecha"]) or date.min,
        subject=said["tema"].strip(),
        place=said["lugar"].strip(),
        trainer=said["formador"].strip(),
        minutes=read_hours(said["horas"]) or 0,
        agents=frozenset(_names(said["asesores"])),
    )


def _names(said: str) -> list[str]:
    return [name.strip() for name in said.split("|") if name.strip()]
