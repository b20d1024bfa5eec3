"""The hours that a citizen may choose: among those of the line and the legal ones, with places left. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from callback_queue.policy import Rules
from callback_queue.request import Window
from core.calendar import Calendar
from ivr.line.web import WebForm


def offered(rules: Rules, form: WebForm, now: datetime) -> Iterator[Window]:
    """Yield the windows there are, in order, full ones too.

    They follow one another from each opening of the line on; one that does not lie wholly within the line's hours and
    the legal hours is not offered.
    """
    length = timedelta(minutes=form.window_minutes)
    earliest = now + timedelta(minutes=form.lead_minutes)
    today = now.astimezone(rules.calendar.zone).date()
    for opens, closes in rules.calendar.openings(today, today + timedelta(days=form.days)):
        begins = opens
        while begins + length <= closes:
            if begins >= earliest and _within(rules.policy.legal_hours, begins, begins + length):
                yield Window(not_before=begins, not_after=begins + length)
            begins += length


def free(rules: Rules, form: WebForm, taken: Mapping[datetime, int], now: datetime) -> list[Window]:
    """Give the windows with places left; `taken` counts promised calls by the beginning of their window."""
    return [
        window
        for window in offered(rules, form, now)
        if window.not_before and taken.get(window.not_before, 0) < form.per_window
    ]


def _within(calendar: Calendar, begins: datetime, ends: datetime) -> bool:
    day = begins.astimezone(calendar.zone).date()
    return any(opens <= begins and ends <= closes for opens, closes in calendar.openings(day, day))
