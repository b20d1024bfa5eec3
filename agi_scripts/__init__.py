"""What the caller hears, one script per call flow."""
