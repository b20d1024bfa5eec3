"""The telephone on which somebody listens to conversations."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this form of the tables."""
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.add_column(sa.Column("extension", sqlmodel.AutoString(), nullable=False, server_default=""))


def downgrade() -> None:
    """Go back to the form before."""
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_column("extension")
