"""What advisers learn: knowledge tests with their attempts, training sessions with who was there."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.database import UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this form of the tables."""
    op.create_table(
        "knowledge_test",
        sa.Column("id", sqlmodel.AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("loaded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name="pk_knowledge_test"),
    )
    op.create_table(
        "knowledge_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("test_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("test_version", sa.Integer(), nullable=False),
        sa.Column("agent", sqlmodel.AutoString(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["test_id", "test_version"],
            ["knowledge_test.id", "knowledge_test.version"],
            name="fk_knowledge_attempt_knowledge_test",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_knowledge_attempt"),
        sa.UniqueConstraint(
            "agent",
            "test_id",
            "test_version",
            "ordinal",
            name="uq_knowledge_attempt_agent_test_id_test_version_ordinal",
        ),
    )
    op.create_index("ix_knowledge_attempt_day", "knowledge_attempt", ["day"])
    op.create_table(
        "training",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("subject", sqlmodel.AutoString(), nullable=False),
        sa.Column("place", sqlmodel.AutoString(), nullable=False),
        sa.Column("trainer", sqlmodel.AutoString(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("written_by", sqlmodel.AutoString(), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_training"),
        sa.UniqueConstraint("day", "subject", "place", "trainer", name="uq_training_day_subject_place_trainer"),
    )
    op.create_table(
        "training_attendance",
        sa.Column("training_id", sa.Integer(), nullable=False),
        sa.Column("agent", sqlmodel.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["training_id"], ["training.id"], name="fk_training_attendance_training", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("training_id", "agent", name="pk_training_attendance"),
    )
    op.create_index("ix_training_attendance_agent", "training_attendance", ["agent"])


def downgrade() -> None:
    """Go back to the form before."""
    for table in ("training_attendance", "training", "knowledge_attempt", "knowledge_test"):
        op.drop_table(table)
