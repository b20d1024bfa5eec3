"""Calls promised to citizens."""
