"""Text messages: the outbox, its segments, what the network told of them, and who wants none."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.database import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this form of the tables."""
    op.create_table(
        "sms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sqlmodel.AutoString(), nullable=False),
        sa.Column("line", sqlmodel.AutoString(), nullable=False),
        sa.Column("purpose", sqlmodel.AutoString(), nullable=False),
        sa.Column("number", sqlmodel.AutoString(), nullable=False),
        sa.Column("sender", sqlmodel.AutoString(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("encoding", sqlmodel.AutoString(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("state", sqlmodel.AutoString(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sms"),
        sa.UniqueConstraint("key", name="uq_sms_key"),
    )
    with op.batch_alter_table("sms", schema=None) as batch_op:
        batch_op.create_index("ix_sms_state_not_before", ["state", "not_before"], unique=False)
        batch_op.create_index("ix_sms_number_purpose_created_at", ["number", "purpose", "created_at"], unique=False)
    op.create_table(
        "sms_segment",
        sa.Column("sms_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sqlmodel.AutoString(), nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.Column("gateway_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["sms_id"], ["sms.id"], name="fk_sms_segment_sms", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sms_id", "position", name="pk_sms_segment"),
    )
    with op.batch_alter_table("sms_segment", schema=None) as batch_op:
        batch_op.create_index("ix_sms_segment_gateway_id", ["gateway_id"], unique=False)
        batch_op.create_index("ix_sms_segment_submitted_at", ["submitted_at"], unique=False)
    op.create_table(
        "sms_receipt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("gateway_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("delivery", sqlmodel.AutoString(), nullable=False),
        sa.Column("detail", sqlmodel.AutoString(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sms_receipt"),
        sa.UniqueConstraint("gateway_id", "delivery", name="uq_sms_receipt_gateway_id_delivery"),
    )
    op.create_table(
        "sms_opt_out",
        sa.Column("number", sqlmodel.AutoString(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("author", sqlmodel.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_sms_opt_out"),
    )


def downgrade() -> None:
    """Go back to the form before."""
    for table in ("sms_opt_out", "sms_receipt", "sms_segment", "sms"):
        op.drop_table(table)
