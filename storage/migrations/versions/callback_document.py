"""Promised calls are found by the document of whom they are promised to, without reading them all."""

import json

import sqlalchemy as sa
import sqlmodel
from alembic import op

from core.privacy.subject import plain

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_AT_ONCE = 1_000
_ROW = sa.table("callback", sa.column("id", sa.String), sa.column("data", sa.Text), sa.column("document", sa.String))


def upgrade() -> None:
    """Go to this form of the tables."""
    # Plainly, without a batch: SQLite would make the table anew, and take what refers to it away with the old one.
    op.add_column("callback", sa.Column("document", sqlmodel.AutoString(), nullable=False, server_default=""))
    connection, after = op.get_bind(), ""
    while True:
        query = sa.select(_ROW.c.id, _ROW.c.data).where(_ROW.c.id > after).order_by(_ROW.c.id).limit(_AT_ONCE)
        rows = connection.execute(query).all()
        given = [(row.id, plain(json.loads(row.data).get("person", {}).get("document", ""))) for row in rows]
        changed = [{"key": request_id, "value": document} for request_id, document in given if document]
        if changed:
            one = sa.update(_ROW).where(_ROW.c.id == sa.bindparam("key")).values(document=sa.bindparam("value"))
            connection.execute(one, changed)
        if len(rows) < _AT_ONCE:
            break
        after = rows[-1].id
    op.create_index("ix_callback_document", "callback", ["document"])


def downgrade() -> None:
    """Go back to the form before."""
    op.drop_index("ix_callback_document", table_name="callback")
    op.drop_column("callback", "document")
