"""Who may open the application, and what was opened: a log that the database itself keeps from being changed."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from storage.database import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_REFUSE = {
    "sqlite": (
        (
            "CREATE TRIGGER access_log_no_update BEFORE UPDATE ON access_log "
            "BEGIN SELECT RAISE(ABORT, 'the access log is only added to'); END"
        ),
        (
            "CREATE TRIGGER access_log_no_delete BEFORE DELETE ON access_log "
            "BEGIN SELECT RAISE(ABORT, 'the access log is only added to'); END"
        ),
        (
            "CREATE TRIGGER access_log_no_replace BEFORE INSERT ON access_log "
            "WHEN EXISTS (SELECT 1 FROM access_log WHERE id = NEW.id) "
            "BEGIN SELECT RAISE(ABORT, 'the access log is only added to'); END"
        ),
    ),
    "postgresql": (
        (
            "CREATE FUNCTION access_log_refuses() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the access log is only added to'; END $$"
        ),
        (
            "CREATE TRIGGER access_log_no_change BEFORE UPDATE OR DELETE ON access_log "
            "FOR EACH ROW EXECUTE FUNCTION access_log_refuses()"
        ),
        (
            "CREATE TRIGGER access_log_no_truncate BEFORE TRUNCATE ON access_log "
            "FOR EACH STATEMENT EXECUTE FUNCTION access_log_refuses()"
        ),
    ),
}


def upgrade() -> None:
    """Go to this form of the tables."""
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sqlmodel.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.AutoString(), nullable=False),
        sa.Column("role", sqlmodel.AutoString(), nullable=False),
        sa.Column("agent", sqlmodel.AutoString(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("factor_seed", sa.LargeBinary(length=16), nullable=True),
        sa.Column("factor_step", sa.BigInteger(), nullable=False),
        sa.Column("invitation", sa.LargeBinary(length=32), nullable=True),
        sa.Column("invitation_expires_at", UtcDateTime(), nullable=True),
        sa.Column("shortcuts", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("login", name="uq_person_login"),
        sa.UniqueConstraint("invitation", name="uq_person_invitation"),
    )
    op.create_table(
        "web_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("address", sqlmodel.AutoString(), nullable=False),
        sa.Column("browser", sqlmodel.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_web_session_person", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_web_session"),
        sa.UniqueConstraint("token", name="uq_web_session_token"),
    )
    op.create_index("ix_web_session_person_id", "web_session", ["person_id"])
    op.create_table(
        "access_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kind", sqlmodel.AutoString(), nullable=False),
        sa.Column("label", sqlmodel.AutoString(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sqlmodel.AutoString(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_access_key"),
        sa.UniqueConstraint("token", name="uq_access_key_token"),
    )
    op.create_table(
        "access_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("who", sqlmodel.AutoString(), nullable=False),
        sa.Column("role", sqlmodel.AutoString(), nullable=False),
        sa.Column("address", sqlmodel.AutoString(), nullable=False),
        sa.Column("action", sqlmodel.AutoString(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_access_log"),
    )
    op.create_index("ix_access_log_at", "access_log", ["at"])
    op.create_index("ix_access_log_who_id", "access_log", ["who", "id"])
    op.create_index("ix_access_log_action_id", "access_log", ["action", "id"])
    for statement in _REFUSE[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Go back to the form before."""
    op.drop_table("access_log")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION access_log_refuses()")
    op.drop_table("access_key")
    op.drop_table("web_session")
    op.drop_table("person")
