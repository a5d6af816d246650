"""The sockets: reads requests, writes answers in the manner asked for, closes on stop.

Knows no ActiveCampaign; what to answer is decided by the function it is given.
"""

import contextlib
import socket
import struct
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Event, Lock, Thread
from typing import Any

from connections.destinations.activecampaign.sandbox.messages import Answer, Request, json_answer

Answerer = Callable[[Request], Answer]
MAX_BODY = 10_000_000
DRIP_STEPS = 50
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Listener(ThreadingHTTPServer):
    """One listening socket with a thread for each connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, host: str, port: int, answerer: Answerer, stopping: Event):
        self.answerer = answerer
        self.stopping = stopping
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        super().__init__((host, port), Connection)

    def server_bind(self) -> None:
        """Bind without asking the name service for our own name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[0], self.server_address[1]  # type: ignore[assignment]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, so that stopping can close it."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that ended."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that goes away in the middle is no news here."""

    def run(self) -> None:
        """Serve in a background thread until stopped."""
        Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening and end every connection, also those that are held."""
        self.shutdown()
        self.server_close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class Connection(BaseHTTPRequestHandler):
    """One connection; requests follow each other on it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Listener

    def version_string(self) -> str:
        """What the Server header says."""
        return "meshes-sandbox"

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing; the request log is elsewhere."""

    def _serve(self) -> None:
        flaw = self._flaw()
        if flaw:
            self.close_connection = True
            self._write_whole(json_answer({"message": flaw[1]}, flaw[0]))
            return
        raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self._answer(Request(self.command, self.path, headers, raw))
        getattr(self, f"_write_{answer.manner.kind}")(answer)

    # The base class looks methods up under these names.
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve  # noqa: N815

    def _answer(self, request: Request) -> Answer:
        try:
            return self.server.answerer(request)
        except Exception as error:  # noqa: BLE001 - a bug must not look like a dead network
            self.close_connection = True
            fault = f"The sandbox failed: {type(error).__name__}."
            return json_answer({"message": fault}, 500)

    def _flaw(self) -> tuple[int, str] | None:
        text = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers:
            return 411, "Send a Content-Length; chunked bodies are not taken."
        if not (text.isascii() and text.isdigit()):
            return 400, "The Content-Length is not a number."
        if len(text) > 9 or int(text) > MAX_BODY:
            return 413, "The body is too large."
        return None

    def _head(self, answer: Answer) -> None:
        self.send_response(answer.status)
        if answer.content_type is not None:
            self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _write_whole(self, answer: Answer) -> None:
        self._head(answer)
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _write_truncate(self, answer: Answer) -> None:
        self._head(answer)
        self.wfile.write(answer.body[: len(answer.body) // 2])
        self.close_connection = True

    def _write_drip(self, answer: Answer) -> None:
        self._head(answer)
        size = max(1, len(answer.body) // DRIP_STEPS)
        for start in range(0, len(answer.body), size):
            if self.server.stopping.wait(answer.manner.seconds / DRIP_STEPS):
                break
            self.wfile.write(answer.body[start : start + size])
            self.wfile.flush()

    def _write_drop(self, answer: Answer) -> None:
        self._hold(answer.manner.seconds)
        self.close_connection = True

    def _write_reset(self, answer: Answer) -> None:
        # Closing with a linger time of zero makes the kernel send RST instead of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.close_connection = True
        self.wfile.close()
        self.rfile.close()
        self.connection.close()

    def _hold(self, seconds: float) -> None:
        # Held connections end when the server stops or the client gives up.
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and not self._left():
            if self.server.stopping.wait(min(left, 0.2)):
                break

    def _left(self) -> bool:
        try:
            peeked: bytes = self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return peeked == b""
