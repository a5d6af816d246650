"""No spelling of an address of our own network gets a packet, when typed and when dialed."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from connections.destinations.activecampaign.address import normalized
from connections.destinations.base import Request
from connections.destinations.dialing import dial
from connections.destinations.errors import DestinationError, Misconfigured, Unreachable
from connections.destinations.http import Line, open_session
from connections.models import Account, Connection
from tests.builders import make_workspace
from tests.connections.bad_addresses import ALL, DIALED, PLAIN, url
from tests.contract.machine import make_machine
from tests.contract.shapes import refusal

GET = Request("tags", "GET", "/tags")
PUBLIC, PUBLIC_TOO, INSIDE = "8.8.8.8", "2606:4700::1111", "10.0.0.1"


@pytest.fixture
def packets(monkeypatch):
    """The addresses that any socket was told to talk to; no packet of ours leaves."""
    wanted: list[Any] = []

    def keep(_socket, *given):
        wanted.append(given[-1])
        raise ConnectionRefusedError

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, keep)
    return wanted


@pytest.fixture
def answers(monkeypatch):
    """A resolver that gives each of these answers once, the last one from then on."""
    given: list[list[str]] = []
    asked: list[str] = []

    def resolve(host, port, **_kwargs):
        asked.append(host)
        found = given.pop(0) if len(given) > 1 else given[0]
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    given.append([])
    return lambda *lists: (given.clear(), given.extend(lists), asked)[2]


def call(base: str, *, allow_private: bool = False) -> DestinationError:
    """What a whole request to this address fails with."""
    with open_session(allow_private=allow_private) as session:
        line = Line(
            session, base=base, headers={}, before_call=lambda: None, record=lambda _exchange: None
        )
        with pytest.raises(DestinationError) as caught:
            line(GET)
    return caught.value


def test_the_list_of_bad_addresses_is_long_and_says_nothing_twice():
    assert len(ALL) == len(set(ALL))
    assert len(ALL) >= 110


@pytest.mark.parametrize("host", ALL)
def test_a_bad_address_is_refused_as_it_is_typed(host, packets):
    with pytest.raises(ValueError, match=r"^The API URL (points to a private|spells an IP|must)"):
        normalized({"api_url": url(host)}, allow_private=False)

    assert packets == []


@pytest.mark.parametrize("host", [*DIALED, "::1%1", "fe80::1%1"])
def test_a_bad_address_is_refused_when_it_is_dialed(host, packets):
    with pytest.raises(Misconfigured) as caught:
        dial(host, 443, allow_private=False)

    assert caught.value.reason == "address_refused"
    assert packets == []


@pytest.mark.parametrize("address", PLAIN)
def test_a_name_that_resolves_to_a_bad_address_is_refused(address, packets, answers):
    answers([address])

    error = call("https://api.example.test/api/3")

    assert (type(error), error.reason) == (Misconfigured, "address_refused")
    assert packets == []


@pytest.mark.parametrize("place", range(6))
def test_one_bad_address_refuses_the_name_wherever_it_stands(place, packets, answers):
    found = [f"8.8.4.{number}" for number in range(5)]
    found.insert(place, INSIDE)
    answers(found)

    assert call("https://api.example.test").reason == "address_refused"
    assert packets == []


def test_the_address_that_was_checked_is_the_one_that_is_called(packets, answers):
    asked = answers([PUBLIC, PUBLIC_TOO], [INSIDE])

    first = call("https://api.example.test")
    second = call("https://api.example.test")

    assert (type(first), first.reason) == (Unreachable, "connection_refused")
    assert [address[0] for address in packets] == [PUBLIC, PUBLIC_TOO]
    assert (second.reason, asked) == ("address_refused", ["api.example.test"] * 2)


def test_a_stored_address_without_https_is_not_called_once_private_ones_are_not(packets, answers):
    asked = answers([PUBLIC])

    refused = call("http://api.example.test")
    allowed = call("http://api.example.test", allow_private=True)

    assert (refused.reason, allowed.reason) == ("address_refused", "connection_refused")
    assert (asked, packets) == (["api.example.test"], [(PUBLIC, 80)])


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_no_proxy_of_the_environment_stands_in_between(name, packets, answers, monkeypatch):
    monkeypatch.setenv(name, "http://192.168.7.7:3128")
    asked = answers([PUBLIC])

    call("https://api.example.test")

    assert (asked, packets) == (["api.example.test"], [(PUBLIC, 443)])


@pytest.mark.django_db
class TestSaving:
    """The same list, typed into the form and sent to the API."""

    def test_the_form_refuses_them_at_their_field(self, staff, packets):
        given = {"workspace": str(make_workspace().pk), "name": "Inside", "save_unchecked": "on"}

        for host in ALL[::17]:  # one of each kind, as a page takes its time; the API has them all
            sent = {**given, "api_url": url(host), "api_key": "k-1"}
            answer = staff.post("/admin/connections/connection/add/", sent)
            errors = answer.context["adminform"].form.errors
            assert (answer.status_code, list(errors)) == (200, ["api_url"]), host

        assert not Connection.objects.exists()
        assert packets == []

    def test_the_api_refuses_each_at_its_place(self, packets, settings):
        settings.THROTTLE_API_BURST = len(ALL)
        workspace = make_workspace()
        machine = make_machine(workspace.organization)
        body = {"workspace": str(workspace.pk), "type": "activecampaign", "name": "Inside"}

        for host in ALL:
            metadata = {"api_url": url(host), "api_key": "k-1"}
            sent = {**body, "metadata": metadata, "save_unchecked": True}
            answer = machine.call("POST", "/connections", sent)
            (fault,) = refusal(answer, 422, "UnprocessableEntity")["data"]
            assert fault["param"] == "metadata.api_url", host

        assert not Connection.objects.exists()
        assert not Account.objects.exists()
        assert packets == []

    def test_a_name_that_leads_inside_is_refused_even_unchecked(self, staff, packets, answers):
        answers([INSIDE])
        given = {"workspace": str(make_workspace().pk), "name": "Inside", "save_unchecked": "on"}

        answer = staff.post(
            "/admin/connections/connection/add/",
            {**given, "api_url": "https://api.example.test", "api_key": "k-1"},
        )

        assert "is a private or reserved address" in answer.content.decode()
        assert not Connection.objects.exists()
        assert packets == []
