"""The canary goes the whole way, says when it arrived last, and leaves nothing behind."""

from __future__ import annotations

import logging
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from deliveries import canary, canary_sending, tasks
from deliveries.books import recount
from deliveries.canary import go_round, last_green, standing
from deliveries.claiming import claim
from deliveries.event_hours import count_hours as count_event_hours
from deliveries.models import Attempt, Canary, Delivery, Event, EventHour, Rollup
from deliveries.rollups import count_hours
from deliveries.sending import send
from deliveries.verifying import verify
from meshes.hidden import CANARY_ORGANIZATION, CANARY_WORKSPACE
from meshes.models import Organization, PublishableKey, Workspace
from rules.models import Rule
from tests.deliveries.pages import text_of, viewer
from tests.deliveries.test_erasure_pages import words_of
from tests.threads import at_once

pytestmark = pytest.mark.django_db

PERIOD = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _every_five_minutes(settings) -> None:
    settings.CANARY_EVERY_S = 300


def arrive() -> None:
    """What a pump does with the canary that is under way."""
    held = claim(Delivery.objects.get().account_id)
    assert held is not None
    send(held)


def age(by: timedelta) -> None:
    """As if the last round had been so long ago."""
    for name in ("begun_at", "sent_at", "green_at"):
        moment = Canary.objects.values_list(name, flat=True).get()
        if moment is not None:
            Canary.objects.update(**{name: moment - by})
    for row in Delivery.objects.all():
        over = {"created_at": row.created_at - by}
        if row.completed_at is not None:
            over["completed_at"] = row.completed_at - by
        Delivery.objects.filter(pk=row.pk).update(**over)


def test_a_canary_is_posted_matched_sent_and_recorded_like_any_event():
    go_round()
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.trigger, delivery.is_test) == ("pending", "canary", False)
    assert delivery.event.created_by == "publishable key: Canary"
    assert delivery.event.total_rules == 1

    arrive()

    delivery.refresh_from_db()
    attempt = Attempt.objects.get()
    assert (delivery.status, delivery.applied_id) == ("completed", attempt.pk)
    assert (attempt.trigger, attempt.outcome, attempt.exchanges) == ("canary", "delivered", [])
    assert attempt.message == "The canary arrived."


def test_an_arrival_is_green_at_once_and_stays_so_when_its_rows_are_gone():
    go_round()
    assert last_green() is None
    arrive()
    delivery = Delivery.objects.get()
    assert last_green().at == delivery.completed_at

    age(PERIOD)
    went = Delivery.objects.get()
    go_round()

    took = round((went.completed_at - went.created_at).total_seconds() * 1000)
    assert last_green() == canary.Green(went.completed_at, took)
    assert Delivery.objects.get().pk > delivery.pk
    assert (Event.objects.count(), Attempt.objects.count()) == (1, 0)


def test_a_canary_goes_once_a_period_whoever_keeps_house():
    go_round()
    go_round()

    assert Event.objects.count() == 1

    arrive()
    age(PERIOD - timedelta(seconds=40))
    go_round()
    assert Delivery.objects.get().status == "completed"

    age(timedelta(seconds=20))
    go_round()
    assert Delivery.objects.get().status == "pending"


def test_the_housekeeping_sends_it():
    tasks.keep_house()

    assert Delivery.objects.get().trigger == "canary"


def test_a_canary_that_nobody_delivers_makes_way_for_the_next_and_is_told(caplog):
    go_round()
    first = Delivery.objects.get()
    age(PERIOD)

    go_round()

    assert Delivery.objects.get().pk != first.pk
    assert Canary.objects.get().trouble == "The one before was not delivered in time."
    assert standing(timezone.now()).state == "new"

    age(2 * PERIOD)
    with caplog.at_level(logging.ERROR):
        go_round()
    assert standing(timezone.now()).state == "red"
    assert "canary_red" in caplog.text


def test_a_canary_in_hand_of_a_worker_is_not_taken_from_it():
    go_round()
    held = claim(Delivery.objects.get().account_id)
    age(PERIOD)

    go_round()
    send(held)

    statuses = Delivery.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == ["completed", "pending"]


