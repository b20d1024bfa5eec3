"""The figures as tables in the terminal. A percentage shows what it was made of; what has no value shows N/A."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from contesta.format import duration, percentage, whole
from quality.metrics.aggregate import Aggregate
from quality.metrics.figures import AgentTally, Ratio, Tally
from quality.metrics.repeats import Repeats
from telephony.queue_log.lines import Damage
from telephony.queue_log.reader import Fault

FIGURE_HEADINGS = ("Ofrec.", "Contest.", "Aband.", "Fant.", "Otras", "Eficacia", "Atención", "TMO")
"""What `figure_cells` gives."""

_NOTHING = "N/A"
_WORTH_SAYING_SECONDS = 60
_FAULTS_SHOWN = 20
_KEY_WIDTH = 10
_DAMAGES = {
    Damage.TOO_LONG: "demasiado larga",
    Damage.TOO_FEW_FIELDS: "faltan campos",
    Damage.NO_TIME: "sin hora",
    Damage.EMPTY_FIELD: "sin canal o sin evento",
    Damage.CONTROL_CHARACTERS: "caracteres de control",
    Damage.BAD_VALUE: "un valor imposible",
}


def print_tables(
    console: Console, aggregate: Aggregate, damaged_lines: int, faults: Sequence[Fault], orphan_ends: int
) -> None:
    """Print the whole period, then its days, weeks, hours, queues, lines, advisers and transfer areas."""
    total = aggregate.total()
    console.print(_summary(total, aggregate), "")
    _print_table(
        console, "Por día", "Día", {day.isoformat(): tally for day, tally in aggregate.by_day().items()}, total
    )
    weeks = {
        f"{year}-{month:02} ({week})": tally for (year, month, week), tally in aggregate.by_week_of_month().items()
    }
    _print_table(console, "Por semana del mes", "Mes (sem.)", weeks, total)
    hours = {f"{hour:02}:00": tally for hour, tally in sorted(aggregate.by_hour_of_day().items())}
    _print_table(console, "Por hora", "Hora", hours, total)
    _print_table(console, "Por cola", "Cola", aggregate.by_queue(), total)
    if any(aggregate.by_line()):
        _print_table(console, "Por línea", "Línea", aggregate.by_line(), total)
    if aggregate.by_agent:
        console.print(_agents(aggregate.by_agent), "")
    if aggregate.by_disposition():
        _print_table(console, "Por tipificación", "Tipificación", aggregate.by_disposition(), None)
    if aggregate.by_transfer_area():
        _print_table(console, "Por área de transferencia", "Área", aggregate.by_transfer_area(), None)
    _print_remarks(console, total, damaged_lines, faults, orphan_ends)


def _summary(total: Tally, aggregate: Aggregate) -> Table:
    ghost, within = aggregate.thresholds.ghost_seconds, aggregate.thresholds.service_level_seconds
    table = plain_table("Cifras del período", "", "")
    table.show_header = False
    for name, value in (
        ("Ofrecidas", whole(total.offered)),
        ("Contestadas", whole(total.answered)),
        ("Abandonadas", whole(total.abandoned)),
        (f"Fantasma (hasta {ghost} s)", whole(total.ghost)),
        ("Desborde", whole(total.overflow)),
        ("Cola llena o sin asesores", whole(total.closed)),
        ("Perdidas", whole(total.lost)),
        ("En espera", whole(total.waiting)),
        ("Eficacia", rate(total.answer_rate)),
        ("Nivel de abandono", rate(total.abandonment_rate)),
        ("Tiempo de atención", mean_duration(total.asa_ms)),
        ("Espera media de las abandonadas", mean_duration(total.abandoned_mean_wait_ms)),
        ("Espera más larga", duration(total.longest_wait_ms) if total.offered else _NOTHING),
        (f"Nivel de servicio ({within} s), de las contestadas", rate(total.service_level_answered)),
        (f"Nivel de servicio ({within} s), de las ofrecidas", rate(total.service_level_offered)),
        (f"Nivel de servicio ({within} s), con abandonos", rate(total.service_level_inclusive)),
        ("TMO", mean_duration(total.tmo_ms)),
        ("Trabajo después de la llamada (dentro del TMO)", mean_duration(total.work_mean_ms)),
        ("Solución en primer contacto, de las tipificadas", rate(total.first_contact_resolution)),
        ("En espera con asesor (dentro del TMO)", mean_duration(total.hold_mean_ms)),
    ):
        table.add_row(name, value)
    return table


def print_repeats(console: Console, found: Repeats) -> None:
    """Say who came back, beside what advisers said."""
    days = "1 día" if found.days == 1 else f"{found.days} días"
    pending = f"; a {whole(found.pending)} todavía no les pasan esos días" if found.pending else ""
    console.print(
        f"\nRecontacto: de las solucionadas, volvieron a llamar por lo mismo en {days}: {rate(found.share)}{pending}.",
        highlight=False,
    )


def _print_table(console: Console, title: str, key: str, rows: Mapping[str, Tally], total: Tally | None) -> None:
    table = plain_table(title, key, *FIGURE_HEADINGS)
    for name, tally in rows.items():
        table.add_row(escape(name) or "(ninguna)", *figure_cells(tally))
    if total is not None:
        table.add_section()
        table.add_row("Total", *figure_cells(total))
    console.print(table, "")


def plain_table(title: str, key: str, *headings: str) -> Table:
    """Make a table whose first column is a name, and the others figures."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
        collapse_padding=True,
    )
    table.add_column(key, overflow="fold", min_width=_KEY_WIDTH)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def figure_cells(tally: Tally) -> list[str]:
    """Give the cells of a row. The percentage is made of its neighbours: answered of offered without ghosts."""
    others = tally.overflow + tally.closed + tally.lost + tally.waiting
    counts = (tally.offered, tally.answered, tally.abandoned, tally.ghost, others)
    return [
        *map(whole, counts),
        percentage(*tally.answer_rate),
        mean_duration(tally.asa_ms),
        mean_duration(tally.tmo_ms),
    ]


