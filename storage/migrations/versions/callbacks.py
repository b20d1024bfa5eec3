"""Calls promised to citizens: requests, their history, what they came from, and who is to be left alone."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.database import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this form of the tables."""
    op.create_table(
        "callback",
        sa.Column("id", sqlmodel.AutoString(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("line", sqlmodel.AutoString(), nullable=False),
        sa.Column("queue", sqlmodel.AutoString(), nullable=False),
        sa.Column("telephone", sqlmodel.AutoString(), nullable=True),
        sa.Column("state", sqlmodel.AutoString(), nullable=False),
        sa.Column("source", sqlmodel.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.AutoString(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("promised_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("lease_worker", sqlmodel.AutoString(), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("dialled_at", UtcDateTime(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("accepted_at", UtcDateTime(), nullable=True),
        sa.Column("connected_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wait_ms", sa.BigInteger(), nullable=True),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_callback"),
    )
    with op.batch_alter_table("callback", schema=None) as batch_op:
        batch_op.create_index("ix_callback_asked_at_id", ["asked_at", "id"], unique=False)
        batch_op.create_index("ix_callback_asked_on", ["asked_on"], unique=False)
        batch_op.create_index(
            "ix_callback_expiring",
            ["expires_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('waiting', 'held')"),
            postgresql_where=sa.text("state IN ('waiting', 'held')"),
        )
        batch_op.create_index(
            "ix_callback_leased",
            ["lease_until"],
            unique=False,
            sqlite_where=sa.text("lease_until IS NOT NULL"),
            postgresql_where=sa.text("lease_until IS NOT NULL"),
        )
        batch_op.create_index("ix_callback_telephone", ["telephone"], unique=False)
        batch_op.create_index(
            "ix_callback_waiting",
            ["line", "queue", "priority", "due_at"],
            unique=False,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )
        batch_op.create_index(
            "uq_callback_open",
            ["line", "telephone"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "callback_number",
        sa.Column("day", sqlmodel.AutoString(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_callback_number"),
    )
    op.create_table(
        "left_alone",
        sa.Column("telephone", sqlmodel.AutoString(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("author", sqlmodel.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("telephone", name="pk_left_alone"),
    )
    op.create_table(
        "callback_channel",
        sa.Column("channel_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("request_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("line", sqlmodel.AutoString(), nullable=False),
        sa.Column("telephone", sqlmodel.AutoString(), nullable=False),
        sa.Column("committed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["callback.id"], name="fk_callback_channel_callback", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("channel_id", name="pk_callback_channel"),
    )
    with op.batch_alter_table("callback_channel", schema=None) as batch_op:
        batch_op.create_index("ix_callback_channel_line_committed_at", ["line", "committed_at"], unique=False)
        batch_op.create_index("ix_callback_channel_request_id", ["request_id"], unique=False)
        batch_op.create_index("ix_callback_channel_telephone", ["telephone"], unique=False)

    op.create_table(
        "callback_filing",
        sa.Column("number", sqlmodel.AutoString(), nullable=False),
        sa.Column("code", sqlmodel.AutoString(), nullable=False),
        sa.Column("request_id", sqlmodel.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["callback.id"], name="fk_callback_filing_callback", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name="pk_callback_filing"),
    )
    with op.batch_alter_table("callback_filing", schema=None) as batch_op:
        batch_op.create_index("ix_callback_filing_request_id", ["request_id"], unique=False)

    op.create_table(
        "callback_origin",
        sa.Column("origin", sqlmodel.AutoString(), nullable=False),
        sa.Column("request_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("source", sqlmodel.AutoString(), nullable=False),
        sa.Column("call_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["callback.id"], name="fk_callback_origin_callback", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("origin", name="pk_callback_origin"),
    )
    with op.batch_alter_table("callback_origin", schema=None) as batch_op:
        batch_op.create_index("ix_callback_origin_call_id", ["call_id"], unique=False)
        batch_op.create_index("ix_callback_origin_request_id", ["request_id"], unique=False)

    op.create_table(
        "callback_step",
        sa.Column("request_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("author", sqlmodel.AutoString(), nullable=False),
        sa.Column("event", sqlmodel.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.AutoString(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["callback.id"], name="fk_callback_step_callback", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("request_id", "position", name="pk_callback_step"),
    )


def downgrade() -> None:
    """Go back to the form before."""
    op.drop_table("callback_step")
    with op.batch_alter_table("callback_origin", schema=None) as batch_op:
        batch_op.drop_index("ix_callback_origin_request_id")
        batch_op.drop_index("ix_callback_origin_call_id")

    op.drop_table("callback_origin")
    with op.batch_alter_table("callback_filing", schema=None) as batch_op:
        batch_op.drop_index("ix_callback_filing_request_id")

    op.drop_table("callback_filing")
    with op.batch_alter_table("callback_channel", schema=None) as batch_op:
        batch_op.drop_index("ix_callback_channel_telephone")
        batch_op.drop_index("ix_callback_channel_request_id")
        batch_op.drop_index("ix_callback_channel_line_committed_at")

    op.drop_table("callback_channel")
    op.drop_table("left_alone")
    op.drop_table("callback_number")
    with op.batch_alter_table("callback", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_callback_open", sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL")
        )
        batch_op.drop_index(
            "ix_callback_waiting",
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )
        batch_op.drop_index("ix_callback_telephone")
        batch_op.drop_index(
            "ix_callback_leased",
            sqlite_where=sa.text("lease_until IS NOT NULL"),
            postgresql_where=sa.text("lease_until IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_callback_expiring",
            sqlite_where=sa.text("state IN ('waiting', 'held')"),
            postgresql_where=sa.text("state IN ('waiting', 'held')"),
        )
        batch_op.drop_index("ix_callback_asked_on")
        batch_op.drop_index("ix_callback_asked_at_id")

    op.drop_table("callback")
