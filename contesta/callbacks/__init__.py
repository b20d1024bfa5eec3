"""Promised calls in the application: what is taken in, what is dialled, and what is told of them."""
