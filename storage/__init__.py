"""The ledger's tables and repositories."""
