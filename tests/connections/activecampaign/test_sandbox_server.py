"""Starting, stopping, keys, accounts and the request log."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from connections.destinations.activecampaign.sandbox import PortTaken, SandboxServer
from connections.destinations.activecampaign.sandbox.messages import Request
from connections.destinations.activecampaign.sandbox.request_log import RequestLog

KEY_ANSWERS = [
    ("empty", 403, None, b""),
    ("json", 403, "application/json", b'{"message":"Forbidden"}'),
    ("login_page", 200, "text/html; charset=UTF-8", b"<!DOCTYPE html>"),
]


@pytest.mark.parametrize(("kind", "status", "content_type", "start"), KEY_ANSWERS)
def test_a_wrong_key_reaches_no_account(wire, server, kind, status, content_type, start):
    server.configure(wrong_key=kind)
    wire.session.headers["Api-Token"] = "wrong"

    answer = wire.sync("a@example.com")

    assert (answer.status_code, answer.headers.get("Content-Type")) == (status, content_type)
    assert answer.content.startswith(start)
    assert server.state.contact_by_email("a@example.com") is None
    assert [(row.outcome, row.account) for row in server.state.requests] == [("wrong_key", "")]


def test_the_log_has_what_arrived_without_the_key(wire, server):
    wire("POST", "contact/sync?x=1", {"contact": {"email": "a@example.com"}})

    [entry] = server.state.requests
    assert [entry.method, entry.path, entry.query] == ["POST", "/api/3/contact/sync", "x=1"]
    assert entry.body == {"contact": {"email": "a@example.com"}}
    assert [entry.status, entry.outcome, entry.account] == [201, "answered", "default"]
    assert entry.headers["accept"] == "application/json"
    assert server.key not in repr(entry)


def test_the_log_is_bounded_by_number_and_by_bytes():
    log = RequestLog(size=3, max_bytes=100)
    for number in range(5):
        log.open(Request("POST", f"/{number}", {}, b"x" * 10), account="default")
    assert [entry.path for entry in log.since(0)] == ["/2", "/3", "/4"]

    log.open(Request("POST", "/big", {}, b"x" * 95), account="default")
    assert [entry.path for entry in log.since(0)] == ["/big"]


def test_twelve_first_syncs_of_one_email_make_one_contact(server):
    def first(_):
        return requests.post(
            f"{server.url}/api/3/contact/sync",
            json={"contact": {"email": "a@example.com"}},
            headers={"Api-Token": server.key},
            timeout=10,
        )

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(first, range(12)))

    assert sorted(answer.status_code for answer in answers) == [200] * 11 + [201]
    assert len(server.state.data.contacts) == 1


def test_accounts_are_told_apart_by_key_and_share_nothing(wire, server):
    other = server.add_account(key="other-key", rate_per_second=1.0)
    other.faults.set("payment_required", skip=1)

    wire.session.headers["Api-Token"] = "other-key"
    wire.sync("a@example.com")

    assert wire("GET", "tags").status_code == 429
    assert other.state.contact_by_email("a@example.com")["id"] == "1"
    assert server.state.contact_by_email("a@example.com") is None
    assert [len(other.state.requests), len(server.state.requests)] == [2, 0]


def test_an_account_with_a_host_takes_only_its_own_key(wire, server):
    server.add_account(key="seven", host="account-7.localhost")
    host = {"Host": f"account-7.localhost:{server.port}"}

    own = wire("GET", "users/me", headers={**host, "Api-Token": "seven"})
    foreign = wire("GET", "users/me", headers={**host, "Api-Token": server.key})

    assert [own.status_code, foreign.status_code] == [200, 403]
    assert own.json()["user"]["links"]["lists"].startswith("http://account-7.localhost:")


@pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.7", "127.0.0.8"])
def test_two_hosts_may_use_the_same_key_on_one_port(server):
    accounts = [server.add_account(key="same", host=f"127.0.0.{number}") for number in (7, 8)]

    for account in accounts:
        body = {"contact": {"email": f"{account.host}@example.com"}}
        url = f"{server.url_of(account)}/api/3/contact/sync"
        requests.post(url, json=body, headers={"Api-Token": "same"}, timeout=5)

    assert [len(account.state.data.contacts) for account in accounts] == [1, 1]
    assert accounts[0].state.contact_by_email("127.0.0.7@example.com") is not None


def test_many_requests_share_one_connection(wire, server):
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=5)
    request = f"GET /api/3/users/me HTTP/1.1\r\nHost: x\r\nApi-Token: {server.key}\r\n\r\n"
    with connection:
        for _ in range(3):
            connection.sendall(request.encode())
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("Transfer-Encoding: chunked", 411),
        ("Content-Length: x", 400),
        ("Content-Length: 99999999", 413),
    ],
)
def test_a_body_of_unclear_or_excessive_length_is_refused(server, head, status):
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(f"POST /api/3/contacts HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode())

        assert connection.recv(65536).startswith(f"HTTP/1.1 {status}".encode())


def test_stopping_ends_held_connections_at_once(wire, server):
    server.faults.set("hang", seconds=60.0)
    request = f"GET /api/3/tags HTTP/1.1\r\nHost: x\r\nApi-Token: {server.key}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(request.encode())
        while not server.state.requests:
            time.sleep(0.01)
        server.stop()

        assert connection.recv(1) == b""


def test_a_taken_port_is_named_with_what_to_do(server):
    with pytest.raises(PortTaken, match=rf"127\.0\.0\.1:{server.port} .*--port"):
        SandboxServer(port=server.port).start()


def test_a_stopped_server_starts_again_with_its_data(server):
    server.state.add_contact("a@example.com")
    server.stop()

    with server.start():
        answer = requests.get(
            f"{server.url}/api/3/contacts", headers={"Api-Token": server.key}, timeout=5
        )

    assert answer.json()["meta"]["total"] == "1"


def test_merged_contacts_and_tags_leave_dead_ids_behind(wire, server):
    state = server.state
    state.add_contact("old@example.com", tags=["step-1-complete"])
    state.add_contact("new@example.com", tags=["step-2-complete"])

    state.merge_contacts("old@example.com", "new@example.com")
    state.merge_tags("2", "4")

    assert state.tags_of("new@example.com") == ["step-2-complete", "step-3-complete"]
    assert wire("GET", "contacts/1").status_code == 404
    assert wire("GET", "tags/2").status_code == 404
    assert state.automations_of("new@example.com") == []
