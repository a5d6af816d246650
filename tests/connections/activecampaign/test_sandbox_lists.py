"""Lists and memberships: API reference section 5."""

import pytest


@pytest.fixture
def ada(server):
    return server.state.add_contact("ada@example.com", first_name="Ada", last_name="Poe")


def test_a_new_membership_is_201_and_echoes_what_was_sent(wire, server, ada):
    answer = wire.put_on_list("1", 2, "1")

    row = answer.json()["contactList"]
    assert answer.status_code == 201
    assert [row["contact"], row["list"], row["status"], row["sourceid"]] == ["1", 2, "1", 3]
    assert [row["first_name"], row["last_name"]] == ["Ada", "Poe"]
    assert server.state.lists_of("ada@example.com") == {"Newsletter": 1}


def test_a_later_write_changes_the_same_membership_with_200(wire, server, ada):
    wire.put_on_list("1", "2", 1)

    answer = wire.put_on_list("1", "2", 2, sourceid=4)

    assert answer.status_code == 200
    assert answer.json()["contactList"]["id"] == "1"
    assert answer.json()["contactList"]["sourceid"] == 4
    assert server.state.lists_of("ada@example.com") == {"Newsletter": 2}


def test_status_1_overrides_an_unsubscribe(wire, server, ada):
    server.state.unsubscribe("ada@example.com", 2)

    assert wire.put_on_list("1", "2", 1).status_code == 200
    assert server.state.lists_of("ada@example.com") == {"Newsletter": 1}


def test_reading_memberships_gives_the_status_as_text(wire, server, ada):
    server.state.bounce("ada@example.com", 3)

    row = wire("GET", "contacts/1/contactLists").json()["contactLists"][0]

    assert [row["list"], row["status"], row["sourceid"]] == ["3", "3", "3"]
    assert wire("GET", "contacts/1").json()["contact"]["bounced_hard"] == "1"


def test_an_unknown_list_and_contact_are_named_together(wire):
    answer = wire.put_on_list("8", "9")

    errors = answer.json()["errors"]
    assert answer.status_code == 422
    assert [error["error"] for error in errors] == ["list_not_exist", "contact_not_exist"]
    assert [error["code"] for error in errors] == ["related_missing", "related_missing"]


@pytest.mark.parametrize("status", [4, "9", -1, "x", True])
def test_a_status_outside_0_to_3_is_no_valid_choice(wire, server, ada, status):
    answer = wire.put_on_list("1", "2", status)

    assert answer.status_code == 422
    detail = answer.json()["errors"][0]["detail"]
    assert detail == "The value you selected is not a valid choice."
    assert server.state.lists_of("ada@example.com") == {}


def test_a_missing_key_is_an_empty_400(wire, ada):
    answer = wire("POST", "contactLists", {"contactList": {"contact": "1", "list": "2"}})

    assert (answer.status_code, answer.json()) == (400, {})


def test_only_the_step_to_active_starts_a_list_automation(wire, server, ada):
    server.state.add_automation("Welcome", list=2)

    for status in (1, 1, 2, 1):
        wire.put_on_list("1", "2", status)

    assert server.state.automations_of("ada@example.com") == ["Welcome", "Welcome"]


def test_lists_are_filtered_ordered_and_counted(wire):
    by_name = wire("GET", "lists?filters[name]=newsletter").json()
    ordered = wire("GET", "lists?orders[name]=DESC&limit=2").json()

    assert [row["name"] for row in by_name["lists"]] == ["Newsletter"]
    assert [row["name"] for row in ordered["lists"]] == ["Product updates", "Onboarding"]
    assert ordered["meta"]["total"] == "3"


def test_a_list_needs_its_four_members_and_answers_201(wire):
    whole = {"name": "L", "stringid": "l", "sender_url": "https://e.com", "sender_reminder": "r"}

    refused = wire("POST", "lists", {"list": {"name": "L"}})
    made = wire("POST", "lists", {"list": whole})

    assert refused.status_code == 422
    assert (made.status_code, made.json()["list"]["id"]) == (201, "4")
    assert wire("DELETE", "lists/4").json() == {}
    assert wire("GET", "lists/4").json() == {"message": "No Result found for List with id 4"}


def test_an_unshared_list_is_hidden_until_a_group_may_see_it(wire, server):
    list_id = server.state.add_list("Secret", shared=False)
    server.faults.set("hide_unshared_lists")

    hidden = wire("GET", f"lists/{list_id}")
    wire("POST", "listGroups", {"listGroup": {"listid": int(list_id), "groupid": 1}})

    assert (hidden.status_code, hidden.headers["Content-Type"]) == (403, "text/plain")
    assert hidden.json()["errors"][0]["detail"] == "You do not have permission to view lists."
    assert wire("GET", f"lists/{list_id}").status_code == 200


def test_exclusions_count_with_a_number(wire, server):
    server.state.exclude("out@example.com")

    assert wire("GET", "lists/exclusions").json()["meta"] == {"total": 1}
