"""Runs each combination in a process of its own, as Django's settings are read once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Any

from tests.faults import options, running
from tests.faults.combinations import named
from tests.faults.programs import ROOT
from tests.faults.saying import say
from tests.faults.servers import faketime_library, redis_program

END_WITHIN_S = 60.0


def main(words: list[str]) -> int:
    """0 when every promise held on every combination, else 1."""
    asked = options.read(words)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    if asked.child:
        return running.run(named([asked.child])[0], asked)
    say(f"Seed {asked.seed}. Repeat with: --seed {asked.seed}")
    if not faketime_library():
        say("LEFT OUT: a clock that jumps, because libfaketime is not installed.")
    results = {}
    for combination in asked.combinations:
        if combination.broker == "redis" and not redis_program():
            say(f"LEFT OUT: {combination}, because redis-server is not installed.")
            continue
        results[str(combination)] = _run(str(combination), [*words, "--seed", asked.seed])
    for name, code in results.items():
        say(f"{name}: {'all promises held' if code == 0 else 'BROKEN'}")
    return int(not results or any(results.values()))


def _run(name: str, words: list[str]) -> int:
    command = [sys.executable, "-m", "tests.faults", *words, "--child", name]
    child = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        return child.wait()
    except KeyboardInterrupt:
        # At a terminal the child heard Ctrl-C as well; it ends what it started.
        time.sleep(0.5)
        if child.poll() is None:
            child.terminate()
        child.wait(timeout=END_WITHIN_S)
        raise


def _interrupt(*_: Any) -> None:
    """Stop once; a second signal must not stop the sweeping up."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
