"""A text that could not be made."""


class SubstitutionFailure(RuntimeError):
    """Raised by `Substitution.perform`."""
