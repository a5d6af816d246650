"""Enrollment, users and unknown paths: API reference sections 1.2, 2 and 7."""

import pytest

REFUSED = {"message": "Could not create SubscriberSeries"}


@pytest.fixture
def ada(server):
    return server.state.add_contact("ada@example.com")


def enroll(wire, contact="1", automation="1"):
    body = {"contactAutomation": {"contact": contact, "automation": automation}}
    return wire("POST", "contactAutomations", body)


def test_enrolling_answers_201_with_numbers_for_progress(wire, server, ada):
    answer = enroll(wire)

    entry = answer.json()["contactAutomation"]
    assert answer.status_code == 201
    assert [entry["seriesid"], entry["status"], entry["completed"]] == ["1", 1, 0]
    assert server.state.automations_of("ada@example.com") == ["Onboarding: third step done"]


def test_every_refusal_to_enroll_looks_the_same(wire, ada):
    enroll(wire)

    for answer in (enroll(wire), enroll(wire, automation="99"), enroll(wire, contact="99")):
        assert (answer.status_code, answer.json()) == (403, REFUSED)


def test_a_finished_contact_can_be_enrolled_twice(wire, server, ada):
    server.configure(automation_run_s=0.0)

    assert [enroll(wire).status_code, enroll(wire).status_code] == [201, 201]
    assert len(server.state.automations_of("ada@example.com")) == 2


def test_an_unknown_entry_is_404_to_read_and_403_to_delete(wire):
    message = {"message": "No Result found for SubscriberSeries with id 3"}

    read, deleted = wire("GET", "contactAutomations/3"), wire("DELETE", "contactAutomations/3")

    assert (read.status_code, read.json()) == (404, message)
    assert (deleted.status_code, deleted.json()) == (403, message)


def test_automations_count_who_entered(wire, ada):
    enroll(wire)

    automation = wire("GET", "automations").json()["automations"][0]

    assert [automation["entered"], automation["exited"], automation["status"]] == ["1", "0", "1"]


def test_users_me_is_the_owner_of_the_key(wire):
    user = wire("GET", "users/me").json()["user"]

    assert [user["id"], user["username"], len(user["links"])] == ["1", "admin", 8]


@pytest.mark.parametrize("path", ["nothing", "bulkImport", "contacts/1/2/3"])
def test_an_unknown_path_is_404(wire, path):
    answer = wire("GET", path)

    assert (answer.status_code, answer.json()) == (404, {"message": "No Result"})


def test_an_unknown_method_is_405_and_names_the_known_ones(wire):
    answer = wire("PATCH", "contacts/1")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "DELETE, GET, PUT")


@pytest.mark.parametrize("raw", [b"{", b"[]", b"", b"\xff\xfe", b"[" * 5000])
def test_a_body_that_is_no_json_object_is_a_400(wire, server, raw):
    answer = wire.session.post(f"{wire.url}/api/3/contact/sync", data=raw, timeout=10)

    assert answer.status_code == 400
    assert len(server.state.data.contacts) == 0
