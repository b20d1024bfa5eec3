"""By when a person is answered who asks about his data (Ley 1581 of 2012, articles 14 and 15), in working days."""

from datetime import date, timedelta
from enum import StrEnum

from core.calendar import is_holiday

CONSULTATION_DAYS, CONSULTATION_MORE_DAYS = 10, 5
CLAIM_DAYS, CLAIM_MORE_DAYS = 15, 8
_SATURDAY = 5


class Ask(StrEnum):
    """What a person asks for."""

    EXPORT = "export"
    """To know what is kept of him: a consultation."""
    CORRECTION = "correction"
    ERASURE = "erasure"

    @property
    def claim(self) -> bool:
        """Whether it is a claim: while one is open, whoever sees the data is told so."""
        return self is not Ask.EXPORT


def due(ask: Ask, received: date, *, extended: bool = False) -> date:
    """Tell the last day to answer; it is counted from the day after the request was received."""
    days, more = (CLAIM_DAYS, CLAIM_MORE_DAYS) if ask.claim else (CONSULTATION_DAYS, CONSULTATION_MORE_DAYS)
    return working_days_after(received, days + more if extended else days)


def working_days_after(day: date, count: int) -> date:
    """Tell the so-manieth working day after a day: from Monday to Friday, without public holidays."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < _SATURDAY and not is_holiday(day)
    return day
