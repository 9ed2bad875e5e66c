"""Make the ROS wheels' CMake exports point at this interpreter.

The wheels on PyPI keep the absolute paths of the machine that built them; CMake then looks for
Python.h and numpy's headers in folders that exist nowhere else. Safe to run again.
"""

from pathlib import Path
import re
import sys
import sysconfig

import numpy


def main() -> None:
    include = sysconfig.get_paths()['include']
    if not (Path(include) / 'Python.h').exists():
        sys.exit(f'{include}/Python.h is missing: install the Python headers (python3-dev).')
    builder = r'/opt/python/cp3\d+-cp3\d+'
    repairs = [
        (re.compile(builder + r'/include/python3\.\d+'), include),
        (
            re.compile(builder + r'/lib/python3\.\d+/site-packages/numpy/_?core/include'),
            numpy.get_include(),
        ),
    ]
    repaired = 0
    for path in Path(sys.prefix, 'share').rglob('*.cmake'):
        text = path.read_text()
        new = text
        for pattern, replacement in repairs:
            new = pattern.sub(replacement, new)
        if new != text:
            path.write_text(new)
            repaired += 1
    print(f'{repaired} CMake export(s) repaired')


if __name__ == '__main__':
    main()
