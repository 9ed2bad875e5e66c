"""Datasets on disk, ours and those of others."""
