"""Runs the suite on SQLite and on PostgreSQL, with Redis where one answers.

    python tests/run.py [options and paths for pytest]

Tests that touch no database run once, with SQLite; all others run on both. That first run
is the whole suite, and with MESHES_TEST_COVERAGE=1 it is measured, which nearly doubles its
time. The runner takes the servers that are there, starts private ones where it can, and says what
it used and what it left out.
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
COVERAGE = ".coverage"
NOTHING_TO_RUN = 5
MOST_PROCESSES = 8
AGAIN = ", without the tests that touch no database: they have run"


def main() -> int:
    """The exit status: 0 only when every run passed and nothing required was left out."""
    arguments = sys.argv[1:]
    measuring = os.environ.get("MESHES_TEST_COVERAGE") == "1" and not arguments
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
            measured = measuring and name == "SQLite"
            failed += [name] if pytest(arguments, measured=measured, env=env) else []
        covered = coverage(folder) if measuring and not failed else True
    return verdict(left_out, failed, covered=covered, seconds=time.monotonic() - started)


def environment(folder: Path, *, name: str, database: str, redis: str) -> dict[str, str]:
    """What one run of pytest finds in its environment."""
    return {
        # Bytecode is kept: every process, and every program that a test starts, needs it.
        **{key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
        "DATABASE_URL": database,
        "MESHES_TEST_REDIS_URL": redis,
        "MESHES_TEST_ONLY_DATABASE": "1" if name == "PostgreSQL" else "",
        "COVERAGE_FILE": str(folder / COVERAGE),
    }


def pytest(arguments: list[str], *, measured: bool, env: dict[str, str]) -> int:
    """The status of one run; without arguments the whole suite."""
    # Tests in the order of collection: those that empty the database come last.
    command = [sys.executable, "-m", "pytest", "--dist=load", "--maxschedchunk=2", "-n"]
    command += [os.environ.get("MESHES_TEST_PROCESSES") or processes(), *arguments]
    command += ["--cov", "--cov-report="] if measured else []
    status = subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
    return 0 if status == NOTHING_TO_RUN and arguments else status


def processes() -> str:
    """One more than there are processors, and no more than Redis has databases for.

    Why: the slowest tests wait for programs that they started, and another works meanwhile.
    """
    return str(min((os.cpu_count() or 2) + 1, MOST_PROCESSES))


def coverage(folder: Path) -> bool:
    """Whether the three rooms are covered well enough."""
    env = {**os.environ, "COVERAGE_FILE": str(folder / COVERAGE)}
    tool = [sys.executable, "-m", "coverage", "report"]
    say("Coverage of lines and branches, everything")
    subprocess.run(tool, cwd=ROOT, env=env, check=False)
    say(f"Coverage of connections, rules and deliveries: {FLOOR} % is the least")
    report = [*tool, "--format=total", f"--include={ROOMS}", f"--fail-under={FLOOR}"]
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
