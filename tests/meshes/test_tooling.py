"""The Makefile speaks clearly to machines that lack something, and asks no network here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.fixture
def make(tmp_path):
    """A function that runs make in an empty copy with programs of the test's own making."""
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path)
    programs = tmp_path / "programs"
    programs.mkdir()

    def run(*arguments: str, **scripts: str) -> subprocess.CompletedProcess[str]:
        for name, body in scripts.items():
            (programs / name).write_text(f"#!/bin/sh\n{body}\n")
            (programs / name).chmod(0o755)
        env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        command = ["make", *arguments, f"CANDIDATES={programs / 'python3'}"]
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)

    return run


def test_an_old_interpreter_is_refused_in_one_sentence(make, tmp_path) -> None:
    ended = make("demo", python3="exit 1")

    assert ended.returncode != 0
    assert "Meshes needs Python 3.11 or newer" in ended.stderr
    assert not (tmp_path / ".venv").exists()


def test_a_missing_venv_module_is_named_with_the_remedy(make, tmp_path) -> None:
    ended = make("demo", python3='case "$2" in *venv*) exit 1;; esac')

    assert ended.returncode != 0
    assert "apt install python3-venv" in ended.stderr
    assert not (tmp_path / ".venv").exists()


def test_help_lists_every_command_of_the_makefile(make) -> None:
    ended = make("help")

    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.M)
    assert phony is not None
    for command in phony[1].split():
        assert f"make {command}: " in ended.stdout


def test_the_hooks_are_local_only() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()

    assert re.findall(r"repo: (.*)", hooks) == ["local"]
    assert "http" not in hooks


@pytest.mark.parametrize(
    "lock", ["requirements.txt", "requirements-extras.txt", "requirements-dev.txt"]
)
def test_lock_files_name_no_registry_and_no_path(lock) -> None:
    text = (ROOT / lock).read_text()

    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text
    assert not re.search(r"(?m)^\s*(-e|/|file:)", text)
