"""Runs the suite on SQLite and on PostgreSQL, with Redis where one answers.

    python tests/run.py [options and paths for pytest]

Tests that touch no database run once, with SQLite; all others run on both. It takes the
servers that are there, starts private ones where it can, says what it used and what it
left out, and measures both runs together.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.servers import postgres_url, redis_url  # noqa: E402

ROOMS = "connections/*,rules/*,deliveries/*"
FLOOR = "95"
AGAIN = ", without the tests that touch no database: they have run"


def main() -> int:
    """The exit status: 0 only when every run passed and nothing required was left out."""
    arguments = sys.argv[1:]
    started, left_out, failed = time.monotonic(), [], []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="meshes-suite-")))
        postgres, postgres_is = postgres_url(stack)
        redis, redis_is = redis_url(stack)
        databases = {"SQLite": f"sqlite:///{folder / 'meshes.sqlite3'}", "PostgreSQL": postgres}
        say(f"PostgreSQL: {postgres_is}. Redis: {redis_is}.")
        left_out += [] if redis else ["Redis"]
        for name, url in databases.items():
            if not url:
                left_out.append(name)
                continue
            say(f"The suite on {name}{AGAIN if name == 'PostgreSQL' else ''}")
            env = environment(folder, name=name, database=url, redis=redis)
            failed += [name] if pytest(arguments, env=env) else []
        covered = True if arguments or failed else coverage(folder)
    return verdict(left_out, failed, covered=covered, seconds=time.monotonic() - started)


def environment(folder: Path, *, name: str, database: str, redis: str) -> dict[str, str]:
    """What one run of pytest finds in its environment."""
    return {
        **os.environ,
        "DATABASE_URL": database,
        "MESHES_TEST_REDIS_URL": redis,
        "MESHES_TEST_ONLY_DATABASE": "1" if name == "PostgreSQL" else "",
        "COVERAGE_FILE": str(folder / f".coverage.{name}"),
    }


def pytest(arguments: list[str], *, env: dict[str, str]) -> int:
    """The status of one run; without arguments the whole suite, measured."""
    processes = ["-n", os.environ.get("MESHES_TEST_PROCESSES", "2")]
    measured = ["--cov", "--cov-report="]
    command = [sys.executable, "-m", "pytest", *processes, *(arguments or measured)]
    return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode


def coverage(folder: Path) -> bool:
    """Whether the three rooms are covered well enough by both runs together."""
    files = sorted(str(path) for path in folder.glob(".coverage.*"))
    env = {**os.environ, "COVERAGE_FILE": str(folder / ".coverage")}
    tool = [sys.executable, "-m", "coverage"]
    subprocess.run([*tool, "combine", "-q", *files], cwd=ROOT, env=env, check=True)
    say("Coverage of lines and branches, everything")
    subprocess.run([*tool, "report"], cwd=ROOT, env=env, check=False)
    say(f"Coverage of connections, rules and deliveries: {FLOOR} % is the least")
    report = [*tool, "report", "--format=total", f"--include={ROOMS}", f"--fail-under={FLOOR}"]
    return subprocess.run(report, cwd=ROOT, env=env, check=False).returncode == 0


def verdict(left_out: list[str], failed: list[str], *, covered: bool, seconds: float) -> int:
    """Say how it went; the exit status."""
    required = os.environ.get("MESHES_TEST_REQUIRE") == "all"
    for name in left_out:
        say(f"LEFT OUT: {name}" + (" (required here, so this is a failure)" if required else ""))
    for name in failed:
        say(f"FAILED on {name}")
    if not covered:
        say(f"FAILED: less than {FLOOR} % of connections, rules and deliveries is covered")
    say(f"Done in {seconds:.0f} s")
    return 1 if failed or not covered or (left_out and required) else 0


def say(text: str) -> None:
    """A line that stands out between the runs."""
    print(f"== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
