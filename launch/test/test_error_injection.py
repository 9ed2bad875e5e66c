"""Every error code has a test that provokes it: one marked `injects` that names the code."""

import ast
from functools import lru_cache
from pathlib import Path

import pytest
from vla_r1_core.errors import OutcomeCode, ReasonCode

ROOT = Path(__file__).resolve().parents[2]
MARK = 'pytest.mark.injects'


def codes_named(test):
    """Return 'OutcomeCode.DEVIATION' and the like, from a test's body and its parameters."""
    names = (ast.unparse(node) for node in ast.walk(test) if isinstance(node, ast.Attribute))
    return {name for name in names if name.startswith(('OutcomeCode.', 'ReasonCode.'))}


@lru_cache
def injected():
    codes = set()
    for path in ROOT.glob('src/*/test/test_*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and MARK in map(ast.unparse, node.decorator_list):
                codes |= codes_named(node)
    return codes


@pytest.mark.parametrize(
    'code', [code for enum in (ReasonCode, OutcomeCode) for code in enum if code], ids=str
)
def test_a_test_provokes_the_code(code):
    assert f'{type(code).__name__}.{code.name}' in injected()
