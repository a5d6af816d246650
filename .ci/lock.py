"""Writes the lock files from pyproject.toml, or with --check compares them with it.

The lock files name no index and no path, so that any registry can serve them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.txt", "requirements-extras.txt", "requirements-dev.txt")
OPTIONS = [
    "--quiet",
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-strip-extras",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--custom-compile-command=make lock",
]
GROUPS: dict[str, list[str]] = {
    "requirements.txt": [],
    "requirements-extras.txt": ["--all-extras", "--constraints=requirements.txt"],
    "requirements-dev.txt": ["--group=dev", "--constraints=requirements.txt"],
}
PLACES = re.compile(r"://|file:|(?:^|\s)-{1,2}(?:extra-)?(?:index|find|f|i)\b|(?:^|\s)/\w", re.M)


def main() -> int:
    """The exit status of writing or checking."""
    if "--check" in sys.argv[1:]:
        return check()
    for lock in LOCKS:
        compile_lock(lock, ROOT, *sys.argv[1:])
    return refuse_places()


def compile_lock(lock: str, folder: Path, *extra: str) -> None:
    """Write one lock file; pins that the file already holds stay where they can.

    Raises: CalledProcessError when no versions fit or no registry answers.
    """
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "compile", "pyproject.toml", *OPTIONS, *GROUPS[lock], "-o", lock]
    subprocess.run([*command, *extra], cwd=folder, check=True, capture_output=True, text=True)


def check() -> int:
    """1 with a sentence when a lock file does not follow from pyproject.toml."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in ("pyproject.toml", *LOCKS):
            shutil.copy(ROOT / file, folder)
        try:
            for lock in LOCKS:
                compile_lock(lock, folder)
        except subprocess.CalledProcessError as error:
            print(f"Lock files: no new resolution ({_last_line(error.stderr)}).")
            print("Lock files: comparing the pins with pyproject.toml instead.")
            return refuse_unsatisfied() or refuse_places()
        stale = [lock for lock in LOCKS if _pins(folder / lock) != _pins(ROOT / lock)]
    for lock in stale:
        print(f"{lock} does not follow from pyproject.toml. Run: make lock")
    return 1 if stale else refuse_places()


def refuse_unsatisfied() -> int:
    """1 with a sentence for every requirement that the pins do not meet."""
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"].values()
    wanted = {
        "requirements.txt": project["project"]["dependencies"],
        "requirements-extras.txt": [line for lines in extras for line in lines],
        "requirements-dev.txt": project["dependency-groups"]["dev"],
    }
    unmet = []
    for lock, lines in wanted.items():
        pins = dict(pin.split(" ;")[0].split("==") for pin in _pins(ROOT / lock) if "==" in pin)
        for requirement in map(Requirement, lines):
            version = pins.get(_plain(requirement.name))
            if version is None or not requirement.specifier.contains(version):
                unmet.append(f"{lock} does not satisfy {requirement}. Run: make lock")
    print("\n".join(unmet) or "Lock files: every requirement is satisfied by its pin.")
    return 1 if unmet else 0


def refuse_places() -> int:
    """1 with a sentence when a lock file names an index or a path."""
    named = [lock for lock in LOCKS if PLACES.search((ROOT / lock).read_text())]
    for lock in named:
        print(f"{lock} names an index or a path. Remove it and run: make lock")
    return 1 if named else 0


def _pins(path: Path) -> list[str]:
    # Without hashes and comments: a registry may gain wheels for a pinned version.
    lines = (line.strip().rstrip("\\").strip() for line in path.read_text().splitlines())
    return sorted(line for line in lines if line and not line.startswith(("#", "--hash")))


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _last_line(text: str) -> str:
    lines = [line.strip(" ×╰─▶") for line in (text or "").splitlines() if line.strip()]
    return lines[0] if lines else "no reason given"


if __name__ == "__main__":
    sys.exit(main())
