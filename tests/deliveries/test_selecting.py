"""What the history's filters and search select, and what they cannot select."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from deliveries.id_bounds import id_after, id_before
from deliveries.job_preview import preview
from deliveries.models import Delivery
from deliveries.moving import Difference
from deliveries.selecting import SelectionUnclear, moment_in, selected, selection_of
from rules.models import Rule
from tests.builders import append_version, make_account, make_connection, make_rule
from tests.deliveries.replays import NOW, ended

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule(db) -> Rule:
    return make_rule(name="CRM connected")


def fits(place: Rule, /, **asked: str) -> list[int]:
    selection = selection_of(asked, now=NOW)
    rows = selected(selection, workspace_id=place.workspace_id)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def test_each_filter_narrows_by_its_own_column(rule):
    other = make_rule(connection=make_connection(workspace=rule.workspace), page_id="crm")
    first = ended(rule, created_at=NOW - timedelta(days=3))
    second = ended(
        other, "rosa@x.io", status="completed", reason="", last_outcome="delivered",
        created_at=NOW - timedelta(hours=2), event={"is_test": True, "page_id": "crm"},
    )  # fmt: skip
    one, two = [first.pk], [second.pk]

    assert fits(rule) == [first.pk, second.pk]
    assert (fits(rule, status="failed"), fits(rule, status="delivered")) == (one, two)
    assert (fits(rule, outcome="timeout"), fits(rule, outcome="delivered")) == (one, two)
    assert (fits(rule, reason="timeout"), fits(rule, reason="dns_failed")) == (one, [])
    assert (fits(rule, rule=str(rule.pk)), fits(rule, rule=str(other.pk))) == (one, two)
    assert fits(rule, connection=str(other.connection_id)) == two
    assert (fits(rule, is_test="no"), fits(rule, is_test="yes")) == (one, two)
    assert (fits(rule, until="24h"), fits(rule, since="24h")) == (one, two)
    assert (fits(rule, q=" Alex@Example.com"), fits(rule, q="rosa@x.io")) == (one, two)
    assert (fits(rule, q="crm"), fits(rule, q="other page")) == (two, [])
    assert (fits(rule, q=str(first.uuid)), fits(rule, q=str(second.event.uuid))) == (one, two)
    assert fits(rule, status="failed", q="rosa@x.io") == []


def test_event_and_trigger_narrow_too(rule):
    first, second = ended(rule), ended(rule, trigger="replay", event={"event": "trial.started"})

    assert fits(rule, trigger="live") == [first.pk]
    assert fits(rule, trigger="replay") == [second.pk]
    assert fits(rule, event="trial.started") == [second.pk]
    assert fits(rule, trigger="unknown") == [first.pk, second.pk]


def test_a_reason_selects_what_is_held_for_it_too(rule):
    held = ended(rule, status="pending", reason="", held_reason="tag_not_found")
    failed = ended(rule, reason="tag_not_found")

    assert fits(rule, reason="tag_not_found") == [held.pk, failed.pk]


def test_an_email_selects_deliveries_to_it_and_those_of_events_that_name_it(rule):
    mapped = ended(rule)
    Delivery.objects.filter(pk=mapped.pk).update(email="mapped@x.io")

    assert fits(rule, q="mapped@x.io") == [mapped.pk]
    assert fits(rule, q="alex@example.com") == [mapped.pk]


def test_values_that_the_list_ignores_are_no_part_of_the_selection():
    asked = {"status": "other", "outcome": "other", "is_test": "", "p": "2", "matched": "yes"}

    assert selection_of(asked, now=NOW) == {}


def test_times_are_kept_as_moments():
    found = selection_of({"since": "1h", "until": "2026-03-02 10:30"}, now=NOW)

    assert found == {"since": "2026-03-02T11:00:00+00:00", "until": "2026-03-02T10:30:00+00:00"}


def test_a_time_without_a_zone_is_one_of_the_viewer():
    with timezone.override("Europe/Berlin"):
        assert moment_in("2026-03-02", now=NOW) == datetime(2026, 3, 1, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"since": "soon"}, "“soon” is no date and time."),
        ({"until": "2026-02-31"}, "“2026-02-31” is no date and time."),
        ({"rule": "no id"}, "The rule is not known."),
        ({"q": "alex@"}, "“alex@” is no email address."),
    ],
)
def test_what_cannot_be_understood_is_refused(asked, sentence):
    with pytest.raises(SelectionUnclear, match=sentence):
        selection_of(asked, now=NOW)


def test_a_preview_counts_what_would_go_and_what_would_not(rule):
    for number in range(3):
        ended(rule, f"{number}@x.io")
    ended(rule, status="completed", reason="")
    ended(rule, status="pending", completed_at=None)
    newest = ended(rule, "")

    found = preview({}, workspace_id=rule.workspace_id, basis="was")

    assert (found.selected, found.replayable, found.last_id) == (6, 4, newest.pk)
    assert found.by_status == {"failed": 4, "completed": 1, "pending": 1}
    assert found.skipped == {"unfinished": 1, "no_email": 1}
    assert (found.changed, found.changed_rules) == (0, ())


def test_a_preview_gives_the_time_at_each_accounts_budget(rule):
    account = rule.connection.account
    account.requests_per_second = 4.0
    account.save()
    quick = make_account(key="quick", requests_per_second=400.0)
    other = make_rule(connection=make_connection(workspace=rule.workspace, account=quick))
    for each in (rule, rule, other):
        ended(each)

    found = preview({}, workspace_id=rule.workspace_id, basis="was")

    seconds = 2 * 1.2 / (4.0 * 0.95)
    assert [(load.account, load.count) for load in found.loads] == [(account.key, 2), ("quick", 1)]
    assert found.accounts == (account.pk, quick.pk)
    assert (found.least_s, found.most_s) == pytest.approx((seconds, seconds * 10))


def test_a_preview_tells_which_rules_have_changed(rule):
    ended(rule)
    rule.name, rule.target_id, rule.target_label = "CRM done", "13", "new"
    rule.save()
    append_version(rule)
    ended(rule)

    found = preview({}, workspace_id=rule.workspace_id, basis="now")

    assert found.changed == 1
    assert [(each.rule, each.count) for each in found.changed_rules] == [("CRM done", 1)]
    assert found.changed_rules[0].differences == (
        Difference("Rule's name", "CRM connected", "CRM done"),
        Difference("What it does", "add the tag “step-3-complete”", "add the tag “new”"),
    )


def test_a_preview_keeps_to_an_earlier_bound(rule):
    first = ended(rule)
    ended(rule)

    found = preview({}, workspace_id=rule.workspace_id, basis="was", last_id=first.pk)

    assert (found.selected, found.last_id) == (1, first.pk)


def test_the_ids_of_a_period_enclose_its_rows(rule):
    rows = [ended(rule, created_at=NOW + timedelta(hours=hour * 3)) for hour in range(8)]
    keys = [each.pk for each in rows]
    some = Delivery.objects.filter(workspace=rule.workspace)

    assert id_before(some, NOW + timedelta(hours=9)) == keys[2]
    assert id_after(some, NOW + timedelta(hours=9)) == keys[3]
    assert id_before(some, NOW - timedelta(days=1)) == keys[0] - 1
    assert id_before(some.none(), NOW) == 0
    assert id_after(some, NOW + timedelta(days=9)) == keys[-1]
