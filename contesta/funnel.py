"""`contesta funnel`: what callers do in the menus, and where they come to."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape

from contesta import lines
from contesta.format import UNKNOWN, decimal, percentage, whole
from contesta.funnel_results import Funnels, LineFunnel, MenuResult, funnels_of
from contesta.stats_tables import plain_table
from contesta.told_calls import Span, calls_told, day

if TYPE_CHECKING:
    from contesta.settings import Settings


def funnel(
    ctx: typer.Context,
    *,
    line: Annotated[str, typer.Option("--line", help="Línea; sin ella, todas.")] = "",
    first: Annotated[str, typer.Option("--from", metavar="D", help="Primer día, como 2025-06-03.")] = "",
    last: Annotated[str, typer.Option("--to", metavar="D", help="Último día, incluido.")] = "",
    queue_log: Annotated[
        list[Path] | None, typer.Option("--queue-log", metavar="FILE", help="Archivo queue_log, también en gzip.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="En JSON, para otros programas.")] = False,
) -> None:
    """Recorrido de las llamadas por los menús: qué eligen, dónde cuelgan y a dónde llegan."""
    settings: Settings = ctx.obj
    span = Span(zone=ZoneInfo(settings.timezone), first=day("--from", first), last=day("--to", last), line=line)
    known = lines.published(settings).current()
    found = funnels_of(calls_told(settings, span, queue_log or ()), known, span)
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        _print(Console(), found)


def _print(console: Console, found: Funnels) -> None:
    shown = [line for line in found.lines if line.calls]
    if not shown:
        console.print("No hay llamadas en este período. Amplíe --from y --to, o quite --line.")
    for line in shown:
        console.print(f"[bold]{escape(line.title)}[/]", highlight=False)
        console.print(
            f"{whole(line.calls)} llamadas. Resueltas en el menú: {whole(line.solved_in_ivr)} "
            f"({percentage(line.solved_in_ivr, line.calls)}). Hablaron con un asesor: {whole(line.reached_adviser)}; "
            f"teclas hasta llegar, en promedio: {decimal(line.keys_to_adviser)}.\n",
            highlight=False,
        )
        _print_line(console, line)


def _print_line(console: Console, line: LineFunnel) -> None:
    ends = plain_table("Por menú", "Menú", "Llegaron", "Eligieron", "Desistieron", "Colgaron", "Cortadas", "Siguen")
    tries = plain_table("Intentos", "Menú", "Otra tecla", "Silencio", "Repetir")
    for menu in line.menus:
        ends.add_row(escape(menu.title), *map(whole, _ends(menu)))
        tries.add_row(escape(menu.title), *map(whole, (menu.wrong, menu.silent, menu.repeated)))
    console.print(ends, "")
    console.print(tries, "")
    for menu in line.menus:
        options = plain_table(escape(menu.title), "Opción", "Veces")
        options.add_column("A dónde fueron", overflow="fold")
        for option in menu.options:
            went = ", ".join(f"{each.name} {whole(each.calls)}" for each in option.went)
            options.add_row(f"{option.key or UNKNOWN} {escape(option.title)}", whole(option.chosen), escape(went))
        console.print(options, "")
    if line.hang_ups:
        table = plain_table("Dónde colgaron mientras la línea hablaba", "Momento", "Nombre", "Veces")
        for each in line.hang_ups:
            table.add_row(each.word, escape(each.title), whole(each.calls))
        console.print(table, "")


def _ends(menu: MenuResult) -> tuple[int, ...]:
    return menu.reached, menu.chose, menu.gave_up, menu.hung_up, menu.cut_off, menu.inside
