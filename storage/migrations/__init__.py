"""The forms of the ledger's tables, one after the other; alembic runs them."""
