"""A teacher writes the thoughts that lead to known answers."""
