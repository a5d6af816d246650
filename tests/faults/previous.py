"""A checkout of an earlier release, whose workers run beside the present ones."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.faults.programs import ROOT

PREVIOUS = "6527b50"
SETTINGS = ("__init__.py", "settings.py")


def check_out(tree: Path) -> bool:
    """Whether the earlier release lies there now, with the settings of these runs."""
    git, tar = shutil.which("git"), shutil.which("tar")
    if not git or not tar:
        return False
    archive = tree.with_suffix(".tar")
    packed = subprocess.run([git, "archive", "-o", str(archive), PREVIOUS], cwd=ROOT, check=False)
    if packed.returncode:
        return False
    tree.mkdir()
    subprocess.run([tar, "-xf", str(archive), "-C", str(tree)], check=True)
    archive.unlink()
    own = tree / "tests" / "faults"
    own.mkdir(parents=True, exist_ok=True)
    for name in SETTINGS:
        shutil.copy(Path(__file__).with_name(name), own / name)
    return True
