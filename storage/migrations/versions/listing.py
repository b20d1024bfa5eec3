"""The visits of a period are found by an index."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this form of the tables."""
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.create_index("ix_visit_entered_at", ["entered_at"], unique=False)


def downgrade() -> None:
    """Go back to the form before."""
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.drop_index("ix_visit_entered_at")
