"""What the public pages keep between two requests, and promised calls by when they are owed."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.database import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this form of the tables."""
    op.create_table(
        "callback_form",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sqlmodel.AutoString(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_callback_form")),
    )
    op.create_index(op.f("ix_callback_form_expires_at"), "callback_form", ["expires_at"])
    op.create_index(
        "ix_callback_owed",
        "callback",
        ["line", "promised_at"],
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    """Go back to the form before."""
    op.drop_index(
        "ix_callback_owed",
        "callback",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_table("callback_form")
