"""Custom fields and their values: API reference section 6."""

import pytest


def test_fields_come_with_their_options_beside_them(wire):
    body = wire("GET", "fields").json()

    plan = body["fields"][0]
    options = {row["id"]: row["value"] for row in body["fieldOptions"]}
    assert [plan["title"], plan["perstag"], plan["type"]] == ["Plan", "PLAN", "dropdown"]
    assert [options[option] for option in plan["options"]] == ["Free", "Pro", "Team"]
    assert body["meta"] == {"total": "4", "selected": None}


def test_a_new_field_gets_a_tag_in_capitals_and_a_number_as_order(wire):
    answer = wire("POST", "fields", {"field": {"title": "Personalized Tag", "type": "text"}})

    field = answer.json()["field"]
    assert answer.status_code == 201
    assert [field["perstag"], field["ordernum"]] == ["PERSONALIZEDTAG", 5]
    assert wire("GET", "fields/5").json()["field"]["ordernum"] == "5"


@pytest.mark.parametrize(("title", "code"), [("plan", "duplicate"), ("", "field_missing")])
def test_a_taken_or_missing_title_is_refused(wire, server, title, code):
    answer = wire("POST", "fields", {"field": {"title": title, "type": "text"}})

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
    assert len(server.state.data.fields) == 4


def test_a_bad_payload_of_options_has_errors_as_text(wire):
    bad = wire("POST", "fieldOption/bulk", {"fieldOptions": [{"field": 1}]})
    good = wire("POST", "fieldOption/bulk", {"fieldOptions": [{"field": 1, "value": "Gold"}]})

    assert (bad.status_code, type(bad.json()["errors"])) == (422, str)
    assert good.status_code == 201
    assert good.json()["fieldOptions"][0]["label"] == "Gold"


def test_a_deleted_option_answers_200_without_a_body(wire):
    answer = wire("DELETE", "fieldOptions/1")

    assert (answer.status_code, answer.content) == (200, b"")
    assert wire("GET", "fieldOptions/1").status_code == 404


def test_links_of_a_placed_field_are_an_empty_array(wire):
    answer = wire("POST", "fieldRels", {"fieldRel": {"field": "1", "relid": "0"}})

    assert answer.status_code == 201
    assert answer.json()["fieldRel"]["links"] == []


def test_a_value_is_made_replaced_and_deleted(wire, server):
    server.state.add_contact("ada@example.com")
    body = {"fieldValue": {"contact": "1", "field": "1", "value": "Pro"}}

    made = wire("POST", "fieldValues", body)
    body["fieldValue"]["value"] = ""
    replaced = wire("POST", "fieldValues", body)

    assert (made.status_code, replaced.status_code) == (201, 200)
    assert replaced.json()["fieldValue"]["id"] == made.json()["fieldValue"]["id"]
    assert server.state.fields_of("ada@example.com") == {"Plan": ""}
    assert wire("DELETE", "fieldValues/1").json() == {}
    gone = {"message": "No Result found for FieldValue with id 1"}
    assert wire("DELETE", "fieldValues/1").json() == gone


def test_values_are_filtered_by_field_and_text(wire, server):
    server.state.add_contact("a@example.com", fields={"Plan": "Pro"})
    server.state.add_contact("b@example.com", fields={"Plan": "Free"})

    body = wire("GET", "fieldValues?filters[fieldid]=1&filters[val]=Free").json()

    assert [row["contact"] for row in body["fieldValues"]] == ["2"]
    assert body["meta"]["total"] == "1"


def test_a_value_of_a_field_named_by_its_tag_is_refused(wire, server):
    server.state.add_contact("ada@example.com")
    body = {"fieldValue": {"contact": "1", "field": "PLAN", "value": "Pro"}}

    answer = wire("POST", "fieldValues", body)

    assert (answer.status_code, answer.json()["errors"][0]["title"]) == (422, "Field id not valid")
    assert server.state.fields_of("ada@example.com") == {}


def test_a_list_as_a_value_is_stored_as_php_would(wire, server):
    wire.sync("ada@example.com", fieldValues=[{"field": 2, "value": ["x"]}])

    assert server.state.fields_of("ada@example.com") == {"Company": "Array"}
