"""Tags and tagging: API reference section 4."""

import pytest

NO_TAG = {
    "title": "Invalid value for query parameter contactTag.tag",
    "detail": "No tag id provided",
    "source": {"parameter": "contactTag.tag"},
}


@pytest.fixture
def ada(server):
    return server.state.add_contact("ada@example.com")


def names(answer):
    return [tag["tag"] for tag in answer.json()["tags"]]


def test_adding_a_tag_answers_201_with_the_full_contact_beside_it(wire, server, ada):
    answer = wire.tag("1", "2")

    body = answer.json()
    assert answer.status_code == 201
    assert body["contactTag"]["id"] == "1"
    assert body["contacts"][0]["email"] == "ada@example.com"
    assert server.state.tags_of("ADA@example.com") == ["step-1-complete"]


def test_adding_a_held_tag_answers_200_with_the_same_link(wire, ada):
    first = wire.tag("1", "2").json()["contactTag"]

    again = wire.tag("1", "2")

    assert again.status_code == 200
    assert again.json()["contactTag"]["id"] == first["id"]
    assert again.json()["contactTag"]["cdate"] == first["cdate"]


def test_a_write_echoes_ids_in_the_type_that_was_sent(wire, ada):
    as_number = wire.tag(1, 2).json()["contactTag"]
    as_text = wire.tag("1", "3").json()["contactTag"]

    assert [as_number["contact"], as_number["tag"]] == [1, 2]
    assert [as_text["contact"], as_text["tag"]] == ["1", "3"]


@pytest.mark.parametrize("tag", [None, "", "step-1-complete"])
def test_a_name_where_a_tag_id_belongs_is_a_422(wire, server, ada, tag):
    answer = wire.tag("1", tag)

    assert (answer.status_code, answer.json()) == (422, {"errors": [NO_TAG]})
    assert server.state.tags_of("ada@example.com") == []


def test_unknown_contacts_and_tags_are_404_in_their_own_words(wire, ada):
    no_contact, no_tag = wire.tag("77", "2"), wire.tag("1", "999")

    error = {"status": 404, "title": "Not Found", "detail": "Contact not found"}
    assert (no_contact.status_code, no_contact.json()) == (404, {"errors": [error]})
    assert (no_tag.status_code, no_tag.json()) == (
        404,
        {"message": "No Result found for Tag with id 999"},
    )


def test_a_missing_contact_names_the_attribute(wire):
    answer = wire("POST", "contactTags", {"contactTag": {"tag": "2"}})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["source"] == {"pointer": "/data/attributes/contact"}


def test_a_tag_goes_by_the_id_of_its_link_and_only_once(wire, server, ada):
    wire.tag("1", "4")

    first, second = wire("DELETE", "contactTags/1"), wire("DELETE", "contactTags/1")

    message = {"message": "No Result found for SubscriberTag with id 1"}
    assert (first.status_code, first.json()) == (200, {})
    assert (second.status_code, second.json()) == (404, message)
    assert server.state.tags_of("ada@example.com") == []


def test_only_a_new_tag_starts_its_automation(wire, server, ada):
    wire.tag("1", "4")
    wire.tag("1", "4")
    assert server.state.automations_of("ada@example.com") == ["Onboarding: third step done"]

    wire("DELETE", "contactTags/1")
    wire.tag("1", "4")
    assert len(server.state.automations_of("ada@example.com")) == 2


def test_a_new_tag_is_201_and_an_existing_name_200_with_the_old_one(wire):
    tag = {"tag": "Fresh", "tagType": "contact", "description": "d"}

    first = wire("POST", "tags", {"tag": tag})
    again = wire("POST", "tags", {"tag": {**tag, "tag": "FRESH"}})

    assert first.status_code == 201
    assert "subscriber_count" not in first.json()["tag"]
    assert again.status_code == 200
    assert again.json()["tag"]["id"] == first.json()["tag"]["id"]
    assert again.json()["tag"]["tag"] == "Fresh"


def test_a_tag_without_a_type_is_taken_and_stays_out_of_the_list(wire):
    tag_id = wire("POST", "tags", {"tag": {"tag": "Untyped"}}).json()["tag"]["id"]

    assert names(wire("GET", "tags?search=untyped")) == []
    assert wire("GET", f"tags/{tag_id}").json()["tag"]["tagType"] == ""


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("search=STEP-2", ["step-2-complete"]),
        ("filters[search][eq]=Step-2-Complete", ["step-2-complete"]),
        ("filters[search][eq]=step", []),
        ("filters[search][starts_with]=trial", ["trial-started"]),
        ("filters[search][contains]=finish", ["onboarding-finished"]),
        ("filters[search][gt]=step-3", ["trial-started", "step-3-complete"]),
        ("orders[search]=asc&limit=2", ["onboarding-finished", "step-1-complete"]),
    ],
)
def test_tags_are_searched_and_ordered_by_name(wire, query, expected):
    assert names(wire("GET", f"tags?{query}")) == expected


def test_ordering_by_weight_puts_the_exact_match_first(wire, server):
    server.state.add_tag("a-vip-list")
    server.state.add_tag("vip")

    assert names(wire("GET", "tags?search=vip&orders[search]=weight")) == ["vip", "a-vip-list"]


def test_a_deleted_tag_leaves_everyone_and_answers_404(wire, server, ada):
    wire.tag("1", "2")

    assert wire("DELETE", "tags/2").json() == {}
    assert wire("GET", "tags/2").json() == {"message": "No Result found for Tag with id 2"}
    assert server.state.tags_of("ada@example.com") == []
