"""The telephone system: its configuration, its image, how it is provisioned."""
