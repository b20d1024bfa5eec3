"""Campaigns: from a file that somebody uploads to records that are called, and what came of each. Pure."""
