"""Test launched processes with pytest.

The part of launch_pytest that the tests here use, with the names and the behaviour of the
original: launch fixtures, tests that are functions, coroutines or generators, and tests that run
after the shutdown.
"""

from . import actions, tools
from .fixture import fixture

__all__ = ['actions', 'fixture', 'tools']
