"""The way to the newest form of the ledger's tables."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from storage import migrations
from storage.database import take_write_lock


def upgrade(engine: Engine) -> None:
    """Bring the tables to their newest form; at once if they have it. Safe if several programs do it together."""
    with engine.begin() as connection:
        take_write_lock(connection)
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
