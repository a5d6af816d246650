"""How gunicorn serves Meshes; `gunicorn meshes.wsgi` finds this file by itself.

What gunicorn refuses before Django sees it is answered as the API answers, and
logged without what was sent.
"""

import json
import time
from typing import Any

from django.conf import settings
from gunicorn import util
from gunicorn.http import errors
from gunicorn.workers.gthread import DEFAULT_WORKER_DATA_TIMEOUT, ThreadWorker

REFUSALS = (
    (errors.LimitRequestLine, 414, "URI Too Long"),
    (errors.LimitRequestHeaders, 431, "Request Header Fields Too Large"),
    (errors.ExpectationFailed, 417, "Expectation Failed"),
    (errors.UnsupportedTransferCoding, 501, "Not Implemented"),
    (errors.ForbiddenProxyRequest, 403, "Forbidden"),
    (errors.ParseException, 400, "Bad Request"),
)
LINGERS = 2.0, 64 * 1024 * 1024
"""Seconds and bytes for which a connection that closes is still read."""
HEAD = (
    "HTTP/1.1 {status} {phrase}\r\nConnection: close\r\n"
    "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
)


class JsonErrorsWorker(ThreadWorker):
    """Refuses malformed HTTP in the contract's JSON instead of HTML.

    Source: Meshes API wire contract, section 3.
    """

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """Read and forget what a refused request still sends, for a few seconds at most.

        Why: gunicorn itself gives up after 64 KiB and closes the connection, having answered
        that it stays open; the client's next event would be lost. Before a connection is
        closed it is read too, as a client that still sends would not see the answer.
        """
        wait_s, most = LINGERS
        if keepalive:
            wait_s, most = DEFAULT_WORKER_DATA_TIMEOUT, settings.MAX_BULK_BYTES + 1
        try:
            read = conn.parser.finish_body(deadline=time.monotonic() + wait_s, max_bytes=most)
        except (errors.ParseException, OSError):
            return False  # it has its answer already
        return keepalive and bool(read)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer and log a request that could not be read; other errors as gunicorn does."""
        found = ((status, phrase) for kind, status, phrase in REFUSALS if isinstance(exc, kind))
        status, phrase = next(found, (0, ""))
        if not status:
            super().handle_error(req, client, addr, exc)
            return
        self.log.warning("Refused malformed HTTP with %s: %s", status, type(exc).__name__)
        try:
            util.write_nonblock(client, answer(status, phrase))
        except OSError:
            self.log.debug("The client did not wait for the answer.")


def answer(status: int, phrase: str) -> bytes:
    """The whole answer as bytes."""
    name = "".join(word.capitalize() if word != "URI" else word for word in phrase.split())
    message = "The request is not HTTP that this server can read."
    body = json.dumps({"message": phrase, "error": {"name": name, "message": message}})
    return (HEAD.format(status=status, phrase=phrase, length=len(body)) + body).encode()


def pre_request(worker: Any, req: Any) -> None:
    """Say that the connection closes after a body that is too large to be read when refused."""
    worker.log.debug("%s %s", req.method, req.path)
    sizes = [value for name, value in req.headers if name == "CONTENT-LENGTH"]
    if sizes and int(sizes[0]) > settings.MAX_BULK_BYTES:
        req.force_close()


worker_class = JsonErrorsWorker
threads = 4  # of each process, with a database connection each; WEB_CONCURRENCY sets the processes
control_socket_disable = True  # it would lie in the home folder of whoever runs the server

# Without the query of an address, which may hold what somebody searched for, and without the
# page that led there: an email stands in no log.
access_log_format = '%(h)s %(l)s %(u)s %(t)s "%(m)s %(U)s %(H)s" %(s)s %(b)s %(M)sms'
