"""The switches between documented behaviors: reference section 18, second list."""

import pytest


@pytest.fixture
def ada(server):
    return server.state.add_contact("ada@example.com")


def test_the_2023_error_for_an_existing_tag_name(wire, server):
    server.faults.set("duplicate_tag_2023")

    answer = wire("POST", "tags", {"tag": {"tag": "Trial-Started", "tagType": "contact"}})

    error = "Duplicate entry 'contact-Trial-Started' for key 'typetag'"
    assert answer.status_code == 422
    assert answer.json() == {"message": "Could not process request", "error": error}


def test_a_missing_tag_id_can_be_the_400_of_2021(wire, server, ada):
    server.faults.set("missing_tag_status")
    assert wire.tag("1", "").status_code == 400


def test_an_invalid_email_can_be_an_old_400(wire, server):
    server.faults.set("invalid_email_status")
    assert wire.sync("nope").status_code == 400


def test_an_unknown_list_can_be_a_400_or_a_404(wire, server, ada):
    statuses = []
    for status in (400, 404):
        server.faults.set("related_missing_status", status=status)
        statuses.append(wire.put_on_list("1", "99").status_code)

    assert statuses == [400, 404]


def test_a_refused_enrollment_can_be_a_422(wire, server):
    server.faults.set("enroll_conflict_422")

    answer = wire("POST", "contactAutomations", {"contactAutomation": {}})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["detail"] == "Could not create SubscriberSeries"


def test_reads_can_miss_what_was_just_written(wire, server):
    server.faults.set("read_after_write_delay", seconds=60.0)
    wire.sync("ada@example.com")
    wire.tag("1", "2")

    assert wire("GET", "contacts?email=ada@example.com").json()["contacts"] == []
    assert wire("GET", "contacts/1/contactTags").json() == {"contactTags": []}
    server.faults.clear()
    assert len(wire("GET", "contacts/1/contactTags").json()["contactTags"]) == 1


def test_a_contact_can_vanish_just_before_it_is_tagged(wire, server, ada):
    server.faults.set("contact_vanishes", count=1)

    answer = wire.tag("1", "2")

    assert answer.json()["errors"][0]["detail"] == "Contact not found"
    assert server.state.contact_by_email("ada@example.com") is None


def test_a_contact_can_vanish_just_before_it_is_put_on_a_list(wire, server, ada):
    server.faults.set("contact_vanishes", count=1)

    assert wire.put_on_list("1", "2").json()["errors"][0]["error"] == "contact_not_exist"


def test_a_tag_can_vanish_just_before_it_is_added(wire, server, ada):
    server.faults.set("tag_vanishes", count=1)

    assert wire.tag("1", "2").json() == {"message": "No Result found for Tag with id 2"}
    assert server.state.tags_of("ada@example.com") == []


def test_inline_tags_and_lists_are_ignored_until_switched_on(wire, server):
    inline = {"tags": ["step-1-complete", "made here"], "lists": [{"list": 1}]}

    wire.sync("off@example.com", **inline)
    server.faults.set("inline_tags_lists")
    wire.sync("on@example.com", **inline)

    assert server.state.tags_of("off@example.com") == []
    assert server.state.lists_of("off@example.com") == {}
    assert server.state.tags_of("on@example.com") == ["made here", "step-1-complete"]
    assert server.state.lists_of("on@example.com") == {"Onboarding": 1}


def test_one_bad_inline_list_refuses_the_whole_contact(wire, server):
    server.faults.set("inline_tags_lists")

    answer = wire.sync("a@example.com", tags=["new"], lists=[{"list": 1}, {"list": 99}])

    assert answer.status_code == 422
    assert server.state.contact_by_email("a@example.com") is None


def test_fields_can_page_by_20_as_in_2022(wire, server):
    for number in range(21):
        server.state.add_field(f"Extra {number}")
    assert len(wire("GET", "fields").json()["fields"]) == 25

    server.faults.set("short_field_pages")
    assert len(wire("GET", "fields").json()["fields"]) == 20


def test_an_import_can_be_refused_by_its_own_limit(wire, server):
    server.faults.set("import_rate_limit", count=1)

    answer = wire("POST", "import/bulk_import", {"contacts": [{"email": "a@example.com"}]})

    assert (answer.status_code, answer.json()["message"]) == (400, "Rate limit exceeded.")
    assert server.state.data.batches == {}


def test_every_write_can_answer_one_status(wire, server, ada):
    server.faults.set("same_status", status=201)

    assert [wire.tag("1", "2").status_code, wire.tag("1", "2").status_code] == [201, 201]
    assert wire("GET", "tags").status_code == 200
