"""The poster counts answers, and takes nothing for one that is none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.bench.posting import Job, post, run


class Handler(BaseHTTPRequestHandler):
    """Answers 201 in two parts, as gunicorn does; at /refuse 400."""

    protocol_version = "HTTP/1.1"
    seen: list[bytes] = []

    def do_POST(self) -> None:
        self.seen.append(self.rfile.read(int(self.headers["Content-Length"])))
        with suppress(OSError):  # the poster goes while its last requests are out
            self.answer()

    def answer(self) -> None:
        self.send_response(400 if self.path == "/refuse" else 201)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    Handler.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_it_posts_the_bodies_in_turn_until_there_are_enough_answers(port):
    posted = run(Job(port, "/", {}, ['{"a":1}', '{"b":2}'], connections=2, answers=20))

    assert posted.answers in (20, 21)
    assert set(Handler.seen) == {b'{"a":1}', b'{"b":2}'}
    assert 0 < posted.p50_s <= posted.p99_s <= posted.took_s


def test_an_answer_that_is_no_201_ends_it(port):
    with pytest.raises(SystemExit, match="400"):
        run(Job(port, "/refuse", {}, ["{}"]))


def test_a_process_of_its_own_says_the_same(port):
    assert post(Job(port, "/", {}, ["{}"], connections=1, answers=3)).answers == 3

    with pytest.raises(RuntimeError, match="The server answered .* 400"):
        post(Job(port, "/refuse", {}, ["{}"]))
