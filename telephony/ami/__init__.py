"""The manager interface: codec without I/O, client, and its events in our vocabulary."""
