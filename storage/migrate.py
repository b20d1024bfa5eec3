"""The way to the newest form of the ledger's tables."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from storage import ledger, migrations
from storage.database import take_write_lock


def upgrade(engine: Engine) -> None:
    """Bring the tables to their newest form; at once if they have it. Safe if several programs do it together.

    A step that says `PROJECTS_ANEW` changes what is told of a call: all calls are then written anew from their facts.
    """
    with engine.begin() as connection:
        take_write_lock(connection)
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        projects_anew = _projects_anew(ScriptDirectory.from_config(config), connection)
        command.upgrade(config, "head")
        if projects_anew:
            ledger.write_anew(connection)


def _projects_anew(scripts: ScriptDirectory, connection: Connection) -> bool:
    reached = MigrationContext.configure(connection).get_current_heads() or ("base",)
    steps = scripts.iterate_revisions("heads", reached)
    return any(getattr(step.module, "PROJECTS_ANEW", False) for step in steps)
