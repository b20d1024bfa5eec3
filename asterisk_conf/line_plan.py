"""What the dialplan and the queues need of a line, in the words of their files."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from core.calendar import Calendar, Span
from ivr.line import exchange
from ivr.line.model import Line, Queue, Recording, ToMailbox, ToQueue
from ivr.line.walk import last

YEARS_AHEAD = 3
"""Holidays and special days are written out so far. Every start and every publication writes them anew."""

_RECORD = {Recording.ALWAYS: exchange.YES, Recording.CONSENTED: exchange.NO, Recording.NEVER: exchange.NEVER}
_WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePlan:
    """A line as the dialplan sees it.

    `week` are conditions on the hour by weekday, Monday 1; `days` those of days unlike their weekday, by YYYYMMDD.
    `record` is what holds until a script says otherwise.
    """

    line: Line
    week: Mapping[int, str]
    days: Mapping[str, str]
    closed_mailbox: str
    record: str
    queues: tuple["QueuePlan", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePlan:
    """A queue as the dialplan and queues.conf see it. `notice` is said every `notice_seconds` to those who wait."""

    queue: Queue
    members: tuple[str, ...]
    overflow: str
    notice: str
    notice_seconds: int


def line_plan(line: Line, today: date, accounts: Iterable[str]) -> LinePlan:
    """Say what Asterisk needs of a line from `today` on; `accounts` are all advisers."""
    everybody = tuple(accounts)
    closed_to = last(line.closed.to)
    return LinePlan(
        line=line,
        week={number + 1: _open_now(line.calendar.weekly.get(number, ())) for number in range(_WEEK)},
        days=dict(_unusual_days(line.calendar, today)),
        closed_mailbox=closed_to.mailbox if isinstance(closed_to, ToMailbox) else "",
        record=_RECORD[line.recording],
        queues=tuple(_queue_plan(queue, everybody) for queue in line.queues.values()),
    )


def _queue_plan(queue: Queue, everybody: tuple[str, ...]) -> QueuePlan:
    match queue.overflow:
        case ToMailbox(mailbox=name):
            overflow = f"{exchange.MAILBOX}:{name}"
        case ToQueue(queue=name):
            overflow = f"{exchange.QUEUE}:{name}"
        case _:
            overflow = ""
    offer = queue.offer
    return QueuePlan(
        queue=queue,
        members=queue.members or everybody,
        overflow=overflow,
        notice=offer.prompt if offer else "ocupados",
        notice_seconds=offer.again_seconds if offer else queue.notice_seconds,
    )


def _unusual_days(calendar: Calendar, today: date) -> Iterator[tuple[str, str]]:
    for ahead in range(-1, YEARS_AHEAD * 366):  # somewhere it is still yesterday
        day = today + timedelta(days=ahead)
        spans = calendar.spans(day)
        if spans != calendar.weekly.get(day.weekday(), ()):
            yield f"{day:%Y%m%d}", _open_now(spans)


def _open_now(spans: Iterable[Span]) -> str:
    """Write whether the time of day, as HHMM in ${HORA}, lies in one of the spans."""
    clock = [(_clock(span.opens), _clock(span.closes)) for span in spans]
    return " | ".join(f"(${{HORA}} >= {opens} & ${{HORA}} < {closes})" for opens, closes in clock) or "0"


def _clock(minutes: int) -> int:
    return minutes // 60 * 100 + minutes % 60
