"""The adviser's desk: what conversations were classified as, the work after them, and what advisers write."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.database import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this form of the tables."""
    with op.batch_alter_table("leg", schema=None) as batch_op:
        batch_op.add_column(sa.Column("work_ms", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("disposition", sqlmodel.AutoString(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("title", sqlmodel.AutoString(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("resolution", sqlmodel.AutoString(), nullable=False, server_default="other"))
    op.create_table(
        "desk_draft",
        sa.Column("channel_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("agent", sqlmodel.AutoString(), nullable=False),
        sa.Column("disposition", sqlmodel.AutoString(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("solution", sa.Text(), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", "agent", name="pk_desk_draft"),
    )
    op.create_table(
        "desk_word",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("queue", sqlmodel.AutoString(), nullable=False),
        sa.Column("agent", sqlmodel.AutoString(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("author", sqlmodel.AutoString(), nullable=False),
        sa.Column("disposition", sqlmodel.AutoString(), nullable=False),
        sa.Column("title", sqlmodel.AutoString(), nullable=False),
        sa.Column("resolution", sqlmodel.AutoString(), nullable=False),
        sa.Column("limit_seconds", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("solution", sa.Text(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_desk_word"),
    )
    with op.batch_alter_table("desk_word", schema=None) as batch_op:
        batch_op.create_index("ix_desk_word_channel_id_agent", ["channel_id", "agent"], unique=False)
        batch_op.create_index("ix_desk_word_agent_at", ["agent", "at"], unique=False)
        batch_op.create_index("ix_desk_word_told_at", ["told_at"], unique=False)


def downgrade() -> None:
    """Go back to the form before."""
    for table in ("desk_word", "desk_draft"):
        op.drop_table(table)
    with op.batch_alter_table("leg", schema=None) as batch_op:
        for column in ("resolution", "title", "disposition", "work_ms"):
            batch_op.drop_column(column)
