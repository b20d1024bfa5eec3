"""The first tables of the ledger."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.database import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this form of the tables."""
    op.create_table(
        "call",
        sa.Column("id", sqlmodel.AutoString(), nullable=False),
        sa.Column("line", sqlmodel.AutoString(), nullable=False),
        sa.Column("number", sqlmodel.AutoString(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sqlmodel.AutoString(), nullable=True),
        sa.Column("cause", sa.BigInteger(), nullable=False),
        sa.Column("lost", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_call"),
    )
    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.create_index(
            "ix_call_open",
            ["id"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.create_index("ix_call_started_at_id", ["started_at", "id"], unique=False)

    op.create_table(
        "channel",
        sa.Column("channel_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("call_id", sqlmodel.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", name="pk_channel"),
    )
    with op.batch_alter_table("channel", schema=None) as batch_op:
        batch_op.create_index("ix_channel_call_id", ["call_id"], unique=False)

    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sqlmodel.AutoString(), nullable=False),
        sa.Column("source", sqlmodel.AutoString(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("ord", sa.BigInteger(), nullable=False),
        sa.Column("call_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("channel_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sa.UniqueConstraint("key", name="uq_event_key"),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index("ix_event_channel_id", ["channel_id"], unique=False)

    op.create_table(
        "log_position",
        sa.Column("name", sqlmodel.AutoString(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_log_position"),
    )
    op.create_table(
        "restart", sa.Column("at", UtcDateTime(), nullable=False), sa.PrimaryKeyConstraint("at", name="pk_restart")
    )
    op.create_table(
        "recording",
        sa.Column("call_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("queue", sqlmodel.AutoString(), nullable=False),
        sa.Column("agent", sqlmodel.AutoString(), nullable=False),
        sa.Column("file", sqlmodel.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name="fk_recording_call", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "position", name="pk_recording"),
    )
    op.create_table(
        "survey_answer",
        sa.Column("call_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("question", sqlmodel.AutoString(), nullable=False),
        sa.Column("answer", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name="fk_survey_answer_call", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "position", name="pk_survey_answer"),
    )
    op.create_table(
        "visit",
        sa.Column("call_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("queue", sqlmodel.AutoString(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("channel_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("entry_inferred", sa.Boolean(), nullable=False),
        sa.Column("left_at", UtcDateTime(), nullable=True),
        sa.Column("wait_ms", sa.BigInteger(), nullable=True),
        sa.Column("result", sqlmodel.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.AutoString(), nullable=False),
        sa.Column("key", sqlmodel.AutoString(), nullable=False),
        sa.Column("detail", sqlmodel.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name="fk_visit_call", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "queue", "ordinal", name="pk_visit"),
    )
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.create_index("ix_visit_queue_entered_at", ["queue", "entered_at"], unique=False)

    op.create_table(
        "leg",
        sa.Column("call_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("queue", sqlmodel.AutoString(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("agent", sqlmodel.AutoString(), nullable=False),
        sa.Column("connected_at", UtcDateTime(), nullable=False),
        sa.Column("ring_seconds", sa.BigInteger(), nullable=False),
        sa.Column("talk_ms", sa.BigInteger(), nullable=True),
        sa.Column("hold_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sqlmodel.AutoString(), nullable=True),
        sa.Column("target", sqlmodel.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id", "queue", "ordinal"],
            ["visit.call_id", "visit.queue", "visit.ordinal"],
            name="fk_leg_visit",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("call_id", "queue", "ordinal", "position", name="pk_leg"),
    )
    with op.batch_alter_table("leg", schema=None) as batch_op:
        batch_op.create_index("ix_leg_agent", ["agent"], unique=False)


def downgrade() -> None:
    """Go back to the form before."""
    with op.batch_alter_table("leg", schema=None) as batch_op:
        batch_op.drop_index("ix_leg_agent")

    op.drop_table("leg")
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.drop_index("ix_visit_queue_entered_at")

    op.drop_table("visit")
    op.drop_table("survey_answer")
    op.drop_table("recording")
    op.drop_table("restart")
    op.drop_table("log_position")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index("ix_event_channel_id")

    op.drop_table("event")
    with op.batch_alter_table("channel", schema=None) as batch_op:
        batch_op.drop_index("ix_channel_call_id")

    op.drop_table("channel")
    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.drop_index("ix_call_started_at_id")
        batch_op.drop_index(
            "ix_call_open", sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL")
        )

    op.drop_table("call")
