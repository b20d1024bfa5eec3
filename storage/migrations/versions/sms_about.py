"""Text messages know the call, or the promised call, that they are about, and the appointment that they tell of."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.database import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this form of the tables."""
    with op.batch_alter_table("sms", schema=None) as batch_op:
        batch_op.add_column(sa.Column("about", sqlmodel.AutoString(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("appointment_at", UtcDateTime(), nullable=True))
    with op.batch_alter_table("sms", schema=None) as batch_op:
        batch_op.alter_column("about", server_default=None)
        batch_op.create_index("ix_sms_about", ["about"], unique=False)


def downgrade() -> None:
    """Go back to the form before."""
    with op.batch_alter_table("sms", schema=None) as batch_op:
        batch_op.drop_index("ix_sms_about")
        batch_op.drop_column("appointment_at")
        batch_op.drop_column("about")
