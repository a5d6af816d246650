"""Posts bodies over kept connections as fast as they are answered, from a process of its own.

    python -m tests.bench.posting < job

One thread waits for all connections and does as little as it can, and says what processor
time it took itself, as it shares the machine with the server.
"""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import cycle
from typing import Any

from tests.bench.homes import ROOT

END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length:"
PATIENCE_S = 60


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of it.

    Units: seconds; `cpu_s` is what the poster itself used.
    """

    answers: int
    took_s: float
    p50_s: float
    p99_s: float
    cpu_s: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.took_s


@dataclass(frozen=True, slots=True)
class Job:
    """What to post, and how.

    Shape: it ends after `seconds`, or after `answers` when that is above zero.
    """

    port: int
    path: str
    headers: dict[str, str]
    bodies: Sequence[str]
    connections: int = 8
    seconds: float = 1.5
    answers: int = 0


def post(job: Job) -> Posted:
    """What a process of its own measured.

    Raises: RuntimeError with the first answer that was not 201.
    """
    command = [sys.executable, "-m", "tests.bench.posting"]
    said = json.dumps(asdict(job))
    ended = subprocess.run(command, cwd=ROOT, input=said, capture_output=True, text=True)
    if ended.returncode:
        raise RuntimeError(f"The poster failed: {ended.stderr.strip().splitlines()[-1]}")
    return Posted(**json.loads(ended.stdout))


class Line:
    """One kept connection with a request on its way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer, self.sent_at = b"", 0.0

    def send(self, request: bytes) -> None:
        """Send it, and remember when."""
        self.buffer, self.sent_at = b"", time.perf_counter()
        self.socket.sendall(request)

    def answered(self) -> bool:
        """Whether the whole answer is here.

        Raises: SystemExit, when it is no 201.
        """
        part = self.socket.recv(65_536)
        self.buffer += part
        head, found, body = self.buffer.partition(END_OF_HEAD)
        if not part or (found and b" 201 " not in head[:16]):
            raise SystemExit(f"The server answered {self.buffer[:200]!r}.")
        return bool(found) and len(body) >= _length(head)


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(LENGTH)
    return int(rest.split(b"\r\n", 1)[0])


def run(job: Job) -> Posted:
    """Post until the job is done."""
    requests = cycle([_request(job, body.encode()) for body in job.bodies])
    with ExitStack() as stack:
        waiting = stack.enter_context(selectors.DefaultSelector())
        lines = [Line(job.port) for _ in range(job.connections)]
        for line in lines:
            stack.callback(line.socket.close)
            waiting.register(line.socket, selectors.EVENT_READ, line)
        began, busy = time.perf_counter(), time.process_time()
        for line in lines:
            line.send(next(requests))
        took = sorted(_answers(job, waiting, requests, began))
        wall, cpu = time.perf_counter() - began, time.process_time() - busy
    return Posted(len(took), wall, took[len(took) // 2], took[int(len(took) * 0.99)], cpu)


def _answers(
    job: Job, waiting: selectors.BaseSelector, requests: Iterator[bytes], began: float
) -> list[float]:
    """How long each answer took; every one is followed by the next request."""
    took: list[float] = []
    while _goes_on(job, len(took), began):
        ready = waiting.select(timeout=PATIENCE_S)
        if not ready:
            raise SystemExit(f"The server did not answer within {PATIENCE_S} s.")
        for key, _events in ready:
            if key.data.answered():
                took.append(time.perf_counter() - key.data.sent_at)
                key.data.send(next(requests))
    return took


def _goes_on(job: Job, answers: int, began: float) -> bool:
    if job.answers:
        return answers < job.answers
    return time.perf_counter() - began < job.seconds or not answers


def _request(job: Job, body: bytes) -> bytes:
    given: dict[str, Any] = {
        "Host": f"127.0.0.1:{job.port}",
        "Content-Type": "application/json",
        "Content-Length": len(body),
        **job.headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"POST {job.path} HTTP/1.1\r\n{head}\r\n".encode() + body


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(run(Job(**json.load(sys.stdin))))))
