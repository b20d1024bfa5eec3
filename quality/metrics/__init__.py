"""Live and historical figures, computed from call events."""
