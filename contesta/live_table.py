"""The line of this moment, in the terminal and in JSON."""

from collections.abc import Sequence
from datetime import timedelta, tzinfo
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from contesta.format import UNKNOWN, clock, duration, percentage, whole
from contesta.stats import Figures, contract
from contesta.stats_tables import FIGURE_HEADINGS, figure_cells, mean_duration, plain_table
from core.numbers import masked
from quality.metrics.agents import AgentNow, AgentState
from quality.metrics.figures import AgentTally
from quality.metrics.live import QueueNow, Snapshot, Waiting

STATES = {
    AgentState.AVAILABLE: "● disponible",
    AgentState.RINGING: "◔ timbrando",
    AgentState.TALKING: "▶ hablando",
    AgentState.PAUSED: "‖ en pausa",
    AgentState.SIGNED_OUT: "○ fuera",
}
CALLERS_SHOWN = 10


def screen(now: Snapshot, zone: tzinfo, remark: str) -> RenderableType:
    """Lay out queues, callers, advisers and the day; `remark` says where it comes from."""
    parts: list[RenderableType] = [Text(f"{clock(now.at, zone)} · {remark}", style="bold"), ""]
    if not now.queues:
        return Group(*parts, "Todavía no hay llamadas ni asesores. Haga una con «contesta call».")
    parts += [_queues(now), ""]
    if now.waiting:
        parts += [_callers(now.waiting), ""]
    if now.agents:
        parts += [_advisers(now), ""]
    parts += [_today(now), "", Text(identity(now))]
    if now.late:
        parts.append(
            Text(f"▲ {whole(now.late)} hechos llegaron tarde y no están en estas cifras; el libro sí los tiene.")
        )
    return Group(*parts)


def identity(now: Snapshot) -> str:
    """Write today's calls as the sum that they must be."""
    total = now.total
    others = total.overflow + total.closed + total.lost
    verdict = "Cuadra" if now.balances else "NO CUADRA: es un defecto del programa"
    return (
        f"Recibidas {whole(total.offered)} = contestadas {whole(total.answered)} + abandonadas "
        f"{whole(total.abandoned)} + fantasmas {whole(total.ghost)} + otras {whole(others)} + en espera "
        f"{whole(total.waiting)} · {verdict}"
    )


def as_json(now: Snapshot, *, connected: bool) -> dict[str, Any]:
    """Give the same as data; times are seconds, numbers are masked."""
    return {
        "at": now.at.isoformat(),
        "connected": connected,
        "open_calls": now.open_calls,
        "late": now.late,
        "balances": now.balances,
        "waiting": [
            {
                "call_id": one.call_id,
                "number": masked(one.number),
                "queue": one.queue,
                "wait_seconds": one.wait_ms / 1000,
            }
            for one in now.waiting
        ],
        "queues": {name: _queue_as_json(queue) for name, queue in now.queues.items()},
        "agents_by_state": {state.value: count for state, count in now.agents_by_state.items()},
        "agents": [
            {
                "agent": agent.agent,
                "state": agent.state.value,
                "since": agent.since.isoformat(),
                "reason": agent.reason,
                "queues": agent.queues,
            }
            for agent in now.agents
        ],
        "today": contract(Figures(aggregate=now.today)),
    }


def _queue_as_json(queue: QueueNow) -> dict[str, Any]:
    return {
        "waiting": len(queue.waiting),
        "longest_wait_seconds": _seconds(queue.longest_wait_ms),
        "expected_wait_seconds": _seconds(queue.expected_wait_ms),
        "free": queue.free,
        "present": queue.present,
    }


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _queues(now: Snapshot) -> Table:
    table = plain_table("Ahora", "Cola", "Esperan", "Más larga", "Esperaría", "Libres", "Nivel de servicio hoy")
    for name, queue in sorted(now.queues.items(), key=lambda one: -(one[1].longest_wait_ms or -1)):
        level = queue.today.service_level_offered
        table.add_row(
            escape(name),
            whole(len(queue.waiting)),
            duration(queue.longest_wait_ms),
            duration(queue.expected_wait_ms),
            f"{whole(queue.free)} de {whole(queue.present)}",
            f"{percentage(*level)} ({whole(level.numerator)}/{whole(level.denominator)})",
        )
    return table


def _callers(waiting: Sequence[Waiting]) -> Table:
    table = plain_table("En espera", "Número", "Cola", "Espera")
    for caller in waiting[:CALLERS_SHOWN]:
        table.add_row(masked(caller.number), escape(caller.queue), duration(caller.wait_ms))
    if len(waiting) > CALLERS_SHOWN:
        table.add_row(f"y {whole(len(waiting) - CALLERS_SHOWN)} más", "", "")
    return table


def _advisers(now: Snapshot) -> Table:
    table = plain_table("Asesores", "Asesor", "Estado", "Hace", "Colas", "Contest.", "No contestó", "TMO")
    for agent in now.agents:
        tally = now.today.by_agent.get(agent.agent, AgentTally())
        table.add_row(
            escape(agent.agent),
            escape(_state(agent)),
            duration((now.at - agent.since) // timedelta(milliseconds=1)) if agent.since <= now.at else UNKNOWN,
            escape(", ".join(agent.queues)) or UNKNOWN,
            whole(tally.answered),
            whole(tally.rings_unanswered),
            mean_duration(tally.tmo_ms),
        )
    return table


def _state(agent: AgentNow) -> str:
    said = STATES[agent.state]
    return f"{said}: {agent.reason}" if agent.reason else said


def _today(now: Snapshot) -> Table:
    table = plain_table("Hoy", "Cola", *FIGURE_HEADINGS)
    for name, queue in now.queues.items():
        table.add_row(escape(name), *figure_cells(queue.today))
    table.add_section()
    table.add_row("Total", *figure_cells(now.total))
    return table
