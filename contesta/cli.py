"""The command line. Settings are built here, once, and passed down; errors become one sentence here.

Each command is imported only when it is used, so that a service starts without what it does not need.
"""

import re
import sys
from importlib import import_module
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperGroup

from contesta import terminal
from contesta.settings import load
from core.errors import ContestaError

COMMANDS = {
    "run": "contesta.services:run",
    "call": "contesta.call:call",
    "demo": "contesta.demo:demo",
    "line": "contesta.line:app",
    "prompts": "contesta.prompts:app",
    "calls": "contesta.calls:app",
    "callbacks": "contesta.callbacks.cli:app",
    "users": "contesta.users:app",
    "stats": "contesta.stats:stats",
    "survey": "contesta.survey:app",
    "funnel": "contesta.funnel:funnel",
    "import": "contesta.import_log:import_files",
    "sla": "contesta.sla:app",
    "campaign": "contesta.campaigns.cli:app",
    "sms": "contesta.sms:app",
    "privacy": "contesta.privacy:app",
    "quality": "contesta.auditing.commands:app",
    "knowledge": "contesta.learning.commands:knowledge",
    "training": "contesta.learning.commands:training",
    "audio": "contesta.audio:audio",
    "live": "contesta.live:live",
    "replay": "contesta.replay:replay",
    "reconcile": "contesta.reconcile:reconcile",
    "doctor": "contesta.doctor:doctor",
    "stop": "contesta.services:stop",
    "agi": "contesta.services:agi",
    "listen": "contesta.services:listen",
    "web": "contesta.services:web",
    "measure": "contesta.services:measure",
    "messenger": "contesta.services:messenger",
    "callbacks-worker": "contesta.services:callbacks_worker",
}
"""Name of each command to where it is: a function, or a typer.Typer with commands below it."""

_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


class Commands(TyperGroup):
    """The commands, imported when asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002  typer's own types are private
        """Give the names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002  as above
        """Import one command, None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        found: Any = getattr(import_module(module), attribute)
        if not isinstance(found, typer.Typer):
            single = typer.Typer(add_completion=False)
            single.command(cmd_name)(found)
            found = single
        command = typer.main.get_command(found)
        command.name = cmd_name
        return command


app = typer.Typer(
    name="contesta", cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False
)


@app.callback()
def settings(ctx: typer.Context) -> None:
    """Centro de contacto sobre Asterisk para líneas de atención a la ciudadanía."""
    ctx.obj = load()


def main() -> None:
    """Run the command line; an error of ours, of disk or of database is one sentence and exit code 1."""
    terminal.prepare()
    try:
        app()
    except SystemExit as end:
        if terminal.nobody_reads(end):
            terminal.end_unread()
        raise
    except Exception as error:
        said = _told(error)
        if said is None:
            raise
        plain = _CONTROLS.sub("", said)  # what was typed may be in it
        Console(stderr=True).print(f"[bold red]Error:[/] {escape(plain)}", highlight=False, soft_wrap=True)
        sys.exit(1)


def _told(error: Exception) -> str | None:
    if isinstance(error, ContestaError):
        return str(error)
    from contesta import troubles  # noqa: PLC0415  what it needs is slow to load, and nearly never needed

    return troubles.told(error, load().ledger_url)
