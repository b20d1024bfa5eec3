"""What was erased, and what may not be; messages that were left after the tone are found by age."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.database import UtcDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

LEFT = sa.text("kind = 'MessageLeft'")


def upgrade() -> None:
    """Go to this form of the tables."""
    op.create_table(
        "erasure",
        sa.Column("kind", sqlmodel.AutoString(), nullable=False),
        sa.Column("file", sqlmodel.AutoString(), nullable=False),
        sa.Column("about", sqlmodel.AutoString(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("why", sqlmodel.AutoString(), nullable=False),
        sa.Column("days", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "file", "about", name="pk_erasure"),
    )
    op.create_index("ix_erasure_about", "erasure", ["about"])
    op.create_table(
        "legal_hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("what", sqlmodel.AutoString(), nullable=False),
        sa.Column("value", sqlmodel.AutoString(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sqlmodel.AutoString(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("lifted_at", UtcDateTime(), nullable=True),
        sa.Column("lifted_by", sqlmodel.AutoString(), nullable=False),
        sa.Column("lifted_reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_legal_hold"),
    )
    op.create_index("ix_event_message_left", "event", ["at"], sqlite_where=LEFT, postgresql_where=LEFT)


def downgrade() -> None:
    """Go back to the form before."""
    op.drop_index("ix_event_message_left", table_name="event")
    op.drop_table("legal_hold")
    op.drop_table("erasure")
