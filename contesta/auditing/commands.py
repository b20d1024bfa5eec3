"""`contesta quality`: matrices, samples, and what audits come to."""

import json
import secrets
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from contesta.auditing import audits_file, drawing, results, tables
from core.errors import ConfigurationError
from quality.matrix import matrix_text
from quality.matrix.agreement import biases, by_item, pairs
from quality.matrix.audit import Audit
from quality.matrix.matrix import Matrix
from quality.matrix.scores import by, score
from storage.migrate import up_to_date
from storage.quality_audits import Audits
from storage.quality_matrices import Matrices

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


@app.command()
def load(
    ctx: typer.Context, file: Annotated[Path, typer.Argument(metavar="M.yaml", help="Archivo de la matriz.")]
) -> None:
    """Carga una versión de una matriz. Cargada no se cambia; las auditorías de antes conservan la suya."""
    matrix = matrix_text.load(file)
    with up_to_date(ctx.obj.ledger_url) as engine:
        new = Matrices(engine).load(matrix, datetime.now(UTC))
    typer.echo(f"{'Cargada' if new else 'Ya estaba, igual'}: {matrix.name}, desde {matrix.valid_from}.")


@app.command()
def sample(
    ctx: typer.Context,
    *,
    line: Annotated[str, typer.Option("--line", metavar="L", help="Línea, como aparece en Llamadas.")],
    month: Annotated[str, typer.Option("--month", metavar="M", help="Mes, como 2019-09; si falta, el actual.")] = "",
    per_agent: Annotated[
        int | None, typer.Option(metavar="N", help="Cuántas de cada asesor; si falta, 10.", show_default=False)
    ] = None,
    margin: Annotated[str, typer.Option(metavar="E", help="O las que den este margen de error, como «5 %».")] = "",
    seed: Annotated[str, typer.Option(metavar="S", help="Semilla, para repetir la muestra; si falta, al azar.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="En JSON, para otros programas.")] = False,
) -> None:
    """Saca al azar las conversaciones que se auditan, la guarda, y dice qué quedó por fuera y por qué."""
    zone = ZoneInfo(ctx.obj.timezone)
    now = datetime.now(UTC)
    first, last = drawing.month_days(month or f"{now.astimezone(zone):%Y-%m}", zone)
    size = drawing.size_of(per_agent, margin)
    order = drawing.Order(line=line, first=first, last=last, size=size, seed=seed or secrets.token_hex(4))
    with up_to_date(ctx.obj.ledger_url) as engine:
        made = drawing.make(engine, ctx.obj.recordings_dir, order, zone, "terminal", now)
    if as_json:
        typer.echo(json.dumps(results.sample(made, zone), ensure_ascii=False, indent=2))
    else:
        tables.show_sample(Console(), made, zone)


@app.command("score")
def show_score(
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[AUDITS.json]", help="Archivo de auditorías; sin él, las del libro.")
    ] = None,
    *,
    matrix: Annotated[
        Path | None,
        typer.Option(metavar="M.yaml", help="Matriz de las del archivo; si falta, la de ART-2019.", show_default=False),
    ] = None,
    month: Annotated[str, typer.Option("--month", metavar="M", help="Mes del libro, como 2019-09.")] = "",
    line: Annotated[str, typer.Option("--line", metavar="L", help="Solo las de esta línea.")] = "",
    group: Annotated[Group | None, typer.Option("--by", help="Además, las cifras de cada grupo.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="En JSON, para otros programas.")] = False,
) -> None:
    """Calcula la precisión de cada categoría, con su intervalo y su veredicto."""
    if file is not None:
        if month or line:
            raise ConfigurationError("--month y --line son de las auditorías del libro; con un archivo no van")
        made_by = matrix_text.load(matrix or matrix_text.ART_2019)
        _tell(file.name, audits_file.load(file, made_by), group, as_json=as_json, by_matrix=made_by)
        return
    if matrix is not None:
        raise ConfigurationError("--matrix es de un archivo; cada auditoría del libro lleva la suya")
    zone = ZoneInfo(ctx.obj.timezone)
    month = month or f"{datetime.now(zone):%Y-%m}"
    first, last = drawing.month_days(month, zone)
    with up_to_date(ctx.obj.ledger_url) as engine:
        audits = Audits(engine).counted(line or None, first, last)
    _tell(f"{month}{f', línea {line}' if line else ''}", audits, group, as_json=as_json)


def _tell(
    title: str, audits: tuple[Audit, ...], group: Group | None, *, as_json: bool, by_matrix: Matrix | None = None
) -> None:
    card = score(audits, by_matrix)
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
