"""`contesta line`: check, draw and publish what callers hear."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from contesta import accounts, line_picture, lines, publish
from core.errors import ConfigurationError, NotAvailableError
from ivr.line import draw
from telephony import asterisk

app = typer.Typer(no_args_is_help=True, help="Lo que oye quien llama: revisar, dibujar y publicar las líneas.")

Files = Annotated[list[Path], typer.Argument(metavar="ARCHIVO...", help="Archivos YAML de líneas que estarán juntas.")]


@app.command()
def check(files: Files) -> None:
    """Revisa líneas completas y dice todo lo que falta, con archivo, línea, clave y arreglo. No cambia nada."""
    console = Console(soft_wrap=True)
    examined = lines.examine_files(files)
    for each in examined:
        for fault in each.faults:
            console.print(f"[bold red]✗[/] {escape(fault)}", highlight=False)
        for said in each.advice:
            console.print(f"[yellow]▲[/] {escape(said)}", highlight=False)
        if each.line:
            console.print(
                f"[green]✓[/] {escape(each.file)}: «{escape(each.line.title)}» se puede publicar", highlight=False
            )
    if any(each.faults for each in examined):
        raise typer.Exit(1)


@app.command("draw")
def draw_line(
    file: Annotated[Path, typer.Argument(metavar="ARCHIVO", help="Archivo YAML de una línea.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Dibujo SVG; sin él, el texto de Graphviz.")
    ] = None,
) -> None:
    """Dibuja el recorrido de una llamada por la línea."""
    (examined,) = lines.examine_files([file])
    if examined.line is None:
        raise ConfigurationError("\n".join(examined.faults))
    if output is None:
        typer.echo(draw.dot(examined.line))
        return
    output.write_text(line_picture.svg(examined.line), encoding="utf-8")
    typer.echo(f"Dibujada en {output}.")


@app.command()
def reload(ctx: typer.Context) -> None:
    """Publica los archivos de las líneas sin tocar las llamadas en curso, o dice por qué no se puede."""
    settings = ctx.obj
    console = Console(soft_wrap=True)
    installation = asterisk.find(settings.cache_dir)
    if installation is None:
        raise NotAvailableError(f"Asterisk no está. {asterisk.WAYS}")
    found = publish.publish(
        settings,
        accounts.ensure(settings.secrets_file),
        installation,
        datetime.now(UTC),
        lambda said: console.print(f"  [green]✓[/] {escape(said)}", highlight=False),
    )
    config = settings.asterisk_dir / "etc" / "asterisk.conf"
    system = asterisk.Asterisk(installation, config, settings.log_dir / "asterisk.log")
    if not system.running():
        console.print("Publicada. La central no está en marcha en esta máquina: la usará al iniciar.")
        return
    if faults := list(publish.reload_asterisk(system, found)):
        raise NotAvailableError("Publicada, pero: " + "; ".join(faults) + f". Vea {settings.asterisk_dir / 'log'}")
    names = ", ".join(f"«{line.title}»" for line in found)
    console.print(f"Publicada: {escape(names)}. Las llamadas en curso siguen como empezaron.", highlight=False)
