"""The adviser's desk: who calls and why, what came of it, and when its owner is kept from calls."""
