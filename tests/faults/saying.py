"""How the suite speaks: one line at a time, at once."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
