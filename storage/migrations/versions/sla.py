"""Agreements on service levels, and what closed months came to by them."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.database import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this form of the tables."""
    op.create_table(
        "sla_definition",
        sa.Column("id", sqlmodel.AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("loaded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name="pk_sla_definition"),
    )
    op.create_table(
        "sla_month",
        sa.Column("month", sqlmodel.AutoString(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("month", name="pk_sla_month"),
    )
    op.create_table(
        "sla_verdict",
        sa.Column("month", sqlmodel.AutoString(), nullable=False),
        sa.Column("definition_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("numerator", sa.BigInteger(), nullable=False),
        sa.Column("denominator", sa.BigInteger(), nullable=False),
        sa.Column("met", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["month"], ["sla_month.month"], name="fk_sla_verdict_sla_month"),
        sa.ForeignKeyConstraint(
            ["definition_id", "version"],
            ["sla_definition.id", "sla_definition.version"],
            name="fk_sla_verdict_sla_definition",
        ),
        sa.PrimaryKeyConstraint("month", "definition_id", "version", name="pk_sla_verdict"),
    )


def downgrade() -> None:
    """Go back to the form before."""
    op.drop_table("sla_verdict")
    op.drop_table("sla_month")
    op.drop_table("sla_definition")
