"""Which addresses may be called, and that only checked ones are."""

import socket
import time

import pytest

from connections.destinations.dialing import dial, limits, refused
from connections.destinations.errors import Misconfigured, TimedOut, Unreachable


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.1",
        "10.1.2.3",
        "100.100.100.200",
        "127.0.0.1",
        "168.63.129.16",
        "169.254.169.254",
        "172.31.255.255",
        "192.168.0.1",
        "198.18.0.1",
        "203.0.113.9",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::10.0.0.1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "fd00:ec2::254",
        "fe80::1%eth0",
        "ff02::1",
    ],
)
def test_a_special_address_is_refused(address):
    assert refused(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "172.32.0.1", "2606:4700::1", "64:ff9b::8.8.8.8"])
def test_a_public_address_is_not_refused(address):
    assert not refused(address)


def resolving(monkeypatch, *addresses):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: found)


def test_one_private_address_among_public_ones_refuses_the_name(monkeypatch):
    resolving(monkeypatch, ("8.8.8.8", 443), ("10.0.0.1", 443))

    with pytest.raises(Misconfigured) as caught:
        dial("api.example.test", 443, allow_private=False)

    assert caught.value.reason == "address_refused"


@pytest.mark.parametrize("spelling", ["127.1", "0x7f000001", "2130706433", "localhost"])
def test_no_spelling_of_loopback_gets_through(spelling):
    with pytest.raises(Misconfigured):
        dial(spelling, 443, allow_private=False)


def test_the_next_address_is_tried_when_the_first_one_refuses(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        resolving(monkeypatch, ("127.0.0.1", port), listener.getsockname())

        with dial("api.example.test", 443, allow_private=True) as sock:
            assert sock.getpeername() == listener.getsockname()


def test_a_name_without_addresses_is_not_resolved(monkeypatch):
    resolving(monkeypatch)

    with pytest.raises(Unreachable) as caught:
        dial("api.example.test", 443, allow_private=True)

    assert caught.value.reason == "dns_failed"


def test_a_name_that_is_none_is_not_resolved():
    with pytest.raises(Unreachable) as caught:
        dial("a" * 70 + ".test", 443, allow_private=True)

    assert caught.value.reason == "dns_failed"


@pytest.fixture
def full_listener():
    """A listener whose queue is full, so that nobody else gets a connection."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        yield listener
        for sock in waiting:
            sock.close()


def test_a_host_that_does_not_accept_times_out_before_sending(full_listener):
    host, port = full_listener.getsockname()
    started = time.monotonic()

    with limits(connect_s=0.2, total_s=9), pytest.raises(TimedOut) as caught:
        dial(host, port, allow_private=True)

    assert caught.value.sent is False
    assert time.monotonic() - started < 1


def test_a_read_after_the_deadline_does_not_wait_at_all():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        with limits(connect_s=1, total_s=0.05), dial(host, port, allow_private=True) as sock:
            time.sleep(0.06)
            with pytest.raises(TimeoutError):
                sock.recv_into(bytearray(1))
            with pytest.raises(TimeoutError):
                sock.send(b"x")


def test_a_socket_outside_a_call_has_no_deadline():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        with dial(host, port, allow_private=True) as sock:
            assert sock.send(b"x") == 1
