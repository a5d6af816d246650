"""What can go wrong with an import, and that every person gets the tag all the same."""

from __future__ import annotations

import pytest
from django.utils import timezone

from connections.models import Account
from deliveries import imports
from deliveries.models import Attempt, Delivery, ImportBatch
from deliveries.recovery import pick_up_abandoned
from tests.deliveries.bursts import (
    IMPORT,
    account_of,
    as_they_were,
    await_import,
    bulk_rule,
    burst,
    finish,
    fresh,
    let_pass,
    rest_over,
    statuses,
    step,
)
from tests.deliveries.scenes import calls, due, send_all

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_imports")]


def test_a_row_that_the_importer_refuses_goes_on_alone(sandbox):
    rule = bulk_rule(sandbox)
    bounced, excluded = burst(rule, 60)[:2]
    malformed = due(rule, "nobody@nowhere")
    sandbox.state.add_contact(bounced.email)
    sandbox.state.bounce(bounced.email)
    sandbox.state.exclude(excluded.email)

    finish(rule)

    assert Delivery.objects.filter(status="completed").count() == 58
    odd = fresh([bounced, excluded, malformed])
    assert {(d.status, d.reason, d.tries) for d in odd} == {("retrying", "import_rejected", 0)}
    assert not any(d.attempts.get().counted for d in odd)
    send_all(*odd)
    assert [(d.status, d.reason) for d in odd] == [
        ("completed", ""), ("completed", ""), ("failed", "email_invalid"),
    ]  # fmt: skip
    assert [a.trigger for a in odd[0].attempts.order_by("number")] == ["live", "retry"]


def test_a_person_whose_tag_is_not_seen_afterwards_goes_on_alone(sandbox):
    rule = bulk_rule(sandbox)
    delivery = burst(rule, 60)[7]
    step(rule)
    await_import(sandbox)
    sandbox.state.remove_tag("p7@x.io", "step-3-complete")

    finish(rule)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.reason) == ("retrying", "import_unconfirmed")
    send_all(delivery)
    assert sandbox.state.tags_of("p7@x.io") == ["step-3-complete"]


@pytest.mark.parametrize("outcome", ["failed", "interrupted"])
def test_an_import_that_fails_leaves_everybody_to_single_calls(sandbox, outcome):
    sandbox.faults.set("import_outcome", status=outcome, count=1)
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 60)

    batch = finish(rule)

    assert batch.state == "final"
    assert {(d.status, d.reason) for d in fresh(deliveries)} == {("retrying", "import_unconfirmed")}
    send_all(*deliveries)
    assert statuses(deliveries) == {"completed"}
    assert calls(sandbox).count(IMPORT) == 1


def test_a_tag_that_is_gone_is_never_made_anew_by_an_import(sandbox):
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 60)
    sandbox.state.delete_tag(rule.target_id)

    step(rule)

    assert as_they_were(deliveries)
    assert calls(sandbox) == [f"GET tags/{rule.target_id}"]
    rest_over()
    assert not imports.drive(account_of(rule))
    send_all(deliveries[0])
    assert {(d.status, d.held_reason) for d in fresh(deliveries)} == {("pending", "tag_not_found")}


def test_a_renamed_tag_goes_by_its_present_name(sandbox):
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 60)
    tag = sandbox.state.data.tags.get(int(rule.target_id))
    sandbox.state.data.tags.change(tag, name="renamed")

    finish(rule)

    assert statuses(deliveries) == {"completed"}
    assert sandbox.state.tags_of("p7@x.io") == ["renamed"]


@pytest.mark.parametrize("name", ["one, two", " spaced"])
def test_a_name_that_an_import_might_misread_goes_by_single_calls(sandbox, name):
    rule = bulk_rule(sandbox)
    tag = sandbox.state.data.tags.get(int(rule.target_id))
    sandbox.state.data.tags.change(tag, name=name)
    deliveries = burst(rule, 60)

    step(rule)

    assert as_they_were(deliveries)
    assert IMPORT not in calls(sandbox)


