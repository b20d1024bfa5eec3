"""What today still has to spare by each agreement, or what would bring it back: a sentence each."""

from collections.abc import Iterator
from typing import Final

from contesta.format import whole
from contesta.sla_text import margin
from core.calendar import Calendar
from quality.metrics.aggregate import QUARTER_HOUR_SECONDS, Aggregate
from quality.metrics.figures import Tally
from quality.metrics.limits import Limit
from quality.metrics.sla.definition import Definition, Indicator
from quality.metrics.sla.verdict import Verdict, judge
from quality.metrics.why import sum_of, to_recover

from .targets import Targets

_BACK: Final = {
    Indicator.ANSWER_RATE: "contesta las próximas {n}",
    Indicator.ABANDONMENT_RATE: "no abandona ninguna de las próximas {n}",
    Indicator.SERVICE_LEVEL_ANSWERED: "contesta en {x} s las próximas {n}",
    Indicator.SERVICE_LEVEL_OFFERED: "contesta en {x} s las próximas {n}",
    Indicator.SERVICE_LEVEL_INCLUSIVE: "contesta en {x} s las próximas {n}",
}


def notices(today: Aggregate, targets: Targets) -> Iterator[str]:
    """Say how today stands by each agreement that has a goal and calls to be held against it."""
    yield from targets.remarks
    for stint in targets.stints:
        definition = stint.definition
        tally = counted(today, definition, targets)
        if tally is None:
            yield f"El ANS «{definition.title}» se cuenta de otro modo; véalo con «contesta sla verdicts»."
        elif said := _said(judge(stint, definition.indicator.figure(tally))):
            yield said


def counted(today: Aggregate, definition: Definition, targets: Targets) -> Tally | None:
    """Count today's visits as an agreement does.

    None if that cannot be done from quarter hours that were counted with the board's thresholds.
    """
    asked, known = definition.thresholds, targets.thresholds
    if asked.ghost_seconds != known.ghost_seconds or definition.within_seconds not in {
        None,
        known.service_level_seconds,
    }:
        return None
    return today.total() if definition.calendar is None else _within(today, definition.calendar, targets)


def _within(today: Aggregate, calendar: Calendar, targets: Targets) -> Tally | None:
    openings = [
        (opens.timestamp(), closes.timestamp()) for opens, closes in calendar.openings(targets.day, targets.day)
    ]
    if any(edge % QUARTER_HOUR_SECONDS for opening in openings for edge in opening):
        return None
    return sum_of(
        tally
        for begins_at, tally in today.by_quarter_hour().items()
        if any(opens <= begins_at.timestamp() < closes for opens, closes in openings)
    )


def _said(verdict: Verdict) -> str:
    definition, goal = verdict.definition, verdict.definition.goal
    named = f"el ANS «{definition.title}»"
    if goal is None or verdict.met is None:
        return ""
    if verdict.met:
        said = margin(verdict)
        return f"Hoy {said[0].lower()}{said[1:]} {named}." if verdict.to_spare else f"Hoy se cumple sin margen {named}."
    failed = f"Hoy no se cumple {named}"
    if definition.indicator.is_time:
        said = margin(verdict)
        return f"{failed}: {said[0].lower()}{said[1:]}."
    limit = Limit(value=goal.threshold, strict=goal.comparison.is_strict)
    calls = to_recover(verdict.figure, definition.indicator, limit)
    if calls is None:
        return f"{failed}, y ya no se puede cumplir."
    back = _BACK[definition.indicator].format(n=whole(calls), x=definition.within_seconds)
    return f"{failed}; se cumplirá si {back}."
