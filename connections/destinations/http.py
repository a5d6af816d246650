"""The only user of `requests`: one kept session per account and the calls made on it.

Everything that can go wrong on the wire leaves here as an error of `errors`; what the
answer means is the destination's business. Nothing here retries or sleeps.
"""

from __future__ import annotations

import http.client
import json
import logging
import ssl
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlencode

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.ssl_ import create_urllib3_context

from connections.destinations.base import Answer, Exchange, Request
from connections.destinations.dialing import DeadlineSocket, DeadlineTLSSocket, dial, limits
from connections.destinations.errors import (
    DestinationError,
    Misconfigured,
    RemoteFault,
    TimedOut,
    Unreachable,
)
from connections.destinations.recording import Spent, exchange
from meshes.redaction import HARMLESS_KEYS

IDLE_LIMIT_S = 20.0
CHUNK = 64 * 1024
HARMLESS_HEADERS = frozenset({"accept", "content-type", "user-agent"})
OWN_HEADERS = {"User-Agent": "Meshes", "Accept-Encoding": "identity"}

# urllib3 writes every path with its query, and so emails, at debug level.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)


class _Connection(HTTPConnection):
    def __init__(self, *args: Any, allow_private: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.allow_private = allow_private
        self.used_at = time.monotonic()

    def _new_conn(self) -> DeadlineSocket:
        return dial(self._dns_host, self.port, allow_private=self.allow_private)

    def getresponse(self) -> Any:
        self.used_at = time.monotonic()
        return super().getresponse()

    @property
    def is_connected(self) -> bool:
        # A server drops idle connections at a time of its own; a write that
        # meets such a drop has an unknown outcome, so old ones are not used.
        return super().is_connected and time.monotonic() - self.used_at < IDLE_LIMIT_S


class _PlainConnection(_Connection):
    def _new_conn(self) -> DeadlineSocket:
        if not self.allow_private:
            # An address that was stored while private ones were allowed.
            raise Misconfigured(
                "address_refused", f"{self.host} is not called by https; enter its https address."
            )
        return super()._new_conn()


class _SecureConnection(_Connection, HTTPSConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except TimeoutError:
            raise TimedOut(
                "timeout", f"{self.host} did not finish the TLS handshake in time.", sent=False
            ) from None
        except (ssl.SSLEOFError, ConnectionError):
            raise Unreachable(
                "connection_reset", f"{self.host} closed the connection; nothing was sent."
            ) from None
        except (OSError, urllib3.exceptions.SSLError):
            raise Unreachable(
                "tls_failed", f"{self.host} has no valid certificate for its name."
            ) from None


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def __init__(self, *, allow_private: bool, pool_size: int) -> None:
        super().__init__(pool_connections=pool_size, pool_maxsize=pool_size)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_Pool, allow_private=allow_private),
            "https": partial(_SecurePool, allow_private=allow_private),
        }

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        context = create_urllib3_context()
        context.sslsocket_class = DeadlineTLSSocket
        super().init_poolmanager(*args, ssl_context=context, **kwargs)

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        # The inherited one also looks for cookies, which costs more than all the rest of it.
        response = requests.Response()
        response.status_code = resp.status
        response.headers.update(resp.headers)
        response.raw = resp
        response.request = req
        return response


class _NoCookies(RequestsCookieJar):
    def extract_cookies(self, response: Any, request: Any) -> None:
        """Keep none."""


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        # Following one would hand the key to another host.
        return None


def open_session(*, allow_private: bool, pool_size: int = 4) -> requests.Session:
    """A session to keep for one account: no redirects, cookies, proxies or retries.

    Shape: `pool_size` connections are kept for as many threads. Private,
    loopback and other special addresses are refused unless `allow_private`.
    """
    session = _Session()
    session.trust_env = False
    session.headers.clear()
    session.cookies = _NoCookies()
    adapter = _Adapter(allow_private=allow_private, pool_size=pool_size)
    session.adapters.clear()
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


