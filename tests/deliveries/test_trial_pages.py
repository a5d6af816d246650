"""Sending a test from a rule's page, watching it, and cleaning up after it, as people do."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from deliveries import beats
from deliveries.models import Delivery, Event, Trial
from meshes.models import Membership
from tests.builders import make_event, make_workspace
from tests.deliveries.pages import queries_of, text_of, viewer
from tests.deliveries.scenes import EMAIL, send_one, tag_rule
from tests.deliveries.trials import TAG, body, delivery_of, sent, start

pytestmark = pytest.mark.django_db

MAY = ("send_test_event", "view_rule")
FIELDS = {"how": "fields", "event": "page.completed", "email": EMAIL, "sequence_step": "03"}


def form_of(rule):
    return reverse("admin:deliveries_trial_new", args=[rule.pk])


def page_of(trial):
    return reverse("admin:deliveries_trial_change", args=[trial.pk])


def clean_up_of(trial):
    return reverse("admin:deliveries_trial_button", args=[trial.pk, "clean-up"])


def test_the_form_is_filled_from_the_rule(staff, admin_user, sandbox):
    admin_user.email = "Ada@Example.com"
    admin_user.save()
    rule = tag_rule(sandbox, page_id="crm", sequence_step="3")
    make_event(workspace=rule.workspace, page_id="crm", page_title="Connect your CRM")

    given = staff.get(form_of(rule)).context["page"]["form"].initial

    sent_ = json.loads(given["body"])
    assert sent_["event"] == "page.completed"
    assert sent_["payload"] == {
        "email": "ada@example.com",
        "user_id": "test-user",
        "page_id": "crm",
        "page_title": "Connect your CRM",
        "sequence_step": 3,
        "completed_at": given["completed_at"],
    }


def test_the_rules_page_leads_to_the_form(staff, sandbox):
    rule = tag_rule(sandbox)

    page = text_of(staff, reverse("admin:rules_rule_change", args=[rule.pk]))

    assert form_of(rule) in page


def test_sending_leads_to_the_tests_page(staff, sandbox):
    rule = tag_rule(sandbox)

    answer = staff.post(form_of(rule), FIELDS)

    trial = Trial.objects.get()
    assert answer.url == page_of(trial)
    assert Event.objects.get().payload == {"email": EMAIL, "sequence_step": "03"}
    assert "Event accepted" in text_of(staff, page_of(trial))


def test_json_is_sent_as_it_stands(staff, sandbox):
    given = {"how": "json", "body": body(extra=[1, {"deep": True}]).decode()}

    staff.post(form_of(tag_rule(sandbox)), given)

    assert Event.objects.get().payload["extra"] == [1, {"deep": True}]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"how": "json", "body": "{"}, "not valid JSON"),
        ({"how": "json", "body": '{"event": "x"}'}, "payload is required"),
        ({**FIELDS, "email": ""}, "Say whose contact the rule is to change."),
        (
            {**FIELDS, "completed_at": "yesterday"},
            "Write a date and a time with a zone, such as",
        ),
        ({**FIELDS, "resource_id": "no spaces"}, "must be a string of 1 to 64 letters"),
    ],
    ids=["broken", "payload", "email", "time", "resource"],
)
def test_what_the_endpoint_refuses_is_told_beside_the_form(staff, sandbox, given, sentence):
    answer = staff.post(form_of(tag_rule(sandbox)), given)

    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert not Event.objects.exists()


def test_what_must_be_filled_in_is_marked(staff, sandbox):
    page = text_of(staff, form_of(tag_rule(sandbox)))

    assert page.count('<span class="trial-needed">*</span></label>') == 2
    assert page.count('aria-required="true"') == 2


def test_a_customers_address_is_asked_about_once_more(staff, sandbox):
    rule = tag_rule(sandbox)
    make_event(workspace=rule.workspace, email=EMAIL)

    page = staff.post(form_of(rule), FIELDS).content.decode()
    assert f"{EMAIL} is probably a customer." in page
    assert not Trial.objects.exists()

    staff.post(form_of(rule), {**FIELDS, "sure": "another@x.io"})
    assert not Trial.objects.exists()

    staff.post(form_of(rule), {**FIELDS, "sure": EMAIL})
    assert Trial.objects.count() == 1


def test_the_live_part_follows_the_test_and_then_stands_still(staff, sandbox):
    trial = start(tag_rule(sandbox))
    live = reverse("admin:deliveries_trial_stages", args=[trial.pk])
    assert 'data-moving="yes"' in text_of(staff, live)

    send_one(delivery_of(trial))

    page = text_of(staff, live)
    assert 'data-moving="no"' in page
    assert f"Passed. The contact holds the tag “{TAG}”." in page
    assert "<html" not in page


def test_cleaning_up_says_first_what_it_does_and_then_what_it_did(staff, sandbox):
    trial = sent(tag_rule(sandbox))
    assert "Deletes the contact, which the test created." in text_of(staff, clean_up_of(trial))
    assert sandbox.state.tags_of(EMAIL) == [TAG]

    page = staff.post(clean_up_of(trial), follow=True).content.decode()

    assert "The contact, which the test had created, is deleted." in page
    assert sandbox.state.contact_by_email(EMAIL) is None
    assert "Clean up…" not in page


def test_an_earlier_test_can_be_changed_and_sent_again_by_whoever_sent_it(staff, sandbox):
    rule = tag_rule(sandbox)
    own, other = start(rule, body(note="x"), by="admin"), start(rule, body(note="y"), by="bea")

    for trial, shown in ((own, True), (other, False)):
        given = staff.get(f"{form_of(rule)}?again={trial.uuid}").context["page"]["form"].initial
        assert ("note" in given["body"]) is shown


def test_only_those_who_may_send_tests_get_there(sandbox):
    trial = sent(tag_rule(sandbox))
    pages = [form_of(trial.rule), page_of(trial), clean_up_of(trial)]

    browser = viewer("view_rule", "view_delivery")

    assert [browser.get(page).status_code for page in pages] == [403, 403, 403]
    assert browser.post(form_of(trial.rule), FIELDS).status_code == 403
    assert Trial.objects.count() == 1


def test_the_workspaces_of_others_are_not_there(sandbox, django_user_model):
    trial = sent(tag_rule(sandbox))
    browser = viewer(*MAY)
    person = django_user_model.objects.get(username="viewer")
    Membership.objects.create(user=person).workspaces.set([make_workspace()])

    live = reverse("admin:deliveries_trial_stages", args=[trial.pk])
    assert browser.get(form_of(trial.rule)).status_code == 404
    assert browser.get(live).status_code == 404
    assert browser.get(page_of(trial)).status_code == 302


def test_get_changes_nothing(staff, sandbox):
    trial = sent(tag_rule(sandbox))

    staff.get(clean_up_of(trial))
    staff.get(form_of(trial.rule))

    assert (Delivery.objects.count(), Trial.objects.get().cleaned_at) == (1, None)


def test_the_pages_ask_few_queries(staff, sandbox):
    rule = tag_rule(sandbox)
    trials = [sent(rule) for _ in range(3)]

    listed = reverse("admin:deliveries_trial_changelist")
    live = reverse("admin:deliveries_trial_stages", args=[trials[0].pk])
    counts = [queries_of(staff, page) for page in (listed, page_of(trials[0]), live)]
    assert all(count <= most for count, most in zip(counts, (9, 18, 10), strict=True)), counts


def test_the_list_shows_whether_tests_passed_or_where_they_stopped(staff, sandbox):
    rule = tag_rule(sandbox)
    sent(rule)
    start(rule)
    start(tag_rule(sandbox, page_id="other"))
    listed = reverse("admin:deliveries_trial_changelist")
    assert "Stopped at “Sent by a worker”</span>" in text_of(staff, listed)
    beats.start("pump")

    text = text_of(staff, listed)

    assert "Passed</span>" in text
    assert "Stopped at “Sent by a worker”" not in text
    assert "Under way</span>" in text
    assert "Stopped at “Matched by the rule”</span>" in text
    assert text.count("not yet</td>") == 2
    assert text.count("nothing to clean up</td>") == 1


@pytest.mark.parametrize(
    ("over", "stage"),
    [
        ({"status": "failed", "reason": "target_not_found", "last_outcome": "rejected"}, "Answer"),
        ({"status": "canceled", "read_back_at": None}, "Answer"),
        ({"status": "canceled", "last_outcome": ""}, "Sent"),
        ({"status": "retrying", "held_reason": "connection_inactive"}, "Answer"),
        ({"found": "undone"}, "Read back"),
        ({"read_back_at": None, "completed_at": timezone.now() - timedelta(hours=1)}, "Read back"),
    ],
)
def test_the_list_says_where_a_test_stopped(staff, sandbox, over, stage):
    trial = sent(tag_rule(sandbox))
    Delivery.objects.filter(event=trial.event_id).update(**over)

    text = text_of(staff, reverse("admin:deliveries_trial_changelist"))

    assert f"Stopped at “{stage}" in text


def test_a_page_offers_to_clean_up_once(staff, sandbox):
    trial = sent(tag_rule(sandbox))

    assert text_of(staff, page_of(trial)).count(clean_up_of(trial)) == 1


def test_what_sent_nothing_offers_no_clean_up(staff, sandbox):
    trial = start(tag_rule(sandbox, page_id="other"))

    assert "Clean up" not in text_of(staff, page_of(trial))
