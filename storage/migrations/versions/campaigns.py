"""Campaigns: their records, and what came of each."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.database import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this form of the tables."""
    op.create_table(
        "campaign",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sqlmodel.AutoString(), nullable=False),
        sa.Column("line", sqlmodel.AutoString(), nullable=False),
        sa.Column("survey", sqlmodel.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.AutoString(), nullable=False),
        sa.Column("file", sqlmodel.AutoString(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("author", sqlmodel.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_campaign"),
        sa.UniqueConstraint("name", name="uq_campaign_name"),
    )
    op.create_table(
        "campaign_record",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("fate", sqlmodel.AutoString(), nullable=False),
        sa.Column("exclusion", sqlmodel.AutoString(), nullable=False),
        sa.Column("of_row", sa.Integer(), nullable=True),
        sa.Column("telephone", sqlmodel.AutoString(), nullable=False),
        sa.Column("written", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("request_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("disposition", sqlmodel.AutoString(), nullable=False),
        sa.Column("disposed_at", UtcDateTime(), nullable=True),
        sa.Column("disposed_by", sqlmodel.AutoString(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name="fk_campaign_record_campaign", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "position", name="pk_campaign_record"),
    )
    with op.batch_alter_table("campaign_record", schema=None) as batch_op:
        batch_op.create_index(
            "ix_campaign_record_campaign_id_fate_disposition", ["campaign_id", "fate", "disposition"], unique=False
        )
        batch_op.create_index("ix_campaign_record_request_id", ["request_id"], unique=False)
        batch_op.create_index("ix_campaign_record_telephone", ["telephone"], unique=False)
    op.create_table(
        "campaign_answer",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("question", sqlmodel.AutoString(), nullable=False),
        sa.Column("answer", sa.Integer(), nullable=False),
        sa.Column("author", sqlmodel.AutoString(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id", "position"],
            ["campaign_record.campaign_id", "campaign_record.position"],
            name="fk_campaign_answer_campaign_record",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("campaign_id", "position", "question", name="pk_campaign_answer"),
    )


def downgrade() -> None:
    """Go back to the form before."""
    for table in ("campaign_answer", "campaign_record", "campaign"):
        op.drop_table(table)
