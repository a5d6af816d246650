"""Asks whether a locked package has a known vulnerability; says aloud when nobody answers.

Without a way to the service it skips, since a check that fails offline is switched off soon.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt")
WITHIN_S = 60
ACCEPTED: dict[str, str] = {}
"""Vulnerabilities that do not concern Meshes, by their id, each with the reason."""


def main() -> int:
    """1 when a package is vulnerable, 0 when none is or when that could not be asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default=str(Path(sys.executable).with_name("pip-audit")))
    parser.add_argument("--within", type=float, default=WITHIN_S, metavar="SECONDS")
    asked = parser.parse_args()
    report, trouble = audited(asked.program, within_s=asked.within)
    if report is None:
        print(f"SKIPPED: no audit of the dependencies, as {trouble}.")
        return 0
    return told(report)


def audited(program: str, *, within_s: float) -> tuple[list[dict[str, Any]] | None, str]:
    """What was found for each package, or None and why nothing could be found out."""
    command = [program, "--require-hashes", "--disable-pip", "--progress-spinner=off"]
    command += ["--vulnerability-service=osv", "--timeout=5", "--format=json"]
    command += [word for lock in LOCKS for word in ("--requirement", str(ROOT / lock))]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=within_s)
    except FileNotFoundError:
        return None, "pip-audit is not installed"
    except subprocess.TimeoutExpired:
        return None, f"the service gave no answer within {within_s:g} s"
    try:
        return list(json.loads(ended.stdout)["dependencies"]), ""
    except (ValueError, KeyError, TypeError):
        lines = ended.stderr.strip().splitlines() or ["no reason given"]
        return None, f"the service cannot be asked ({lines[-1].partition(':')[0].strip()})"


def told(report: list[dict[str, Any]]) -> int:
    """1 with a sentence for every vulnerability that is not accepted."""
    found = {
        (package["name"], package.get("version", ""), vulnerability["id"])
        for package in report
        for vulnerability in package.get("vulns", [])
        if vulnerability["id"] not in ACCEPTED
    }
    for name, version, which in sorted(found):
        print(f"{name} {version} has {which}. Run: make lock ARGS='--upgrade-package {name}'")
    if not found:
        print(f"Audit: {len(report)} packages, no known vulnerability.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
