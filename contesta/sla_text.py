"""What verdicts say: in sentences for people, and as data for programs."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, tzinfo
from typing import Any

from contesta.format import clock, duration, percentage, short_date, whole
from quality.metrics.sla.definition import Comparison, Definition, Goal, Indicator
from quality.metrics.sla.definition_text import threshold_text
from quality.metrics.sla.verdict import Verdict

_SIGNS = {Comparison.AT_LEAST: "≥", Comparison.MORE_THAN: ">", Comparison.AT_MOST: "≤", Comparison.LESS_THAN: "<"}
_WORDS = {True: "Cumple", False: "No cumple", None: "N/A"}
_SHAPES = {True: "●", False: "■", None: "◌"}
_FORMULAS = {
    Indicator.ASA: "espera de las contestadas / contestadas",
    Indicator.TMO: "conversación y trabajo posterior / contestadas",
    Indicator.ANSWER_RATE: "contestadas / ofrecidas sin fantasmas",
    Indicator.ABANDONMENT_RATE: "abandonadas / ofrecidas sin fantasmas",
    Indicator.SERVICE_LEVEL_ANSWERED: "contestadas en {x} s / contestadas",
    Indicator.SERVICE_LEVEL_OFFERED: "contestadas en {x} s / ofrecidas sin fantasmas",
    Indicator.SERVICE_LEVEL_INCLUSIVE: "contestadas y abandonadas en {x} s / ofrecidas sin fantasmas",
}
_MISSING = {
    Indicator.ASA: "La media debía bajar {n}",
    Indicator.TMO: "La media debía bajar {n}",
    Indicator.ANSWER_RATE: "Faltó contestar {n} más",
    Indicator.ABANDONMENT_RATE: "Faltó contestar {n} de las abandonadas",
    Indicator.SERVICE_LEVEL_ANSWERED: "Faltó contestar en {x} s {n} de las contestadas",
    Indicator.SERVICE_LEVEL_OFFERED: "Faltó contestar en {x} s {n} más",
    Indicator.SERVICE_LEVEL_INCLUSIVE: "Faltó contestar en {x} s {n} más",
}
_TO_SPARE = {
    Indicator.ASA: "La media puede subir {n} y cumplir",
    Indicator.TMO: "La media puede subir {n} y cumplir",
    Indicator.ANSWER_RATE: "Puede abandonar {n} más y cumplir",
    Indicator.ABANDONMENT_RATE: "Puede abandonar {n} más y cumplir",
    Indicator.SERVICE_LEVEL_ANSWERED: "Puede contestar después de {x} s {n} más y cumplir",
    Indicator.SERVICE_LEVEL_OFFERED: "Puede abandonar {n} más y cumplir",
    Indicator.SERVICE_LEVEL_INCLUSIVE: "Puede contestar después de {x} s {n} más y cumplir",
}


def heading(verdict: Verdict) -> str:
    """Give the verdict and what it is about: "● Cumple · Eficacia · versión 1"."""
    definition = verdict.definition
    return f"{_SHAPES[verdict.met]} {_WORDS[verdict.met]} · {definition.title} · versión {definition.version}"


def details(verdict: Verdict) -> tuple[str, ...]:
    """Say, a line each: the figure and its goal, what was missing or is to spare, the days and the clause."""
    definition = verdict.definition
    goal = "" if definition.goal is None else f"; meta {_goal(definition.goal, definition.indicator)}"
    return (
        f"{_value(verdict)} = {_parts(verdict)} ({_formula(definition)}){goal}",
        f"{margin(verdict)}.",
        f"{days(verdict.first, verdict.last)} · {definition.clause}",
    )


def days(first: date, last: date) -> str:
    """Give a stretch of days: "1/09/2019 a 30/09/2019"."""
    return f"{_day(first)} a {_day(last)}" if last > first else _day(first)


def margin(verdict: Verdict) -> str:
    """Say in a sentence what was missing to comply, what may still go wrong, or why there is no verdict."""
    indicator, x = verdict.definition.indicator, verdict.definition.within_seconds
    if (missing := verdict.missing) is not None:
        return _MISSING[indicator].format(n=_amount(indicator, missing), x=x)
    if (to_spare := verdict.to_spare) is not None:
        return _TO_SPARE[indicator].format(n=_amount(indicator, to_spare), x=x)
    return "La entidad no ha fijado la meta" if verdict.definition.goal is None else "No hay llamadas que medir"


def closing(closed_at: datetime, zone: tzinfo) -> str:
    """Say that what follows is what a month was closed with."""
    return (
        f"Mes cerrado el {short_date(closed_at, zone)} a las {clock(closed_at, zone)}: "
        "cifras y versiones son las de ese momento."
    )


def differences(closed: Iterable[Verdict], now: Iterable[Verdict]) -> Iterator[str]:
    """Say where what a month was closed with is not what its calls and the versions of today would give."""
    before, after = _by_version(closed), _by_version(now)
    for version in sorted(before.keys() | after.keys()):
        was, would_be = before.get(version), after.get(version)
        if was != would_be:
            yield f"«{version[0]}», versión {version[1]}: al cerrar, {_short(was)}; recalculado, {_short(would_be)}."


def as_data(verdict: Verdict) -> dict[str, Any]:
    """Give a verdict as JSON takes it. Times are in milliseconds and shares are fractions, by `unit`."""
    definition = verdict.definition
    goal = definition.goal
    return {
        "id": definition.id,
        "version": definition.version,
        "title": definition.title,
        "clause": definition.clause,
        "indicator": definition.indicator,
        "ghost_seconds": definition.ghost_seconds,
        "within_seconds": definition.within_seconds,
        "hours": "all" if definition.calendar is None else "business",
        "from": verdict.first.isoformat(),
        "to": verdict.last.isoformat(),
        "unit": "ms" if definition.indicator.is_time else "fraction",
        "comparison": goal and goal.comparison,
        "threshold": goal and threshold_text(definition.indicator, goal.threshold),
        "numerator": verdict.figure.numerator,
        "denominator": verdict.figure.denominator,
        "value": verdict.figure.value,
        "verdict": _WORDS[verdict.met],
        "missing": verdict.missing,
        "to_spare": verdict.to_spare,
        "margin": margin(verdict),
    }


def _by_version(verdicts: Iterable[Verdict]) -> dict[tuple[str, int], Verdict]:
    return {(one.definition.id, one.definition.version): one for one in verdicts}


def _short(verdict: Verdict | None) -> str:
    if verdict is None:
        return "no regía"
    return f"{_WORDS[verdict.met]} con {_parts(verdict)} ({days(verdict.first, verdict.last)})"


def _formula(definition: Definition) -> str:
    hours = "" if definition.calendar is None else ", en horario de atención"
    return _FORMULAS[definition.indicator].format(x=definition.within_seconds) + hours


def _goal(goal: Goal, indicator: Indicator) -> str:
    return f"{_SIGNS[goal.comparison]} {threshold_text(indicator, goal.threshold).replace('.', ',')}"


def _value(verdict: Verdict) -> str:
    numerator, denominator = verdict.figure
    if not verdict.definition.indicator.is_time:
        return percentage(numerator, denominator)
    return f"{duration(round(numerator / denominator)):0>5}" if denominator else "N/A"


def _parts(verdict: Verdict) -> str:
    numerator, denominator = verdict.figure
    said = _seconds(numerator) if verdict.definition.indicator.is_time else whole(numerator)
    return f"{said}/{whole(denominator)}"


def _amount(indicator: Indicator, amount: int) -> str:
    return _seconds(amount) if indicator.is_time else whole(amount)


def _seconds(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{whole(seconds)}{f',{rest:03}'.rstrip('0') if rest else ''} s"


def _day(day: date) -> str:
    return f"{day.day}/{day:%m/%Y}"
