"""What advisers learn, in a terminal."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from contesta.format import UNKNOWN, whole
from contesta.learning.text import day, hours, of_test, of_training, shown
from contesta.learning.view import MonthOfKnowledge, MonthOfTraining

_RIGHT = frozenset({"Acertaron", "Intentos", "Puntos", "Duración", "Horas", "Jornadas", "Asistentes"})


def show_knowledge(console: Console, told: MonthOfKnowledge) -> None:
    """Print the questions, each adviser's result and the average of each test, as ART-2019's section 6."""
    if not told.tests:
        console.print("No hay evaluaciones en este mes. Cargue una con: contesta knowledge load ARCHIVO", markup=False)
    for test in told.tests:
        console.print(f"[bold]{escape(test.title)}[/] ({test.id}, versión {test.version})", highlight=False)
        table = _table("Pregunta", "Descripción", "Acertaron")
        for each in test.questions:
            table.add_row(f"Pregunta {each.id}", escape(each.text), shown(each.right))
        console.print(table)
        table = _table("Asesor", "Intentos", "Puntos", "Día", "Resultado")
        for one in test.advisers:
            verdict = "Sin presentar" if one.passed is None else "Aprobó" if one.passed else "No aprobó"
            score = UNKNOWN if one.score is None else shown(one.score)
            table.add_row(
                escape(one.agent), whole(one.attempts), score, UNKNOWN if one.day is None else day(one.day), verdict
            )
        console.print(table)
        console.print(of_test(test), highlight=False)


def show_training(console: Console, told: MonthOfTraining) -> None:
    """Print the sessions and their hours, as ART-2019's table 23, and those of each adviser."""
    table = _table("Día", "Tema", "Lugar", "Formador", "Duración", "Asistentes")
    for each in told.sessions:
        table.add_row(
            day(each.day),
            escape(each.subject),
            escape(each.place),
            escape(each.trainer),
            hours(each.minutes),
            whole(len(each.advisers)),
        )
    table.add_section()
    table.add_row("", "Total tiempo de formación", "", "", hours(told.minutes), "")
    console.print(table)
    if told.advisers:
        table = _table("Asesor", "Jornadas", "Horas")
        for one in told.advisers:
            table.add_row(escape(one.agent), whole(one.sessions), hours(one.minutes))
        console.print(table)
    console.print(of_training(told), highlight=False)


def _table(*headings: str) -> Table:
    table = Table()
    for heading in headings:
        table.add_column(heading, justify="right" if heading in _RIGHT else "left")
    return table
