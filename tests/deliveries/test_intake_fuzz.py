"""Whatever bytes arrive: never a 500, never half a row, and always JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deliveries.models import Delivery, Event
from tests.deliveries.senders import BULK, EVENTS, give_rules

fuzzed = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
texts = st.text(max_size=8) | st.sampled_from(["alex@northstar.io", "\x00", "page.completed", "3"])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
known = st.sampled_from(
    ["email", "id", "user_id", "page_id", "page_title", "sequence_step", "completed_at", "x"]
)
events = st.fixed_dictionaries(
    {"event": texts, "payload": st.dictionaries(known, values, max_size=4)},
    optional={"resource": texts, "resource_id": texts, "type": st.just("event")},
)
bodies = (
    st.binary(max_size=100)
    | (values | events).map(json.dumps).map(str.encode)
    | events.map(
        lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    )
)


@pytest.fixture
def sender(api, settings):
    """A sender without a limit, with rules for every event name that is tried often."""
    settings.THROTTLE_EVENTS_PER_SECOND, settings.THROTTLE_EVENTS_BURST = 1e9, 10**9
    give_rules(api.workspace, 2)
    return api


def counted():
    """How many events there are and how many deliveries they should and do have."""
    promised = sum(Event.objects.values_list("total_rules", flat=True))
    return Event.objects.count(), promised, Delivery.objects.count()


@given(bodies)
@fuzzed
def test_one_body_stores_one_whole_event_or_nothing(sender, raw):
    before = counted()

    answer = sender.post(EVENTS, raw)

    after = counted()
    assert answer.status_code in (201, 400)
    assert answer.headers["Content-Type"] == "application/json"
    assert after[0] - before[0] == (answer.status_code == 201)
    assert after[1] == after[2]
    assert ("event" in answer.json()) == (answer.status_code == 201)


@given(st.lists(events | values, max_size=6))
@fuzzed
def test_a_bulk_body_stores_as_many_events_as_its_answer_says(sender, items):
    before = counted()

    answer = sender.post(BULK, json.dumps(items).encode())

    after = counted()
    assert answer.status_code in (201, 207, 400)
    records = answer.json().get("records", [])
    assert after[0] - before[0] == sum("id" in record for record in records)
    assert after[1] == after[2]
    assert len(records) in (0, len(items))


@given(st.dictionaries(st.sampled_from(["Idempotency-Key", "Content-Type"]), texts))
@fuzzed
def test_odd_headers_never_break_anything(sender, headers):
    body = json.dumps({"event": "e", "payload": {"x": 1}})
    kind = headers.pop("Content-Type", "application/json").replace("\x00", "")
    sent = {"X-Meshes-Publishable-Key": sender.key, **headers}

    answer = sender.client.generic("POST", EVENTS, body, kind, headers=sent)

    assert answer.status_code in (201, 400, 409, 415)
