"""Starts web server, worker and sandbox, then pytest on `walk_*.py`; ends them in any case.

    python -m tests.walks [options and paths for pytest]

Where no Chromium is installed, the walks are left out and that is said.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.faults.programs import ROOT
from tests.faults.saying import say
from tests.walks.stage import Stage

CHROMIUM = "MESHES_WALKS_CHROMIUM"


def main(words: list[str]) -> int:
    """0 when every walk came to its end, or when there is no browser and none is required."""
    browser = os.environ.get(CHROMIUM) or shutil.which("chromium") or ""
    if not Path(browser).is_file():
        required = os.environ.get("MESHES_TEST_REQUIRE") == "all"
        say(
            "LEFT OUT: the walks, because Chromium is not installed. "
            f"Install it with: apt install chromium; or name the program in {CHROMIUM}."
        )
        return int(required)
    with Stage() as stage:
        return _pytest(words, env={**os.environ, **stage.environment, CHROMIUM: browser})


def _pytest(words: list[str], *, env: dict[str, str]) -> int:
    paths = [] if any(Path(word.split("::")[0]).exists() for word in words) else ["tests/walks"]
    command = [sys.executable, "-m", "pytest", "--ds=meshes.settings", "-p", "no:randomly"]
    # The name keeps them out of `make test`, which has no browser and no programs.
    command += ["-o", "python_files=walk_*.py", "-p", "no:cacheprovider", *words, *paths]
    return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
