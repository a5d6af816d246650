"""Bulk import: API reference section 8."""

import json
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest


def queue(wire, *contacts, **over):
    return wire("POST", "import/bulk_import", {"contacts": list(contacts), **over})


def finished(wire, batch_id):
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        info = wire("GET", f"import/info?batchId={batch_id}").json()
        if info["status"] in ("completed", "failed", "interrupted"):
            return info
        time.sleep(0.02)
    raise AssertionError("The batch did not finish.")


@pytest.fixture
def quick(server):
    server.configure(import_delay_s=0.0)


def test_a_queued_batch_answers_json_under_text_html(wire):
    answer = queue(wire, {"email": "a@example.com"})

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert [answer.json()["success"], answer.json()["queued_contacts"]] == [1, 1]


def test_the_first_second_has_the_status_false_and_imports_nothing(wire, server):
    batch_id = queue(wire, {"email": "a@example.com"}).json()["batchId"]

    assert wire("GET", f"import/info?batchId={batch_id}").json()["status"] is False
    assert server.state.contact_by_email("a@example.com") is None


def test_a_batch_is_imported_later_with_tags_by_name(wire, server, quick):
    contact = {
        "email": "a@example.com",
        "first_name": "Ada",
        "lastName": "dropped",
        "tags": ["brand new", "STEP-1-complete"],
        "fields": [{"id": 1, "value": "Pro"}],
        "subscribe": [{"listid": 1}],
        "unsubscribe": [{"listid": 2}],
    }

    info = finished(wire, queue(wire, contact).json()["batchId"])

    found = server.state.contact_by_email("a@example.com")
    assert info == {"status": "completed", "success": ["1"], "failure": []}
    assert [found["firstName"], found["lastName"]] == ["Ada", ""]
    assert found["tags"] == ["brand new", "step-1-complete"]
    assert found["lists"] == {"Onboarding": 1, "Newsletter": 2}
    assert found["fields"] == {"Plan": "Pro"}


@pytest.mark.parametrize(("excluded", "started"), [(False, 1), (True, 0)])
def test_automations_run_unless_they_are_excluded(wire, server, quick, excluded, started):
    contact = {"email": "a@example.com", "tags": ["step-3-complete"]}

    finished(wire, queue(wire, contact, exclude_automations=excluded).json()["batchId"])

    assert len(server.state.automations_of("a@example.com")) == started


def test_one_bad_row_refuses_the_whole_batch(wire, server):
    answer = queue(wire, {"email": "a@example.com"}, {"first_name": "No address"})

    reasons = [{"contact": 2, "failureReason": "Field 'email' not found"}]
    assert (answer.status_code, answer.json()["failureReasons"]) == (400, reasons)
    assert answer.json()["success"] == 0
    assert server.state.data.batches == {}


@pytest.mark.parametrize("count", [0, 251])
def test_a_batch_holds_1_to_250_contacts(wire, count):
    assert queue(wire, *[{"email": "a@example.com"}] * count).status_code == 400


def test_too_many_bytes_are_refused(wire):
    answer = queue(wire, {"email": "a@example.com", "first_name": "x" * 400_000})

    assert answer.status_code == 400


def test_bounced_unsubscribed_excluded_and_malformed_people_fail_later(wire, server, quick):
    state = server.state
    for name in ("bounced", "left"):
        state.add_contact(f"{name}@example.com")
    state.bounce("bounced@example.com")
    state.unsubscribe("left@example.com", 1)
    state.exclude("out@example.com")
    emails = ["bounced@example.com", "left@example.com", "out@example.com", "bad@invalid"]

    rows = [{"email": email, "subscribe": [{"listid": 1}]} for email in emails]
    answer = queue(wire, *rows).json()

    info = finished(wire, answer["batchId"])
    assert answer["queued_contacts"] == 3
    assert [info["success"], info["failure"]] == [[], emails]


def test_the_21st_single_import_of_a_minute_is_a_400(wire, server):
    server.configure(rate_per_second=5.0)

    answers = [queue(wire, {"email": "a@example.com"}) for _ in range(21)]

    assert [answer.status_code for answer in answers] == [200] * 20 + [400]
    assert answers[-1].json()["message"] == "Rate limit exceeded."


def test_a_status_without_a_batch_id_is_a_400(wire):
    answer = wire("GET", "import/info")

    assert answer.json() == {"success": 0, "message": "'batchId' is a required field."}
    assert answer.status_code == 400


def test_the_overview_counts_outstanding_contacts(wire):
    queue(wire, {"email": "a@example.com"}, {"email": "b@example.com"})

    outstanding = wire("GET", "import/bulk_import").json()["outstanding"]

    assert [(row["batches"], row["contacts"]) for row in outstanding] == [("1", "2")]


@pytest.fixture
def hook():
    """A server that takes one call and keeps it: its signature header and its body."""
    with HTTPServer(("127.0.0.1", 0), Hook) as listening:
        listening.timeout = 5
        listening.seen = []
        yield listening


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.headers["X-Sig"], body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


def test_a_callback_is_made_with_its_headers_and_results(wire, quick, hook):
    callback = {
        "url": f"http://127.0.0.1:{hook.server_port}/cb",
        "requestType": "POST",
        "detailed_results": "true",
        "params": [{"key": "job", "value": "42"}],
        "headers": [{"key": "X-Sig", "value": "s"}],
    }

    queue(wire, {"email": "a@example.com"}, callback=callback)
    hook.handle_request()

    [(signature, body)] = hook.seen
    assert signature == "s"
    assert [body["job"], body["success"], body["failure"]] == ["42", 1, 0]
