"""A burst through the bulk importer, over real HTTP: what is sent, stored and learned."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections.models import ContactCache
from deliveries import imports
from deliveries.models import Attempt, Delivery, ImportBatch
from tests.deliveries.bursts import (
    IMPORT,
    INFO,
    account_of,
    await_import,
    bulk_rule,
    burst,
    finish,
    fresh,
    statuses,
    step,
)
from tests.deliveries.scenes import calls, connect, due, send_all

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_imports")]


def test_a_burst_is_one_request_and_one_reading_per_hundred_people(sandbox):
    rule = bulk_rule(sandbox)
    sandbox.state.add_automation("Welcome", tag=rule.target_id)
    deliveries = burst(rule, 120)

    batch = finish(rule)

    made = [call for call in calls(sandbox) if call != INFO]
    assert made == [f"GET tags/{rule.target_id}", IMPORT, "GET contacts", "GET contacts"]
    assert (batch.state, batch.size) == ("final", 120)
    assert statuses(deliveries) == {"completed"}
    for delivery in deliveries:
        assert sandbox.state.tags_of(delivery.email) == ["step-3-complete"]
        assert sandbox.state.automations_of(delivery.email).count("Welcome") == 1


def test_each_delivery_of_an_import_tells_what_happened_to_it(sandbox):
    rule = bulk_rule(sandbox)
    delivery = burst(rule, 60, payload={"first_name": "Alex"})[7]

    finish(rule)

    delivery.refresh_from_db()
    attempt = delivery.attempts.get()
    assert (attempt.number, attempt.trigger, attempt.outcome) == (1, "live", "delivered")
    assert (attempt.effect, attempt.message) == ("applied", "The tag was added by a bulk import.")
    assert (attempt.target_id, attempt.target_label) == (rule.target_id, "step-3-complete")
    assert attempt.counted
    assert (delivery.last_outcome, delivery.applied_id) == ("delivered", attempt.pk)
    assert (delivery.attempt_count, delivery.run_attempts, delivery.tries) == (1, 1, 0)
    assert (delivery.lease_token, delivery.lease_until, delivery.batch) == (None, None, None)
    assert sandbox.state.contact_by_email("p7@x.io")["firstName"] == "Alex"


def test_an_attempt_of_an_import_holds_its_own_person_alone_and_masked(sandbox):
    rule = bulk_rule(sandbox)
    delivery = burst(rule, 60, payload={"first_name": "Canarina"})[7]

    finish(rule)

    contact_id = sandbox.state.contact_by_email("p7@x.io")["id"]
    post, status, reading = delivery.attempts.get().exchanges
    assert (post["method"], post["path"], post["status"]) == ("POST", "/import/bulk_import", 200)
    assert post["request_body"].count("email") == 1
    assert '"queued_contacts": 60' in post["response_body"]
    assert status["path"].startswith("/import/info?batchId=")
    assert f'"status": "completed", "success": ["{contact_id}"]' in status["response_body"]
    assert reading["path"] == f"/contacts?ids[]={contact_id}&include=contactTags"
    kept = repr([list(Attempt.objects.values("exchanges")), list(ImportBatch.objects.values())])
    for canary in ("x.io", "Canarina"):
        assert canary not in kept


def test_what_was_read_back_is_remembered_so_that_the_next_call_is_a_single_one(sandbox):
    rule = bulk_rule(sandbox)
    burst(rule, 60)
    finish(rule)
    before = len(calls(sandbox))

    send_all(due(rule, "p7@x.io"))

    row = ContactCache.objects.get(email="p7@x.io")
    assert row.external_id == sandbox.state.contact_by_email("p7@x.io")["id"]
    assert list(row.links) == [rule.target_id]
    assert calls(sandbox)[before:] == ["POST contactTags"]


def test_fields_that_the_account_holds_already_are_not_sent_again(sandbox):
    rule = bulk_rule(sandbox)
    burst(rule, 60, payload={"first_name": "Alex"})
    finish(rule)
    burst(rule, 60, payload={"first_name": "Alex"})

    finish(rule)

    first, second = [r.body for r in sandbox.state.requests if r.path.endswith("bulk_import")]
    assert first["contacts"][0]["first_name"] == "Alex"
    assert set(second["contacts"][0]) == {"email", "tags"}
    assert set(ContactCache.objects.values_list("fields_hash", flat=True)) != {""}


def test_a_tag_that_was_held_for_long_counts_as_held(sandbox):
    rule = bulk_rule(sandbox)
    sandbox.state.add_contact("p7@x.io", tags=["step-3-complete"])
    link = next(iter(sandbox.state.data.contact_tags))
    link.created -= 3600
    delivery = burst(rule, 60)[7]

    finish(rule)

    assert delivery.attempts.get().effect == "already"
    assert Attempt.objects.filter(effect="applied").count() == 59


def test_fifty_people_are_no_burst(sandbox):
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 50)

    assert imports.accounts_to_drive() == []
    assert not imports.drive(account_of(rule))

    assert statuses(deliveries) == {"pending"}
    assert (calls(sandbox), ImportBatch.objects.count()) == ([], 0)


def test_many_deliveries_to_few_people_are_no_burst(sandbox):
    rule = bulk_rule(sandbox)
    deliveries = [due(rule, f"p{i % 20}@x.io") for i in range(60)]

    assert not imports.drive(account_of(rule))

    assert statuses(deliveries) == {"pending"}
    assert (calls(sandbox), ImportBatch.objects.count()) == ([], 0)
    assert imports.accounts_to_drive() == []


def test_without_the_switch_nothing_goes_in_bulk(sandbox):
    rule = bulk_rule(sandbox, connection=connect(sandbox))
    deliveries = burst(rule, 60)

    assert imports.accounts_to_drive() == []
    assert not imports.drive(account_of(rule))

    assert statuses(deliveries) == {"pending"}
    assert calls(sandbox) == []


def test_asking_who_needs_an_import_is_one_query(sandbox, django_assert_num_queries):
    rule = bulk_rule(sandbox)
    burst(rule, 51)

    with django_assert_num_queries(2 if on_postgres() else 1):  # PostgreSQL is asked the time
        assert imports.accounts_to_drive() == [account_of(rule)]


def on_postgres() -> bool:
    return connection.vendor == "postgresql"


def test_an_import_takes_250_people_and_the_others_stay_in_line(sandbox):
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 255)

    step(rule)

    assert ImportBatch.objects.get().size == 250
    assert [d.status for d in fresh(deliveries)] == ["processing"] * 250 + ["pending"] * 5


def test_people_whose_import_would_be_too_long_stay_in_line(sandbox):
    rule = bulk_rule(sandbox)
    deliveries = burst(rule, 120, payload={"first_name": "x" * 5000})

    step(rule)

    (sent,) = [r for r in sandbox.state.requests if r.path.endswith("bulk_import")]
    assert 390_000 < sent.size <= 399_999
    assert statuses(deliveries) == {"processing", "pending"}
    assert {d.progress == {} for d in fresh(deliveries)} == {True}


@pytest.mark.parametrize(
    "over",
    [
        {"trigger": "test"},
        {"is_test": True},
        {"held_reason": "rule_held"},
        {"status": "retrying", "attempt_count": 1, "run_attempts": 1},
        {"cancel_asked_at": timezone.now()},
        {"next_attempt_at": timezone.now() + timedelta(hours=1)},
        {"progress": {"singly": True}},
        {"action": "remove_tag"},
    ],
    ids=lambda over: next(iter(over)),
)
def test_only_plain_additions_that_are_due_go_in_bulk(sandbox, over):
    rule = bulk_rule(sandbox)
    others = burst(rule, 60)
    odd = due(rule, "odd@x.io")
    Delivery.objects.filter(pk=odd.pk).update(**over)

    step(rule)

    assert statuses(others) == {"processing"}
    assert fresh([odd])[0].batch_id is None
    assert fresh([odd])[0].status != "processing"


def test_the_lane_of_everybody_in_an_import_is_taken(sandbox):
    rule = bulk_rule(sandbox)
    burst(rule, 60)
    step(rule)
    later = due(bulk_rule(sandbox, "another", connection=rule.connection), "p7@x.io")
    stranger = due(rule, "stranger@x.io")

    send_all(later, stranger)

    assert (later.status, stranger.status) == ("pending", "completed")
    finish(rule)
    send_all(later)
    assert later.status == "completed"


def test_the_page_of_a_delivery_says_that_it_is_in_an_import(sandbox, staff):
    rule = bulk_rule(sandbox)
    delivery = burst(rule, 60)[7]
    address = f"/admin/deliveries/delivery/{delivery.pk}/change/"
    assert "In a bulk import since" not in staff.get(address).content.decode()

    step(rule)
    assert "In a bulk import since" in staff.get(address).content.decode()

    finish(rule)
    assert "In a bulk import since" not in staff.get(address).content.decode()


def test_an_import_costs_few_queries_whatever_its_size(sandbox):
    rule = bulk_rule(sandbox)
    other = bulk_rule(sandbox, "another", connection=rule.connection)
    counts = []
    for each, number in ((rule, 60), (other, 240)):
        burst(each, number)
        with CaptureQueriesContext(connection) as begun:
            step(each)
        await_import(sandbox, each.target_label)
        with CaptureQueriesContext(connection) as ended:
            step(each)
        assert ImportBatch.objects.latest("id").state == "final"
        counts.append((len(begun), len(ended)))

    small, large = counts
    assert max(large) <= 45
    # Two more readings, and rows that are written in slices.
    assert (large[0] - small[0] <= 5, large[1] - small[1] <= 15) == (True, True)
