"""What citizens answer advisers to a campaign's survey is kept, and told to queue_log."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.database import UtcDateTime

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this form of the tables."""
    op.create_table(
        "desk_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("queue", sqlmodel.AutoString(), nullable=False),
        sa.Column("agent", sqlmodel.AutoString(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("author", sqlmodel.AutoString(), nullable=False),
        sa.Column("survey", sqlmodel.AutoString(), nullable=False),
        sa.Column("question", sqlmodel.AutoString(), nullable=False),
        sa.Column("answer", sa.Integer(), nullable=True),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_desk_answer"),
    )
    with op.batch_alter_table("desk_answer", schema=None) as batch_op:
        batch_op.create_index("ix_desk_answer_channel_id_agent", ["channel_id", "agent"], unique=False)
        batch_op.create_index("ix_desk_answer_told_at", ["told_at"], unique=False)
        batch_op.create_index("ix_desk_answer_at", ["at"], unique=False)
    # Plainly, without a batch: SQLite would make the tables anew, and take what refers to them away with the old ones.
    op.add_column("desk_draft", sa.Column("answers", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("campaign_answer", sa.Column("text", sa.Text(), nullable=False, server_default=""))
    op.add_column("campaign", sa.Column("asker", sqlmodel.AutoString(), nullable=False, server_default="line"))


def downgrade() -> None:
    """Go back to the form before."""
    for table, column in (("campaign", "asker"), ("campaign_answer", "text"), ("desk_draft", "answers")):
        op.drop_column(table, column)
    op.drop_table("desk_answer")
