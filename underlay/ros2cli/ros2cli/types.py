"""Interface classes by name: 'std_msgs/msg/String' or, shorter, 'std_msgs/String'."""

import importlib


def _interface(name: str, kind: str, marks: tuple[str, ...]):
    """Return the class `name`; `marks` are attributes that only this kind of interface has."""
    words = {'msg': 'message', 'srv': 'service', 'action': 'action'}
    error = RuntimeError(f'The passed {words[kind]} type is invalid')
    parts = name.split('/')
    if len(parts) == 2:
        parts.insert(1, kind)
    if len(parts) != 3 or not all(parts):
        raise error
    try:
        interface = getattr(importlib.import_module('.'.join(parts[:-1])), parts[-1])
    except (AttributeError, ModuleNotFoundError) as cause:
        raise error from cause
    if not all(hasattr(interface, mark) for mark in marks):
        raise error
    return interface


def get_message(name: str):
    """Return the message class; RuntimeError when there is none."""
    return _interface(name, 'msg', ('SLOT_TYPES',))


def get_service(name: str):
    """Return the service class; RuntimeError when there is none."""
    return _interface(name, 'srv', ('Request', 'Response'))


def get_action(name: str):
    """Return the action class; RuntimeError when there is none."""
    return _interface(name, 'action', ('Goal', 'Result', 'Feedback'))
