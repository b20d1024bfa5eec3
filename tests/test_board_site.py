"""Whether the lines of a board attend, in a few words."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from contesta.board.site import Site
from contesta.board.view import Opening
from core import calendar_text
from core.calendar import Calendar
from core.document import parse

ZONE = ZoneInfo("America/Bogota")
OFFICE = """
hours:
  monday-friday: 08:00-12:00, 13:00-17:00
public_holidays: closed
"""
ALWAYS = """
hours:
  monday-sunday: 00:00-24:00
public_holidays: open
"""
NIGHTS = """
hours:
  monday-thursday: 00:00-06:00, 20:00-24:00
  friday: 00:00-06:00
public_holidays: open
"""


def calendar(text: str) -> Calendar:
    return calendar_text.read(parse(text, "calendario"))


@pytest.mark.parametrize(
    ("texts", "at", "said"),
    [
        ([], "2026-11-23 10:00", (Opening.UNKNOWN, "–")),  # noqa: RUF001  the dash of what is unknown
        ([OFFICE], "2026-11-23 10:00", (Opening.OPEN, "Abierta hasta las 12:00")),
        ([OFFICE], "2026-11-23 16:59", (Opening.OPEN, "Abierta hasta las 17:00")),
        ([OFFICE], "2026-11-23 12:30", (Opening.CLOSED, "Cerrada; abre el 23/11/2026 a las 13:00")),
        ([OFFICE], "2026-11-27 18:00", (Opening.CLOSED, "Cerrada; abre el 30/11/2026 a las 08:00")),
        ([ALWAYS], "2026-11-23 10:00", (Opening.OPEN, "Abierta siempre")),
        ([NIGHTS], "2026-11-23 21:00", (Opening.OPEN, "Abierta hasta las 06:00")),
        ([OFFICE, ALWAYS], "2026-11-23 12:30", (Opening.OPEN, "Abierta 1 de 2 líneas")),
        ([OFFICE, NIGHTS], "2026-11-23 18:00", (Opening.CLOSED, "Cerrada; abre el 23/11/2026 a las 20:00")),
    ],
)
def test_opening_in_words(texts: list[str], at: str, said: tuple[Opening, str]) -> None:
    site = Site(title="Líneas", calendars=tuple(map(calendar, texts)))
    assert site.opening(datetime.fromisoformat(at).replace(tzinfo=ZONE), ZONE) == said
