"""Looking contacts up, paging and sideloading: API reference sections 3.3 and 11."""

import pytest


@pytest.fixture
def people(server):
    for number in range(1, 26):
        server.state.add_contact(f"p{number:02d}@example.com", first_name=f"P{number}")
    server.state.add_contact("p02@example.com", tags=["step-1-complete"], lists=["1"])


def emails(answer):
    return [contact["email"] for contact in answer.json()["contacts"]]


def test_an_absent_email_is_an_empty_page_and_not_a_404(wire, people):
    answer = wire("GET", "contacts?email=nobody%40example.com")

    assert (answer.status_code, emails(answer)) == (200, [])
    assert answer.json()["meta"]["total"] == "0"


def test_an_email_is_found_without_regard_to_case(wire, people):
    answer = wire("GET", "contacts?email=P07%40EXAMPLE.com")

    assert emails(answer) == ["p07@example.com"]
    assert answer.json()["meta"]["page_input"]["email"] == "P07@EXAMPLE.com"


@pytest.mark.parametrize("query", ["", "?email=", "?emial=p01%40example.com"])
def test_an_empty_or_misspelt_filter_answers_everybody(wire, people, query):
    answer = wire("GET", f"contacts{query}")

    assert len(emails(answer)) == 20
    assert answer.json()["meta"]["total"] == "25"


def test_a_raw_plus_in_a_query_is_a_space(wire, server):
    server.state.add_contact("a+b@example.com")

    assert emails(wire("GET", "contacts?email=a+b@example.com")) == []
    assert emails(wire("GET", "contacts?email=a%2Bb@example.com")) == ["a+b@example.com"]


def test_pages_go_on_until_the_total(wire, people):
    pages = [emails(wire("GET", f"contacts?limit=10&offset={start}")) for start in (0, 10, 20)]

    assert [len(page) for page in pages] == [10, 10, 5]
    assert len({email for page in pages for email in page}) == 25


def test_a_limit_above_100_is_clamped_without_a_word(wire, server):
    for number in range(130):
        server.state.add_tag(f"extra-{number}")

    body = wire("GET", "tags?limit=1000").json()

    assert len(body["tags"]) == 100
    assert body["meta"]["total"] == "135"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("email_like=p02", ["p02@example.com"]),
        ("search=p13", ["p13@example.com"]),
        ("tagid=2", ["p02@example.com"]),
        ("listid=1", ["p02@example.com"]),
        ("listid=1&status=2", []),
        ("status=1", ["p02@example.com"]),
        ("ids[]=3&ids[]=5", ["p03@example.com", "p05@example.com"]),
        ("orders[id]=ASC&id_greater=23", ["p24@example.com", "p25@example.com"]),
        ("id_less=3&orders[id]=DESC", ["p02@example.com", "p01@example.com"]),
        ("filters[created_before]=2001-01-01", []),
    ],
)
def test_documented_filters_choose_contacts(wire, people, query, expected):
    assert emails(wire("GET", f"contacts?{query}")) == expected


def test_include_puts_tags_and_lists_beside_the_contacts(wire, people):
    query = "email=p02%40example.com&include=contactTags,contactLists"

    body = wire("GET", f"contacts?{query}").json()

    assert body["contacts"][0]["contactTags"] == ["1"]
    assert [(row["id"], row["tag"]) for row in body["contactTags"]] == [("1", "2")]
    assert [(row["list"], row["status"]) for row in body["contactLists"]] == [("1", "1")]


@pytest.mark.parametrize("name", ["contactTags", "contactLists", "fieldValues", "deals"])
def test_nested_collections_carry_no_meta(wire, people, name):
    assert list(wire("GET", f"contacts/2/{name}").json()) == [name]


def test_nested_collections_of_a_stranger_are_404(wire):
    answer = wire("GET", "contacts/9/contactTags")

    assert answer.status_code == 404
    assert answer.json() == {"message": "No Result found for Subscriber with id 9"}
