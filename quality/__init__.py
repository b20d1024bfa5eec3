"""Figures, audits and audio."""
