"""The lines that a board is of: what they are called, and whether they attend at a moment."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from contesta.format import UNKNOWN, short_date, whole
from core.calendar import Calendar

from .view import Opening

_LOOK_AHEAD_DAYS: Final = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Some lines. Without calendars nobody knows when they attend."""

    title: str
    calendars: tuple[Calendar, ...] = ()

    def opening(self, now: datetime, zone: tzinfo) -> tuple[Opening, str]:
        """Tell whether a line attends, and in a few words until or from when."""
        if not self.calendars:
            return Opening.UNKNOWN, UNKNOWN
        of_open = [calendar for calendar in self.calendars if calendar.is_open(now)]
        if len(self.calendars) > 1 and of_open:
            word = "Abierta" if len(of_open) == 1 else "Abiertas"
            return Opening.OPEN, f"{word} {whole(len(of_open))} de {whole(len(self.calendars))} líneas"
        if of_open:
            closes = _closes(of_open[0], now)
            return Opening.OPEN, f"Abierta hasta las {_hour(closes, zone)}" if closes else "Abierta siempre"
        opens = min((at for calendar in self.calendars if (at := calendar.next_opening(now))), default=None)
        return (
            Opening.CLOSED,
            f"Cerrada; abre el {short_date(opens, zone)} a las {_hour(opens, zone)}" if opens else "Cerrada",
        )


def _hour(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%H:%M}"


def _closes(calendar: Calendar, now: datetime) -> datetime | None:
    """Tell when an open line closes; None if it does not for days."""
    today = now.astimezone(calendar.zone).date()
    end = now
    for opens, closes in _ahead(calendar.openings(today, today + timedelta(days=_LOOK_AHEAD_DAYS)), now):
        if opens > end:
            return end
        end = closes
    return end if end < now + timedelta(days=_LOOK_AHEAD_DAYS - 1) else None


def _ahead(openings: Iterator[tuple[datetime, datetime]], now: datetime) -> Iterator[tuple[datetime, datetime]]:
    return ((opens, closes) for opens, closes in openings if closes > now)
