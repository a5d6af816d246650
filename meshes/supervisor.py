"""Keeps one django-q2 cluster alive and at work, and ends it in bounded time.

django-q2 can stand still for ever after one killed process while it looks
alive. The supervisor judges by the pump's sign of life in the database and
replaces a cluster that shows none; what it had in hand is scheduled meanwhile.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable

import redis
import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections

from deliveries import beats, recovery
from deliveries.tasks import enqueue

LOOK_EVERY_S = 1.0
SILENCE_S = 15.0
SILENCE_PER_WORKER_S = 3.5
MOST_SILENCE_S = 50.0
DRAIN_S = 60.0
PICKS_UP_FOR_S = 2.0
PR_SET_PDEATHSIG = 1

log = structlog.get_logger(__name__)


def patience_s(workers: int, fruitless: int) -> float:
    """How long a cluster may show no pump before it is replaced.

    Shape: `fruitless` counts replacements since the last sign of a pump.
    Why: a machine too busy to start a cluster in time would never get one if
    each were ended as early as the one before.
    """
    once = SILENCE_S + SILENCE_PER_WORKER_S * workers
    return min(MOST_SILENCE_S, once * (1 << min(fruitless, 5)))


def _end_with_parent() -> None:
    """Ask Linux to send this process SIGTERM when the supervisor dies; elsewhere do nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """One cluster in a session of its own, so that a signal to our group spares it."""

    def __init__(self, *, say: Callable[[str], None]) -> None:
        self.say = say
        self.name = f"worker-{uuid.uuid4()}"
        self.cluster: subprocess.Popen[bytes] | None = None
        self.stopping = False
        self.pump_seen_at = 0.0
        self.fruitless = 0

    def run(self) -> None:
        """Supervise until a signal asks for the end; then drain and return."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)
        os.environ[beats.WORKER_VARIABLE] = self.name
        row = beats.start("supervisor")
        try:
            while not self.stopping:
                self._look(row.pk)
                time.sleep(LOOK_EVERY_S)
        finally:
            self._drain()
            with contextlib.suppress(DatabaseError):
                beats.stop(row.pk)

    def _ask_to_stop(self, *_: object) -> None:
        self.stopping = True

    def _look(self, row_id: uuid.UUID) -> None:
        if self.cluster is None or self.cluster.poll() is not None:
            self._start()
        try:
            beats.beat(row_id)
            self._keep_a_pump()
            self._pick_up()
        except (DatabaseError, redis.RedisError) as error:
            log.warning("database_or_queue_unavailable", error=type(error).__name__)
            close_old_connections()
            self.pump_seen_at = time.monotonic()

    def _start(self) -> None:
        if self.cluster is not None:
            log.warning("cluster_ended", code=self.cluster.returncode)
            self._kill()
        self.cluster = subprocess.Popen(  # noqa: S603  our own command with no outside input
            [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"],
            start_new_session=True,
            preexec_fn=_end_with_parent,
            stdout=subprocess.DEVNULL,
        )
        self.pump_seen_at = time.monotonic()
        self.say(f"Worker started (cluster process {self.cluster.pid}).")

    def _keep_a_pump(self) -> None:
        """Ask for a pump until ours beats; a cluster that never starts one is dead.

        Why: any worker may take the message from the shared queue and pass it
        on a few times, so it can take more messages until ours gets one.
        """
        now = time.monotonic()
        if beats.alive("pump", worker=self.name):
            self.pump_seen_at, self.fruitless = now, 0
            return
        enqueue("pump")
        if beats.is_closing("pump", worker=self.name):
            self.pump_seen_at = now
        if now - self.pump_seen_at > patience_s(beats.alive("supervisor"), self.fruitless):
            self.fruitless += 1
            self.say("The cluster stands still; replacing it.")
            log.error("cluster_stands_still", silent_s=round(now - self.pump_seen_at))
            self._kill()
            self._start()

    def _pick_up(self) -> None:
        """Schedule again what dead workers left in hand, also while no pump is there to do it.

        Why: a new cluster may take as long to come as the promise leaves after
        the lease; briefly, so that our own sign of life is never late.
        """
        try:
            recovery.pick_up_abandoned(within_s=PICKS_UP_FOR_S)
        except DatabaseError:
            raise
        except Exception as error:
            log.error("sweep_broke", sweep="pick_up_abandoned", exc_info=error)
            close_old_connections()

    def _drain(self) -> None:
        """Ask pumps of this worker to stop, then the cluster, then insist."""
        if self.cluster is None or self.cluster.poll() is not None:
            return
        self.say("Stopping: finishing what is in hand.")
        try:
            beats.ask_to_stop(worker=self.name)
        except DatabaseError as error:
            log.warning("database_unavailable", error=type(error).__name__)
        self.cluster.send_signal(signal.SIGTERM)
        try:
            self.cluster.wait(timeout=DRAIN_S)
        except subprocess.TimeoutExpired:
            log.warning("drain_took_too_long", limit_s=DRAIN_S)
        self._kill()
        self.say("Worker stopped.")

    def _kill(self) -> None:
        """End whatever is left of the cluster's session, at once."""
        if self.cluster is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.cluster.pid, signal.SIGKILL)
        self.cluster.wait()
        try:
            beats.ask_to_stop(worker=self.name, kind="pump")
        except DatabaseError as error:
            log.warning("database_unavailable", error=type(error).__name__)
