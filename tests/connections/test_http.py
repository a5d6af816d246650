"""The line to a destination, spoken to over real sockets on loopback."""

import gzip
import json
import socket
import struct
import threading
import time

import pytest
from requests import Session

from connections.destinations import http
from connections.destinations.base import Answer, Request
from connections.destinations.errors import Misconfigured, RemoteFault, TimedOut, Unreachable
from connections.destinations.http import Line, open_session
from tests.connections.wire_server import answering, certified, dripping, serving

GET = Request("tags", "GET", "/tags", query=(("search", "a b+c"), ("limit", "1")))
POST = Request("contact_sync", "POST", "/contact/sync", body={"contact": {"email": "a@b.co"}})
HEADERS = {"Api-Token": "key-0123456789", "Accept": "application/json"}


@pytest.fixture
def session():
    with open_session(allow_private=True) as session:
        yield session


def line(session, server, exchanges=None, **over):
    values = {
        "base": f"http://127.0.0.1:{getattr(server, 'port', server)}/api/3",
        "headers": HEADERS,
        "before_call": lambda: None,
        "record": [].append if exchanges is None else exchanges.append,
        "deadline_s": 5.0,
    }
    return Line(session, **{**values, **over})


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def failed(error_type, call, request=GET):
    with pytest.raises(error_type) as caught:
        call(request)
    return caught.value


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_a_request_goes_out_as_built_and_its_answer_comes_back(session):
    with serving(answering(b'{"tags": []}', "201 Created", "X-Request-Id: r1")) as server:
        answer = line(session, server)(GET)

    assert server.received == [
        b"GET /api/3/tags?search=a+b%2Bc&limit=1 HTTP/1.1\r\n"
        + f"Host: 127.0.0.1:{server.port}\r\n".encode()
        + b"User-Agent: Meshes\r\nAccept-Encoding: identity\r\n"
        + b"Api-Token: key-0123456789\r\nAccept: application/json\r\n\r\n"
    ]
    assert answer == Answer(
        201,
        {"content-length": "12", "x-request-id": "r1"},
        b'{"tags": []}',
        answer.elapsed_ms,
    )


def test_a_body_goes_out_as_json(session):
    with serving(answering()) as server:
        line(session, server)(POST)

    head, _, body = server.received[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/3/contact/sync HTTP/1.1\r\n")
    assert json.loads(body) == POST.body


def test_calls_share_one_connection(session):
    with serving(answering()) as server:
        call = line(session, server)
        statuses = [call(GET).status, call(POST).status, call(GET).status]
        session.close()

    assert statuses == [200, 200, 200]
    assert server.connections == 1


def test_a_connection_that_was_idle_too_long_is_not_used_again(session, monkeypatch):
    monkeypatch.setattr(http, "IDLE_LIMIT_S", 0.0)
    with serving(answering()) as server:
        call = line(session, server)
        call(GET), call(POST)
        session.close()

    assert server.connections == 2


def test_a_connection_that_the_server_closed_is_not_used_again(session):
    def once(connection):
        answering()(connection)
        connection.shutdown(socket.SHUT_RDWR)

    with serving(once) as server:
        call = line(session, server)
        call(GET)
        time.sleep(0.05)
        call(POST)

    assert server.connections == 2
    assert len(server.received) == 2


@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308])
@pytest.mark.parametrize("place", ["/api/3/elsewhere", "http://169.254.169.254/latest/"])
def test_a_redirect_is_an_answer_and_is_not_followed(session, status, place):
    with serving(answering(b"", f"{status} Elsewhere", f"Location: {place}")) as server:
        answer = line(session, server)(GET)
        session.close()

    assert answer.status == status
    assert (len(server.received), server.connections) == (1, 1)


def test_cookies_are_forgotten(session):
    with serving(answering(b"{}", "200 OK", "Set-Cookie: PHPSESSID=abc; Path=/")) as server:
        call = line(session, server)
        call(GET), call(GET)
        session.close()

    assert b"ookie" not in server.received[1]