def test_a_canary_that_the_endpoint_refuses_is_told_with_its_status(caplog):
    go_round()
    PublishableKey.objects.filter(workspace=CANARY_WORKSPACE).update(revoked_at=timezone.now())
    age(PERIOD)

    with caplog.at_level(logging.ERROR):
        go_round()

    assert Canary.objects.get().trouble == "The endpoint answered the last one with 401."
    assert "canary_refused" in caplog.text
    assert not Event.objects.exists()


@pytest.mark.parametrize("hosts", [["meshes.example.com"], [".example.com"], ["*"]], ids=str)
def test_the_endpoint_takes_it_whatever_host_names_are_answered(settings, hosts):
    settings.ALLOWED_HOSTS = hosts

    go_round()

    assert Event.objects.count() == 1


def test_a_server_that_takes_only_https_takes_it(settings):
    settings.PUBLIC_URL = "https://meshes.example.com"
    settings.ALLOWED_HOSTS = ["meshes.example.com"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_SSL_REDIRECT = True
    canary_sending._handler.cache_clear()

    go_round()
    canary_sending._handler.cache_clear()

    assert Event.objects.count() == 1


def test_without_a_period_none_is_sent_and_what_is_left_goes(settings):
    go_round()
    settings.CANARY_EVERY_S = 0

    go_round()

    assert not Event.objects.exists()
    assert standing(timezone.now()).state == "off"


def test_its_own_rows_are_made_once_and_have_no_history():
    go_round()
    made = Workspace.everything.get(pk=CANARY_WORKSPACE)
    age(PERIOD)
    go_round()

    assert made.organization_id == CANARY_ORGANIZATION
    assert not Workspace.objects.filter(pk=CANARY_WORKSPACE).exists()
    assert not Organization.objects.filter(pk=CANARY_ORGANIZATION).exists()
    assert Rule.objects.count() == PublishableKey.objects.count() == 1
    assert not Workspace.history.filter(id=CANARY_WORKSPACE).exists()
    assert not Rule.history.exists()


def test_it_counts_nowhere():
    go_round()
    arrive()
    now = timezone.now()

    for count in (count_hours, count_event_hours):
        count(now, until=float("inf"), kept_since=None)

    assert not Rollup.objects.exists()
    assert not EventHour.objects.exists()
    assert (recount().balanced, recount().figures["ever.accepted"]) == (True, 0)
    found = verify(sample=10, seed=1)
    assert (found.ok, found.sampled, found.figures["attempts"]) == (True, 0, 0)


def test_the_home_page_says_when_it_was_green(staff: Client):
    assert "Canary not sent yet" in words_of(staff.get("/admin/"))
    go_round()
    Delivery.objects.update(created_at=timezone.now() - timedelta(seconds=2))
    arrive()
    age(timedelta(minutes=2))

    words = words_of(staff.get("/admin/"))

    assert re.search(r"Canary green 2 min( \d+ s)? ago, took \d+(\.\d)? s", words)
    assert "The canary is an event of our own that goes the whole way every 5 min, to a" in words
    assert "No workspace yet" in words


def test_a_red_canary_is_told_to_operators_on_every_page(staff: Client):
    go_round()
    arrive()
    age(3 * PERIOD)

    banner = "The canary does not arrive, so deliveries may not go out."
    assert banner in text_of(staff, "/admin/rules/rule/")
    words = words_of(staff.get("/admin/"))
    assert "Canary last green 15 min" in words
    assert "The operator runs: python manage.py doctor" in words
    assert banner not in text_of(viewer("view_rule"), "/admin/rules/rule/")


def test_without_a_canary_the_home_page_says_nothing_of_it(staff: Client, settings):
    settings.CANARY_EVERY_S = 0

    assert "canary" not in words_of(staff.get("/admin/")).lower()


def test_readyz_tells_the_last_arrival_in_its_body(client: Client):
    go_round()
    arrive()
    age(timedelta(minutes=30))

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert 1800 <= answer.json()["canary_age_s"] < 1830
    assert answer.json()["canary_green_at"].endswith("Z")


@pytest.mark.django_db(transaction=True)
def test_of_many_who_keep_house_at_once_one_sends_it():
    at_once(4, go_round)

    assert Event.objects.count() == Delivery.objects.count() == 1
    assert Canary.objects.count() == 1