@dataclass(frozen=True, slots=True)
class Line:
    """One destination account on the phone; calling it makes one request.

    Shape: `before_call` runs right before each send and may raise to prevent
    it; `record` gets exactly one masked exchange per send. `hide` holds the
    email and payload values; the values of `headers` are hidden anyway.
    Raises: Unreachable, TimedOut, Misconfigured `address_refused` or
    `api_key_malformed`, RemoteFault `answer_too_large`.
    """

    session: requests.Session
    base: str = field(kw_only=True)
    headers: Mapping[str, str] = field(kw_only=True, repr=False)
    before_call: Callable[[], object] = field(kw_only=True)
    record: Callable[[Exchange], None] = field(kw_only=True)
    hide: Collection[str] = field(default=(), kw_only=True, repr=False)
    keep: Collection[str] = field(default=HARMLESS_KEYS, kw_only=True, repr=False)
    connect_timeout_s: float = field(default=5.0, kw_only=True)
    deadline_s: float = field(default=30.0, kw_only=True)
    body_cap: int = field(default=2 * 1024 * 1024, kw_only=True)

    def __call__(self, request: Request) -> Answer:
        """The answer of the destination, whatever its status."""
        self.before_call()
        started_at, clock = time.time(), time.monotonic()
        answer, error = None, "interrupted"
        try:
            answer, error = self._sent(request, clock), ""
            return answer
        except DestinationError as failure:
            error = failure.reason
            raise
        finally:
            spent = Spent(started_at, round((time.monotonic() - clock) * 1000), error)
            self.record(exchange(request, answer, spent, keep=self.keep, hide=self._hidden()))

    def _sent(self, request: Request, clock: float) -> Answer:
        with limits(connect_s=self.connect_timeout_s, total_s=self.deadline_s) as current:
            try:
                with self._response(request) as response:
                    body = self._body(response)
            except (
                requests.RequestException,
                urllib3.exceptions.HTTPError,
                http.client.HTTPException,
                OSError,
            ) as error:
                late = time.monotonic() >= current.end_by
                # The original error names the URL, and with it an email.
                raise _broken(error, late=late) from None
        headers = {name.lower(): value for name, value in response.headers.items()}
        elapsed_ms = round((time.monotonic() - clock) * 1000)
        return Answer(response.status_code, headers, body, elapsed_ms)

    def _response(self, request: Request) -> requests.Response:
        # No proxies are named, so that none are looked for.
        return self.session.send(
            self._prepared(request),
            timeout=self.deadline_s,
            stream=True,
            allow_redirects=False,
            proxies={},
        )

    def _prepared(self, request: Request) -> requests.PreparedRequest:
        """The request without what a session would add: cookies, hooks, its own headers."""
        body = None if request.body is None else json.dumps(request.body).encode()
        query = "?" + urlencode(request.query) if request.query else ""
        prepared = requests.PreparedRequest()
        prepared.prepare_method(request.method)
        prepared.prepare_url(f"{self.base}{request.path}{query}", None)
        prepared.prepare_headers({**OWN_HEADERS, **self.headers})
        prepared.prepare_body(body, None)
        return prepared

    def _body(self, response: requests.Response) -> bytes:
        body = bytearray()
        while chunk := response.raw.read(CHUNK, decode_content=True):
            body += chunk
            if len(body) > self.body_cap:
                raise RemoteFault(
                    "answer_too_large", "The answer is larger than any answer should be."
                )
        return bytes(body)

    def _hidden(self) -> frozenset[str]:
        secrets = (v for k, v in self.headers.items() if k.lower() not in HARMLESS_HEADERS)
        return frozenset((*self.hide, *secrets))


def _broken(error: Exception, *, late: bool) -> DestinationError:
    if late:
        return TimedOut(
            "timeout", "No complete answer came in time; the request may have acted.", sent=True
        )
    if isinstance(error, requests.exceptions.InvalidURL):
        return Unreachable("dns_failed", "The host of the URL is no valid name; check the URL.")
    if isinstance(error, requests.exceptions.InvalidHeader):
        return Misconfigured("api_key_malformed", "The key contains characters that no key has.")
    return Unreachable(
        "connection_reset",
        "The connection broke before the answer was complete; the request may have acted.",
    )
