"""What was measured in recordings."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.database import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this form of the tables."""
    op.create_table(
        "recording_measures",
        sa.Column("file", sqlmodel.AutoString(), nullable=False),
        sa.Column("measured_at", UtcDateTime(), nullable=False),
        sa.Column("fault", sqlmodel.AutoString(), nullable=False),
        sa.Column("measures", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("file", name="pk_recording_measures"),
    )


def downgrade() -> None:
    """Go back to the form before."""
    op.drop_table("recording_measures")
