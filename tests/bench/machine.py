"""The machine in words, so that a figure can be judged."""

from __future__ import annotations

import os
import platform
import sqlite3
from pathlib import Path


def described(*, load: bool = True) -> str:
    """Cores, processor, Python and what else is going on."""
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    busy = f", load {os.getloadavg()[0]:.1f}" if load else ""
    return f"{os.cpu_count()} cores ({_processor()}), {versions}{busy}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
