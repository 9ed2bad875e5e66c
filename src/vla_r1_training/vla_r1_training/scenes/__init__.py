"""Rendered scenes, questions about them, and their true answers."""
