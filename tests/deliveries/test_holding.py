"""A rule whose tag is gone waits with its deliveries, and goes on once it is repaired."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from connections.catalog import refresh_catalog
from connections.models import Connection
from deliveries import holding, recovery
from deliveries.models import Delivery
from rules.models import Rule, RuleVersion
from rules.repairing import release_returned
from rules.saving import delete_rule, draft_of, hold_rule, save_rule, set_active
from tests.deliveries.pages import page, text_of
from tests.deliveries.scenes import connect, due, send_all, send_one, tag_rule
from tests.threads import at_once

pytestmark = pytest.mark.django_db

TAG = "step-3-complete"


@pytest.fixture
def rule(sandbox) -> Rule:
    """A rule whose tag was there when the account was read and was deleted since."""
    rule = tag_rule(sandbox, TAG, connection=connect(sandbox))
    refresh_catalog(rule.connection, now=timezone.now())
    sandbox.state.delete_tag(rule.target_id)
    return rule


def fresh(rule: Rule) -> Rule:
    return Rule.objects.select_related("workspace", "connection__account").get(pk=rule.pk)


def repaired(rule: Rule, tag_id: str) -> Rule:
    """The rule after a person chose this tag."""
    refresh_catalog(rule.connection, now=timezone.now())
    draft = replace(draft_of(fresh(rule)), target_id=tag_id)
    return save_rule(rule, draft=draft, by="rosa", now=timezone.now())


def held_for(rule: Rule) -> dict[str, str]:
    rows = Delivery.objects.filter(rule=rule).order_by("id")
    return dict(rows.values_list("email", "held_reason"))


def changes(rule: Rule) -> list[tuple[str, str]]:
    versions = RuleVersion.objects.filter(rule=rule).order_by("number")
    return list(versions.values_list("change", "created_by"))


def test_a_tag_that_is_gone_holds_the_rule_and_all_that_waits(rule, sandbox) -> None:
    first, second = due(rule, "a@x.io"), due(rule, "b@x.io")
    other = due(tag_rule(sandbox, "another", connection=rule.connection), "c@x.io")

    send_one(first)

    assert fresh(rule).held_reason == "tag_not_found"
    assert changes(rule) == [("created", "system"), ("held", "system")]
    assert held_for(rule) == {"a@x.io": "tag_not_found", "b@x.io": "tag_not_found"}
    assert held_for(other.rule) == {"c@x.io": ""}
    second.refresh_from_db()
    assert (second.status, second.attempt_count) == ("pending", 0)
    assert second.held_at is not None


def test_the_attempt_that_found_it_out_costs_no_try(rule) -> None:
    delivery = send_one(due(rule))

    assert (delivery.status, delivery.held_reason, delivery.tries) == (
        "pending",
        "tag_not_found",
        0,
    )
    assert delivery.completed_at is None
    attempt = delivery.attempts.get()
    assert (attempt.outcome, attempt.reason) == ("rejected_client_error", "tag_not_found")
    assert not attempt.counted


def test_what_a_held_rule_matches_is_held_from_the_start(rule, api) -> None:
    Rule.objects.filter(pk=rule.pk).update(workspace=api.workspace)
    RuleVersion.objects.filter(rule=rule).update(workspace=api.workspace)
    Connection.objects.filter(pk=rule.connection_id).update(workspace=api.workspace)
    rule.refresh_from_db()
    holding.hold_for_rule(due(rule), reason="tag_not_found", now=timezone.now())

    answer = api.emit({"event": "page.completed", "payload": {"email": "new@x.io"}})

    assert answer.status_code == 201
    assert held_for(rule)["new@x.io"] == "tag_not_found"


def test_nobody_can_choose_the_tag_that_is_gone(rule) -> None:
    send_one(due(rule))

    gone = rule.connection.account.catalog.get(kind="tag", external_id=rule.target_id)

    assert gone.gone_at is not None
    assert release_returned(now=timezone.now()) == 0
    assert fresh(rule).held_reason == "tag_not_found"


def test_nothing_goes_out_before_the_repair(rule) -> None:
    delivery = send_one(due(rule))

    assert holding.release_repaired() == 0
    assert recovery.release_held() == 0
    delivery.refresh_from_db()
    assert delivery.held_reason == "tag_not_found"
    assert delivery.released_at is None


def test_after_the_repair_all_goes_out_with_the_new_tag(rule, sandbox) -> None:
    first, second = due(rule, "a@x.io"), due(rule, "b@x.io")
    send_one(first)
    before = first.rule_version_id
    stored = repaired(rule, sandbox.state.add_tag("step-3-done"))

    assert holding.release_repaired() == 2

    send_all(first, second)
    assert [first.status, second.status] == ["completed", "completed"]
    assert sandbox.state.tags_of("a@x.io") == sandbox.state.tags_of("b@x.io") == ["step-3-done"]
    assert first.rule_version_id == second.rule_version_id == stored.current_id != before
    assert (first.target_id, first.email) == (stored.target_id, "a@x.io")
    tries = list(first.attempts.order_by("number").values_list("rule_version", "target_label"))
    assert tries == [(before, TAG), (stored.current_id, "step-3-done")]
    assert holding.release_repaired() == 0


def test_the_page_of_a_delivery_says_that_it_uses_the_repaired_target(rule, sandbox, staff) -> None:
    delivery = send_one(due(rule))
    held_page = text_of(staff, page(delivery))
    repaired(rule, sandbox.state.add_tag("step-3-done"))
    holding.release_repaired()
    send_all(delivery)

    text = text_of(staff, page(delivery))

    said = "uses the repaired target: “step-3-done” (was “step-3-complete”)"
    assert said in text
    assert "for “step-3-complete”" in text
    assert "uses the repaired target" not in held_page
    assert "does not count as a try" in held_page


def test_the_page_of_a_delivery_released_to_its_own_target_says_nothing(
    rule, sandbox, staff
) -> None:
    delivery = send_one(due(rule))
    rule.connection.account.catalog.update(gone_at=None)
    release_returned(now=timezone.now())
    assert holding.release_repaired() == 1

    assert "uses the repaired target" not in text_of(staff, page(delivery))


def test_a_tag_that_came_back_ends_the_hold_by_itself(rule, sandbox) -> None:
    delivery = send_one(due(rule))
    new_id = sandbox.state.add_tag(TAG)
    refresh_catalog(rule.connection, now=timezone.now())

    assert release_returned(now=timezone.now()) == 1
    assert holding.release_repaired() == 1

    assert (fresh(rule).held_reason, fresh(rule).target_id) == ("", new_id)
    assert changes(rule)[-1] == ("edited", "system")
    send_all(delivery)
    assert delivery.status == "completed"
    assert sandbox.state.tags_of(delivery.email) == [TAG]


def test_a_tag_made_anew_is_followed_by_the_rule_and_all_that_waits(rule, sandbox) -> None:
    first, second = due(rule, "a@x.io"), due(rule, "b@x.io")
    new_id = sandbox.state.add_tag(TAG)

    send_one(first)

    assert (first.status, first.target_id) == ("completed", new_id)
    assert (fresh(rule).held_reason, fresh(rule).target_id) == ("", new_id)
    assert changes(rule)[-2:] == [("held", "system"), ("edited", "system")]
    assert holding.release_repaired() == 1
    send_one(second)
    assert (second.status, second.target_id) == ("completed", new_id)
    assert len(second.attempts.get().exchanges) == 2


def test_a_tag_under_its_old_id_releases_the_rule_unchanged(rule) -> None:
    send_one(due(rule))
    rule.connection.account.catalog.update(gone_at=None)

    assert release_returned(now=timezone.now()) == 1
    assert changes(rule)[-1] == ("released", "system")


def test_what_an_old_version_still_wanted_holds_no_repaired_rule(rule, sandbox) -> None:
    late, waiting = due(rule, "a@x.io"), due(rule, "b@x.io")
    repaired(rule, sandbox.state.add_tag("step-3-done"))

    send_one(late)

    assert fresh(rule).held_reason == ""
    assert held_for(rule) == {"a@x.io": "tag_not_found", "b@x.io": ""}
    assert holding.release_repaired() == 1
    send_all(late, waiting)
    assert sandbox.state.tags_of("a@x.io") == ["step-3-done"]


def test_a_release_takes_the_oldest_first_and_a_slice_at_a_time(rule, sandbox) -> None:
    deliveries = [due(rule, f"p{n}@x.io") for n in range(holding.RELEASED_AT_ONCE + 5)]
    send_one(deliveries[0])
    repaired(rule, sandbox.state.add_tag("step-3-done"))

    assert holding.release_repaired() == holding.RELEASED_AT_ONCE

    held = Delivery.objects.exclude(held_reason="").order_by("id")
    assert list(held.values_list("pk", flat=True)) == [row.pk for row in deliveries[-5:]]
    assert holding.release_repaired() == 5


def test_time_spent_held_is_added_to_the_time_for_retries(rule, sandbox) -> None:
    now = timezone.now()
    delivery = send_one(due(rule))
    until, since = now + timedelta(hours=5), now - timedelta(hours=30)
    Delivery.objects.update(retry_until=until, held_at=since, priority=1)
    repaired(rule, sandbox.state.add_tag("step-3-done"))

    holding.release_repaired()

    delivery.refresh_from_db()
    assert delivery.retry_until - until == pytest.approx(
        timedelta(hours=30), abs=timedelta(minutes=1)
    )
    assert (delivery.held_at, delivery.priority) == (None, 1)
    assert delivery.released_at == delivery.next_attempt_at


def test_what_a_rule_that_is_off_holds_waits_until_it_is_on(rule, sandbox) -> None:
    delivery = send_one(due(rule))
    set_active(fresh(rule), active=False, by="rosa", now=timezone.now())
    sandbox.state.add_tag(TAG)
    refresh_catalog(rule.connection, now=timezone.now())

    assert (release_returned(now=timezone.now()), holding.release_repaired()) == (0, 0)

    delivery.refresh_from_db()
    assert delivery.held_reason == "tag_not_found"


def test_what_a_deleted_rule_holds_is_canceled(rule) -> None:
    delivery = send_one(due(rule))
    delete_rule(fresh(rule), by="rosa", now=timezone.now())

    assert holding.release_repaired() == 0
    assert recovery.cancel_of_deleted_rules() == 1

    delivery.refresh_from_db()
    assert (delivery.status, delivery.reason) == ("canceled", "rule_deleted")


def test_a_rule_that_was_edited_meanwhile_is_not_held(rule, sandbox) -> None:
    delivery, known = due(rule), fresh(rule)
    repaired(rule, sandbox.state.add_tag("step-3-done"))

    assert hold_rule(known, reason="tag_not_found", by="x", now=timezone.now()).held_reason == ""
    assert holding.hold_for_rule(delivery, reason="tag_not_found", now=timezone.now()) == 0
    assert changes(rule) == [("created", "system"), ("edited", "rosa")]


def test_a_contacts_trouble_holds_no_rule(rule, sandbox) -> None:
    sandbox.state.add_tag(TAG)
    delivery = send_one(due(rule, "not-an-address@"))

    assert delivery.status == "failed"
    assert fresh(rule).held_reason == ""


def test_a_connections_release_takes_a_slice_and_says_when(rule) -> None:
    for n in range(503):
        due(rule, f"p{n}@x.io", held_reason="connection_inactive", held_at=timezone.now())

    assert [recovery.release_held(), recovery.release_held(), recovery.release_held()] == [
        500,
        3,
        0,
    ]
    assert not Delivery.objects.filter(released_at=None).exists()


@pytest.mark.sqlite
def test_the_look_for_repaired_rules_reads_only_what_is_held(rule) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {holding.READY_SQL}")
        plan = " ".join(str(row[-1]) for row in cursor.fetchall())
        cursor.execute(f"EXPLAIN QUERY PLAN {holding.REPAIRED_SQL}", ["r", "tag_not_found"])
        plan += " ".join(str(row[-1]) for row in cursor.fetchall())

    assert plan.count("delivery_held_by_rule") == 2
    assert "SCAN h" not in plan
    assert "SCAN deliveries" not in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.django_db(transaction=True)
def test_of_many_that_release_each_delivery_goes_to_one(sandbox) -> None:
    rule = tag_rule(sandbox, connection=connect(sandbox))
    for n in range(20):
        due(rule, f"p{n}@x.io", held_reason="tag_not_found", held_at=timezone.now())

    released = at_once(4, holding.release_repaired)

    assert sum(released) == 20
    assert not Delivery.objects.exclude(held_reason="").exists()
