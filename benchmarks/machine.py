"""What a figure was measured on."""

import os
from pathlib import Path
import platform


def machine() -> str:
    """Return the processor's name, the number of cores, their load, and the Python version."""
    cpu = platform.processor() or platform.machine()
    for line in Path('/proc/cpuinfo').read_text().splitlines():
        if line.startswith('model name'):
            cpu = line.partition(':')[2].strip()
            break
    load, python = os.getloadavg()[0], platform.python_version()
    return f'{cpu}, {os.cpu_count()} cores (load {load:.1f}), Python {python}'