def test_the_limit_of_the_importer_rests_imports_but_not_the_account(sandbox):
    sandbox.faults.set("import_rate_limit")
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 60)

    batch = finish(rule)

    assert (batch.state, Account.objects.get().paused_until) == ("abandoned", None)
    assert {(d.status, d.reason, d.tries) for d in fresh(deliveries)} == {
        ("retrying", "rate_limited", 0)
    }
    burst(rule, 60)
    assert imports.accounts_to_drive() == []
    send_all(*deliveries)
    assert statuses(deliveries) == {"completed"}
    attempt = deliveries[0].attempts.get(number=1)
    assert (attempt.outcome, attempt.counted) == ("rate_limited", False)
    assert [e["status"] for e in attempt.exchanges] == [400]


@pytest.mark.parametrize("path", ["tags/*", "import/*"])
def test_a_429_pauses_the_account_and_costs_nobody_a_try(sandbox, path):
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 60)
    sandbox.faults.set("rate_limit", retry_after=30, path=path)

    step(rule)

    assert Account.objects.get().paused_until > timezone.now()
    assert statuses(deliveries) in ({"pending"}, {"retrying"})
    assert {d.tries for d in fresh(deliveries)} == {0}
    assert ImportBatch.objects.get().state == "abandoned"


def test_trouble_before_the_request_gives_everything_back_as_it_was(sandbox):
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 60)
    sandbox.faults.set("server_error", path="tags/*")

    step(rule)

    assert as_they_were(deliveries)
    assert imports.accounts_to_drive() == []
    send_all(*deliveries)
    assert statuses(deliveries) == {"completed"}


@pytest.mark.parametrize("fault", ["reset_after_write", "empty_body"])
def test_a_request_with_an_unknown_end_keeps_all_lanes_until_no_import_can_run(sandbox, fault):
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 60)
    sandbox.faults.set(fault, path="import/*", count=1)

    step(rule)
    step(rule)

    assert ImportBatch.objects.get().state == "doubtful"
    assert statuses(deliveries) == {"processing"}
    await_import(sandbox)
    let_pass(seconds=61)
    step(rule)
    assert ImportBatch.objects.get().state == "abandoned"
    assert {(d.status, d.reason) for d in fresh(deliveries)} == {("retrying", "import_unconfirmed")}
    send_all(*deliveries)
    assert statuses(deliveries) == {"completed"}
    last = Attempt.objects.filter(number=2)
    assert set(last.values_list("effect", flat=True)) == {"already"}


def test_doubt_lasts_while_the_account_still_imports_something(sandbox):
    sandbox.configure(import_delay_s=3600.0)
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 60)
    sandbox.faults.set("reset_after_write", path="import/*", count=1)
    step(rule)

    let_pass(seconds=100)
    step(rule)

    assert ImportBatch.objects.get().state == "doubtful"
    assert statuses(deliveries) == {"processing"}


def test_ten_minutes_without_an_end_fall_back_to_single_calls(sandbox):
    sandbox.configure(import_delay_s=3600.0)
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 60)
    step(rule)

    let_pass(minutes=9, seconds=50)
    step(rule)
    assert statuses(deliveries) == {"processing"}
    let_pass(seconds=15)
    assert pick_up_abandoned() == 0
    step(rule)
    assert ImportBatch.objects.get().state == "abandoned"
    send_all(*deliveries)

    assert statuses(deliveries) == {"completed"}
    first = Attempt.objects.filter(number=1)
    assert set(first.values_list("outcome", "reason", "counted")) == {
        ("timeout", "import_unfinished", False)
    }


def test_an_account_that_does_not_answer_any_more_falls_back_as_well(sandbox):
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 60)
    step(rule)
    sandbox.faults.set("server_error", path="import/*")

    let_pass(minutes=5)
    step(rule)
    assert statuses(deliveries) == {"processing"}
    let_pass(minutes=6)
    step(rule)

    assert {(d.status, d.reason) for d in fresh(deliveries)} == {("retrying", "import_unfinished")}


def test_a_payload_that_the_mapping_cannot_use_goes_alone(sandbox):
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 60)
    odd = deliveries[7]
    odd.event.payload = {"first_name": "no email at all"}
    odd.event.save()
    schema = rule.current.mapping.schema
    schema["fields"][1]["transforms"] = [{"type": "to_date"}]
    schema["fields"][1]["on_error"] = "fail_action"
    rule.current.mapping.save()

    step(rule)

    assert statuses([odd]) == {"pending"}
    assert fresh([odd])[0].progress == {"singly": True}
