"""Quality: matrices, samples, audits and what came of them; the database keeps finished audits from being changed."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.database import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_FOUND = "findings, note, matrix_id, matrix_version, call_id, line, channel, kind, agent, at, day, mode, blind, auditor"
_REFUSE = {
    "sqlite": (
        (
            f"CREATE TRIGGER quality_audit_no_update BEFORE UPDATE OF {_FOUND} ON quality_audit "
            "WHEN OLD.state <> 'draft' BEGIN SELECT RAISE(ABORT, 'a finished audit is not edited'); END"
        ),
        (
            "CREATE TRIGGER quality_audit_no_delete BEFORE DELETE ON quality_audit "
            "WHEN OLD.state <> 'draft' BEGIN SELECT RAISE(ABORT, 'a finished audit is not edited'); END"
        ),
        (
            "CREATE TRIGGER quality_step_no_update BEFORE UPDATE ON quality_step "
            "BEGIN SELECT RAISE(ABORT, 'steps are only added'); END"
        ),
        (
            "CREATE TRIGGER quality_step_no_delete BEFORE DELETE ON quality_step "
            "BEGIN SELECT RAISE(ABORT, 'steps are only added'); END"
        ),
    ),
    "postgresql": (
        (
            "CREATE FUNCTION quality_refuses() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'a finished audit is not edited'; END $$"
        ),
        (
            f"CREATE TRIGGER quality_audit_no_update BEFORE UPDATE OF {_FOUND} ON quality_audit "
            "FOR EACH ROW WHEN (OLD.state <> 'draft') EXECUTE FUNCTION quality_refuses()"
        ),
        (
            "CREATE TRIGGER quality_audit_no_delete BEFORE DELETE ON quality_audit "
            "FOR EACH ROW WHEN (OLD.state <> 'draft') EXECUTE FUNCTION quality_refuses()"
        ),
        (
            "CREATE TRIGGER quality_step_no_change BEFORE UPDATE OR DELETE ON quality_step "
            "FOR EACH ROW EXECUTE FUNCTION quality_refuses()"
        ),
    ),
}


def upgrade() -> None:
    """Go to this form of the tables."""
    op.create_table(
        "quality_matrix",
        sa.Column("id", sqlmodel.AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("loaded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name="pk_quality_matrix"),
    )
    op.create_table(
        "quality_sample",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("line", sqlmodel.AutoString(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("size", sqlmodel.AutoString(), nullable=False),
        sa.Column("seed", sqlmodel.AutoString(), nullable=False),
        sa.Column("population", sa.Text(), nullable=False),
        sa.Column("made_by", sqlmodel.AutoString(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quality_sample"),
    )
    op.create_table(
        "quality_sampled",
        sa.Column("sample_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("call_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("agent", sqlmodel.AutoString(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("disposition", sqlmodel.AutoString(), nullable=False),
        sa.Column("file", sqlmodel.AutoString(), nullable=False),
        sa.Column("exclusion", sqlmodel.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["sample_id"], ["quality_sample.id"], name="fk_quality_sampled_quality_sample"),
        sa.PrimaryKeyConstraint("sample_id", "place", name="pk_quality_sampled"),
    )
    op.create_index("ix_quality_sampled_call_id_agent", "quality_sampled", ["call_id", "agent"])
    op.create_table(
        "quality_audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("matrix_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("matrix_version", sa.Integer(), nullable=False),
        sa.Column("sample_id", sa.Integer(), nullable=True),
        sa.Column("call_id", sqlmodel.AutoString(), nullable=False),
        sa.Column("line", sqlmodel.AutoString(), nullable=False),
        sa.Column("channel", sqlmodel.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.AutoString(), nullable=False),
        sa.Column("agent", sqlmodel.AutoString(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("file", sqlmodel.AutoString(), nullable=False),
        sa.Column("mode", sqlmodel.AutoString(), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("auditor", sqlmodel.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.AutoString(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("supersedes", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("delivered_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["matrix_id", "matrix_version"],
            ["quality_matrix.id", "quality_matrix.version"],
            name="fk_quality_audit_quality_matrix",
        ),
        sa.ForeignKeyConstraint(["supersedes"], ["quality_audit.id"], name="fk_quality_audit_quality_audit"),
        sa.PrimaryKeyConstraint("id", name="pk_quality_audit"),
    )
    for columns in (["call_id", "agent"], ["line", "day"], ["agent", "day"], ["auditor", "state"]):
        op.create_index(f"ix_quality_audit_{'_'.join(columns)}", "quality_audit", columns)
    op.create_table(
        "quality_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("audit_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("who", sqlmodel.AutoString(), nullable=False),
        sa.Column("step", sqlmodel.AutoString(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["audit_id"], ["quality_audit.id"], name="fk_quality_step_quality_audit"),
        sa.PrimaryKeyConstraint("id", name="pk_quality_step"),
    )
    op.create_index("ix_quality_step_audit_id", "quality_step", ["audit_id"])
    op.create_table(
        "quality_action",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("audit_id", sa.Integer(), nullable=False),
        sa.Column("agent", sqlmodel.AutoString(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("opened_by", sqlmodel.AutoString(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("state", sqlmodel.AutoString(), nullable=False),
        sa.Column("closed_by", sqlmodel.AutoString(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["audit_id"], ["quality_audit.id"], name="fk_quality_action_quality_audit"),
        sa.PrimaryKeyConstraint("id", name="pk_quality_action"),
    )
    op.create_index("ix_quality_action_audit_id", "quality_action", ["audit_id"])
    op.create_index("ix_quality_action_agent", "quality_action", ["agent"])
    for statement in _REFUSE[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Go back to the form before."""
    for table in ("action", "step", "audit", "sampled", "sample", "matrix"):
        op.drop_table(f"quality_{table}")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION quality_refuses()")
