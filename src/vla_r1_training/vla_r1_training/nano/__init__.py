"""The small model: its making, its batches, what only its training needs."""
