"""Recordings, whole or damaged → episodes."""
