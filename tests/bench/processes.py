"""What processes have used of the processors, read from /proc."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def tree(pid: int) -> list[int]:
    """The process and everything below it that lives now."""
    found = [pid]
    with contextlib.suppress(OSError):
        for task in (PROC / str(pid) / "task").iterdir():
            for child in (task / "children").read_text().split():
                found += tree(int(child))
    return found


def cpu_s(pids: Iterable[int]) -> float:
    """Processor time of these processes and of their ended children.

    Units: seconds, user and system together.
    """
    return sum(_used(pid) for pid in pids) / TICKS


def machine_busy_s() -> float:
    """Processor time that the whole machine has spent on work since it started."""
    user, nice, system, _idle, _wait, irq, softirq, *_ = (
        int(value) for value in (PROC / "stat").read_text().split("\n", 1)[0].split()[1:]
    )
    return (user + nice + system + irq + softirq) / TICKS


def threads(pid: int) -> int:
    """How many threads the process has."""
    with contextlib.suppress(OSError):
        return sum(1 for _ in (PROC / str(pid) / "task").iterdir())
    return 0


def _used(pid: int) -> int:
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(int(value) for value in fields[11:15])
