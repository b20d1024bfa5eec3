"""«¿Por qué está rojo?», answered in sentences of at most twenty words, the most telling first."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Final

from contesta.call_search import word_of
from contesta.format import clock, duration, percentage, whole
from quality.metrics.agents import AgentState
from quality.metrics.aggregate import QUARTER_HOUR_SECONDS
from quality.metrics.erlang import agents_needed
from quality.metrics.figures import Tally
from quality.metrics.history import Outcome
from quality.metrics.limits import Limits, Metric
from quality.metrics.sla.definition import Indicator
from quality.metrics.why import Asked, Span, Why, explain, sum_of

from . import view
from .cells import STATES, quantity
from .links import WITHOUT_GHOSTS, Links
from .measures import LINE, Scope, scopes
from .moment import Moment

OnDuty = Callable[[datetime, datetime], float | None]
"""Tells how many advisers were there between two moments, on average; None if nobody knows."""

_QUARTER: Final = timedelta(seconds=QUARTER_HOUR_SECONDS)
_MOST_ANSWERED: Final = 0.8  # in time, where no threshold of the service level says how many are to be
_FIGURES: Final[Mapping[Indicator, str]] = {
    Indicator.SERVICE_LEVEL_ANSWERED: "De {all} contestadas, {n} lo fueron en {x} s: {share}; la meta es {goal}.",
    Indicator.SERVICE_LEVEL_OFFERED: "De {all} recibidas, {n} se contestaron en {x} s: {share}; la meta es {goal}.",
    Indicator.SERVICE_LEVEL_INCLUSIVE: "De {all} recibidas, {n} salieron en {x} s: {share}; la meta es {goal}.",
    Indicator.ABANDONMENT_RATE: "De {all} recibidas, {n} abandonaron: {share}; el máximo es {goal}.",
}
_WORST: Final[Mapping[Indicator, str]] = {
    Indicator.SERVICE_LEVEL_ANSWERED: "esperaron más de {x} s",
    Indicator.SERVICE_LEVEL_OFFERED: "no se contestaron en {x} s",
    Indicator.SERVICE_LEVEL_INCLUSIVE: "esperaron más de {x} s",
    Indicator.ABANDONMENT_RATE: "abandonaron",
}


def explanation(now: Moment, metric: Metric, queue: str, on_duty: OnDuty, links: Links) -> view.Why:
    """Explain a figure of the line ("") or of a queue.

    Raises:
        KeyError: there is no such queue.
    """
    scope = {scope.queue: scope for scope in scopes(now.snapshot)}[queue]
    figure = _figure(now.board, metric, queue)
    if metric.is_share:
        sentences, calls = _of_share(now, metric, scope, on_duty, links)
    else:
        sentences, calls = list(_of_now(now, metric, scope, links.zone)), links.waiting(queue)
    return view.Why(
        figure=metric,
        queue=queue,
        title=figure.title,
        shown=figure.shown,
        state=figure.state,
        sentences=sentences,
        calls=calls,
    )


def _figure(board: view.Board, metric: Metric, queue: str) -> view.Figure:
    shown = board.cards
    if queue != LINE:
        (row,) = (row for row in board.queues if row.name == queue)
        shown = [cell for _, cell in row if isinstance(cell, view.Figure)]
    return next(figure for figure in shown if figure.id == metric)


def _of_share(now: Moment, metric: Metric, scope: Scope, on_duty: OnDuty, links: Links) -> tuple[list[str], str]:
    indicator = now.targets.indicators[metric]
    limits = now.targets.limits_of(metric, scope.queue)
    if limits is None or not indicator.figure(scope.today).denominator:
        return ["Hoy no hay llamadas con qué medirlo." if limits else "No tiene umbrales."], ""
    within = now.targets.thresholds.service_level_seconds
    asked = Asked(indicator=indicator, limit=limits.bad, within_seconds=within, answered_share=_answered_share(now))
    quarters = sorted(now.snapshot.today.by_quarter_hour(scope.queue or None).items())
    why = explain(quarters, asked, now.snapshot.at)
    sentences = list(_said_of_share(why, asked, limits, on_duty, links.zone))
    if why.worst is None:
        return sentences, ""
    outcome = WITHOUT_GHOSTS if metric is Metric.SERVICE_LEVEL else word_of(Outcome.ABANDONED)
    return sentences, links.between(why.worst.begins_at, why.worst.ends_at, outcome, scope.queue)


def _answered_share(now: Moment) -> float:
    limits = now.targets.limits_of(Metric.SERVICE_LEVEL)
    return float(limits.bad.value) if limits else _MOST_ANSWERED


def _said_of_share(why: Why, asked: Asked, limits: Limits, on_duty: OnDuty, zone: tzinfo) -> Iterator[str]:
    numerator, denominator = why.figure
    x = asked.within_seconds
    yield _FIGURES[asked.indicator].format(
        all=whole(denominator),
        n=whole(numerator),
        x=x,
        share=percentage(numerator, denominator),
        goal=quantity(limits.metric, limits.bad.value),
    )
    if why.worst:
        fate = _WORST[asked.indicator].format(x=x)
        yield (
            f"Lo peor fue de {_hour(why.worst.begins_at, zone)} a {_hour(why.worst.ends_at, zone)}: "
            f"{whole(why.worst.missed)} de {whole(why.worst.counted)} {fate}."
        )
        yield from _said_of_advisers(why.worst, on_duty)
    yield _said_of_recovery(why.to_recover, asked)


def _said_of_advisers(worst: Span, on_duty: OnDuty) -> Iterator[str]:
    there = on_duty(worst.begins_at, worst.ends_at)
    needed = f"La meta pedía {_advisers(worst.needed)}" if worst.needed else ""
    if there is not None and needed:
        yield f"{needed}; hubo {_mean(there)} en turno."
    elif there is not None:
        yield f"En ese tiempo hubo {_mean(there)} en turno."
    elif needed:
        yield f"{needed}."
    if worst.handle_ms:
        yield f"Cada llamada ocupó a un asesor {duration(round(worst.handle_ms))} en promedio."


def _said_of_recovery(calls: int | None, asked: Asked) -> str:
    if calls is None:
        return "Hoy ya no se puede volver a la meta."
    if calls == 0:
        return "Está dentro de la meta."
    if asked.indicator is Indicator.ABANDONMENT_RATE:
        return f"Vuelve a la meta si no abandona ninguna de las próximas {whole(calls)}."
    return f"Vuelve a la meta si las próximas {whole(calls)} se contestan en {asked.within_seconds} s."


def _of_now(now: Moment, metric: Metric, scope: Scope, zone: tzinfo) -> Iterator[str]:
    if metric is Metric.LONGEST_WAIT and scope.longest:
        at = clock(scope.longest.entered_at, zone)
        yield f"Quien más espera entró a {scope.longest.queue} a las {at}."
    free, present = whole(scope.free), whole(scope.present)
    yield f"En espera: {whole(len(scope.waiting))}. Asesores libres: {free} de {present} en turno."
    states = Counter(agent.state for agent in now.snapshot.agents if scope.queue in {LINE, *agent.queues})
    busy = (AgentState.RINGING, AgentState.TALKING, AgentState.PAUSED)
    if others := ", ".join(f"{whole(states[one])} {STATES[one][1]}" for one in busy if states[one]):
        yield f"Los demás: {others}."
    begins_at, tally = _lately(now, scope)
    yield (
        f"Desde las {_hour(begins_at, zone)} entraron {whole(tally.offered)} y se contestaron {whole(tally.answered)}."
    )
    if needed := _needed_now(now, tally, begins_at):
        yield f"Para contestar a tiempo, esa carga pide {_advisers(needed)}."


def _lately(now: Moment, scope: Scope) -> tuple[datetime, Tally]:
    """Return the quarter hour that goes on and the one before it, added up, and when they began."""
    current = now.snapshot.at.timestamp() // QUARTER_HOUR_SECONDS * QUARTER_HOUR_SECONDS
    begins_at = datetime.fromtimestamp(current, now.snapshot.at.tzinfo) - _QUARTER
    quarters = now.snapshot.today.by_quarter_hour(scope.queue or None)
    return begins_at, sum_of(tally for at, tally in quarters.items() if at >= begins_at)


def _needed_now(now: Moment, tally: Tally, begins_at: datetime) -> int | None:
    handle_ms = tally.tmo_ms.value or now.snapshot.today.total().tmo_ms.value
    if not handle_ms:
        return None
    seconds = (now.snapshot.at - begins_at).total_seconds()
    within = now.targets.thresholds.service_level_seconds
    return agents_needed(tally.offered - tally.ghost, seconds, handle_ms / 1000, within, _answered_share(now))


def _hour(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%H:%M}"


def _advisers(count: int) -> str:
    return f"{whole(count)} asesor{'es' if count != 1 else ''}"


def _mean(number: float) -> str:
    return f"{number:.1f}".replace(".", ",").removesuffix(",0")
