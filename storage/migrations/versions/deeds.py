"""Answers of surveys by their contacts, and what the funnel counts of a call, so that figures lead to their calls."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.database import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

PROJECTS_ANEW = True

_TEXTS = ("survey", "file", "queue", "agent")


def upgrade() -> None:
    """Go to this form of the tables."""
    op.execute(sa.table("survey_answer").delete())  # written anew
    with op.batch_alter_table("survey_answer", schema=None) as batch_op:
        for name in _TEXTS:
            batch_op.add_column(sa.Column(name, sqlmodel.AutoString(), nullable=False))
        batch_op.add_column(sa.Column("contact_at", UtcDateTime(), nullable=False))
        batch_op.add_column(sa.Column("counts", sa.Boolean(), nullable=False))
        batch_op.create_index("ix_survey_answer_contact_at", ["contact_at"], unique=False)
    op.create_table(
        "deed",
        sa.Column("call_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("did", sqlmodel.AutoString(), nullable=False),
        sa.Column("stage", sqlmodel.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.AutoString(), nullable=False),
        sa.Column("key", sqlmodel.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name="fk_deed_call", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "position", name="pk_deed"),
    )


def downgrade() -> None:
    """Go back to the form before."""
    op.drop_table("deed")
    with op.batch_alter_table("survey_answer", schema=None) as batch_op:
        batch_op.drop_index("ix_survey_answer_contact_at")
        for name in (*_TEXTS, "contact_at", "counts"):
            batch_op.drop_column(name)
