"""Whether a problem is the hand-off or what the account does after it."""

import time
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from connections.destinations.contacts import ContactSeen
from connections.models import Account
from deliveries.finding import Finding, judge
from deliveries.models import Delivery, Found, Mail
from deliveries.reading_back import CannotReadBack, read_back
from rules.targets import action_of
from tests.deliveries.pages import failed_delivery, text_of, viewer
from tests.deliveries.scenes import EMAIL, calls, due, send_one, tag_rule

HELD = {"tags": {"12": "9"}}


def judged(action="add_tag", *, delivered=True, **seen):
    given = ContactSeen("482", **seen)
    kind = action_of("activecampaign", action)
    return judge(given, action=kind, target_id="12", delivered=delivered)


@pytest.mark.parametrize(
    ("action", "seen", "finding"),
    [
        ("add_tag", {**HELD, "lists": {"3": "active"}}, ("as_wanted", "possible")),
        ("add_tag", HELD, ("as_wanted", "no_list")),
        ("add_tag", {**HELD, "lists": {"3": "unsubscribed"}}, ("as_wanted", "unsubscribed")),
        ("add_tag", {**HELD, "lists": {"3": "unconfirmed"}}, ("as_wanted", "unconfirmed")),
        ("add_tag", {**HELD, "lists": {"3": "active"}, "bounced": True}, ("as_wanted", "bounced")),
        ("add_tag", {"lists": {"3": "active"}}, ("undone", "possible")),
        ("remove_tag", {}, ("as_wanted", "no_list")),
        ("remove_tag", HELD, ("undone", "no_list")),
        ("add_to_list", {"lists": {"12": "active"}}, ("as_wanted", "possible")),
        (
            "add_to_list",
            {"lists": {"12": "unsubscribed", "3": "active"}},
            ("undone", "unsubscribed"),
        ),
        ("remove_from_list", {"lists": {"12": "unsubscribed"}}, ("as_wanted", "unsubscribed")),
        ("sync_contact", {}, ("as_wanted", "no_list")),
    ],
)
def test_what_was_seen_is_held_against_the_rule(action, seen, finding):
    assert judged(action, **seen) == Finding(*finding)


def test_what_was_never_delivered_is_missing_and_not_undone():
    assert judged(delivered=False) == Finding(Found.MISSING, Mail.NO_LIST)


@pytest.mark.parametrize(
    ("action", "found"), [("add_tag", Found.NO_CONTACT), ("remove_tag", Found.AS_WANTED)]
)
def test_where_there_is_no_contact_only_a_removal_is_satisfied(action, found):
    kind = action_of("activecampaign", action)
    judged = judge(ContactSeen(), action=kind, target_id="12", delivered=True)

    assert judged == Finding(found, "")


@pytest.mark.django_db
def test_reading_back_keeps_what_it_found_and_changes_nothing(sandbox):
    delivery = send_one(due(tag_rule(sandbox)))
    before = len(calls(sandbox))

    read_back(delivery, by="ada", now=timezone.now)

    delivery.refresh_from_db()
    assert (delivery.found, delivery.mail) == ("as_wanted", "no_list")
    assert delivery.read_back_at >= delivery.completed_at
    assert [call.split()[0] for call in calls(sandbox)[before:]] == ["GET", "GET"]


@pytest.mark.django_db
def test_a_tag_taken_away_since_is_told(sandbox):
    delivery = send_one(due(tag_rule(sandbox)))
    sandbox.state.remove_tag(EMAIL, "step-3-complete")

    assert read_back(delivery, by="ada", now=timezone.now).found == Found.UNDONE


@pytest.mark.django_db
def test_a_key_that_is_refused_is_told_and_nothing_is_kept(sandbox):
    delivery = send_one(due(tag_rule(sandbox)))
    sandbox.faults.set("forbidden_empty")

    with pytest.raises(CannotReadBack, match="does not accept this key"):
        read_back(delivery, by="ada", now=timezone.now)

    assert not Delivery.objects.filter(read_back_at__isnull=False).exists()


@pytest.mark.django_db
def test_a_paused_account_is_not_asked(sandbox):
    delivery = send_one(due(tag_rule(sandbox)))
    until = timezone.now() + timedelta(minutes=1)
    Account.objects.update(paused_until=until)
    before = len(calls(sandbox))

    with pytest.raises(CannotReadBack, match="asked for a pause"):
        read_back(delivery, by="ada", now=timezone.now)

    assert len(calls(sandbox)) == before


@pytest.mark.django_db
def test_a_slot_that_is_too_far_away_is_told_and_not_waited_for(sandbox):
    delivery = send_one(due(tag_rule(sandbox)))
    Account.objects.update(next_slot=time.time() + 600)
    before = len(calls(sandbox))

    with pytest.raises(CannotReadBack, match="uses the whole budget of this account"):
        read_back(delivery, by="ada", now=timezone.now)

    assert len(calls(sandbox)) == before


@pytest.mark.django_db
def test_the_button_tells_what_was_found_and_the_page_keeps_it(staff, sandbox):
    delivery = send_one(due(tag_rule(sandbox)))
    page = reverse("admin:deliveries_delivery_change", args=[delivery.pk])

    answer = staff.post(f"{page.removesuffix('change/')}do/verify/", follow=True)

    text = answer.content.decode()
    assert "The contact holds the tag “step-3-complete”." in text
    assert "It is on no list, so no mail will go out." in text
    assert [message.level_tag for message in answer.context["messages"]] == ["warning"]
    assert "Verified in the account" in text_of(staff, page)


@pytest.mark.django_db
def test_only_those_who_may_read_back_see_the_button():
    page = reverse("admin:deliveries_delivery_change", args=[failed_delivery().pk])
    browser = viewer("view_delivery")

    assert "Verify now" not in text_of(browser, page)
    assert browser.post(f"{page.removesuffix('change/')}do/verify/").status_code == 403
