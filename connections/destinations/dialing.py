"""Opens sockets to checked addresses only, and makes every read obey a deadline.

A name is resolved once and the connection goes to an address of that very answer, so
a name that changes its mind between check and use gains nothing.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast

from connections.destinations.errors import DestinationError, Misconfigured, TimedOut, Unreachable

SocketAddress = tuple[Any, ...]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

REFUSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # the metadata address of one cloud, public by its number
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)
GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
MOST_TRIED = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """When a call must have connected and when it must have ended.

    Units: seconds of the monotonic clock.
    """

    connect_by: float
    end_by: float


_limits: ContextVar[Limits | None] = ContextVar("limits", default=None)


@contextmanager
def limits(*, connect_s: float, total_s: float) -> Iterator[Limits]:
    """The limits that every socket of this module obeys inside the block."""
    now = time.monotonic()
    current = Limits(connect_by=now + min(connect_s, total_s), end_by=now + total_s)
    token = _limits.set(current)
    try:
        yield current
    finally:
        _limits.reset(token)


class _Deadline(socket.socket):
    def _obey(self) -> None:
        current = _limits.get()
        if current is None:
            return
        left = current.end_by - time.monotonic()
        if left <= 0:
            raise TimeoutError("the call's deadline has passed")
        self.settimeout(left)

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self._obey()
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        self._obey()
        return super().send(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self._obey()
        super().sendall(*args, **kwargs)


class DeadlineSocket(_Deadline):
    """A plain socket whose reads and writes end at the call's deadline.

    Why: a socket's own timeout starts anew with every byte that arrives.
    """


class DeadlineTLSSocket(_Deadline, ssl.SSLSocket):
    """The same for TLS; an `SSLContext` makes it as its `sslsocket_class`."""


def refused(address: str) -> bool:
    """Whether an IP address is one that no destination may have.

    Source: IANA special-purpose address registries for IPv4 and IPv6.
    """
    ip: Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in NAT64:
            ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        elif ip not in GLOBAL_IPV6:
            return True
    return any(ip in network for network in REFUSED)


def dial(host: str, port: int, *, allow_private: bool) -> DeadlineSocket:
    """A connected socket to a permitted address of the host.

    Raises: Misconfigured `address_refused`; Unreachable `dns_failed` or
    `connection_refused`; TimedOut when nothing answered in time.
    Why: one bad address among good ones refuses the name, as nobody who means
    well gives such an answer.
    """
    found = _resolved(host, port)
    if not allow_private and any(refused(str(address[0])) for _, address in found):
        raise Misconfigured(
            "address_refused",
            f"{host} points to a private or reserved address; enter the public address.",
        )
    failure: DestinationError = _no_connection(host, OSError())
    tried = found[:MOST_TRIED]
    for index, (family, address) in enumerate(tried):
        try:
            return _connected(family, address, share=len(tried) - index)
        except OSError as error:
            failure = _no_connection(host, error)
    raise failure


def _resolved(host: str, port: int) -> list[tuple[int, SocketAddress]]:
    # getaddrinfo knows no timeout, so it runs where it can be left behind.
    answers: queue.SimpleQueue[list[Any] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=look_up, name="dns", daemon=True).start()
    try:
        answer = answers.get(timeout=_connect_left())
    except queue.Empty:
        answer = TimeoutError()
    if isinstance(answer, Exception) or not answer:
        raise Unreachable("dns_failed", f"The name {host} cannot be resolved; check the URL.")
    unique = dict.fromkeys((int(family), address) for family, _, _, _, address in answer)
    return cast(list[tuple[int, SocketAddress]], list(unique))


def _connected(family: int, address: SocketAddress, *, share: int) -> DeadlineSocket:
    sock = DeadlineSocket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(_connect_left() / share)
        sock.connect(address)
        sock.settimeout(_connect_left())
    except BaseException:
        sock.close()
        raise
    return sock


def _connect_left() -> float:
    current = _limits.get()
    left = 5.0 if current is None else current.connect_by - time.monotonic()
    return max(left, 0.001)


def _no_connection(host: str, error: OSError) -> DestinationError:
    if isinstance(error, TimeoutError):
        return TimedOut("timeout", f"{host} did not accept a connection in time.", sent=False)
    return Unreachable("connection_refused", f"{host} does not accept connections.")
