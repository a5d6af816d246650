"""Follows docs/operating.md: an installation in a folder of its own, and the guide's commands."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "operating.md"
BLOCK = re.compile(r"<!-- (run|starts): ([a-z-]+) -->\n *```sh\n(.*?)\n *```", re.S)
ENDED = re.compile(rb"^ended \d+\r?$", re.M)
PASSWORD = "an operator of many machines"
NEEDED = ("PATH", "HOME", "LANG")
SENT = ("docs", "deploy", "templates", "meshes", "connections", "rules", "deliveries")
FILES = ("manage.py", "gunicorn.conf.py", "Makefile", ".env.example", "Procfile")


def blocks() -> dict[str, str]:
    """The guide's commands by their names."""
    found = BLOCK.findall(GUIDE.read_text())
    return {name: textwrap.dedent(text) for _, name, text in found}


class Installation:
    """The project unpacked in a folder, as an operator has it; `environment` is the machine's."""

    def __init__(self, folder: Path, *, port: int, **environment: str) -> None:
        self.folder, self.port = folder, port
        for name in SENT:
            skip = shutil.ignore_patterns("__pycache__", "images")
            shutil.copytree(ROOT / name, folder / name, ignore=skip)
        for name in (*FILES, "requirements.txt", "requirements-dev.txt", "pyproject.toml"):
            shutil.copy(ROOT / name, folder / name)
        self._lend_packages()
        kept = {name: os.environ[name] for name in NEEDED if name in os.environ}
        own = {"PORT": str(port), "WORKER_PROCESSES": "2", "WEB_CONCURRENCY": "1"}
        self.environment = {**kept, **own, **environment}
        self.text = blocks()

    def run(self, name: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A block of the guide after it ran, as it stands there."""
        ended = subprocess.run(
            ["/bin/sh", "-euxc", self._here(name)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert not check or ended.returncode == 0, ended.stdout + ended.stderr
        return ended

    def run_by_hand(self, name: str, typed: str) -> str:
        """What a block printed that asks questions at a terminal, and is answered with `typed`.

        Shape: the last line is `ended 0` when every command succeeded.
        """
        command = f"(set -eu\n{self._here(name)}\n); echo ended $?"
        script = [shutil.which("script") or "script", "-qfc", f"sh -c '{command}'", "/dev/null"]
        with subprocess.Popen(
            script,
            cwd=self.folder,
            env={**self.environment, "TERM": "dumb"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as asked:
            return _answered(asked, typed.splitlines())

    @contextlib.contextmanager
    def started(self, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """A program that the guide starts; asked to end at the end of the block."""
        with (self.folder / f"{name}.log").open("ab") as log:
            program = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {self._here(name)}"],
                cwd=self.folder,
                env={**self.environment, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield program
            program.terminate()
            assert program.wait(100) == 0, self.log(name)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            program.wait()

    def manage(self, *arguments: str, code: str = "") -> str:
        """What one of the project's commands printed."""
        python = str(self.folder / ".venv" / "bin" / "python")
        ended = subprocess.run(
            [python, "manage.py", *arguments],
            cwd=self.folder,
            env=self.environment,
            input=code,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def log(self, name: str) -> str:
        """What a started program said."""
        return (self.folder / f"{name}.log").read_text()

    def setting(self, line: str) -> None:
        """Write one more line into `.env`, as an editor would."""
        with (self.folder / ".env").open("a") as file:
            file.write(f"{line}\n")

    def _here(self, name: str) -> str:
        return self.text[name].replace("localhost:8000", f"127.0.0.1:{self.port}")

    def _lend_packages(self) -> None:
        """Stand in for the network: `make install` finds that it has been done already."""
        (self.folder / ".venv").mkdir()
        for part in Path(sys.prefix).iterdir():
            if not part.name.startswith(".installed"):
                (self.folder / ".venv" / part.name).symlink_to(part)
        for stamp in (".installed", ".installed-dev"):
            (self.folder / ".venv" / stamp).touch()
        for name in ("requirements.txt", "requirements-dev.txt"):
            os.utime(self.folder / name, (0, 0))


def _answered(program: subprocess.Popen[bytes], answers: list[str]) -> str:
    """All that the program printed, given one answer for each line that ends with a colon."""
    assert program.stdin is not None
    assert program.stdout is not None
    said, told = b"", 0
    # Its own end may be late: `script` goes on as long as somebody could type.
    while not ENDED.search(said) and (chunk := os.read(program.stdout.fileno(), 4096)):
        said += chunk
        if said[told:].rstrip(b" ").endswith(b":") and answers:
            told = len(said)
            time.sleep(0.2)  # what is typed before a password prompt is thrown away
            program.stdin.write(answers.pop(0).encode() + b"\n")
            program.stdin.flush()
    program.kill()
    return said.decode(errors="replace").replace("\r\n", "\n")
