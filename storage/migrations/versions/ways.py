"""The way of each call, so that what is drawn of ways leads to its calls."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

PROJECTS_ANEW = True


def upgrade() -> None:
    """Go to this form of the tables."""
    op.add_column("call", sa.Column("way", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Go back to the form before."""
    op.drop_column("call", "way")
