"""Requests to the application in this process, without a server: what they cost by themselves."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from itertools import cycle
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test.utils import CaptureQueriesContext

ROUNDS = 7
ASIDE = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
Post = Callable[[], None]


class Application:
    """Django with the settings of this process, called as a server calls it."""

    def __init__(self) -> None:
        settings.THROTTLE_EVENTS_PER_SECOND, settings.THROTTLE_EVENTS_BURST = 1e9, 10**9
        self._answer = WSGIHandler()

    def poster(self, path: str, *, headers: Mapping[str, str], bodies: Sequence[str]) -> Post:
        """A function that posts the next of the bodies each time.

        Raises: RuntimeError, when it is not answered with 201.
        """
        said = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        following = cycle([body.encode() for body in bodies])

        def post() -> None:
            statuses: list[str] = []
            environ = _environ(path, next(following)) | said
            answer = self._answer(environ, lambda status, *_: statuses.append(status))
            text = b"".join(answer)
            answer.close()
            if not statuses[0].startswith("201 "):
                raise RuntimeError(f"{path} answered {statuses[0]}: {text[:200]!r}")

        return post


def cpu_ms(
    posts: Mapping[str, Post], *, times: int, rounds: int = ROUNDS
) -> dict[str, list[float]]:
    """For each function the processor time of one call, by round; all take turns.

    Units: milliseconds of this process.
    """
    for post in posts.values():
        _timed(post, max(3, times // 5))
    found: dict[str, list[float]] = {name: [] for name in posts}
    for _ in range(ROUNDS):
        for name, post in posts.items():
            found[name].append(_timed(post, times))
    return found


def ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """The median of the ratios of the rounds."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def statements(post: Post) -> int:
    """How many SQL statements one call takes, beside BEGIN and COMMIT."""
    post()
    with CaptureQueriesContext(connection) as caught:
        post()
    return sum(not query["sql"].upper().startswith(ASIDE) for query in caught.captured_queries)


def _timed(post: Post, times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        post()
    return (time.process_time() - began) / times * 1000


def _environ(path: str, body: bytes) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