def test_the_environment_names_no_proxy_and_no_password(session, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("default login ada password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    with serving(answering()) as server:
        line(session, server)(GET)
        session.close()

    assert b"uthorization" not in server.received[0]


def test_a_compressed_answer_is_read_in_clear(session):
    body = gzip.compress(b'{"tags": []}')
    with serving(answering(body, "200 OK", "Content-Encoding: gzip")) as server:
        answer = line(session, server)(GET)

    assert answer.body == b'{"tags": []}'


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_an_answer_larger_than_the_cap_is_a_fault(session, encoding):
    body = b"x" * 5000 if encoding == "identity" else gzip.compress(b"x" * 5_000_000)
    with serving(answering(body, "200 OK", f"Content-Encoding: {encoding}")) as server:
        error = failed(RemoteFault, line(session, server, body_cap=4999))

    assert error.reason == "answer_too_large"


def test_what_stops_a_call_beforehand_passes_through_and_nothing_is_sent(session):
    class PausedError(Exception):
        pass

    def refuse():
        raise PausedError

    exchanges = []
    with serving(answering()) as server, pytest.raises(PausedError):
        line(session, server, exchanges, before_call=refuse)(GET)

    assert server.received == []
    assert exchanges == []


def test_a_port_where_nobody_listens_is_unreachable(session):
    error = failed(Unreachable, line(session, closed_port()))

    assert error.reason == "connection_refused"


def test_a_name_that_does_not_exist_is_unreachable(session, monkeypatch):
    def unknown(*_args, **_kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = failed(Unreachable, line(session, 0, base="http://api.example.test/api/3"))

    assert (error.reason, str(error)) == (
        "dns_failed",
        "The name api.example.test cannot be resolved; check the URL.",
    )


def test_a_name_server_that_does_not_answer_does_not_hold_a_call(session, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: time.sleep(1.5))
    started = time.monotonic()

    call = line(session, 0, base="http://api.example.test/api/3", connect_timeout_s=0.1)
    error = failed(Unreachable, call)

    assert error.reason == "dns_failed"
    assert time.monotonic() - started < 1.0


@pytest.mark.parametrize("when", ["before an answer", "in the headers", "in the body"])
def test_a_connection_that_breaks_leaves_the_outcome_unknown(session, when):
    parts = {
        "before an answer": b"",
        "in the headers": b"HTTP/1.1 200 OK\r\nContent-",
        "in the body": b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"a',
    }

    def serve(connection):
        connection.sendall(parts[when])
        time.sleep(0.05)
        reset(connection)

    with serving(serve) as server:
        error = failed(Unreachable, line(session, server), POST)

    assert error.reason == "connection_reset"
    assert "the request may have acted" in str(error)
    assert len(server.received) == 1


def test_bytes_that_are_no_http_break_the_connection(session):
    with serving(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")) as server:
        error = failed(Unreachable, line(session, server))
        session.close()

    assert error.reason == "connection_reset"


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nX-Slow: " + b"s" * 400,
        b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n" + b"s" * 400,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\ns\r\n" * 100,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 40,
    ],
    ids=["headers", "body", "chunks", "continue"],
)
def test_a_dripping_server_does_not_outlive_the_deadline(session, data):
    with serving(dripping(data, every_s=0.02)) as server:
        started = time.monotonic()
        error = failed(TimedOut, line(session, server, deadline_s=0.4))
        took_s = time.monotonic() - started

    assert (error.reason, error.sent) == ("timeout", True)
    assert 0.35 < took_s < 4


def test_a_silent_server_times_out_after_sending(session):
    with serving(lambda _connection: time.sleep(0.6)) as server:
        error = failed(TimedOut, line(session, server, deadline_s=0.2), POST)

    assert (error.reason, error.sent) == ("timeout", True)


def test_a_handshake_that_never_ends_times_out_before_sending(session):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        base = f"https://127.0.0.1:{silent.getsockname()[1]}/api/3"
        error = failed(TimedOut, line(session, 0, base=base, connect_timeout_s=0.2))

    assert (error.reason, error.sent) == ("timeout", False)


@pytest.mark.parametrize("way", [reset, lambda connection: connection.close()])
def test_a_host_that_hangs_up_during_the_handshake_got_nothing(session, way):
    def hang_up(listener):
        connection, _ = listener.accept()
        connection.recv(65536)
        way(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=hang_up, args=(listener,))
        thread.start()
        base = f"https://127.0.0.1:{listener.getsockname()[1]}/api/3"
        error = failed(Unreachable, line(session, 0, base=base))
        thread.join()

    assert (error.reason, str(error)) == (
        "connection_reset",
        "127.0.0.1 closed the connection; nothing was sent.",
    )


def test_a_certificate_that_nobody_vouches_for_is_refused(session, tmp_path):
    context, _ = certified(tmp_path, "localhost")
    with serving(answering(), context) as server:
        error = failed(Unreachable, line(session, 0, base=f"https://localhost:{server.port}"))

    assert error.reason == "tls_failed"
    assert server.received == []


def test_a_certificate_for_another_name_is_refused(session, tmp_path):
    context, session.verify = certified(tmp_path, "api.example.test")
    with serving(answering(), context) as server:
        error = failed(Unreachable, line(session, 0, base=f"https://localhost:{server.port}"))

    assert error.reason == "tls_failed"
    assert server.received == []


@pytest.fixture
def resolved(monkeypatch):
    """Makes every name resolve to loopback once, and to nothing after."""
    asked = []

    def resolve(host, port, **_kwargs):
        asked.append(host)
        addresses = [("127.0.0.1", port)] if len(asked) == 1 else [("192.0.2.1", port)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def test_tls_names_the_host_while_the_connection_goes_to_the_checked_address(
    session, tmp_path, resolved
):
    context, session.verify = certified(tmp_path, "api.example.test")
    named = []
    context.sni_callback = lambda _socket, name, _context: named.append(name)
    with serving(answering(), context) as server:
        base = f"https://api.example.test:{server.port}/api/3"
        answer = line(session, 0, base=base)(GET)
        session.close()

    assert answer.status == 200
    assert (named, resolved) == (["api.example.test"], ["api.example.test"])
    assert f"Host: api.example.test:{server.port}".encode() in server.received[0]


def test_a_dripping_server_behind_tls_does_not_outlive_the_deadline(session, tmp_path):
    context, session.verify = certified(tmp_path, "localhost")
    drip = dripping(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"s" * 400, every_s=0.02)
    with serving(drip, context) as server:
        base = f"https://localhost:{server.port}"
        error = failed(TimedOut, line(session, 0, base=base, deadline_s=0.5))

    assert error.sent is True


def test_a_private_address_is_refused_without_a_connection():
    exchanges = []
    with open_session(allow_private=False) as session, serving(answering()) as server:
        error = failed(Misconfigured, line(session, server, exchanges))

    assert error.reason == "address_refused"
    assert server.connections == 0
    assert [(e.status, e.error) for e in exchanges] == [(None, "address_refused")]


def test_a_key_that_cannot_stand_in_a_header_is_no_crash(session):
    with serving(answering()) as server:
        call = line(session, server, headers={"Api-Token": "a\r\nX-Evil: 1"})
        error = failed(Misconfigured, call)

    assert error.reason == "api_key_malformed"
    assert server.received == []


def test_a_host_that_is_no_name_is_no_crash(session):
    error = failed(Unreachable, line(session, 0, base="http://*.exämple/api/3"))

    assert error.reason == "dns_failed"


def test_an_exchange_is_recorded_masked(session):
    body = b'{"contact": {"id": "5", "email": "a@b.co"}, "message": "Gold for key-0123456789"}'
    exchanges = []
    with serving(answering(body, "200 OK", "Set-Cookie: s=1", "Cf-Ray: 8f")) as server:
        before = time.time()
        line(session, server, exchanges, hide=["gold"])(POST)

    (exchange,) = exchanges
    assert (exchange.method, exchange.path) == ("POST", "/contact/sync")
    assert exchange.request_body == '{"contact": {"email": "•••"}}'
    assert exchange.response_body == (
        '{"contact": {"id": "5", "email": "•••"}, "message": "••• for •••"}'
    )
    assert (exchange.status, exchange.error) == (200, "")
    assert exchange.response_headers == {"cf-ray": "8f", "content-length": str(len(body))}
    assert before <= exchange.started_at <= time.time()
    assert 0 <= exchange.elapsed_ms < 3000


def test_a_call_that_fails_is_recorded_too(session):
    exchanges = []
    failed(Unreachable, line(session, closed_port(), exchanges))

    (exchange,) = exchanges
    assert exchange.path == "/tags?search=•••&limit=1"
    assert (exchange.status, exchange.error) == (None, "connection_refused")
    assert (exchange.response_body, exchange.response_headers) == ("", {})


def test_a_crash_of_our_own_is_recorded_as_interrupted():
    exchanges = []
    with pytest.raises(AttributeError):
        line(None, 0, exchanges)(GET)

    assert [exchange.error for exchange in exchanges] == ["interrupted"]


def test_a_session_is_a_plain_session_to_its_keeper(session):
    assert isinstance(session, Session)
    assert (session.trust_env, dict(session.headers)) == (False, {})
