"""Writes the pages that follow from the code: commands and settings. A test fails when they are old."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import typer

from contesta.cli import app
from contesta.settings import PREFIX, Settings

DOCS = Path(__file__).parent
NOTICE = "<!-- Se genera con «make docs»; no se edita a mano. -->\n\n"


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            if command.callback is not None and command.invoke_without_command:
                yield f"{path} {name}", command
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _arguments(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            default = parameter.default
            suffix = (
                f" Por omisión: {default}." if default not in (None, False, (), []) and not callable(default) else ""
            )
            yield f"| `{', '.join(parameter.opts)}` | {parameter.help or ''}{suffix} |"
        else:
            yield f"| `{(parameter.name or '').upper()}` | {getattr(parameter, 'help', None) or ''} |"


def commands_page() -> str:
    """Make the page of commands."""
    group = typer.main.get_command(app)
    assert isinstance(group, click.Group)  # noqa: S101  several commands make a group
    parts = [NOTICE, "# Comandos\n\nEl programa es `.venv/bin/contesta`.\n"]
    for name, command in _commands(group, "contesta"):
        parts.append(f"\n## `{name}`\n\n{(command.help or '').strip()}\n")
        rows = [row for row in _arguments(command) if not row.startswith("| `--help")]
        if rows:
            parts.append("\n| argumento | qué hace |\n|---|---|\n" + "\n".join(rows) + "\n")
    return "".join(parts)


def settings_page() -> str:
    """Make the page of settings."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = str(default).replace(str(Path.home()), "~") if default != "" else "(vacío)"
        rows.append(f"| `{PREFIX}{name.upper()}` | `{shown}` | {field.description} |")
    return (
        f"{NOTICE}# Configuración\n\nCada ajuste es una variable de entorno. Una variable `{PREFIX}…` desconocida se "
        "rechaza al iniciar.\n\n| variable | por omisión | qué es |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def pages() -> Mapping[str, str]:
    """Give every generated page: file name to text."""
    return {"comandos.md": commands_page(), "configuracion.md": settings_page()}


if __name__ == "__main__":
    for file, text in pages().items():
        (DOCS / file).write_text(text, encoding="utf-8")
        print(f"docs/{file}")  # noqa: T201  a script that prints what it wrote
