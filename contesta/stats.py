"""`contesta stats`: the figures of a period, from the ledger or from any queue_log."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console

from contesta.stats_tables import print_repeats, print_tables, print_unwatched
from core.errors import ConfigurationError
from quality.metrics.aggregate import Aggregate, Period
from quality.metrics.figures import AgentTally, Ratio, Tally, Thresholds
from quality.metrics.presence import Presences
from quality.metrics.repeats import Repeats
from telephony.queue_log.reader import Fault
from telephony.queue_log.visits import LogVisits

if TYPE_CHECKING:
    from contesta.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a period came to, and what of its source could not be read or understood.

    `unwatched_seconds`: for how long nobody knows which advisers were there. `repeats`: who came back; None from files.
    """

    aggregate: Aggregate
    damaged_lines: int = 0
    faults: tuple[Fault, ...] = ()
    orphan_ends: int = 0
    unwatched_seconds: float = 0.0
    repeats: Repeats | None = None


def stats(  # noqa: PLR0913 - each is an option of the command
    ctx: typer.Context,
    *,
    more: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="Más archivos de --queue-log.")] = None,
    queue_log: Annotated[
        list[Path] | None, typer.Option("--queue-log", metavar="FILE", help="Archivo queue_log, también en gzip.")
    ] = None,
    first: Annotated[str, typer.Option("--from", metavar="D", help="Primer día, como 2025-06-03.")] = "",
    last: Annotated[str, typer.Option("--to", metavar="D", help="Último día, incluido.")] = "",
    ghost_seconds: Annotated[int | None, typer.Option(min=0, help="Hasta cuándo un abandono es fantasma.")] = None,
    service_level_seconds: Annotated[int, typer.Option(min=0, help="X del nivel de servicio.")] = 20,
    repeat_days: Annotated[int, typer.Option(min=1, max=90, help="Días en que volver a llamar es recontacto.")] = 7,
    zone_name: Annotated[str, typer.Option("--tz", metavar="ZONE", help="Zona horaria.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="En JSON, para otros programas.")] = False,
) -> None:
    """Calcula las cifras de un período, del libro de llamadas o de archivos queue_log."""
    settings: Settings = ctx.obj
    thresholds = Thresholds(
        ghost_seconds=settings.ghost_seconds if ghost_seconds is None else ghost_seconds,
        service_level_seconds=service_level_seconds,
    )
    period = Period(first=_day("--from", first), last=_day("--to", last))
    if period.first and period.last and period.last < period.first:
        raise ConfigurationError(f"--to {last} es anterior a --from {first}; cámbielos de lugar.")
    aggregate = Aggregate(_zone(zone_name or settings.timezone), thresholds, period)
    if queue_log:
        figures = from_queue_log(aggregate, [*queue_log, *(more or ())])
    elif more:
        raise ConfigurationError(f"¿Qué es {more[0]}? Para leer archivos escriba: contesta stats --queue-log {more[0]}")
    else:
        from contesta.stats_ledger import add_ledger, came_back  # noqa: PLC0415 - who reads files waits for no database

        now = datetime.now(UTC)
        unwatched_seconds = add_ledger(aggregate, settings.ledger_url, now)
        repeats = came_back(aggregate, settings.ledger_url, now, repeat_days)
        figures = Figures(aggregate=aggregate, unwatched_seconds=unwatched_seconds, repeats=repeats)
    if as_json:
        typer.echo(json.dumps(contract(figures), ensure_ascii=False, indent=2))
        return
    console = Console()
    print_tables(console, figures.aggregate, figures.damaged_lines, figures.faults, figures.orphan_ends)
    print_unwatched(console, figures.unwatched_seconds)
    if figures.repeats:
        print_repeats(console, figures.repeats)
    if not queue_log:
        bounds = "".join(f" {option} {day}" for option, day in (("--from", first), ("--to", last)) if day)
        console.print(
            f"\nLas llamadas detrás de una cifra: contesta calls{bounds} --outcome contestada "
            "(o --queue COLA, --agent ASESOR)",
            highlight=False,
            markup=False,
        )


def from_queue_log(aggregate: Aggregate, paths: list[Path]) -> Figures:
    """Add up the visits in some files.

    Raises:
        ConfigurationError: a file cannot be read.
    """
    try:
        visits = LogVisits(paths, Presences(aggregate.begin, aggregate.end))
        for batch in visits:
            aggregate.add(batch)
        faults = tuple(visits.faults())
    except OSError as error:
        raise ConfigurationError(f"No puedo leer {error.filename}: {error.strerror}. Revise --queue-log.") from error
    aggregate.add_presence(visits.presences.until(visits.last_second))
    return Figures(aggregate=aggregate, damaged_lines=visits.damaged, faults=faults, orphan_ends=visits.orphan_ends)


def contract(figures: Figures) -> dict[str, Any]:
    """Return what `--json` prints: other programs rely on each name."""
    aggregate = figures.aggregate
    return {
        "totals": _figures(aggregate.total()),
        "by_day": {day.isoformat(): _figures(tally) for day, tally in aggregate.by_day().items()},
        "by_queue": _named(aggregate.by_queue()),
        "by_hour": {f"{hour:02}": _figures(tally) for hour, tally in sorted(aggregate.by_hour_of_day().items())},
        "by_disposition": _named(aggregate.by_disposition()),
        "by_agent": {agent: _agent_figures(tally) for agent, tally in sorted(aggregate.by_agent.items())},
        "damaged_lines": figures.damaged_lines,
        "unwatched_seconds": figures.unwatched_seconds,
        "repeat_contacts": _repeats(figures.repeats) if figures.repeats else None,
    }


def _repeats(found: Repeats) -> dict[str, Any]:
    return {
        "days": found.days,
        "solved": found.solved,
        "came_back": found.came_back,
        "share": found.share.value,
        "pending": found.pending,
    }


def _named(table: Mapping[str, Tally]) -> dict[str, dict[str, Any]]:
    return {name: _figures(tally) for name, tally in sorted(table.items())}


def _figures(tally: Tally) -> dict[str, Any]:
    return {
        "offered": tally.offered,
        "answered": tally.answered,
        "abandoned": tally.abandoned,
        "ghost": tally.ghost,
        "overflow": tally.overflow,
        "closed": tally.closed,
        "lost": tally.lost,
        "waiting": tally.waiting,
        "answer_rate": tally.answer_rate.value,
        "abandonment_rate": tally.abandonment_rate.value,
        "asa_seconds": _seconds(tally.asa_ms),
        "tmo_seconds": _seconds(tally.tmo_ms),
        "talk_unknown": tally.talk_unknown,
        "work_seconds": _seconds(tally.work_mean_ms),
        "disposed": tally.disposed,
        "solved": tally.solved,
        "first_contact_resolution": tally.first_contact_resolution.value,
        "service_level": {
            "answered": tally.service_level_answered.value,
            "offered": tally.service_level_offered.value,
            "inclusive": tally.service_level_inclusive.value,
        },
    }


def _agent_figures(tally: AgentTally) -> dict[str, Any]:
    return {
        "answered": tally.answered,
        "asa_seconds": _seconds(tally.asa_ms),
        "tmo_seconds": _seconds(tally.tmo_ms),
        "talk_seconds": tally.talk_ms / 1000,
        "hold_seconds": tally.hold_ms / 1000,
        "work_seconds": tally.work_ms / 1000,
        "talk_unknown": tally.talk_unknown,
        "transferred": tally.transferred,
        "rings_unanswered": tally.rings_unanswered,
        "logged_in_seconds": tally.logged_in_ms / 1000,
        "paused_seconds": tally.paused_ms / 1000,
        "occupancy": tally.occupancy.value,
    }


def _seconds(mean_ms: Ratio) -> float | None:
    return Ratio(mean_ms.numerator, mean_ms.denominator * 1000).value


def _day(option: str, said: str) -> date | None:
    try:
        return date.fromisoformat(said) if said else None
    except ValueError as error:
        raise ConfigurationError(f"{option} {said}: no es un día; escríbalo como 2025-06-03.") from error


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigurationError(f"--tz {name}: no conozco esa zona horaria; por ejemplo America/Bogota.") from error
