"""How each auditor wants the desk."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this form of the tables."""
    op.create_table(
        "desk_preferences",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("keys", sa.Text(), nullable=False),
        sa.Column("evidence_last", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_desk_preferences_person", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person_id", name="pk_desk_preferences"),
    )


def downgrade() -> None:
    """Go back to the form before."""
    op.drop_table("desk_preferences")
