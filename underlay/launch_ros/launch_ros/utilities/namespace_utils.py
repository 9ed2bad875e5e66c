"""Relative and absolute namespaces."""


def prefix_namespace(base_ns: str | None, ns: str | None) -> str | None:
    """Return a namespace seen from another one; an absolute one stays as it is."""
    if ns is None or base_ns is None:
        combined = base_ns if ns is None else ns
    elif ns.startswith('/') or not base_ns:
        combined = ns
    else:
        combined = f'{base_ns.rstrip("/")}/{ns}'
    if combined is None or combined == '/':
        return combined
    return combined.rstrip('/')


def make_namespace_absolute(ns: str | None) -> str | None:
    """Return a namespace with a slash in front; None stays None."""
    return ns if ns is None or ns.startswith('/') else f'/{ns}'
