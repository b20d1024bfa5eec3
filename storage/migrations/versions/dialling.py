"""The switch that lets promised calls be dialled, with all its turns."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.database import UtcDateTime

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this form of the tables."""
    op.create_table(
        "dialling_switch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dials", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("author", sqlmodel.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dialling_switch"),
    )


def downgrade() -> None:
    """Go back to the form before."""
    op.drop_table("dialling_switch")
