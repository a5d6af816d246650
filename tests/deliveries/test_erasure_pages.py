"""Erasing a person in the admin: asked, told, confirmed, and the address in no address."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deliveries.models import Erasure, Event
from meshes.models import Membership
from tests.builders import make_delivery, make_event, make_rule
from tests.deliveries.erasures import EMAIL, ask, delivered, erase, event_of, go_on
from tests.deliveries.pages import listed, page, text_of, viewer

pytestmark = pytest.mark.django_db
MISSPELLED = "This is no valid email address. Correct it and try again."


def ask_page() -> str:
    """The address of the page that asks."""
    return reverse("admin:deliveries_erasure_ask")


def post(client: Client, **values: str):
    """The answer to sending the form."""
    return client.post(ask_page(), {"email": EMAIL, "workspace": "all", **values})


def words_of(answer) -> str:
    """What a person reads on the page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def limited(rule, *permissions: str) -> Client:
    """Somebody who may do this in the rule's workspace only."""
    client = viewer(*permissions)
    membership = Membership.objects.create(user=User.objects.get(username="viewer"))
    membership.workspaces.add(rule.workspace)
    return client


def test_the_page_says_what_will_happen_before_anything_does(staff):
    delivery = make_delivery(event_of(rule := make_rule()), rule)
    delivered(make_rule())

    answer = post(staff)

    words = words_of(answer)
    assert f"Erase {EMAIL} in all workspaces?" in words
    assert "2 events of this person are found by the address." in words
    assert "What waits is canceled (1 delivery)" in words
    assert "ActiveCampaign is not touched" in words
    assert not Erasure.objects.exists()
    delivery.refresh_from_db()
    assert delivery.status == "pending"


def test_a_confirmed_erasure_starts_and_leads_to_its_receipt(staff, admin_user):
    event_of(make_rule())

    answer = post(staff, confirmed="yes")

    erasure = Erasure.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, page(erasure))
    assert (erasure.asked_by, erasure.workspace) == (admin_user.username, None)
    go_on()
    assert Event.objects.get().email == ""


def test_no_address_of_a_page_and_no_log_line_holds_the_email(staff, caplog):
    event_of(make_rule())
    local = EMAIL.partition("@")[0]
    answer = post(staff)
    addresses = re.findall(r'(?:href|action|src)="([^"]*)"', answer.content.decode())

    started = post(staff, confirmed="yes")
    go_on()

    assert not [
        address for address in [*addresses, started.headers["Location"]] if local in address
    ]
    assert local not in caplog.text
    assert local not in str(started.cookies)
    assert local not in words_of(staff.get(page(Erasure.objects.get())))


@pytest.mark.parametrize("email", ["", "alex", "alex@", "a@b.io, c@d.io"])
@pytest.mark.parametrize("confirmed", [{}, {"confirmed": "yes"}], ids=["asked", "confirmed"])
def test_what_is_no_address_is_refused_in_the_form(staff, email, confirmed):
    answer = post(staff, email=email, **confirmed)

    assert answer.status_code == 200
    assert MISSPELLED in words_of(answer) or "This field is required." in words_of(answer)
    assert not Erasure.objects.exists()


@pytest.mark.parametrize("permissions", [(), ("view_erasure",), ("view_event", "view_payload")])
def test_nobody_erases_without_the_permission(permissions):
    client = viewer(*permissions)

    assert client.get(ask_page()).status_code == 403
    assert post(client, confirmed="yes").status_code == 403
    assert not Erasure.objects.exists()


def test_somebody_of_one_workspace_erases_there_and_nowhere_else():
    mine, theirs = make_rule(), make_rule()
    client = limited(mine, "erase_person")
    assert "All workspaces" not in text_of(client, ask_page())

    for workspace in ("all", str(theirs.workspace_id)):
        assert "Select a valid choice" in words_of(post(client, workspace=workspace, confirmed="1"))
    assert not Erasure.objects.exists()

    post(client, workspace=str(mine.workspace_id), confirmed="yes")

    assert Erasure.objects.get().workspace == mine.workspace


