"""Compares the committed docs/openapi.yaml with what the code describes."""

from __future__ import annotations

import difflib
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMITTED = ROOT / "docs" / "openapi.yaml"
AGAIN = "python manage.py spectacular --validate --file docs/openapi.yaml"


def main() -> int:
    """1 when the file is missing or differs, with the differences."""
    if not COMMITTED.exists():
        print(f"docs/openapi.yaml is missing. Write it with: {AGAIN}")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "openapi.yaml"
        command = [sys.executable, "manage.py", "spectacular", "--validate", "--fail-on-warn"]
        done = subprocess.run([*command, "--file", str(fresh)], cwd=ROOT, check=False)
        if done.returncode:
            return 1
        return _differences(COMMITTED.read_text(), fresh.read_text())


def _differences(committed: str, fresh: str) -> int:
    lines = list(
        difflib.unified_diff(
            committed.splitlines(), fresh.splitlines(), "docs/openapi.yaml", "the code", lineterm=""
        )
    )
    if lines:
        print("\n".join(lines[:60]))
        print(f"docs/openapi.yaml does not describe the code. Write it with: {AGAIN}")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
