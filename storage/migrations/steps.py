"""Takes the steps from the form that a database has to the newest one. Apart, because Alembic is slow to load."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from storage import ledger


def take(connection: Connection) -> None:
    """Take all of them, within the connection's transaction."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    projects_anew = _projects_anew(ScriptDirectory.from_config(config), connection)
    command.upgrade(config, "head")
    if projects_anew:
        ledger.write_anew(connection)


def _projects_anew(scripts: ScriptDirectory, connection: Connection) -> bool:
    reached = MigrationContext.configure(connection).get_current_heads() or ("base",)
    steps = scripts.iterate_revisions("heads", reached)
    return any(getattr(step.module, "PROJECTS_ANEW", False) for step in steps)
