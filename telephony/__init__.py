"""Wire formats and connections of the telephone system."""
