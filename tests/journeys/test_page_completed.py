"""From the event that a product posts to the state that the account holds, through the queue."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event as Signal
from typing import Any

import pytest
from django.utils import timezone

from connections.drafts import ConnectionDraft
from connections.saving import save_connection
from deliveries import beats, tasks
from deliveries.models import UNFINISHED, Attempt, Delivery, Event
from rules import index
from rules.drafts import RuleDraft
from rules.models import Rule
from rules.saving import save_rule
from tests.conftest import SANDBOX_KEY, Api
from tests.deliveries.scenes import EMAIL, calls
from tests.deliveries.senders import make_sender
from tests.threads import aside

pytestmark = pytest.mark.django_db(transaction=True)

TAG = "step-3-complete"
EVENT: dict[str, Any] = {
    "event": "page.completed",
    "resource": "onboarding_sequence",
    "resource_id": "workspace-setup",
    "payload": {
        "user_id": "usr_5012",
        "email": "Alex@Northstar.io",
        "page_id": "page_connect-crm",
        "page_title": "Connect your CRM",
        "sequence_step": 3,
        "completed_at": "2026-03-21T15:06:00Z",
    },
}


class Story:
    """A workspace with a connection to the sandbox, a sender of events, and the queue."""

    def __init__(self, sandbox: Any, api: Api, drain: Callable[..., int]) -> None:
        self.sandbox, self.api, self.drain = sandbox, api, drain
        values = {"api_url": sandbox.url, "api_key": SANDBOX_KEY}
        draft = ConnectionDraft(api.workspace, "activecampaign", "Acme AC", values)
        self.connection = save_connection(draft, by="ada", now=timezone.now()).connection
        self.seen = len(sandbox.state.requests)

    def rule(self, action: str, target: str = "", **over: str) -> Rule:
        """A rule made as people make it; the target is a tag's or list's name."""
        kind = "list" if "list" in action else "tag"
        entries = self.connection.account.catalog.filter(kind=kind, label=target)
        target_id = entries.get().external_id if target else ""
        given = {"name": f"{action} {target}", "event": "page.completed", **over}
        draft = RuleDraft(
            workspace=self.api.workspace,
            connection=self.connection,
            action=action,
            target_id=target_id,
            **given,
        )
        return save_rule(None, draft=draft, by="ada", now=timezone.now())

    def emit(self, page: str, **payload: Any) -> None:
        """A person completes a page."""
        answer = self.api.emit(completed(page, **payload))
        assert answer.status_code == 201, answer.content

    def deliver(self) -> list[str]:
        """Run the queue until nothing waits; the requests that the account got."""

        def stop_when_done() -> None:
            until = time.monotonic() + 30
            while Delivery.objects.filter(UNFINISHED).exists() and time.monotonic() < until:
                time.sleep(0.05)
            while not ended.wait(0.05):  # a pump that has not begun does not hear of it
                beats.ask_to_stop(kind="pump")

        ended = Signal()
        tasks.enqueue("pump")
        watching = aside(stop_when_done)
        try:
            assert self.drain(limit=1) == 1
        finally:
            ended.set()
        watching.join()
        assert not Delivery.objects.filter(UNFINISHED).exists()
        return calls(self.sandbox)[self.seen :]


def completed(page: str, **payload: Any) -> dict[str, Any]:
    return {"event": "page.completed", "payload": {"email": EMAIL, "page_id": page, **payload}}


@pytest.fixture
def story(sandbox, drain_queue):
    """The sandbox, connected."""
    index.forget()
    return Story(sandbox, make_sender(), drain_queue)


def test_the_guides_event_becomes_the_guides_tag(story, sandbox):
    rule = story.rule("add_tag", TAG, page_id="page_connect-crm", sequence_step="3")
    answer = story.api.emit(EVENT)

    assert answer.status_code == 201
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.email, delivery.attempt_count) == ("pending", EMAIL, 0)
    assert sandbox.state.tags_of(EMAIL) == []

    assert story.deliver() == ["POST contact/sync", "POST contactTags"]

    assert sandbox.state.tags_of(EMAIL) == [TAG]
    assert sandbox.state.automations_of(EMAIL) == ["Onboarding: third step done"]
    delivery.refresh_from_db()
    attempt = Attempt.objects.get()
    assert (delivery.status, delivery.last_outcome, delivery.reason) == (
        "completed",
        "delivered",
        "",
    )
    assert (delivery.rule, delivery.tries, delivery.attempt_count) == (rule, 0, 1)
    assert (delivery.applied_id, delivery.held_reason) == (attempt.pk, "")
    assert (attempt.number, attempt.trigger, attempt.outcome) == (1, "live", "delivered")
    assert Event.objects.get().total_rules == 1
    assert str(Event.objects.get().uuid) == answer.json()["event"]["id"]


def test_an_event_that_no_rule_matches_reaches_nobody(story, sandbox):
    story.rule("add_tag", TAG, page_id="another-page")
    story.emit("page_connect-crm")

    assert Delivery.objects.count() == 0
    assert calls(sandbox)[story.seen :] == []
    assert Event.objects.get().total_rules == 0


def test_every_action_brings_its_state_about(story, sandbox):
    names = {row.label: row.external_id for row in story.connection.account.catalog.all()}
    sandbox.state.add_contact(EMAIL, tags=["trial-started"], lists=[names["Newsletter"]])
    for number, (action, target) in enumerate(
        [
            ("add_tag", TAG),
            ("remove_tag", "trial-started"),
            ("add_to_list", "Onboarding"),
            ("remove_from_list", "Newsletter"),
            ("sync_contact", ""),
        ]
    ):
        story.rule(action, target, page_id=f"page-{number}")
        story.emit(f"page-{number}", first_name="Alex")

    story.deliver()

    assert set(Delivery.objects.values_list("status", flat=True)) == {"completed"}
    contact = sandbox.state.contact_by_email(EMAIL)
    assert contact["tags"] == [TAG]
    assert contact["lists"] == {"Newsletter": 2, "Onboarding": 1}
    assert contact["firstName"] == "Alex"


def test_adding_and_removing_one_tag_never_swap(story, sandbox):
    story.rule("add_tag", TAG, page_id="in")
    story.rule("remove_tag", TAG, page_id="out")
    for _ in range(6):
        story.emit("in")
        story.emit("out")

    methods = [call.split("/")[0] for call in story.deliver()]

    assert methods == ["POST contact", *["POST contactTags", "DELETE contactTags"] * 6]
    assert sandbox.state.tags_of(EMAIL) == []


def test_a_bulk_request_keeps_the_order_of_each_person(story, sandbox):
    story.rule("remove_tag", TAG, page_id="out")
    story.rule("add_tag", TAG, page_id="in")
    people = [f"{number}@x.io" for number in range(4)]
    pages = ["in", "out", "in"]
    body = [completed(page, email=person) for page in pages for person in people]

    assert story.api.post("/api/v1/events/bulk", body).status_code == 201
    story.deliver()

    assert Delivery.objects.filter(status="completed").count() == 12
    for person in people:
        rows = Delivery.objects.filter(email=person).order_by("applied_id")
        assert list(rows.values_list("action", flat=True)) == ["add_tag", "remove_tag", "add_tag"]
        assert sandbox.state.tags_of(person) == [TAG]


def test_one_event_removes_then_writes_then_adds(story, sandbox):
    sandbox.state.add_contact(EMAIL, tags=["trial-started"])
    story.rule("add_tag", TAG)
    story.rule("sync_contact")
    story.rule("remove_tag", "trial-started")
    story.emit("any")

    requests = [call.split("?")[0] for call in story.deliver()]

    assert requests[0] == "GET contacts"
    assert requests[1].startswith("DELETE contactTags/")
    assert requests[2:] == ["POST contact/sync", "POST contactTags"]
    assert sandbox.state.tags_of(EMAIL) == [TAG]
