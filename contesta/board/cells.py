"""Each figure of the board, written: of the line for its card, of a queue for its cell."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

from contesta.call_search import word_of
from contesta.format import UNKNOWN, duration, percentage, whole
from quality.metrics.agents import AgentState
from quality.metrics.figures import AgentTally, Ratio
from quality.metrics.history import Outcome
from quality.metrics.limits import Limits, Metric
from quality.metrics.sla.definition import Indicator
from storage.callback_list import Pending

from .alarms import Alarms, Subject
from .links import ATTENDED_OR_LEFT, OFFERED, PENDING_CALLBACKS, Links
from .measures import Scope, ratio
from .targets import Targets
from .view import Figure

STATES: Final[Mapping[AgentState, tuple[str, str]]] = {
    AgentState.AVAILABLE: ("disponible", "disponibles"),
    AgentState.RINGING: ("timbrando", "timbrando"),
    AgentState.TALKING: ("hablando", "hablando"),
    AgentState.PAUSED: ("en pausa", "en pausa"),
    AgentState.SIGNED_OUT: ("fuera", "fuera"),
}
"""What one adviser does, and what several do."""

TITLES: Final[Mapping[Metric, str]] = {
    Metric.WAITING: "En espera",
    Metric.LONGEST_WAIT: "Espera más larga",
    Metric.AVAILABLE: "Asesores disponibles",
    Metric.SERVICE_LEVEL: "Nivel de servicio hoy",
    Metric.ABANDONMENT: "Abandono hoy",
}
FORMULAS: Final[Mapping[Indicator, str]] = {
    Indicator.SERVICE_LEVEL_ANSWERED: "contestadas en {x} s, de las contestadas",
    Indicator.SERVICE_LEVEL_OFFERED: "contestadas en {x} s, de las recibidas sin fantasmas",
    Indicator.SERVICE_LEVEL_INCLUSIVE: "contestadas o abandonadas en {x} s, de las recibidas sin fantasmas",
    Indicator.ABANDONMENT_RATE: "abandonadas, de las recibidas sin fantasmas",
}
_COUNTED: Final[Mapping[Indicator, str]] = {
    Indicator.SERVICE_LEVEL_ANSWERED: word_of(Outcome.ANSWERED),
    Indicator.SERVICE_LEVEL_OFFERED: word_of(Outcome.ANSWERED),
    Indicator.SERVICE_LEVEL_INCLUSIVE: ATTENDED_OR_LEFT,
    Indicator.ABANDONMENT_RATE: word_of(Outcome.ABANDONED),
}
"""What the lists of calls call those of a share's numerator."""
_MEANINGS: Final[Mapping[Metric, str]] = {
    Metric.WAITING: "Personas que esperan ahora en una cola",
    Metric.LONGEST_WAIT: "Lo que lleva esperando quien más espera ahora",
    Metric.AVAILABLE: "Asesores que pueden tomar una llamada ya; cada uno cuenta una vez",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Writes figures. `alarms` None: the board is not current, and no figure is held against anything."""

    targets: Targets
    alarms: Alarms | None
    links: Links

    def waiting(self, scope: Scope) -> Figure:
        """How many wait."""
        count = len(scope.waiting)
        return self._figure(Metric.WAITING, scope, whole(count), value=count, calls=self.links.waiting(scope.queue))

    def longest_wait(self, scope: Scope) -> Figure:
        """How long whoever came first waits. It leads to that call."""
        longest = scope.longest
        if longest is None:
            return self._figure(Metric.LONGEST_WAIT, scope, UNKNOWN)
        return self._figure(
            Metric.LONGEST_WAIT,
            scope,
            duration(longest.wait_ms),
            detail="" if scope.queue else f"en {longest.queue}",
            calls=self.links.call(longest.call_id),
        ).model_copy(update={"since": longest.entered_at})

    def available(self, scope: Scope, states: Mapping[AgentState, int] | None = None) -> Figure:
        """How many advisers are free; with `states`, what the others do."""
        detail = f"de {whole(scope.present)} en turno"
        if states:
            others = (AgentState.RINGING, AgentState.TALKING, AgentState.PAUSED)
            detail = " · ".join(f"{whole(states[one])} {STATES[one][1]}" for one in others if states[one])
        return self._figure(Metric.AVAILABLE, scope, whole(scope.free), value=scope.free, detail=detail)

    def share(self, metric: Metric, scope: Scope) -> Figure:
        """Give the service level or the abandonment of today. It leads to the calls of its numerator."""
        indicator = self.targets.indicators[metric]
        seconds = self.targets.thresholds.service_level_seconds
        numerator, denominator = ratio(scope, metric, self.targets)
        formula = FORMULAS[indicator].format(x=seconds)
        parts = f"{whole(numerator)}/{whole(denominator)}"
        return self._figure(
            metric,
            scope,
            percentage(numerator, denominator) if denominator else UNKNOWN,
            value=numerator / denominator if denominator else None,
            detail=parts if scope.queue else f"{parts} · {formula}",
            meaning=f"{formula[0].upper()}{formula[1:]}: {parts}",
            calls=self.links.today(
                _COUNTED[indicator],
                queue=scope.queue,
                wait_at_most=seconds if indicator.is_service_level else None,
            ),
        )

    def expected_wait(self, scope: Scope) -> Figure:
        """How long whoever entered the queue now would wait."""
        return Figure(
            id="expected_wait",
            title="Esperaría quien entre",
            shown=duration(scope.expected_wait_ms),
            value=None if scope.expected_wait_ms is None else scope.expected_wait_ms / 1000,
            meaning="Según las últimas conversaciones de la cola y los asesores en turno",
        )

    def offered(self, scope: Scope) -> Figure:
        """How many visits the day has."""
        return Figure(
            id="offered",
            title="Recibidas hoy",
            shown=whole(scope.today.offered),
            value=scope.today.offered,
            meaning="Visitas a la cola que comenzaron hoy, fantasmas incluidas",
            calls=self.links.today(OFFERED, queue=scope.queue),
        )

    def callbacks(self, pending: Pending | None) -> Figure:
        """How many people wait to be called, and how many of them should have been by now."""
        if pending is None:
            return Figure(id="callbacks", title="Devoluciones pendientes", shown=UNKNOWN, detail="Sin datos")
        return Figure(
            id="callbacks",
            title="Devoluciones pendientes",
            shown=whole(pending.total),
            value=pending.total,
            detail=f"{whole(pending.late)} en mora",
            meaning="Llamadas prometidas que no han terminado, y cuántas ya se debían hacer",
            calls=PENDING_CALLBACKS,
        )

    def of_adviser(self, agent: str, tally: AgentTally) -> Mapping[str, Figure]:
        """Give the figures of an adviser's day, by their names in `AdviserRow`."""
        return _of_adviser(self.links, agent, tally.answered, tally.rings_unanswered, tally.tmo_ms)

    def _figure(
        self,
        metric: Metric,
        scope: Scope,
        shown: str,
        *,
        value: float | None = None,
        detail: str = "",
        meaning: str = "",
        calls: str = "",
    ) -> Figure:
        return Figure(
            id=metric,
            title=TITLES[metric],
            shown=shown,
            value=value,
            detail=detail,
            state=self.alarms.level(Subject(metric, scope.queue)) if self.alarms else None,
            meaning=f"{meaning or _MEANINGS[metric]}. {self._asked(metric, scope.queue)}",
            calls=calls,
            why=self.links.why(metric, scope.queue),
        )

    def _asked(self, metric: Metric, queue: str) -> str:
        """Say what thresholds the figure is held against, and whose they are."""
        limits = self.targets.limits_of(metric, queue)
        if limits is None:
            return "No tiene umbrales."
        agreed = self.targets.agreed.get(metric)
        return _asked(limits, f"ANS «{agreed.id}», versión {agreed.version}" if agreed else "umbrales del tablero")


def mean(ratio_ms: Ratio) -> str:
    """Write a mean time; a dash if there is none."""
    return UNKNOWN if ratio_ms.value is None else duration(round(ratio_ms.value))


@lru_cache(maxsize=1024)
def _asked(limits: Limits, whose: str) -> str:
    metric = limits.metric
    warn, bad = (quantity(metric, limit.value) for limit in (limits.warn, limits.bad))
    better = "mínimo" if metric.better_when_higher else "máximo"
    goal = "" if metric is Metric.AVAILABLE and not limits.bad.value else f"Meta: {better} {bad}. "
    return f"{goal}Atención: {better} {warn} ({whose})."


def quantity(metric: Metric, value: Fraction) -> str:
    """Write a value of a metric, given in its unit."""
    if metric.is_time:
        return duration(round(value))
    return percentage(value.numerator, value.denominator).replace(",00", "") if metric.is_share else whole(int(value))


@lru_cache(maxsize=4096)
def _of_adviser(links: Links, agent: str, answered: int, unanswered: int, tmo_ms: Ratio) -> Mapping[str, Figure]:
    """Write an adviser's figures once: most have not changed from one board to the next."""
    return {
        "answered": Figure(
            id="answered",
            title="Contestadas",
            shown=whole(answered),
            value=answered,
            meaning="Conversaciones de llamadas que entraron hoy",
            calls=links.today(agent=agent),
        ),
        "unanswered": Figure(
            id="unanswered",
            title="No contestó",
            shown=whole(unanswered),
            value=unanswered,
            meaning="Veces que timbró hoy y no contestó",
            calls=links.today(unanswered_by=agent),
        ),
        "tmo": Figure(
            id="tmo",
            title="TMO",
            shown=mean(tmo_ms),
            value=None if tmo_ms.value is None else tmo_ms.value / 1000,
            meaning="Conversación y trabajo posterior, de las contestadas con duración conocida",
            calls=links.today(agent=agent, talk_known=True),
        ),
    }
