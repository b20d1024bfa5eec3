"""`contesta quality`: matrices, samples, and what audits come to."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from contesta.auditing import audits_file, results, tables
from quality.matrix import matrix_text
from quality.matrix.agreement import biases, by_item, pairs
from quality.matrix.audit import Audit
from quality.matrix.scores import by, score

app = typer.Typer(no_args_is_help=True, help="Calidad: matrices, muestras, auditorías y sus resultados.")


class Group(StrEnum):
    """What audits may be counted apart by."""

    AGENT = "agent"
    AUDITOR = "auditor"
    LINE = "line"
    MONTH = "month"
    WEEK = "week"

    def of(self, audit: Audit) -> str:
        """Tell the group of an audit."""
        match self:
            case Group.MONTH:
                return f"{audit.day:%Y-%m}"
            case Group.WEEK:
                return f"{audit.day:%G-W%V}"
            case Group.LINE:
                return audit.setting.line
            case Group.AGENT:
                return audit.agent
            case Group.AUDITOR:
                return audit.auditor


_GROUP_WORDS = {
    Group.AGENT: "Por asesor",
    Group.AUDITOR: "Por auditor",
    Group.LINE: "Por línea",
    Group.MONTH: "Por mes",
    Group.WEEK: "Por semana",
}


@app.command()
def check(file: Annotated[Path, typer.Argument(metavar="M.yaml", help="Archivo de la matriz.")]) -> None:
    """Revisa una matriz sin cargarla: dice lo que está mal, con su línea y su clave."""
    matrix = matrix_text.load(file)
    subitems = sum(1 for _ in matrix.subitems())
    typer.echo(f"Correcta: {matrix.name}. {len(matrix.items)} ítems y {subitems} subítems, desde {matrix.valid_from}.")


@app.command("score")
def show_score(
    file: Annotated[Path, typer.Argument(metavar="AUDITS.json", help="Archivo de auditorías.")],
    *,
    matrix: Annotated[
        Path, typer.Option(metavar="M.yaml", help="Matriz con que se hicieron; si falta, la de ART-2019.")
    ] = Path(),
    group: Annotated[Group | None, typer.Option("--by", help="Además, las cifras de cada grupo.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="En JSON, para otros programas.")] = False,
) -> None:
    """Calcula la precisión de cada categoría, con su intervalo y su veredicto."""
    made_by = matrix_text.load(matrix_text.ART_2019 if matrix == Path() else matrix)
    _tell(file.name, audits_file.load(file, made_by), group, as_json=as_json)


def _tell(title: str, audits: tuple[Audit, ...], group: Group | None, *, as_json: bool) -> None:
    card = score(audits)
    groups = by(audits, group.of) if group else {}
    doubles = tuple(pairs(audits))
    if as_json:
        told: dict[str, Any] = results.contract(card)
        if len(card.matrices) > 1:
            told["by_matrix"] = {
                name: results.contract(each) for name, each in by(audits, lambda one: one.matrix.name).items()
            }
        if group:
            told["by"] = {name: results.contract(each) for name, each in groups.items()}
        if doubles:
            told["agreement"] = results.agreements(by_item(doubles), biases(doubles))
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    console = Console()
    tables.show(console, title, card)
    if len(card.matrices) > 1:
        tables.show_groups(console, "Por versión de la matriz", by(audits, lambda one: one.matrix.name))
    if group:
        tables.show_groups(console, _GROUP_WORDS[group], groups)
    if doubles:
        tables.show_agreement(console, by_item(doubles), biases(doubles))
