"""Calls as a table for spreadsheets: text that none takes for a formula, parted by semicolons as Excel wants here."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo

from contesta.call_list import THEN, line_of, shown_number
from contesta.format import UNKNOWN, phone
from quality.metrics.visits import Visit
from storage.callbacks import Beside
from storage.listing import StoredCall

BEGINNING = "\N{BYTE ORDER MARK}"
"""Tells Excel that the text is UTF-8."""

COLUMNS = (
    "Identificador",
    "Fecha",
    "Hora",
    "Línea",
    "Número",
    "Recorrido",
    "Cola",
    "Resultado",
    "Espera (s)",
    "Habló (s)",
    "Asesor",
    "Tipificación",
    "Grabación",
    "Devolución",
)
_FORMULA = frozenset("=+-@|%")
_FORMER_CONTROLS = dict.fromkeys((*range(32), 127), " ")


def table(
    calls: Iterable[StoredCall],
    zone: tzinfo,
    ghost_seconds: int,
    callbacks: Mapping[str, Beside],
    *,
    whole_numbers: bool = False,
) -> str:
    """Write calls as lines, one a call. Numbers are masked unless `whole_numbers`; what is not known is empty."""
    return _lines(
        _cells(call, zone, ghost_seconds, callbacks.get(call.call_id), whole_numbers=whole_numbers) for call in calls
    )


def heading() -> str:
    """Write the first line."""
    return _lines([COLUMNS])


def harmless(text: str) -> str:
    """Give a text as a cell that is shown and never computed (CWE-1236): what begins like a formula gets a quote."""
    plain = text.translate(_FORMER_CONTROLS)
    first = unicodedata.normalize("NFKC", plain.lstrip()[:1])  # a full-width equals sign is one too
    return f"'{plain}" if first in _FORMULA else plain


def harmless_row(cells: Iterable[str]) -> str:
    """Write one line of harmless cells."""
    return _lines([cells])


def _lines(rows: Iterable[Iterable[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=";").writerows([harmless(cell) for cell in row] for row in rows)
    return written.getvalue()


def _cells(
    call: StoredCall, zone: tzinfo, ghost_seconds: int, callback: Beside | None, *, whole_numbers: bool
) -> Iterator[str]:
    line = line_of(call, zone, ghost_seconds, callback)
    local = call.started_at.astimezone(zone)
    yield call.call_id
    yield f"{local:%Y-%m-%d}"
    yield f"{local:%H:%M:%S}"
    yield call.line
    yield phone(call.number) if whole_numbers else _known(shown_number(call.number))
    yield _known(line.path)
    yield THEN.join(visit.queue for visit in call.visits)
    yield THEN.join(outcome.word for outcome in line.outcomes)
    yield THEN.join(_seconds(visit.wait_ms) for visit in call.visits)
    yield THEN.join(_seconds(_talk_ms(visit)) for visit in call.visits if visit.legs)
    yield THEN.join(leg.agent for visit in call.visits for leg in visit.legs)
    yield _known(line.disposition)
    yield _known(line.recording)
    yield _known(line.callback)


def _talk_ms(visit: Visit) -> int | None:
    told = [leg.talk_ms for leg in visit.legs if leg.talk_ms is not None]
    return sum(told) if told else None


def _seconds(ms: int | None) -> str:
    return "" if ms is None else f"{ms / 1000:.3f}".rstrip("0").rstrip(".").replace(".", ",")


def _known(text: str) -> str:
    return "" if text == UNKNOWN else text
