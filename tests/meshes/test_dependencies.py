"""Every locked package has hashes and a known license, and vulnerabilities are told or skipped."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLEAN = {"dependencies": [{"name": "django", "version": "5.2", "vulns": []}]}
HOLE = {"id": "GHSA-1", "fix_versions": ["5.3"]}
VULNERABLE = {"dependencies": [{"name": "django", "version": "5.2", "vulns": [HOLE]}]}


@pytest.fixture
def audit(tmp_path):
    """A function that runs the audit with a scanner that does as the script says."""

    def run(script: str, *words: str) -> subprocess.CompletedProcess[str]:
        scanner = tmp_path / "scanner"
        scanner.write_text(f"#!/bin/sh\n{script}\n")
        scanner.chmod(0o755)
        command = [sys.executable, ".ci/audit.py", "--program", str(scanner), *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    return run


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_every_pin_is_exact_and_has_hashes(lock):
    text = re.sub(r"(?m)^ *#.*\n", "", (ROOT / lock).read_text())
    pins = re.split(r"\n(?=\S)", text.strip())

    assert len(pins) > 30
    for pin in pins:
        assert re.match(r"[a-z0-9-]+(\[[a-z,-]+\])?==\S+", pin), pin
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", pin), pin


def test_make_installs_nothing_without_its_hash():
    installs = re.findall(r"install --quiet .*", (ROOT / "Makefile").read_text())

    assert installs
    assert all("--require-hashes" in line for line in installs)


def test_the_page_of_licenses_follows_from_the_lock_file():
    ended = subprocess.run(
        [sys.executable, ".ci/licenses.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )

    assert (ended.returncode, ended.stdout) == (0, "")


def test_no_known_vulnerability_is_said_with_the_number_of_packages(audit):
    ended = audit(f"echo '{json.dumps(CLEAN)}'")

    assert ended.returncode == 0
    assert ended.stdout == "Audit: 1 packages, no known vulnerability.\n"


def test_a_vulnerability_fails_with_what_to_do(audit):
    ended = audit(f"echo '{json.dumps(VULNERABLE)}'; exit 1")

    assert ended.returncode == 1
    assert ended.stdout.startswith("django 5.2 has GHSA-1. Run: make lock ARGS=")


def test_a_service_that_cannot_be_reached_is_skipped_aloud(audit):
    ended = audit("echo 'Traceback' >&2; echo 'requests.ConnectionError: no way' >&2; exit 1")

    assert ended.returncode == 0
    assert ended.stdout == (
        "SKIPPED: no audit of the dependencies, as the service cannot be asked "
        "(requests.ConnectionError).\n"
    )


def test_a_service_that_hangs_does_not_hold_the_checks(audit):
    ended = audit("exec sleep 30", "--within", "0.5")

    assert ended.returncode == 0
    assert "SKIPPED" in ended.stdout
    assert "within 0.5 s" in ended.stdout


def test_a_missing_scanner_is_skipped_aloud():
    command = [sys.executable, ".ci/audit.py", "--program", "/nowhere/pip-audit"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert ended.returncode == 0
    assert "SKIPPED: no audit of the dependencies, as pip-audit is not installed" in ended.stdout
