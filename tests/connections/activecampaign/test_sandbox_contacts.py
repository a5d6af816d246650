"""Contacts, as the API reference sections 2.1 and 3 describe them."""

import re

import pytest

from connections.destinations.activecampaign.sandbox.shapes.contact import LINKS

INVALID = {
    "title": "Contact Email Address is not valid.",
    "detail": "",
    "code": "email_invalid",
    "error": "must_be_valid_email_address",
    "source": {"pointer": "/data/attributes/email"},
}


def test_a_sync_that_creates_answers_201_with_the_short_shape(wire):
    answer = wire.sync("ada@example.com", firstName="Ada", phone="+15550100")

    contact = answer.json()["contact"]
    assert answer.status_code == 201
    assert contact["id"] == "1"
    assert contact["orgid"] == ""
    assert contact["organization"] == ""
    assert contact["email_empty"] is False
    assert contact["cdate"] == contact["udate"]
    assert "deleted" not in contact


def test_a_sync_that_updates_answers_200_with_the_full_shape(wire):
    wire.sync("ada@example.com", firstName="Ada", phone="+15550100")

    answer = wire.sync("Ada@Example.com", lastName="Poe")

    contact = answer.json()["contact"]
    assert answer.status_code == 200
    assert contact["id"] == "1"
    assert contact["email"] == "ada@example.com"
    assert contact["orgid"] == "0"
    assert contact["organization"] is None
    assert contact["deleted"] == "0"
    assert [contact["firstName"], contact["lastName"]] == ["Ada", "Poe"]
    assert contact["phone"] == "+15550100"


def test_links_are_eighteen_absolute_urls_of_the_host_asked_for(wire):
    contact = wire.sync("ada@example.com").json()["contact"]

    assert sorted(contact["links"]) == sorted(LINKS)
    assert len(LINKS) == 18
    assert contact["links"]["contactTags"] == f"{wire.url}/api/3/contacts/1/contactTags"
    assert contact["links"]["contactAutomations"].endswith("?limit=1000&orders%5Blastdate%5D=DESC")


def test_slashes_are_escaped_and_dates_carry_a_central_offset(wire):
    answer = wire.sync("ada@example.com")

    assert f"http:\\/\\/{wire.url.removeprefix('http://')}\\/api\\/3" in answer.text
    created = answer.json()["contact"]["cdate"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d-0[56]:00", created)


def test_field_values_of_a_sync_are_stored_and_unknown_fields_ignored(wire, server):
    values = [{"field": "1", "value": "Pro"}, {"field": 99, "value": "lost"}]

    answer = wire.sync("ada@example.com", fieldValues=values).json()

    assert [(row["field"], row["value"]) for row in answer["fieldValues"]] == [("1", "Pro")]
    assert answer["contact"]["fieldValues"] == ["1"]
    assert server.state.fields_of("ada@example.com") == {"Plan": "Pro"}


def test_field_values_outside_the_contact_are_dropped_in_silence(wire, server):
    body = {"contact": {"email": "a@example.com"}, "fieldValues": [{"field": 1, "value": "Pro"}]}

    answer = wire("POST", "contact/sync", body)

    assert answer.status_code == 201
    assert server.state.fields_of("a@example.com") == {}


@pytest.mark.parametrize("body", [{}, {"contact": {}}, {"contact": {"email": ""}}, {"contact": []}])
def test_a_sync_without_an_email_is_a_400(wire, server, body):
    answer = wire("POST", "contact/sync", body)

    error = {
        "status": 400,
        "title": "Bad Request",
        "detail": "Contact email must be provided for sync",
    }
    assert (answer.status_code, answer.json()) == (400, {"errors": [error]})
    assert len(server.state.data.contacts) == 0


@pytest.mark.parametrize(
    "email", ["nope", "@example.com", "a@b@example.com", "a(b@example.com", "a@example", "a@x.y"]
)
def test_an_invalid_email_is_a_422(wire, server, email):
    answer = wire.sync(email)

    assert (answer.status_code, answer.json()) == (422, {"errors": [INVALID]})
    assert len(server.state.data.contacts) == 0


@pytest.mark.parametrize("path", ["contacts", "contacts/sync"])
def test_a_plain_create_refuses_a_known_email_in_any_case(wire, server, path):
    wire.sync("ada@example.com", firstName="Ada")

    answer = wire("POST", path, {"contact": {"email": "ADA@example.com", "firstName": "X"}})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "duplicate"
    assert server.state.contact_by_email("ada@example.com")["firstName"] == "Ada"


def test_an_update_by_id_moves_the_email_and_refuses_a_taken_one(wire, server):
    wire.sync("old@example.com")
    wire.sync("taken@example.com")

    moved = wire("PUT", "contacts/1", {"contact": {"email": "new@example.com"}})
    refused = wire("PUT", "contacts/1", {"contact": {"email": "taken@example.com"}})

    assert (moved.status_code, moved.json()["contact"]["email"]) == (200, "new@example.com")
    assert refused.json()["errors"][0]["code"] == "duplicate"
    assert server.state.contact_by_email("old@example.com") is None
    assert server.state.contact_by_email("new@example.com")["id"] == "1"


def test_a_deleted_contact_is_404_and_comes_back_under_a_new_id(wire):
    wire.sync("ada@example.com")

    first = wire("DELETE", "contacts/1")
    second = wire("DELETE", "contacts/1")

    message = {"message": "No Result found for Subscriber with id 1"}
    assert (first.status_code, first.json()) == (200, {})
    assert (second.status_code, second.json()) == (404, message)
    assert wire.sync("ada@example.com").json()["contact"]["id"] == "2"


def test_one_contact_is_read_with_what_hangs_on_it(wire):
    wire.sync("ada@example.com", fieldValues=[{"field": "1", "value": "Pro"}])
    wire.put_on_list("1", "2")

    body = wire("GET", "contacts/1").json()

    assert body["contact"]["contactLists"] == ["1"]
    assert body["contactLists"][0]["status"] == "1"
    assert body["fieldValues"][0]["value"] == "Pro"
    assert body["deals"] == []


def test_an_id_that_is_no_number_counts_as_zero(wire):
    answer = wire("GET", "contacts/abc")

    assert answer.json() == {"message": "No Result found for Subscriber with id 0"}
