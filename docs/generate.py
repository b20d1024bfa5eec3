"""Writes the pages that follow from the code: commands, settings, metrics, schemas. A test fails when they are old."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from contesta.auditing import audits_file
from contesta.bus import schemas
from contesta.cli import app
from contesta.line_picture import digest, svg
from contesta.lines import SHIPPED, examine_files
from contesta.settings import PREFIX, Settings
from contesta.web.api import described
from contesta.web.app import EVERY_ROUTE
from contesta.web.metrics import FAMILIES, Kind
from docs.callback_states import diagram, stays
from ivr.line.model import Line

DOCS = Path(__file__).parent
DRAWN = ("anm", "art", "art_soporte", "ciudadanos")
NOTICE = "<!-- Se genera con «make docs»; no se edita a mano. -->\n\n"

EXIT_CODES = """Un comando termina con 0 si hizo lo pedido y con 1 si no pudo, y entonces dice por qué en una frase. Termina con 2 si lo
escrito no es un comando, y con 130 tras Ctrl-C. Si quien lee deja de leer, como en `contesta stats | head -1`, termina en
silencio por SIGPIPE: la consola lo muestra como 141. En una terminal sin tildes escribe la letra más parecida; con `--json`
no se pierde ninguna.
"""  # noqa: E501  lines of a page

_KINDS = {Kind.GAUGE: "valor actual", Kind.COUNTER: "solo crece", Kind.HISTOGRAM: "histograma"}


def _commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401  typer's own types are private
    """Give a command and those below it, each with its whole name, but for groups that do nothing themselves."""
    names = command.list_commands(None) if hasattr(command, "list_commands") else []
    if not names or command.invoke_without_command:
        yield path, command
    for name in names:
        yield from _commands(command.get_command(None, name), f"{path} {name}")


def _rows(command: Any) -> Iterator[str]:  # noqa: ANN401  as above
    for parameter in command.params:
        names = (
            ", ".join(parameter.opts)
            if parameter.param_type_name == "option"
            else (parameter.metavar or parameter.name.upper())
        )
        if names != "--help":
            default = parameter.default if parameter.default not in (None, False, "", [], ()) else None
            yield f"| `{names}` | {parameter.help or ''}{'' if default is None else f' Por omisión: {default}.'} |"


def commands_page() -> str:
    """Make the page of commands."""
    parts = [NOTICE, f"# Comandos\n\nEl programa es `.venv/bin/contesta`.\n\n{EXIT_CODES}"]
    for name, command in _commands(typer.main.get_command(app), "contesta"):
        parts.append(f"\n## `{name}`\n\n{(command.help or '').strip()}\n")
        if rows := list(_rows(command)):
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


def metrics_page() -> str:
    """Make the page of what is told to Prometheus."""
    rows = [
        f"| `{family.name}` | {', '.join(f'`{label}`' for label in family.labels)} | {_KINDS[family.kind]} | "
        f"{family.meaning} |"
        for family in FAMILIES
    ]
    return (
        f"{NOTICE}# Métricas\n\n`/metrics` las da en el formato de Prometheus, a una clave de integración o a un "
        "administrador.\nEn Prometheus, la clave va así:\n\n```yaml\nscrape_configs:\n  - job_name: contesta\n"
        "    authorization: { credentials_file: /etc/prometheus/clave-contesta }\n"
        "    static_configs: [{ targets: ['127.0.0.1:8080'] }]\n```\n\n"
        "Las cifras de hoy empiezan de nuevo a medianoche. Las que solo crecen vuelven a cero con cada inicio."
        "\n\n| métrica | etiquetas | tipo | qué es |\n|---|---|---|---|\n" + "\n".join(rows) + "\n\n"
        "Además están las del proceso: `process_cpu_seconds_total`, `process_resident_memory_bytes`, "
        "`process_open_fds` y otras.\n"
    )


def callbacks_page() -> str:
    """Make the page of the states of promised calls."""
    return (
        "<!-- Written by `make docs`; not edited by hand. -->\n\n# The states of a promised call\n\n"
        "Drawn from `TRANSITIONS` in [`callback_queue/states.py`](../callback_queue/states.py). What the table does "
        "not have raises, and changes nothing.\nThe meaning of each state stands in "
        "[`callback_queue/request.py`](../callback_queue/request.py).\n\n"
        f"```mermaid\n{diagram()}\n```\n\n{stays()}\n"
    )


def pages() -> Mapping[str, str]:
    """Give every generated page: file name to text."""
    return {
        "comandos.md": commands_page(),
        "configuracion.md": settings_page(),
        "metricas.md": metrics_page(),
        "callbacks.md": callbacks_page(),
        "openapi.json": described(EVERY_ROUTE),
        "auditorias.schema.json": json.dumps(audits_file.schema(), ensure_ascii=False, indent=2) + "\n",
        **{f"bus/{name}": text for name, text in schemas.pages().items()},
    }


def old_pictures() -> Iterator[tuple[Path, Line]]:
    """Yield the pictures of shipped lines that are no longer of the line as it is, or are not there."""
    examined = examine_files([SHIPPED.with_name(f"{name}.yaml") for name in DRAWN])
    for name, each in zip(DRAWN, examined, strict=True):
        path = DOCS / "imagenes" / f"linea_{name}.svg"
        if each.line and not (path.exists() and digest(each.line) in path.read_text(encoding="utf-8")):
            yield path, each.line


if __name__ == "__main__":
    for file, text in pages().items():
        (DOCS / file).write_text(text, encoding="utf-8")
        print(f"docs/{file}")  # noqa: T201  a script that prints what it wrote
    for picture, line in old_pictures():
        picture.write_text(svg(line), encoding="utf-8")
        print(f"docs/imagenes/{picture.name}")  # noqa: T201  as above
