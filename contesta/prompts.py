"""`contesta prompts`: the audio of what callers hear, and what is still to be recorded."""

import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from contesta import lines
from contesta.settings import Settings
from core.errors import ConfigurationError
from ivr import sounds
from ivr.line.model import Line
from ivr.sounds import Missing, Recordings
from ivr.speech import FOLDER

app = typer.Typer(no_args_is_help=True, help="Los textos hablados: hacer los audios, y qué falta por grabar.")


@app.command()
def build(ctx: typer.Context) -> None:
    """Hace los audios de las líneas, de 8 y de 16 kHz: grabación propia, si la hay, o voz. Lo hecho no se repite."""
    settings: Settings = ctx.obj
    found = _lines(settings)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("Textos hablados")
        total = sounds.build(
            found,
            settings.sounds_dir,
            cache=settings.cache_dir / "voz",
            recordings=settings.recorded_prompts_dir,
            progress=lambda done, total, prompt: shown.update(
                task, completed=done, total=total, description=prompt or "Textos hablados"
            ),
        )
    typer.echo(f"Audios listos: {total}, en {settings.sounds_dir}.")
    if lacking := _missing(found, settings):
        typer.echo(f"Sin grabación ni voz en su idioma: {len(lacking)}. Véalos con: contesta prompts missing")


@app.command()
def missing(
    ctx: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="También cifras, fechas y horas, una por una.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="En JSON, para otros programas.")] = False,
) -> None:
    """Dice qué textos no tienen grabación ni voz en su idioma, y su archivo. Mientras, suenan en español."""
    settings: Settings = ctx.obj
    found = _lines(settings)
    lacking = _missing(found, settings)
    if as_json:
        typer.echo(json.dumps([_as_data(each) for each in lacking], ensure_ascii=False, indent=1))
        return
    console = Console(soft_wrap=True, highlight=False)
    if not lacking:
        console.print("No falta nada: cada texto tiene grabación o voz en su idioma.")
        return
    console.print(f"Grabe estos textos y póngalos en {escape(str(settings.recorded_prompts_dir))}, con estos nombres:")
    for title, texts in groupby(lacking, key=lambda each: each.language.title):
        _show(console, title, list(texts), everything=everything)
    console.print("\nSirven wav, flac, ogg y mp3. Después: contesta prompts build")


def _show(console: Console, title: str, lacking: Sequence[Missing], *, everything: bool) -> None:
    values = [each for each in lacking if each.prompt.startswith(f"{FOLDER}/")]
    shown = lacking if everything else [each for each in lacking if each not in values]
    console.print(f"\n[bold]{escape(title)}[/]: {len(lacking)}")
    for each in shown:
        console.print(f"  {_file(each)}  «{escape(each.text)}»")
    if len(shown) < len(lacking):
        console.print(f"  … y {len(values)} de cifras, fechas y horas; véalas con --all")


def _lines(settings: Settings) -> Sequence[Line]:
    examined = lines.examine_files(lines.files(settings))
    if faults := [fault for each in examined for fault in each.faults]:
        raise ConfigurationError("\n".join(faults))
    return [each.line for each in examined if each.line]


def _missing(found: Iterable[Line], settings: Settings) -> list[Missing]:
    recordings = Recordings(settings.recorded_prompts_dir)
    return sorted(
        (each for line in found for each in sounds.missing(line, recordings)), key=lambda each: each.language.title
    )


def _file(each: Missing) -> str:
    return f"{each.line}/{each.language.code}/{each.prompt}.wav"


def _as_data(each: Missing) -> dict[str, str]:
    return {"line": each.line, "language": each.language.code, "file": _file(each), "spanish": each.text}
