"""`contesta knowledge` and `contesta training`: what advisers know, and what they were taught."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from contesta.learning import results, tables, training_file
from quality.learning import knowledge_text
from quality.learning.knowledge import KnowledgeTest
from storage.knowledge import Knowledge
from storage.migrate import up_to_date
from storage.trainings import Trainings

knowledge = typer.Typer(no_args_is_help=True, help="Evaluaciones de conocimiento y sus resultados.")
training = typer.Typer(no_args_is_help=True, help="Capacitaciones: quién estuvo y cuántas horas.")

_Test = Annotated[Path, typer.Argument(metavar="E.yaml", help="Archivo de la evaluación.")]
_Month = Annotated[str, typer.Option("--month", metavar="M", help="Mes, como 2019-09; si falta, el actual.")]
_Json = Annotated[bool, typer.Option("--json", help="En JSON, para otros programas.")]


@knowledge.command()
def check(file: _Test) -> None:
    """Revisa una evaluación sin cargarla: dice lo que está mal, con su línea y su clave."""
    typer.echo(f"Correcta: {_said(knowledge_text.load(file))}")


@knowledge.command("load")
def load_test(ctx: typer.Context, file: _Test) -> None:
    """Carga una versión de una evaluación. Cargada no se cambia; los intentos de antes conservan la suya."""
    test = knowledge_text.load(file)
    with up_to_date(ctx.obj.ledger_url) as engine:
        new = Knowledge(engine).load(test, datetime.now(UTC))
    typer.echo(f"{'Cargada' if new else 'Ya estaba, igual'}: {_said(test)}")


@knowledge.command("results")
def show_knowledge(ctx: typer.Context, *, month: _Month = "", as_json: _Json = False) -> None:
    """Muestra las preguntas, el resultado de cada asesor y el promedio de un mes."""
    zone = ZoneInfo(ctx.obj.timezone)
    with up_to_date(ctx.obj.ledger_url) as engine:
        told = results.knowledge(engine, month or f"{datetime.now(zone):%Y-%m}", zone)
    if as_json:
        typer.echo(told.model_dump_json(indent=2))
    else:
        tables.show_knowledge(Console(), told)


@training.command("load")
def load_sessions(
    ctx: typer.Context, file: Annotated[Path, typer.Argument(metavar="C.csv", help="Archivo de capacitaciones.")]
) -> None:
    """Carga capacitaciones de un archivo CSV, todas o ninguna."""
    sessions = training_file.load(file)
    with up_to_date(ctx.obj.ledger_url) as engine:
        new = Trainings(engine).add(sessions, "terminal", datetime.now(UTC))
    typer.echo(f"Cargadas: {new}. Ya estaban, iguales: {len(sessions) - new}.")


@training.command("list")
def show_training(ctx: typer.Context, *, month: _Month = "", as_json: _Json = False) -> None:
    """Muestra las capacitaciones de un mes, sus horas y las de cada asesor."""
    zone = ZoneInfo(ctx.obj.timezone)
    with up_to_date(ctx.obj.ledger_url) as engine:
        told = results.training(engine, month or f"{datetime.now(zone):%Y-%m}", zone)
    if as_json:
        typer.echo(told.model_dump_json(indent=2))
    else:
        tables.show_training(Console(), told)


def _said(test: KnowledgeTest) -> str:
    tries = "1 intento" if test.attempts == 1 else f"{test.attempts} intentos"
    return f"{test.name}. {len(test.questions)} preguntas, {test.points} puntos, {tries}, desde {test.valid_from}."
