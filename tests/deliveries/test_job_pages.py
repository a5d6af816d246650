"""From the filtered list to a running replay, from a rule to its backfill, and their pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deliveries.background_jobs import pause
from deliveries.models import BackgroundJob, Delivery
from meshes.models import Membership
from rules.models import Rule
from tests.builders import (
    append_version,
    make_connection,
    make_delivery,
    make_event,
    make_rule,
    make_workspace,
)
from tests.deliveries.pages import found, listed, page, queries_of, text_of, viewer
from tests.deliveries.replays import NOW, end_all, ended, feed_now, fresh, row, run, start

pytestmark = pytest.mark.django_db

PREVIEW = reverse("admin:deliveries_backgroundjob_replay")


@pytest.fixture
def rule(db) -> Rule:
    return make_rule(name="CRM connected", connection=make_connection(name="Acme AC"))


def backfill(rule: Rule) -> str:
    return reverse("admin:deliveries_backgroundjob_backfill", args=[rule.pk])


def begin(client: Client, address: str, **form: Any) -> str:
    answer = client.post(address, form, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def press(client: Client, job: BackgroundJob, button: str) -> str:
    address = reverse("admin:deliveries_backgroundjob_button", args=[job.pk, button])
    return begin(client, address)


def test_the_list_leads_to_a_preview_of_what_it_shows(staff, rule):
    for number in range(3):
        ended(rule, f"{number}@x.io")
    ended(rule, status="completed", reason="")

    text = text_of(staff, listed(Delivery, status="failed", reason="timeout"))
    assert 'href="/admin/deliveries/backgroundjob/replay/?status=failed&amp;reason=timeout"' in text
    assert "Replay all that these filters find…" in text

    text = text_of(staff, PREVIEW + "?status=failed&reason=timeout")
    assert "3 of 3 selected deliveries can be replayed" in text
    assert "Status: Failed" in text
    assert "Reason: Timeout" in text
    assert "Takes 1 s to 8 s." in text
    assert "No rule has changed since" in text
    assert not BackgroundJob.objects.exists()


def test_starting_replays_what_existed_at_the_preview(staff, rule):
    chosen = ended(rule)
    later = ended(rule)

    text = begin(staff, PREVIEW + "?status=failed&basis=now", last_id=chosen.pk, insist="on")

    job = BackgroundJob.objects.get()
    assert "The job has started." in text
    assert "Replay of 1 selected delivery" in text
    assert (job.asked_by, job.basis, job.insist, job.total) == ("admin", "now", True, 1)
    assert job.selection == {"status": "failed"}
    run(job)
    assert (row(chosen)["job_id"], row(later)["job_id"]) == (job.pk, None)


def test_delivered_ones_need_a_word_of_their_own(staff, rule):
    delivered = ended(rule, status="completed", reason="")

    assert "Send the one that was delivered already once more" in text_of(staff, PREVIEW)
    begin(staff, PREVIEW, last_id=delivered.pk)
    assert not BackgroundJob.objects.exists()

    begin(staff, PREVIEW, last_id=delivered.pk, again="on")
    assert BackgroundJob.objects.get().total == 1


def test_a_preview_tells_of_changed_rules_and_of_what_is_left_out(staff, rule):
    ended(rule)
    ended(rule, "")
    rule.name, rule.target_id, rule.target_label = "CRM done", "13", "new"
    rule.save()
    append_version(rule)

    text = text_of(staff, PREVIEW)

    assert "1 of 2 selected deliveries can be replayed" in text
    assert "Replay 1 of 2 selected deliveries in the background?" in text
    assert "CRM done" in text
    assert "add the tag “new”" in text
    assert "<strong>1</strong> without a valid email address" in text


def test_held_deliveries_are_selected_as_held(staff, rule):
    held = {"held_reason": "connection_inactive", "held_at": NOW, "completed_at": None}
    ended(rule, status="retrying", **held)
    ended(rule, status="pending", **held)

    text = text_of(staff, PREVIEW + "?status=held")

    assert "Status: Held" in text
    assert "<strong>2</strong> held" in text
    assert "will try again" not in text


def test_what_a_user_id_finds_is_not_offered_for_a_replay(staff, rule):
    event = make_event(workspace=rule.workspace, user_id="usr_9")
    make_delivery(event, rule, page_id="page_crm")

    by_user = text_of(staff, listed(Delivery, q="usr_9"))
    assert "A replay searches by email, page id or event id, not by user id." in by_user
    assert "Replay all that these filters find" not in by_user

    for term in ("page_crm", str(event.uuid)):
        assert "Replay all that these filters find" in text_of(staff, listed(Delivery, q=term))


def test_a_search_for_a_uuid_costs_the_same_for_many_rows(staff, rule):
    user, counts = str(uuid4()), set()
    for number in (1, 9):
        for _ in range(number):
            make_delivery(make_event(workspace=rule.workspace, user_id=user), rule)
        counts.add(queries_of(staff, listed(Delivery, q=user)))

    assert len(counts) == 1
    shown = text_of(staff, listed(Delivery, q=user))
    assert "A replay searches by email, page id or event id, not by user id." in shown


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        (
            "q=u_1001",
            "A replay searches by email, page id or event id",
        ),
        ("status=retrying", "Nothing. Widen the filters of the list."),
    ],
)
def test_an_empty_selection_says_what_to_do(staff, rule, query, sentence):
    ended(rule)

    text = text_of(staff, f"{PREVIEW}?{query}")

    assert sentence in text
    assert "Start replay" not in text


def test_filters_that_cannot_be_kept_lead_back_with_a_sentence(staff, rule):
    answer = staff.get(PREVIEW + "?since=soon", follow=True)

    assert "“soon” is no date and time." in answer.content.decode()
    assert answer.request["PATH_INFO"] == reverse("admin:deliveries_delivery_changelist")


def test_with_several_workspaces_one_must_be_chosen(staff, rule):
    other = make_rule()
    ended(rule)
    ended(other)

    text = text_of(staff, PREVIEW + "?status=failed")
    assert "A replay belongs to one workspace." in text
    assert f"?status=failed&amp;workspace={other.workspace_id}" in text

    chosen = text_of(staff, f"{PREVIEW}?status=failed&workspace={other.workspace_id}")
    assert "1 of 1 selected" in chosen
    assert "1 of 1 selected" in text_of(staff, f"{PREVIEW}?rule={rule.pk}")


def test_other_workspaces_are_out_of_reach(rule):
    theirs = ended(rule)
    browser = viewer("view_delivery", "replay_many")
    mine = make_workspace()
    Membership.objects.create(user=User.objects.get(username="viewer")).workspaces.add(mine)
    job = start(rule.workspace)

    for query in (f"workspace={rule.workspace_id}", f"rule={rule.pk}"):
        begin(browser, f"{PREVIEW}?{query}", last_id=theirs.pk)
    begin(browser, PREVIEW, last_id=theirs.pk)

    assert list(BackgroundJob.objects.all()) == [job]
    assert browser.get(page(job)).status_code == 302
    assert browser.get(backfill(rule)).status_code == 404
    assert found(browser, BackgroundJob) == []


def test_jobs_need_the_permission_to_replay(rule):
    delivery = ended(rule)
    browser = viewer("view_delivery")
    job = start(rule.workspace)

    answers = [
        browser.get(PREVIEW),
        browser.post(PREVIEW, {"last_id": delivery.pk}),
        browser.get(backfill(rule)),
        browser.get(page(job)),
        browser.get(listed(BackgroundJob)),
        browser.post(reverse("admin:deliveries_backgroundjob_button", args=[job.pk, "cancel"])),
    ]

    assert [answer.status_code for answer in answers] == [403] * 6
    assert fresh(job).state == "running"
    assert "Replay all" not in text_of(browser, listed(Delivery))


def test_a_job_page_shows_how_far_it_is(staff, rule):
    for number in range(4):
        ended(rule, f"{number}@x.io")
    job = start(rule.workspace)
    feed_now()
    Delivery.objects.filter(job=job, email="0@x.io").update(status="completed", run_attempts=1)
    Delivery.objects.filter(job=job, email="1@x.io").update(held_reason="connection_inactive")

    text = text_of(staff, page(job))

    assert "25 % · 1 of 4 have ended" in text
    for chip in ("1 delivered", "1 held", "2 waiting", "running"):
        assert f"{chip}</span>" in text
    assert 'data-fresh="?part=fresh"' in text


def test_a_finished_job_no_longer_refreshes_and_tells_what_it_left_out(staff, rule):
    ended(rule)
    lost = ended(rule, "lost@x.io")
    job = start(rule.workspace)
    Delivery.objects.filter(pk=lost.pk).update(email="")
    run(job)

    text = text_of(staff, page(job))

    assert "100 % · 1 of 2 have ended, 1 left out" in text
    assert "<strong>1</strong> without a valid email address" in text
    assert "data-fresh-done" in text
    assert "Pause" not in text
    assert "done, 1 of 2 set going, 1 left out" in text_of(staff, listed(BackgroundJob))


def test_the_list_of_a_jobs_deliveries_shows_them_alone(staff, rule):
    chosen, other = ended(rule), ended(rule, status="completed")
    job = start(rule.workspace)
    feed_now()

    assert found(staff, Delivery, job=str(job.pk)) == [chosen.pk]
    assert found(staff, Delivery, job="x") == []
    assert found(staff, Delivery) == [other.pk, chosen.pk]
    assert "1 of 1 selected" not in text_of(staff, f"{PREVIEW}?job={job.pk}")
    end_all(job)
    assert "1 of 1 selected" in text_of(staff, f"{PREVIEW}?job={job.pk}")


def test_a_job_is_paused_resumed_and_canceled_on_its_page(staff, rule):
    chosen = ended(rule)
    job = start(rule.workspace)
    feed_now()

    assert "1 delivery of it in the queue wait with it." in press(staff, job, "pause")
    assert row(chosen)["held_reason"] == "job_paused"
    assert "The job goes on." in press(staff, job, "resume")
    assert "1 delivery put back as they were before their replay." in press(staff, job, "cancel")
    assert "This no longer applies." in press(staff, job, "cancel")

    assert (fresh(job).state, row(chosen)["status"]) == ("canceled", "failed")


def test_a_delivery_of_a_paused_job_says_so(staff, rule):
    chosen = ended(rule)
    job = start(rule.workspace)
    feed_now()
    pause(job.pk, now=NOW)

    text = text_of(staff, page(chosen))

    assert "held: The replay or backfill that this delivery belongs to is paused" in text


def test_the_list_of_jobs_says_what_to_do_while_it_is_empty_and_shows_them(staff, rule):
    assert "narrow their list by its filters" in text_of(staff, listed(BackgroundJob))

    ended(rule)
    start(rule.workspace)

    text = text_of(staff, listed(BackgroundJob))
    assert "Replay of 1 selected delivery" in text
    assert "running, 0 of 1 set going" in text


def test_a_rule_leads_to_its_backfill(staff, rule):
    when = timezone.now() - timedelta(days=2)
    event = make_event(workspace=rule.workspace, created_at=when)

    assert f'href="{backfill(rule)}"' in text_of(
        staff, reverse("admin:rules_rule_change", args=[rule.pk])
    )
    text = text_of(staff, backfill(rule))
    assert "1 person would be reached" in text
    assert "every page.completed" in text

    today = timezone.localdate()
    since = today - timedelta(days=5)
    text = begin(staff, backfill(rule), since=str(since), until=str(today))

    assert "Backfill of “CRM connected” for 1 person" in text
    job = BackgroundJob.objects.get()
    assert (job.kind, job.asked_by, job.rule_id) == ("backfill", "admin", rule.pk)
    assert feed_now() == 1
    assert Delivery.objects.get().event_id == event.pk


@pytest.mark.parametrize(
    ("since", "until", "sentence"),
    [
        ("2026-03-02", "2026-03-01", "Choose a day that is not before the first one."),
        ("soon", "2026-03-01", "Enter a valid date."),
        ("2026-03-01", "2026-03-02", "Nobody would be reached."),
    ],
)
def test_a_period_without_anybody_starts_nothing(staff, rule, since, until, sentence):
    text = text_of(staff, f"{backfill(rule)}?since={since}&until={until}")
    assert sentence in text
    assert "Start backfill" not in text

    begin(staff, backfill(rule), since=since, until=until)
    assert not BackgroundJob.objects.exists()


def test_a_rule_that_is_off_is_not_backfilled(staff, rule):
    Rule.objects.filter(pk=rule.pk).update(active=False)

    answer = staff.get(backfill(rule), follow=True)

    assert "This rule is off. Switch it on" in answer.content.decode()


def test_pages_cost_the_same_few_queries_for_many_deliveries(staff, rule):
    ended(rule)
    job = start(rule.workspace)
    pages = (page(job), listed(BackgroundJob), PREVIEW)
    few = [queries_of(staff, each) for each in pages]
    for number in range(20):
        ended(rule, f"{number}@x.io")
    feed_now()

    assert [queries_of(staff, each) for each in pages] == few
    assert max(few) <= 12
