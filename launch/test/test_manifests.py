"""What a package imports, its package.xml names, with the key that rosdep knows."""

import ast
from pathlib import Path
import sys
import xml.etree.ElementTree as ET

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = sorted(path.parent for path in ROOT.glob('src/*/setup.py'))
ROSDEP_KEYS = {
    'numpy': 'python3-numpy',
    'cv2': 'python3-opencv',
    'yaml': 'python3-yaml',
    'tqdm': 'python3-tqdm',
    'PIL': 'python3-pil',
    'pandas': 'python3-pandas',
    'matplotlib': 'python3-matplotlib',
    'pytest': 'python3-pytest',
    'hypothesis': 'python3-hypothesis',
    'tf2_ros': 'tf2_ros_py',
}
# Not in apt: requirements/*.txt install them.
FROM_PYPI = {
    *('mujoco', 'torch', 'transformers', 'tokenizers', 'safetensors', 'accelerate'),
    *('trl', 'peft', 'huggingface_hub'),
    *('rosbags', 'apsw', 'lz4', 'backports', 'compression', 'pyarrow', 'datasets'),
    *('openai', 'httpx', 'httpx2', 'fastapi', 'uvicorn', 'starlette', 'trustme'),
}

# Not in package.xml, which would make everybody install it: moveit_py, for `moveit: moveit_py`;
# Ray, for `ingest --ray`.
OPTIONAL = {'moveit', 'ray'}


def imported(folder):
    """Return the top-level modules that the folder's Python files import."""
    modules = set()
    for path in folder.rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split('.')[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                modules.add(node.module.split('.')[0])
    own = {path.stem for path in folder.glob('*.py')} | {folder.name}
    return modules - set(sys.stdlib_module_names) - own - FROM_PYPI - OPTIONAL


def declared(package, kinds):
    root = ET.parse(package / 'package.xml').getroot()
    return {element.text for kind in kinds for element in root.findall(kind)}


@pytest.mark.parametrize('package', PACKAGES, ids=lambda path: path.name)
def test_every_import_is_a_declared_dependency(package):
    runtime = declared(package, ('depend', 'exec_depend'))
    needed = {ROSDEP_KEYS.get(name, name) for name in imported(package / package.name)}
    assert needed - runtime == set()


@pytest.mark.parametrize('package', PACKAGES, ids=lambda path: path.name)
def test_every_import_of_the_tests_is_a_declared_dependency(package):
    known = declared(package, ('depend', 'exec_depend', 'test_depend')) | {package.name}
    needed = {ROSDEP_KEYS.get(name, name) for name in imported(package / 'test')}
    assert needed - known == set()


@pytest.mark.parametrize('package', PACKAGES, ids=lambda path: path.name)
def test_nothing_is_declared_that_is_not_imported(package):
    used = imported(package / package.name)
    declared_modules = declared(package, ('depend', 'exec_depend'))
    assert declared_modules - {ROSDEP_KEYS.get(name, name) for name in used} == set()
