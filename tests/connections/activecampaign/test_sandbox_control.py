"""The control pages and the live page."""

import pytest
import requests

from tests.workers import wait_for

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def control(server):
    def call(method, path, body=None, **headers):
        url = f"{server.url}/control/{path}"
        return requests.request(method, url, json=body, headers=headers or None, timeout=5)

    return call


def test_the_state_shows_contacts_with_names_newest_first(server, control):
    server.state.add_contact("old@example.com")
    server.state.add_contact("new@example.com", tags=["vip"], lists={"1": 2})

    body = control("GET", "state").json()

    assert [row["email"] for row in body["contacts"]] == ["new@example.com", "old@example.com"]
    assert [body["contacts"][0]["tags"], body["contacts"][0]["lists"]] == [
        ["vip"],
        {"Onboarding": 2},
    ]
    assert [body["total"], body["key"]] == [2, server.key]


def test_requests_are_read_from_a_number_on(wire, control):
    for path in ("tags", "lists", "fields"):
        wire("GET", path)
    first = control("GET", "requests").json()["requests"][0]["seq"]

    rest = control("GET", f"requests?since={first}").json()

    assert [row["path"] for row in rest["requests"]] == ["/api/3/lists", "/api/3/fields"]
    assert rest["last"] == first + 2


def test_a_fault_is_thrown_listed_and_cleared(wire, control):
    control("POST", "faults", {"name": "rate_limit", "count": 2, "retry_after": 3})
    assert wire("GET", "tags").headers["Retry-After"] == "3"
    assert control("GET", "faults").json()["active"][0]["count"] == 1

    assert control("DELETE", "faults", {}).json() == {"active": []}
    assert wire("GET", "tags").status_code == 200


def test_settings_change_while_it_runs(server, control):
    body = {"rate_per_second": 2, "limiter": "bucket", "latency_s": 0.01}

    answer = control("POST", "settings", body)

    assert answer.json()["limiter"] == "bucket"
    assert [server.settings.rate_per_second, server.settings.latency_s] == [2, 0.01]


def test_people_are_changed_behind_the_clients_back(server, control):
    email = "a@example.com"
    control("POST", "contacts", {"email": email, "tags": ["vip"], "lists": ["Newsletter"]})
    control("POST", "contacts/unsubscribe", {"email": email, "list": "Newsletter"})
    control("POST", "contacts/bounce", {"email": email, "list": 1})
    control("POST", "tags/delete", {"name": "VIP"})

    found = server.state.contact_by_email(email)
    assert [found["tags"], found["bounced"]] == [[], True]
    assert found["lists"] == {"Newsletter": 2, "Onboarding": 3}
    control("POST", "contacts/delete", {"email": email})
    assert server.state.contact_by_email(email) is None


def test_reset_brings_the_first_state_back(server, control, wire):
    wire.sync("a@example.com")
    server.faults.set("unauthorized")

    assert control("POST", "reset", {}).json() == {"ok": True}

    assert wire("GET", "users/me").status_code == 200
    assert len(server.state.data.contacts) == 0
    assert [row.path for row in server.state.requests] == ["/api/3/users/me"]


BAD = [
    ("POST", "faults", {"name": "nonsense"}, 400),
    ("POST", "faults", {"name": "rate_limit", "count": "x"}, 400),
    ("POST", "faults", {}, 400),
    ("POST", "faults", [1], 400),
    ("POST", "settings", {"latency_s": "slow"}, 400),
    ("POST", "settings", {"nonsense": 1}, 400),
    ("POST", "contacts/delete", {"email": "nobody@example.com"}, 400),
    ("POST", "contacts/unsubscribe", {"email": 5}, 400),
    ("POST", "contacts", {"email": "a@example.com", "lists": ["nowhere"]}, 400),
    ("POST", "tags/delete", {}, 400),
    ("POST", "tags/merge", {"tag": 1, "into": 99}, 400),
    ("POST", "state", {}, 404),
    ("PUT", "reset", {}, 405),
    ("GET", "nonsense", None, 404),
    ("GET", "state?account=nobody", None, 400),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), BAD)
def test_bad_input_is_a_sentence_in_json(control, method, path, body, status):
    answer = control(method, path, body)

    assert answer.status_code == status
    assert answer.json()["error"].endswith(".")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_form_of_another_site_changes_nothing(server, content_type):
    server.state.add_contact("a@example.com")

    answer = requests.post(
        f"{server.url}/control/reset", data="{}", headers={"Content-Type": content_type}, timeout=5
    )

    assert answer.status_code == 415
    assert len(server.state.data.contacts) == 1


def test_another_origin_and_a_foreign_name_are_refused(server, control):
    server.state.add_contact("a@example.com")

    assert control("POST", "reset", {}, Origin="https://evil.example").status_code == 403
    assert control("GET", "state", None, Host="evil.example").status_code == 421
    assert control("POST", "reset", {}, Origin=server.url).status_code == 200


@pytest.mark.parametrize(
    ("path", "kind"), [("", "text/html"), ("page.css", "text/css"), ("page.js", "text/javascript")]
)
def test_the_page_is_served_whole_from_here(server, path, kind):
    answer = requests.get(f"{server.url}/{path}", timeout=5)

    assert answer.headers["Content-Type"].startswith(kind)
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "https://" not in answer.text
    assert "innerHTML" not in answer.text


def test_no_other_file_is_served(server):
    for path in ("state.py", "..%2Fpage.py", "page.html", "favicon.ico"):
        assert requests.get(f"{server.url}/{path}", timeout=5).status_code == 404


def test_imports_show_their_people_and_who_was_taken(server, wire, control):
    server.configure(import_delay_s=0.0)
    people = [{"email": "a@example.com", "tags": ["vip"]}, {"email": "no address"}]
    wire("POST", "import/bulk_import", {"contacts": people})

    def only():
        return control("GET", "imports").json()["imports"][0]

    wait_for(lambda: only()["outcome"])
    found = only()

    assert found["outcome"] == "completed"
    assert found["finished"] >= found["created"]
    assert found["people"] == [
        {"email": "a@example.com", "tags": ["vip"], "imported": True},
        {"email": "no address", "tags": [], "imported": False},
    ]
