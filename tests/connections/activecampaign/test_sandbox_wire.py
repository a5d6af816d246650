"""The sandbox's answers have the keys and types of the samples under tests/wire."""

import json
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[2] / "wire" / "activecampaign"


@pytest.fixture
def answers(wire, server):
    """Sample name to a function that gets the sandbox's answer to the same question."""
    server.state.add_contact("known@example.com", tags=["vip"], lists=["1"])
    body = {"contact": {"email": "KNOWN@example.com"}}
    return {
        "user_me": lambda: wire("GET", "users/me"),
        "contact_created": lambda: wire.sync("new@example.com"),
        "contact_read": lambda: wire("PUT", "contacts/1", {"contact": {}}),
        "contact_email_invalid": lambda: wire.sync("nope"),
        "contact_duplicate": lambda: wire("POST", "contacts", body),
        "tags_listed": lambda: wire("GET", "tags"),
        "contact_tag_created": lambda: wire.tag("1", "2"),
        "contact_tags_of_contact": lambda: wire("GET", "contacts/1/contactTags"),
        "lists_listed": lambda: wire("GET", "lists"),
        "contact_list_created": lambda: wire.put_on_list("1", "2"),
        "contact_lists_of_contact": lambda: wire("GET", "contacts/1/contactLists"),
        "fields_listed": lambda: wire("GET", "fields"),
    }


def sketch(value):
    """Keys and kinds without the values; the first item stands for a list."""
    if isinstance(value, dict):
        return {key: sketch(item) for key, item in value.items() if key != "links"}
    if isinstance(value, list):
        return [sketch(value[0])] if value else []
    return type(value).__name__


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_an_answer_has_the_shape_of_its_sample(answers, path):
    sample = json.loads(path.read_text())

    answer = answers[path.stem]()

    given, wanted = sketch(answer.json()), sketch(sample["body"])
    for side in (given, wanted):
        side.pop("contacts", None)
    assert answer.status_code == sample["status"]
    assert given == wanted


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_a_sample_names_its_source_and_date(path):
    sample = json.loads(path.read_text())

    assert sample["source"].startswith("ActiveCampaign API v3 reference, section ")
    assert sample["date"][:3] == "202"
