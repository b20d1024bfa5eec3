"""Promised calls that expired are found at once: the board asks for those of today."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

EXPIRED = sa.text("reason = 'expired'")


def upgrade() -> None:
    """Go to this form of the tables."""
    op.create_index("ix_callback_expired", "callback", ["ended_at"], sqlite_where=EXPIRED, postgresql_where=EXPIRED)


def downgrade() -> None:
    """Go back to the form before."""
    op.drop_index("ix_callback_expired", table_name="callback")
