"""The promised calls of an adviser's lines as an agenda, and the hours at which a citizen may be called. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from callback_queue.policy import Rules, next_allowed
from callback_queue.refusals import owners_until
from callback_queue.request import CallbackRequest, State
from quality.metrics.agents import AgentNow, AgentState

SLOT = timedelta(minutes=30)
DAYS = 7


class When(StrEnum):
    """Where a promised call stands in the agenda."""

    NOW = "now"
    TODAY = "today"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When a citizen may be called: the free half hours of the next days, and the days that have none."""

    slots: tuple[datetime, ...]
    left_out: tuple[date, ...]


def place(request: CallbackRequest, now: datetime, zone: tzinfo) -> When | None:
    """Tell where a request stands; None if it is not of today, or nothing is to be done.

    It is overdue when it was promised for a day before, or its time is over.
    """
    if request.state is not State.WAITING:
        return None
    today = now.astimezone(zone).date()
    if request.promised_at.astimezone(zone).date() < today or (request.expires_at and request.expires_at <= now):
        return When.OVERDUE
    if request.due_at <= now or request.promised_at <= now < owners_until(request):
        return When.NOW
    return When.TODAY if request.due_at.astimezone(zone).date() == today else None


def why_not_now(request: CallbackRequest, rules: Rules, now: datetime, agent: str) -> str:  # noqa: PLR0911  a rule each
    """Say why an adviser may not have a request called at this moment, in words; "" if he may."""
    if request.state is not State.WAITING:
        return "la solicitud ya no está en espera"
    if not rules.policy.enabled:
        return "la línea tiene apagada la marcación"
    if next_allowed(rules, now) != now:
        return "está fuera del horario en que se puede llamar"
    if request.window.not_before and now < request.window.not_before:
        return "el ciudadano pidió que no se le llamara antes"
    if request.owner not in {"", agent} and now < owners_until(request):
        return f"la llama {request.owner}, que la prometió"
    if request.taken_by:
        return "ya está por sonar el teléfono de quien la llama"
    return ""


def why_not_himself(agent: AgentNow | None) -> str:
    """Say why an adviser's telephone cannot be rung now for a call that he makes himself, in words; "" if it can."""
    state = agent.state if agent else AgentState.SIGNED_OUT
    return _BUSY.get(state, "")


_BUSY = {
    AgentState.SIGNED_OUT: "su teléfono no está conectado",
    AgentState.PAUSED: "usted está en pausa; póngase disponible",
    AgentState.RINGING: "su teléfono está sonando",
    AgentState.TALKING: "usted está en una conversación",
}


def hours(rules: Rules, now: datetime, zone: tzinfo) -> Hours:
    """Give the half hours of the next days in which a citizen may be called."""
    first = now.astimezone(zone).date()
    days = [first + timedelta(days=number) for number in range(DAYS)]
    slots = [slot for day in days for slot in _of_day(rules, day, now, zone)]
    had = {slot.astimezone(zone).date() for slot in slots}
    return Hours(slots=tuple(slots), left_out=tuple(day for day in days if day not in had))


def _of_day(rules: Rules, day: date, now: datetime, zone: tzinfo) -> Iterator[datetime]:
    at = datetime.combine(day, time(), zone)
    while at.date() == day:
        if at > now and next_allowed(rules, at) == at:
            yield at
        at += SLOT
