"""The application: command line, settings, wiring, pages."""
