"""What alembic runs: migrations on the connection that `upgrade` gives it, inside that one's transaction."""

from alembic import context

from storage import (  # noqa: F401  their tables join the metadata below
    callback_tables,
    campaign_tables,
    desk_tables,
    learning_tables,
    people_tables,
    presence_tables,
    privacy_tables,
    quality_tables,
    sms_tables,
)
from storage.tables import LedgerTable

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=LedgerTable.metadata,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()
