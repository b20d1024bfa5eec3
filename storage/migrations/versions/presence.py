"""What advisers did; rings that led to nothing; facts of no call are found by their time."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.database import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PROJECTS_ANEW = True


def upgrade() -> None:
    """Go to this form of the tables."""
    op.create_table(
        "presence_watch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_presence_watch"),
    )
    with op.batch_alter_table("presence_watch", schema=None) as batch_op:
        batch_op.create_index("ix_presence_watch_since", ["since"], unique=False)

    op.create_table(
        "presence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("watch_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("queue", sqlmodel.AutoString(), nullable=False),
        sa.Column("agent", sqlmodel.AutoString(), nullable=False),
        sa.Column("telephone", sqlmodel.AutoString(), nullable=True),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("reason", sqlmodel.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["watch_id"], ["presence_watch.id"], name="fk_presence_presence_watch", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_presence"),
    )
    with op.batch_alter_table("presence", schema=None) as batch_op:
        batch_op.create_index("ix_presence_watch_id_at", ["watch_id", "at"], unique=False)

    op.create_table(
        "ring",
        sa.Column("call_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("queue", sqlmodel.AutoString(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("agent", sqlmodel.AutoString(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("ms", sa.BigInteger(), nullable=True),
        sa.Column("result", sqlmodel.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["call_id", "queue", "ordinal"],
            ["visit.call_id", "visit.queue", "visit.ordinal"],
            name="fk_ring_visit",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("call_id", "queue", "ordinal", "position", name="pk_ring"),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(
            "ix_event_of_no_call",
            ["at"],
            unique=False,
            sqlite_where=sa.text("channel_id = ''"),
            postgresql_where=sa.text("channel_id = ''"),
        )


def downgrade() -> None:
    """Go back to the form before."""
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_event_of_no_call",
            sqlite_where=sa.text("channel_id = ''"),
            postgresql_where=sa.text("channel_id = ''"),
        )

    op.drop_table("ring")
    with op.batch_alter_table("presence", schema=None) as batch_op:
        batch_op.drop_index("ix_presence_watch_id_at")

    op.drop_table("presence")
    with op.batch_alter_table("presence_watch", schema=None) as batch_op:
        batch_op.drop_index("ix_presence_watch_since")

    op.drop_table("presence_watch")
