"""Reading all of an account, and checking what a key may read."""

import pytest

from connections.destinations.activecampaign import DESTINATION
from connections.destinations.base import Checked
from connections.destinations.errors import Misconfigured, RemoteFault, Unauthorized
from tests.connections.activecampaign.script import Script

ME = 200, {"user": {"id": "1", "links": {"lists": "https://acme.api-us1.com/api/3/users/1/lists"}}}
DENIED = (
    403,
    {"errors": [{"title": "Forbidden", "detail": "You do not have permission to view it."}]},
)
NOTHING = (200, {"lists": []}), (200, {"fields": []})


def page(first, last, total=None):
    tags = [{"id": str(n), "tag": f"tag {n}", "tagType": "contact"} for n in range(first, last)]
    return 200, {"tags": tags, **({"meta": {"total": str(total)}} if total is not None else {})}


def read(*lines):
    script = Script(*lines)
    items = list(DESTINATION.read_catalog(script))
    assert script.lines == []
    return script, items


def test_tags_lists_and_fields_are_read():
    lists = 200, {"lists": [{"id": "3", "name": "News"}], "meta": {"total": "1"}}
    fields = 200, {"fields": [{"id": "8", "title": "Plan", "type": "text"}], "meta": {"total": 1}}

    script, items = read(page(1, 3, 2), lists, fields)

    assert script.calls == [
        "GET /tags?limit=100&offset=0",
        "GET /lists?limit=100&offset=0",
        "GET /fields?limit=100&offset=0",
    ]
    assert [(item.kind, item.id, item.label) for item in items] == [
        ("tag", "1", "tag 1"),
        ("tag", "2", "tag 2"),
        ("list", "3", "News"),
        ("field", "8", "Plan"),
    ]


def test_pages_are_read_until_the_total_is_reached():
    script, items = read(page(1, 101, 200), page(101, 201, 200), *NOTHING)

    assert script.calls[1] == "GET /tags?limit=100&offset=100"
    assert len(items) == 200


def test_pages_without_a_total_are_read_until_a_short_one():
    script, items = read(page(1, 101), page(101, 201), page(201, 231), *NOTHING)

    assert script.calls[2] == "GET /tags?limit=100&offset=200"
    assert len(items) == 230


def test_a_limit_clamped_to_twenty_loses_nothing():
    _, items = read(page(1, 21, 45), page(21, 41, 45), page(41, 46, 45), *NOTHING)

    assert len(items) == 45


def test_a_total_that_promises_too_much_ends_with_an_empty_page():
    _, items = read(page(1, 21, 99), page(0, 0, 99), *NOTHING)

    assert len(items) == 20


def test_a_server_that_repeats_its_first_page_does_not_hold_us():
    _, items = read(page(1, 101), page(1, 101), *NOTHING)

    assert len(items) == 100


def test_a_page_that_fails_ends_the_reading():
    with pytest.raises(RemoteFault):
        read(page(1, 101), (500, b"<html>"))


def test_a_check_names_the_account_and_counts():
    script = Script(ME, (200, {"lists": [], "meta": {"total": "3"}}), page(1, 2, 12))

    assert DESTINATION.check(script) == Checked("acme", tags=12, lists=3)
    assert script.calls == [
        "GET /users/me",
        "GET /lists?limit=1&offset=0",
        "GET /tags?limit=1&offset=0",
    ]


@pytest.mark.parametrize("refusal", [DENIED, (403, b"")], ids=["in words", "empty"])
def test_a_check_passes_but_tells_what_the_key_may_not_read(refusal):
    assert DESTINATION.check(Script(ME, refusal, page(1, 2))) == Checked(
        "acme", tags=None, lists=None, missing=("lists",)
    )
    assert DESTINATION.check(Script(ME, (200, {"lists": []}), refusal)).missing == ("tags",)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((401, {}), Unauthorized),
        ((200, b"<html>log in</html>"), Unauthorized),
        ((400, {"message": "your account limit is reached"}), Misconfigured),
    ],
)
def test_a_check_does_not_hide_other_troubles(answer, error):
    with pytest.raises(error):
        DESTINATION.check(Script(ME, answer))


def test_a_probe_takes_one_call():
    script = Script(ME)

    DESTINATION.probe(script)

    assert script.calls == ["GET /users/me"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((403, b""), "forbidden"),
        ((200, b"<html>log in</html>"), "login_page"),
        ((200, {"user": {"username": "admin"}}), "login_page"),
    ],
)
def test_a_probe_fails_unless_the_key_has_an_owner(answer, reason):
    with pytest.raises(Unauthorized) as caught:
        DESTINATION.probe(Script(answer))

    assert caught.value.reason == reason
