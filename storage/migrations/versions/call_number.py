"""The calls of one number are found at once: an adviser sees who calls."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this form of the tables."""
    op.create_index("ix_call_number_started_at", "call", ["number", "started_at"], unique=False)


def downgrade() -> None:
    """Go back to the form before."""
    op.drop_index("ix_call_number_started_at", table_name="call")
