"""Measures the time from 201 to the tag in the sandbox, for both brokers.

    .venv/bin/python tests/latency.py [events]

It starts a web server, a worker and a sandbox of its own on free loopback ports, with SQLite,
or with the PostgreSQL in DATABASE_URL, and posts events one by one, each after the last one
was delivered. A known contact costs one call; a new one two, which the account's budget of
5 calls a second keeps 0.21 s apart. Redis is used where REDIS_URL or the local port answers.
Nothing is asserted: these are figures for people.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

GIVE_UP_S = 20.0
PAUSE_S = 1.1  # longer than the least time between two nudges, so that the machine is idle


def main() -> int:
    """Run each broker in a process of its own, as the settings are read once."""
    from tests.servers import redis_url

    events = sys.argv[1] if len(sys.argv) > 1 else "40"
    with ExitStack() as stack:
        redis, redis_is = redis_url(stack)
        print(f"Redis: {redis_is}. {events} events each; milliseconds from 201 to the tag.")
        for broker, url in {"database": "", "Redis": redis}.items():
            if broker == "Redis" and not redis:
                print("Redis left out.")
                continue
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="meshes-latency-"))
            env = environment(Path(folder), redis=url)
            command = [sys.executable, __file__, "--measure", broker, events, folder]
            subprocess.run(command, cwd=ROOT, env=env, check=True)
    return 0


def environment(folder: Path, *, redis: str) -> dict[str, str]:
    """What the server, the worker and the measuring process find."""
    from cryptography.fernet import Fernet

    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "meshes.settings",
        "ENV_FILE": os.devnull,
        "DATABASE_URL": os.environ.get("DATABASE_URL") or f"sqlite:///{folder / 'db.sqlite3'}",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "CREDENTIAL_KEYS": Fernet.generate_key().decode(),
        "DESTINATIONS_ALLOW_PRIVATE": "true",
        "REDIS_URL": redis,
    }


def measure(broker: str, *, events: int, folder: Path) -> None:
    """Print the percentiles for known and for new contacts."""
    import django

    django.setup()
    from django.core.management import call_command

    from connections.destinations.activecampaign.sandbox import SandboxServer
    from meshes.demo.processes import Children
    from meshes.demo.scene import make_scene

    call_command("migrate", verbosity=0)
    with SandboxServer(port=0) as sandbox, Children(folder) as children:
        scene = make_scene(sandbox)
        port = free_port()
        children.start_web(port)
        children.start_worker()
        post = poster(port, scene.key.key)
        timed(sandbox, post, email="known@example.org")  # makes the contact known
        known = [timed(sandbox, post, email="known@example.org") for _ in range(events)]
        fresh = [timed(sandbox, post, email=f"new-{n}@example.org") for n in range(events)]
    for contacts, times in {"known contact": known, "new contact": fresh}.items():
        report(f"{broker}, {contacts}", times)


def timed(sandbox: Any, post: Any, *, email: str) -> float:
    """Seconds from the 201 to the sandbox's answer to the tag call."""
    time.sleep(PAUSE_S)
    seen = tag_calls(sandbox)
    post(email)
    accepted = time.time()
    while tag_calls(sandbox) == seen:
        if time.time() - accepted > GIVE_UP_S:
            raise SystemExit("The tag did not arrive.")
        time.sleep(0.001)
    return time.time() - accepted


def tag_calls(sandbox: Any) -> int:
    """How many times the sandbox was asked to add a tag."""
    return sum(request.path.endswith("/contactTags") for request in list(sandbox.state.requests))


def poster(port: int, key: str) -> Any:
    """A function that posts the guide's event for an email over a kept connection."""
    from meshes.demo.scene import EVENT

    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Content-Type": "application/json", "X-Meshes-Publishable-Key": key}

    def post(email: str) -> None:
        body = {**EVENT, "payload": {**EVENT["payload"], "email": email}}
        line.request("POST", "/api/v1/events", json.dumps(body), headers)
        answer = line.getresponse()
        answer.read()
        if answer.status != http.HTTPStatus.CREATED:
            raise SystemExit(f"The endpoint answered {answer.status}.")

    return post


def report(name: str, times: list[float]) -> None:
    """One line of percentiles."""
    cuts = statistics.quantiles([value * 1000 for value in times], n=10)
    print(f"{name:28} p50 {cuts[4]:6.0f}   p90 {cuts[8]:6.0f}   max {max(times) * 1000:6.0f}")


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], events=int(sys.argv[3]), folder=Path(sys.argv[4]))
    else:
        sys.exit(main())
