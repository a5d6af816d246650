"""Events by the contract: one, its payload, and lists with their filters and pages.

Source: Meshes API wire contract, sections 4, 7 and 8.1.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deliveries.models import Event, PayloadLook
from tests.builders import make_delivery, make_event, make_rule, make_workspace
from tests.contract.event_shapes import EVENT, EVENT_WITH_PAYLOAD
from tests.contract.shapes import envelope, fits, refusal

AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
PAGE = envelope(EVENT)
LISTS = pytest.mark.parametrize("whole", [True, False], ids=["all", "workspace"])


@pytest.fixture
def rule(workspace: Any) -> Any:
    """A rule of the workspace."""
    return make_rule(workspace=workspace)


def address(workspace: Any, *, whole: bool = False) -> str:
    return "/events" if whole else f"/workspaces/{workspace.pk}/events"


def delivered(rule: Any) -> Any:
    """An event whose only delivery succeeded."""
    event = make_event(workspace=rule.workspace, resource="page", resource_id="s-2", created_at=AT)
    second = timedelta(seconds=1)
    return make_delivery(
        event, rule, status="completed", started_at=AT, completed_at=AT + second, attempt_count=1,
        created_at=AT, last_outcome="delivered",
    )  # fmt: skip


def test_an_event_is_said_with_its_rule_events(machine, rule):
    delivery = delivered(rule)
    event = delivery.event

    shown = fits(machine.ask("GET", f"/events/{event.uuid}"), EVENT)

    common = {"workspace": str(rule.workspace_id), "event": "page.completed"}
    common |= {"resource": "page", "resource_id": "s-2", "status": "completed"}
    common |= {"started_at": "2026-06-01T09:30:00.000Z", "completed_at": "2026-06-01T09:30:01.000Z"}
    common |= {"created_by": "publishable_key", "created_at": "2026-06-01T09:30:00.000Z"}
    of_rule = {"id": str(delivery.uuid), "type": "rule", "event_id": str(event.uuid)}
    of_rule |= {"connection": str(rule.connection_id), "rule": str(rule.pk), "attempt_count": 1}
    of_rule |= {"integration_type": "activecampaign"}
    counts = {"total_rules": 1, "completed_count": 1, "failed_count": 0}
    assert shown == {
        "id": str(event.uuid),
        "type": "event",
        **common,
        **counts,
        "rule_events": [{**common, **of_rule}],
    }


def test_an_event_without_a_rule_is_completed(machine, workspace):
    event = make_event(workspace=workspace, created_at=AT)

    shown = fits(machine.ask("GET", f"/events/{event.uuid}"), EVENT)

    assert (shown["status"], shown["total_rules"], shown["rule_events"]) == ("completed", 0, [])
    assert shown["completed_at"] == "2026-06-01T09:30:00.000Z"
    assert "started_at" not in shown
    assert "resource_id" not in shown


def test_what_is_not_set_is_left_out_and_what_is_held_is_pending(machine, rule):
    event = make_event(workspace=rule.workspace)
    make_delivery(
        event, rule, status="retrying", held_reason="tag_not_found", started_at=AT,
        completed_at=AT, last_error="The tag is gone.",
    )  # fmt: skip

    shown = fits(machine.ask("GET", f"/events/{event.uuid}"), EVENT)

    assert shown["status"] == shown["rule_events"][0]["status"] == "pending"
    assert shown["rule_events"][0]["last_error"] == "The tag is gone."
    assert "completed_at" not in shown
    assert "completed_at" not in shown["rule_events"][0]


def test_the_payload_is_shown_as_sent_and_the_look_is_written_down(machine, workspace):
    sent = {"email": "alex@northstar.io", "step": 2, "deep": {"ä": [1.5, None, True]}}
    event = make_event(workspace=workspace, payload=sent)

    shown = fits(machine.ask("GET", f"/events/{event.uuid}/payload"), EVENT_WITH_PAYLOAD)

    assert shown["payload"] == sent
    look = PayloadLook.objects.get()
    assert (look.event_uuid, look.by, look.by_id) == (event.uuid, "machine key: Tests", 0)
    assert look.workspace_id == workspace.pk


def test_the_payload_of_an_erased_person_is_gone_and_the_event_is_not(machine, workspace):
    event = make_event(workspace=workspace, payload={}, email="", erased_at=timezone.now())

    error = refusal(machine.call("GET", f"/events/{event.uuid}/payload"), 404, "NotFound")

    assert "erased" in error["message"]
    assert not PayloadLook.objects.exists()
    machine.ask("GET", f"/events/{event.uuid}")


@pytest.mark.parametrize("rest", ["", "/payload", "/cancel", "/rules/{}/attempts"])
def test_an_unknown_event_is_not_found(machine, workspace, rest):
    method = "POST" if rest == "/cancel" else "GET"
    path = f"/events/{uuid4()}{rest.format(uuid4())}"

    refusal(machine.call(method, path), 404, "NotFound")


@LISTS
def test_tests_of_the_staff_never_show(machine, workspace, whole):
    event = make_event(workspace=workspace)
    test = make_event(workspace=workspace, is_test=True)

    page = fits(machine.ask("GET", address(workspace, whole=whole)), PAGE)

    assert [one["id"] for one in page["records"]] == [str(event.uuid)]
    refusal(machine.call("GET", f"/events/{test.uuid}"), 404, "NotFound")


@LISTS
def test_what_a_hidden_rule_came_to_shows(machine, workspace, whole):
    event = make_event(workspace=workspace)
    rule = make_rule(workspace=workspace, hidden=True)
    make_delivery(event, rule, status="failed")

    page = fits(machine.ask("GET", address(workspace, whole=whole)), PAGE)

    shown = page["records"][0]
    assert (shown["status"], shown["total_rules"], shown["failed_count"]) == ("failed", 1, 1)
    machine.ask("GET", f"/events/{event.uuid}/rules/{rule.pk}/attempts")


@LISTS
def test_a_list_is_newest_first_and_says_the_rule_events(machine, rule, whole):
    older, newer = (make_event(workspace=rule.workspace) for _ in range(2))
    make_delivery(older, rule, status="failed", last_error="No.", completed_at=AT)

    page = fits(machine.ask("GET", address(rule.workspace, whole=whole)), PAGE)

    assert (page["count"], page["limit"], page["next_cursor"]) == (2, 50, None)
    assert [one["id"] for one in page["records"]] == [str(newer.uuid), str(older.uuid)]
    assert [one["status"] for one in page["records"]] == ["completed", "failed"]
    assert page["records"][1]["rule_events"][0]["rule"] == str(rule.pk)
    assert page["records"][1] == machine.ask("GET", f"/events/{older.uuid}")


def test_all_workspaces_of_the_organization_are_in_one_list(machine, workspace):
    other = make_workspace(organization=machine.key.organization)
    events = [make_event(workspace=one) for one in (workspace, other, workspace)]

    page = machine.ask("GET", "/events")

    assert [one["id"] for one in page["records"]] == [str(one.uuid) for one in reversed(events)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("event=a", [2, 0]),
        ("resource=page", [1, 0]),
        ("resource_id=r-1", [2, 1]),
        ("event=a&resource_id=r-1", [2]),
        ("event=A", []),
        ("resource=", "resource"),
        ("event=%00", "event"),
        ("status=done", "status"),
        ("whatever=1", [2, 1, 0]),
    ],
)
def test_filters_are_exact(machine, workspace, query, found):
    said: list[dict[str, str]] = [{"event": "a", "resource": "page"}]
    said += [{"event": "b", "resource": "page", "resource_id": "r-1"}]
    said += [{"event": "a", "resource_id": "r-1"}]
    events = [str(make_event(workspace=workspace, **one).uuid) for one in said]

    answer = machine.call("GET", f"{address(workspace)}?{query}")

    if isinstance(found, str):
        error = refusal(answer, 400, "BadRequest")
        assert [fault["param"] for fault in error["data"]] == [found]
    else:
        assert [one["id"] for one in answer.json()["records"]] == [events[n] for n in found]


@pytest.mark.parametrize(
    "status", ["pending", "processing", "retrying", "completed", "failed", "canceled"]
)
def test_all_six_statuses_filter(machine, rule, status):
    other = make_event(workspace=rule.workspace)
    make_delivery(other, rule, status="canceled" if status == "completed" else "completed")
    wanted = make_event(workspace=rule.workspace)
    leased = {"lease_token": uuid4(), "lease_until": timezone.now()}
    make_delivery(wanted, rule, status=status, **(leased if status == "processing" else {}))

    page = fits(machine.ask("GET", f"{address(rule.workspace)}?status={status}"), PAGE)

    assert [one["id"] for one in page["records"]] == [str(wanted.uuid)]
    assert page["records"][0]["status"] == status


@LISTS
def test_pages_stay_stable_while_events_arrive(machine, workspace, whole):
    there = [str(make_event(workspace=workspace).uuid) for _ in range(23)]
    seen: list[str] = []
    path = cursor = f"{address(workspace, whole=whole)}?limit=5"

    while cursor:
        page = fits(machine.ask("GET", path), PAGE)
        seen += [one["id"] for one in page["records"]]
        make_event(workspace=workspace)
        cursor = page["next_cursor"]
        path = f"{address(workspace, whole=whole)}?limit=5&cursor={cursor}"

    assert seen == there[::-1]


@LISTS
@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("limit=0", ["limit"]),
        ("limit=201", ["limit"]),
        ("limit=ten", ["limit"]),
        ("cursor=abc", ["cursor"]),
        ("cursor=&limit=-1", ["limit", "cursor"]),
    ],
)
def test_a_bad_limit_or_cursor_is_refused(machine, workspace, whole, query, params):
    answer = machine.call("GET", f"{address(workspace, whole=whole)}?{query}")

    error = refusal(answer, 400, "BadRequest")
    assert [fault["param"] for fault in error["data"]] == params


@pytest.mark.parametrize("query", ["", "?status=failed", "?status=completed&resource=global"])
def test_a_longer_page_takes_no_more_queries(machine, rule, query):
    def queries(limit: int) -> int:
        machine.ask("GET", "/events")  # notes the key's use
        joined = f"{query}{'&' if query else '?'}limit={limit}"
        with CaptureQueriesContext(connection) as seen:
            page = machine.ask("GET", f"{address(rule.workspace)}{joined}")
        assert page["count"] == limit
        return len(seen)

    for n in range(24):
        status = "failed" if n % 2 else "completed"
        make_delivery(make_event(workspace=rule.workspace), rule, status=status)

    assert queries(10) == queries(1) <= 8


def test_no_list_reads_a_payload(machine, workspace):
    make_event(workspace=workspace, payload={"email": "secret@northstar.io"})

    with CaptureQueriesContext(connection) as seen:
        machine.ask("GET", "/events")

    assert not [one for one in seen.captured_queries if '"payload"' in one["sql"]]
    assert Event.objects.count() == 1