def _agents(agents: Mapping[str, AgentTally]) -> Table:
    headings = ("Contest.", "Atención", "TMO", "Transf.", "No contestó", "Conectado", "En pausa", "Ocupación")
    table = plain_table("Por asesor", "Asesor", *headings)
    for agent, tally in sorted(agents.items()):
        table.add_row(
            escape(agent),
            whole(tally.answered),
            mean_duration(tally.asa_ms),
            mean_duration(tally.tmo_ms),
            whole(tally.transferred),
            whole(tally.rings_unanswered),
            duration(tally.logged_in_ms),
            duration(tally.paused_ms),
            percentage(*tally.occupancy),
        )
    return table


def _print_remarks(
    console: Console, total: Tally, damaged_lines: int, faults: Sequence[Fault], orphan_ends: int
) -> None:
    remarks = (
        ("Contestadas cuyo final nadie registró (no cuentan en el TMO)", total.talk_unknown),
        ("Entradas deducidas de lo que siguió", total.inferred),
        ("Finales de conversación sin comienzo (no cambian ninguna cifra)", orphan_ends),
        ("Líneas dañadas", damaged_lines),
        ("Visitas sin resultado (la identidad no cuadra: es un defecto del programa)", total.remainder),
    )
    for remark, number in remarks:
        if number:
            console.print(f"{remark}: {whole(number)}", highlight=False)
    print_faults(console, faults)


def print_unwatched(console: Console, seconds: float) -> None:
    """Say for how long nobody knew which advisers were there, if that is more than the blink of a restart."""
    if seconds >= _WORTH_SAYING_SECONDS:
        console.print(
            f"Sin conexión a la central durante {duration(round(seconds * 1000))}: ese tiempo no cuenta como conectado "
            "ni en pausa, ni en la ocupación",
            highlight=False,
        )


def print_faults(console: Console, faults: Sequence[Fault]) -> None:
    """Say which lines are damaged, where they stand, and how; the first ones if there are many."""
    for fault in faults[:_FAULTS_SHOWN]:
        place = f"{fault.file}, línea {fault.line}: {_DAMAGES[fault.damage.reason]}: {fault.damage.text}"
        console.print(f"  {escape(place)}", highlight=False, soft_wrap=True)


def rate(ratio: Ratio) -> str:
    """Write a percentage and what it was made of."""
    if not ratio.denominator:
        return _NOTHING
    return f"{percentage(*ratio)} ({whole(ratio.numerator)}/{whole(ratio.denominator)})"


def mean_duration(mean_ms: Ratio) -> str:
    """Write a mean time."""
    return _NOTHING if mean_ms.value is None else duration(round(mean_ms.value))
