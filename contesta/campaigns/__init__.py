"""Campaigns in the application: files that are uploaded, records that are called, and what came of them."""
