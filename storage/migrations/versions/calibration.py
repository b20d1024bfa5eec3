"""Calibration sessions: one contact that several auditors mark blind, and what they agreed on."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.database import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_TEXTS = ("call_id", "line", "channel", "kind", "agent")


def upgrade() -> None:
    """Go to this form of the tables."""
    op.create_table(
        "quality_calibration",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sqlmodel.AutoString(), nullable=False) for name in _TEXTS),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("file", sqlmodel.AutoString(), nullable=False),
        sa.Column("subject", sqlmodel.AutoString(), nullable=False),
        sa.Column("opened_by", sqlmodel.AutoString(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("closed_by", sqlmodel.AutoString(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("agreed_by", sqlmodel.AutoString(), nullable=False),
        sa.Column("agreed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_quality_calibration"),
    )
    op.create_index("ix_quality_calibration_call_id_agent", "quality_calibration", ["call_id", "agent"])
    op.create_index("ix_quality_calibration_day", "quality_calibration", ["day"])
    op.create_table(
        "quality_calibration_auditor",
        sa.Column("calibration_id", sa.Integer(), nullable=False),
        sa.Column("auditor", sqlmodel.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calibration_id"],
            ["quality_calibration.id"],
            name="fk_quality_calibration_auditor_quality_calibration",
        ),
        sa.PrimaryKeyConstraint("calibration_id", "auditor", name="pk_quality_calibration_auditor"),
    )


def downgrade() -> None:
    """Go back to the form before."""
    op.drop_table("quality_calibration_auditor")
    op.drop_table("quality_calibration")