def test_receipts_of_other_workspaces_are_not_shown():
    mine, theirs = make_rule(), make_rule()
    own, other = ask(workspace=mine.workspace), ask(workspace=theirs.workspace)
    everywhere = ask()
    client = limited(mine, "erase_person")

    rows = client.get(listed(Erasure)).context["cl"].result_list

    assert [row.pk for row in rows] == [own.pk]
    for hidden in (other, everywhere):
        assert client.get(page(hidden)).status_code == 302


def test_the_receipt_tells_what_was_done(staff):
    delivered(make_rule())

    words = words_of(staff.get(page(erasure := erase())))

    for sentence in (
        "A person was erased",
        "1 event of the person was blanked",
        "1 delivery lost its address",
        "2 attempts lost their exchanges",
        "Backups of this database are not touched",
        erasure.email_hash,
    ):
        assert sentence in words


def test_a_running_erasure_tells_how_far_it_is_and_what_it_waits_for(staff):
    rule = make_rule()
    said = {"email": "kim@example.com", "cc": EMAIL}
    event = make_event(workspace=rule.workspace, email="kim@example.com", payload=said)
    held = {"held_reason": "connection_inactive", "held_at": datetime(2026, 3, 2, 9, tzinfo=UTC)}
    delivery = make_delivery(event, rule, **held)

    answer = staff.get(page(erasure := erase()))

    words = words_of(answer)
    assert "waits for 1 event of other people" in words
    assert "1 event of other people names the person and has deliveries" in words
    assert "What it waits for, since 2 Mar 2026 09:00 UTC" in words
    assert f"page.completed for the rule {rule.name} : held:" in words
    assert "Repair what holds it, or cancel it on its page." in words
    assert f'<a href="{page(delivery)}">' in answer.content.decode()
    assert 'data-fresh="?part=fresh"' in answer.content.decode()
    assert "kim@example.com" not in words

    delivery.status, delivery.held_reason = "completed", ""
    delivery.save()
    assert "The deliveries have ended, so a worker blanks it" in words_of(staff.get(page(erasure)))


def test_who_may_see_no_deliveries_is_told_what_an_erasure_waits_for_without_links():
    rule = make_rule()
    said = {"email": "kim@example.com", "cc": EMAIL}
    event = make_event(workspace=rule.workspace, email="kim@example.com", payload=said)
    delivery = make_delivery(event, rule)
    client = limited(rule, "erase_person")

    answer = client.get(page(erase(workspace=rule.workspace)))

    assert "Let it be sent, or cancel it on its page." in words_of(answer)
    assert page(delivery) not in answer.content.decode()


def test_the_list_leads_to_another_erasure(staff):
    erase()

    text = text_of(staff, listed(Erasure))

    assert "A person was erased" in text
    assert ask_page() in text
    assert ask_page() not in text_of(viewer("view_erasure"), listed(Erasure))


def test_the_pages_of_an_erased_event_say_so_and_offer_no_payload(staff):
    delivery = delivered(make_rule())
    erase()

    for row in (delivery, delivery.event):
        words = words_of(staff.get(page(row)))
        assert "This person was erased on" in words
        assert "Show the payload" not in words
        assert EMAIL not in words
    words = words_of(staff.get(page(delivery)))
    assert words.count("What was sent, if anything, was erased.") == 2
    assert "Nothing was sent." not in words


def test_the_page_of_an_event_that_only_named_the_person_says_that(staff):
    rule = make_rule()
    said = {"email": "kim@example.com", "cc": EMAIL}
    other = make_event(workspace=rule.workspace, email="kim@example.com", payload=said)
    erase()

    words = words_of(staff.get(page(other)))

    assert "This event named a person who was erased on" in words
    assert "kim@example.com" in words


def test_an_event_that_was_not_erased_says_nothing_of_it(staff):
    event = event_of(make_rule(), created_at=timezone.now())

    assert "erased" not in words_of(staff.get(page(event)))
