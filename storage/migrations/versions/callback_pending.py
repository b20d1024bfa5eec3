"""Open promised calls are counted from their index alone: the board asks every few seconds."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

OPEN = sa.text("ended_at IS NULL")


def upgrade() -> None:
    """Go to this form of the tables."""
    op.drop_index("ix_callback_owed", table_name="callback")
    op.create_index(
        "ix_callback_owed",
        "callback",
        ["line", "promised_at", "state", "due_at", "ended_at"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )


def downgrade() -> None:
    """Go back to the form before."""
    op.drop_index("ix_callback_owed", table_name="callback")
    op.create_index("ix_callback_owed", "callback", ["line", "promised_at"], sqlite_where=OPEN, postgresql_where=OPEN)
