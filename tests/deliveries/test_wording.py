"""The exact words in which history speaks."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from connections.destinations.base import Action
from deliveries import wording
from deliveries.models import Outcome, Status, Trigger

SPRING = datetime(2026, 3, 21, 15, 6, 7, tzinfo=UTC)


def said(**over: Any) -> SimpleNamespace:
    given = {"event": "page.completed", "page_title": "Connect your CRM", "page_id": "crm"}
    given |= {"sequence_step": "3", "completed_at": SPRING, **over}
    return SimpleNamespace(**given)


def progress(status: str = "pending", **over: Any) -> SimpleNamespace:
    given = {"held_reason": "", "reason": "", "next_attempt_at": SPRING, **over}
    return SimpleNamespace(status=status, **given)


def words(delivery: SimpleNamespace, *, now: datetime = SPRING) -> str:
    return wording.status(delivery, destination="ActiveCampaign", now=now)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (said(), "Connect your CRM (step 3), completed 21 Mar 2026 15:06 UTC"),
        (said(page_title=""), "crm (step 3), completed 21 Mar 2026 15:06 UTC"),
        (said(sequence_step=""), "Connect your CRM, completed 21 Mar 2026 15:06 UTC"),
        (said(page_title="", page_id=""), "Step 3, completed 21 Mar 2026 15:06 UTC"),
        (said(completed_at=None), "Connect your CRM (step 3)"),
        (said(event="quiz.passed", completed_at=None), "quiz.passed: Connect your CRM (step 3)"),
        (
            said(event="quiz.passed", page_title="", page_id="", sequence_step=""),
            "quiz.passed, completed 21 Mar 2026 15:06 UTC",
        ),
        (
            said(page_title="", page_id="", sequence_step="", completed_at=None),
            "page.completed",
        ),
    ],
)
def test_an_event_reads_as_a_sentence(event: SimpleNamespace, expected: str) -> None:
    assert wording.sentence(event) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("yesterday", "Connect your CRM (step 3), completed yesterday (as sent)"),
        (
            "2026-03-21T15:06:00",
            "Connect your CRM (step 3), completed 2026-03-21T15:06:00 (as sent)",
        ),
        ("a\n b", "Connect your CRM (step 3), completed a b (as sent)"),
        ("x" * 41, f"Connect your CRM (step 3), completed {'x' * 39}… (as sent)"),
        (" ", "Connect your CRM (step 3)"),
    ],
)
def test_a_time_that_cannot_be_read_is_shown_as_sent(sent: str, expected: str) -> None:
    assert wording.sentence(said(completed_at=None), sent_completed_at=sent) == expected


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", "21 Mar 2026 15:06 UTC"),
        ("Europe/Berlin", "21 Mar 2026 16:06 CET (+01:00)"),
        ("America/New_York", "21 Mar 2026 11:06 EDT (-04:00)"),
        ("Asia/Kathmandu", "21 Mar 2026 20:51 +05:45"),
    ],
)
def test_a_time_is_shown_in_the_viewers_zone(zone: str, expected: str) -> None:
    with timezone.override(zoneinfo.ZoneInfo(zone)):
        assert wording.moment(SPRING) == expected


def test_a_time_can_show_its_seconds() -> None:
    assert wording.moment(SPRING, seconds=True) == "21 Mar 2026 15:06:07 UTC"


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [
        (0, "0 ms"),
        (340, "340 ms"),
        (1_240, "1.2 s"),
        (30_002, "30 s"),
        (125_000, "2 min 5 s"),
        (120_000, "2 min"),
        (3_600_000, "1 h"),
        (11_400_000, "3 h 10 min"),
        (273_600_000, "3 d 4 h"),
        (86_700_000, "1 d"),
    ],
)
def test_a_time_span_has_at_most_two_units(milliseconds: int, expected: str) -> None:
    assert wording.duration(milliseconds) == expected


@pytest.mark.parametrize(
    ("delivery", "expected"),
    [
        (progress("pending"), "waiting"),
        (progress("processing"), "sending now"),
        (progress("completed"), "delivered"),
        (progress("failed", reason="timeout"), "failed: ActiveCampaign did not answer in time"),
        (progress("failed", reason="odd_one"), "failed: odd one"),
        (progress("failed"), "failed"),
        (progress("canceled"), "canceled: A person or a key stopped this delivery"),
        (
            progress("canceled", reason="timeout"),
            "canceled: A person or a key stopped this delivery",
        ),
        (
            progress("canceled", reason="rule_deleted"),
            "canceled: The rule was deleted before the delivery was made",
        ),
        (
            progress("pending", held_reason="connection_inactive"),
            "held: The connection is switched off or its key is refused",
        ),
    ],
)
def test_a_delivery_says_how_far_it_is(delivery: SimpleNamespace, expected: str) -> None:
    assert words(delivery) == expected


def test_a_retry_names_its_time_until_it_has_come() -> None:
    delivery = progress("retrying", reason="timeout")

    early = words(delivery, now=SPRING - timedelta(seconds=1))

    assert early == "will try again at 21 Mar 2026 15:06 UTC"
    assert words(delivery, now=SPRING) == "will try again now"


def test_deliveries_are_counted_by_state() -> None:
    all_ = [progress("failed"), progress("completed"), progress("completed")]
    held = progress("pending", held_reason="tag_not_found")

    assert wording.tally([*all_, held]) == "2 delivered, 1 failed, 1 held"
    assert wording.tally([]) == ""


@pytest.mark.parametrize(
    ("effect", "kind", "expected"),
    [
        ("add", "tag", "add the tag “new”"),
        ("remove", "tag", "remove the tag “new”"),
        ("add", "list", "subscribe to the list “new”"),
        ("remove", "list", "unsubscribe from the list “new”"),
        ("sync", "contact", "create or update the contact"),
        ("sync", "tag", "do it “new”"),
    ],
)
def test_an_action_is_told_with_its_target(effect: Any, kind: Any, expected: str) -> None:
    declared = Action("do_it", "Do it", "tag", effect, kind)

    assert wording.action(declared, key="do_it", target="“new”") == expected


def test_an_action_that_nobody_declares_keeps_its_name() -> None:
    assert wording.action(None, key="add_deal", target="") == "add deal"


def test_a_target_without_a_name_keeps_its_number() -> None:
    assert wording.target_name("new", "12") == "“new”"
    assert wording.target_name("", "12") == "number 12"
    assert wording.target_name("", "") == ""


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({}, "every page.completed"),
        ({"page_id": "crm", "sequence_step": "3"}, "page.completed on the page crm, step 3"),
        ({"resource": "course"}, "page.completed on the resource course"),
        (
            {"resource": "course", "resource_id": "42"},
            "page.completed on the resource course 42",
        ),
    ],
)
def test_a_condition_is_told_in_words(over: dict[str, str], expected: str) -> None:
    empty = {"resource": "", "resource_id": "", "page_id": "", "sequence_step": ""}

    rule = SimpleNamespace(event="page.completed", **{**empty, **over})

    assert wording.condition(rule) == expected


def test_every_code_has_words() -> None:
    assert set(wording.STATES) == set(Status)
    assert set(wording.OUTCOMES) == set(Outcome)
    assert set(wording.TRIGGERS) == set(Trigger)
