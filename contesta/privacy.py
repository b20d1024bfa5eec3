"""`contesta privacy`: what is erased by age, and what a legal hold keeps from it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import Engine

from contesta import lines
from contesta.erasing import WORDS, remover, rules
from contesta.format import whole
from contesta.settings import Settings
from core.privacy.retention import Kind
from storage.database import connect
from storage.expiry import Expired, Expiry
from storage.migrate import upgrade

app = typer.Typer(no_args_is_help=True, add_completion=False)

AsJson = Annotated[bool, typer.Option("--json", help="En JSON, para otros programas.")]


@app.callback()
def privacy() -> None:
    """Datos personales: qué se borra al vencer su plazo y qué debe conservarse."""


@app.command()
def expire(
    ctx: typer.Context,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Solo cuenta lo vencido; no borra nada.")] = False,
    as_json: AsJson = False,
) -> None:
    """Borra ahora las grabaciones y los SMS cuyo plazo venció. Sin esta orden se hace solo, cada hora."""
    settings: Settings = ctx.obj
    now, kept = datetime.now(UTC), rules(settings, lines.published(settings).current())
    with _database(settings) as engine:
        expiry = Expiry(engine, remover(settings))
        if dry_run:
            done = Expired(counts=expiry.due(kept, now))
        else:
            console = Console(stderr=True)
            with console.status("Borrando…") as status:
                done = expiry.expire(kept, now, lambda so_far: status.update(f"Borrando… {_counted(so_far.counts)}"))
    if as_json:
        told = {"erased": {} if dry_run else done.counts, "due": done.counts if dry_run else {}}
        typer.echo(json.dumps(told | {"failed": done.failed, "again": done.again}, ensure_ascii=False, indent=2))
    else:
        typer.echo(f"{'Se borraría' if dry_run else 'Se borró'}: {_counted(done.counts)}.")
        if done.again:
            typer.echo(f"Archivos ya borrados que habían vuelto, como de una copia: {whole(done.again)}.")
        for about in done.failed:
            typer.echo(f"No se pudo borrar lo de {about}: revise los permisos de su archivo.", err=True)
    if done.failed:
        raise typer.Exit(1)


def _counted(counts: Mapping[Kind, int]) -> str:
    told = [f"{whole(count)} {WORDS[kind][count != 1]}" for kind, count in counts.items() if count]
    return ", ".join(told) or "nada"


@contextmanager
def _database(settings: Settings) -> Iterator[Engine]:
    engine = connect(settings.ledger_url)
    try:
        upgrade(engine)
        yield engine
    finally:
        engine.dispose()
