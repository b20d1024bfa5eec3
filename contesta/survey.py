"""`contesta survey`: what callers answered after they were attended."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape

from contesta import lines
from contesta.format import decimal, whole
from contesta.results_text import responded, said
from contesta.stats_tables import plain_table
from contesta.survey_results import By, LineResults, QuestionResult, SurveyResults, results_of
from contesta.told_calls import Span, calls_told, day

if TYPE_CHECKING:
    from contesta.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False)

_BY_WORDS = {By.DAY: "Día", By.QUEUE: "Cola", By.AGENT: "Asesor"}


@app.callback()
def survey() -> None:
    """Encuestas: lo que responden los ciudadanos después de la atención."""


@app.command()
def results(
    ctx: typer.Context,
    *,
    line: Annotated[str, typer.Option("--line", help="Línea; sin ella, todas.")] = "",
    first: Annotated[str, typer.Option("--from", metavar="D", help="Primer día, como 2025-06-03.")] = "",
    last: Annotated[str, typer.Option("--to", metavar="D", help="Último día, incluido.")] = "",
    group: Annotated[By, typer.Option("--by", help="Una fila por día, cola o asesor.")] = By.DAY,
    queue_log: Annotated[
        list[Path] | None, typer.Option("--queue-log", metavar="FILE", help="Archivo queue_log, también en gzip.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="En JSON, para otros programas.")] = False,
) -> None:
    """Resultados de las encuestas: respuesta, calificaciones altas, promedio y distribución por pregunta."""
    settings: Settings = ctx.obj
    span = Span(zone=ZoneInfo(settings.timezone), first=day("--from", first), last=day("--to", last), line=line)
    known = lines.published(settings).current()
    found = results_of(calls_told(settings, span, queue_log or ()), known, span, group)
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        _print(Console(), found)


def _print(console: Console, found: SurveyResults) -> None:
    shown = [line for line in found.lines if line.attended or line.without_adviser]
    if not shown:
        console.print("Nadie fue atendido en este período. Amplíe --from y --to, o quite --line.")
    for line in shown:
        console.print(f"[bold]{escape(line.title)}[/]: {whole(line.attended)} contactos atendidos\n", highlight=False)
        _print_questions(console, "Por pregunta", [*line.questions, *line.consolidated])
        if line.without_adviser:
            _print_questions(console, "Sin asesor, desde un menú (no cuentan en la respuesta)", line.without_adviser)
        _print_rows(console, line, found.by)
        if line.comments:
            console.print(f"Comentarios hablados: {whole(len(line.comments))}. Véalos en la página Encuestas.\n")


def _print_questions(console: Console, title: str, questions: list[QuestionResult]) -> None:
    table = plain_table(title, "Pregunta", "Respondieron", "Calificación alta", "Promedio", "Distribución")
    for one in questions:
        name = one.title if one.question else f"Consolidado: {one.title}"
        told = " ".join(f"{answer.word}:{whole(answer.count)}" for answer in one.distribution)
        table.add_row(escape(name), responded(one), said(one.top), decimal(one.mean), told)
    console.print(table, "")


def _print_rows(console: Console, line: LineResults, by: By) -> None:
    for place, question in enumerate(line.questions):
        title = f"{question.title}, por {_BY_WORDS[by].lower()}"
        table = plain_table(escape(title), _BY_WORDS[by], "Atendidos", "Respondieron", "Calificación alta", "Promedio")
        for row in line.rows:
            one = row.questions[place]
            cells = (whole(row.attended), responded(one), said(one.top), decimal(one.mean))
            table.add_row(escape(row.name), *cells)
        console.print(table, "")
