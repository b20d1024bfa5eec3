"""The board: what a supervisor sees of this moment, made from the live engine and the ledger."""
