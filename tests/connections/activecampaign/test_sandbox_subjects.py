"""What the request log says about each request: whom it is about and whether it acted."""

EMAIL = "a@example.com"


def last(server):
    return list(server.state.requests)[-1]


def test_a_tag_is_added_and_taken_away_by_name_of_the_contact(wire, server):
    contact = wire.sync(EMAIL).json()["contact"]["id"]
    assert last(server).about == {"email": EMAIL, "kind": "contact", "target": "", "wanted": "sync"}

    link = wire.tag(contact, 3).json()["contactTag"]["id"]
    assert last(server).about == {"email": EMAIL, "kind": "tag", "target": "3", "wanted": "add"}
    wire("DELETE", f"contactTags/{link}")

    assert last(server).about == {"email": EMAIL, "kind": "tag", "target": "3", "wanted": "remove"}
    assert [row.applied for row in server.state.requests] == [True, True, True]


def test_a_list_status_is_told(wire, server):
    contact = wire.sync(EMAIL).json()["contact"]["id"]

    wire.put_on_list(contact, 2, 1)

    assert last(server).about == {"email": EMAIL, "kind": "list", "target": "2", "wanted": "1"}


def test_reads_name_their_contact_too(wire, server):
    contact = wire.sync(EMAIL).json()["contact"]["id"]

    wire("GET", f"contacts?email={EMAIL}&include=contactTags")
    assert last(server).about == {"email": EMAIL}
    wire("GET", f"contacts/{contact}/contactLists")

    assert last(server).about == {"email": EMAIL}


def test_what_names_no_contact_is_about_nobody(wire, server):
    wire("GET", "users/me")
    wire("DELETE", "contactTags/77")
    wire("POST", "contactTags", ["odd"])

    assert [row.about.get("email") for row in server.state.requests] == ["", "", ""]
    assert [row.applied for row in server.state.requests] == [True, False, False]


def test_a_lost_answer_still_counts_as_applied_and_a_refused_request_does_not(wire, server):
    server.faults.set("server_error", apply=True, count=1)
    wire.sync(EMAIL)
    server.faults.set("server_error", count=1)
    wire.sync(EMAIL)

    assert [(row.fault, row.applied) for row in server.state.requests] == [
        ("server_error", True),
        ("server_error", False),
    ]


def test_a_slow_answer_is_noted_as_a_fault(wire, server):
    server.faults.set("latency", seconds=0.01, count=1)

    wire.sync(EMAIL)
    wire.sync(EMAIL)

    assert [row.fault for row in server.state.requests] == ["latency", ""]


def test_another_contact_is_answered_although_the_right_one_was_written(wire, server):
    contact = wire.sync(EMAIL).json()["contact"]["id"]
    server.faults.set("wrong_contact", count=2)

    shown = wire.tag(contact, 3).json()["contacts"][0]["email"]
    synced = wire.sync(EMAIL).json()["contact"]["email"]

    assert {shown, synced} == {"stranger@elsewhere.example"}
    assert server.state.tags_of(EMAIL) == ["step-2-complete"]
