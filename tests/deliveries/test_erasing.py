"""After an erasure the person is in no table, every count is as before, and a receipt tells."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from connections.models import ContactCache
from deliveries import erasing, erasure_work
from deliveries.books import recount
from deliveries.canceling import cancel_delivery
from deliveries.models import Attempt, BackgroundJob, Delivery, Erasure, Event, IdempotencyKey
from deliveries.replaying import CannotReplay, replay
from tests.builders import make_attempt, make_delivery, make_event, make_rule, make_workspace
from tests.deliveries.erasures import (
    CANARIES,
    CANARY,
    EMAIL,
    ask,
    delivered,
    erase,
    event_of,
    go_on,
    in_flight,
    places_of,
    spread,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db
STAYING = ("accepted", "matched", "unmatched", "deliveries", "completed", "attempts", "tries")


def test_nothing_of_the_person_is_left_in_any_column_of_any_table(api):
    spread(api)
    before = recount().figures
    assert len(places_of(CANARIES)) >= 9

    erasure = erase()

    assert erasure.state == "done"
    assert places_of(CANARIES) == set()
    after = recount()
    assert after.balanced
    assert [after.figures[name] for name in STAYING] == [before[name] for name in STAYING]


def test_the_receipt_counts_what_was_erased_and_never_names_the_person(api):
    spread(api)

    erasure = erase()

    assert erasure.counts == {
        "events": 4,
        "mentions": 1,
        "deliveries": 8,
        "canceled": 7,
        "attempts": 2,
        "contacts": 1,
        "keys": 2,
        "jobs": 1,
    }
    assert not erasure.email
    assert erasure.email_hash == erasing.email_hash(EMAIL)
    assert (erasure.scanned_id, erasure.finished_at is not None) == (erasure.last_id, True)


def test_the_hash_depends_on_the_key_and_on_the_address(settings):
    first = erasing.email_hash(EMAIL)
    assert erasing.email_hash("kim@example.com") != first
    assert len(first) == 64

    settings.CREDENTIAL_KEYS = ["YW5vdGhlci1rZXktYW5vdGhlci1rZXktYW5vdGhlcjE="]

    assert erasing.email_hash(EMAIL) != first


def test_an_erasure_is_named_by_its_time_and_the_zone_of_that():
    erasure = Erasure(created_at=datetime(2026, 3, 21, 16, 6, tzinfo=ZoneInfo("Europe/Berlin")))

    assert str(erasure) == "Erasure of 2026-03-21 15:06 UTC"


def test_the_address_is_sealed_while_the_erasure_runs():
    make_workspace()

    ask("  Canary.Alex+1@CANARY-mail.io ")

    assert places_of(("canary.alex", "canary-mail")) == set()
    assert Erasure.objects.get().email.open() == EMAIL


@pytest.mark.parametrize("text", ["", "alex", "alex@", "two@one.io two@one.io"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(erasing.EmailInvalid):
        ask(text)

    assert not Erasure.objects.exists()


def test_another_person_with_a_similar_address_keeps_everything():
    rule = make_rule()
    other = delivered(rule, "lex+1@canary-mail.io")

    erasure = erase()

    assert erasure.counts["events"] == erasure.counts["mentions"] == 0
    other.event.refresh_from_db()
    assert (other.event.email, other.event.erased_at) == ("lex+1@canary-mail.io", None)
    assert other.event.payload["note"] == CANARY


@pytest.mark.parametrize("over", [{}, {"status": "retrying"}, {"held_reason": "tag_not_found"}])
def test_what_waits_is_canceled_with_a_reason(over):
    delivery = make_delivery(event_of(rule := make_rule()), rule, **over)

    erase()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.reason) == ("canceled", "person_erased")
    assert (delivery.held_reason, delivery.email) == ("", "")


def test_a_replay_that_has_not_begun_leaves_the_delivery_as_it_was():
    delivery = delivered(make_rule())
    replay(delivery.pk, basis="was", insist=False, by="kim", now=timezone.now())

    erase()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.email, recount().balanced) == ("completed", "", True)


def test_an_attempt_in_flight_ends_before_its_event_is_blanked():
    delivery = delivered(make_rule(), status="pending")
    in_flight(delivery)

    erasure = erase()

    delivery.refresh_from_db()
    assert (erasure.state, erasure.email.open()) == ("running", EMAIL)
    assert delivery.cancel_asked_at is not None
    assert (delivery.status, delivery.email) == ("processing", EMAIL)

    gone = {"status": "canceled", "lease_token": None, "lease_until": None}
    Delivery.objects.filter(pk=delivery.pk).update(**gone)

    assert go_on() == 1
    assert (Erasure.objects.get().state, places_of(CANARIES)) == ("done", set())


def test_a_contact_that_an_attempt_remembers_meanwhile_goes_too():
    delivery = delivered(make_rule(), status="pending")
    in_flight(delivery)
    erase()
    ContactCache.objects.create(
        account=delivery.account, email=EMAIL, external_id="7", updated_at=timezone.now()
    )
    gone = {"status": "completed", "lease_token": None, "lease_until": None}
    Delivery.objects.filter(pk=delivery.pk).update(**gone)

    go_on()

    assert not ContactCache.objects.exists()


def test_an_event_that_only_names_the_person_waits_for_the_other_persons_delivery():
    rule = make_rule()
    said = {"email": "kim@example.com", "cc": EMAIL}
    other = make_event(workspace=rule.workspace, email="kim@example.com", payload=said)
    waiting = make_delivery(other, rule)

    erasure = erase()

    waiting.refresh_from_db()
    other.refresh_from_db()
    assert (erasure.state, erasure.counts["waiting"]) == ("running", [other.pk])
    assert (waiting.status, waiting.cancel_asked_at, other.payload) == ("pending", None, said)

    cancel_delivery(waiting.pk, by="kim", now=timezone.now())
    go_on()

    other.refresh_from_db()
    waiting.refresh_from_db()
    assert (other.payload, other.email, waiting.email) == (
        {},
        "kim@example.com",
        "kim@example.com",
    )
    assert other.erased_at is not None
    assert Erasure.objects.get().counts["mentions"] == 1


def test_the_other_person_can_be_erased_afterwards():
    rule = make_rule()
    said = {"email": "kim@example.com", "cc": EMAIL}
    make_event(workspace=rule.workspace, email="kim@example.com", payload=said)
    erase()

    erasure = erase("kim@example.com")

    assert erasure.counts["events"] == 1
    assert places_of(("kim@example.com",)) == set()


def test_an_event_whose_delivery_goes_to_the_person_is_theirs():
    rule = make_rule()
    event = make_event(workspace=rule.workspace, email="", payload={"contact": EMAIL})
    make_delivery(event, rule, email=EMAIL, status="failed")

    erasure = erase()

    assert (erasure.counts["events"], erasure.counts["deliveries"]) == (1, 1)
    assert places_of(CANARIES) == set()


def test_events_after_the_request_are_new_data():
    rule = make_rule()
    event_of(rule)
    asked = ask()
    later = event_of(rule)

    go_on()

    later.refresh_from_db()
    asked.refresh_from_db()
    assert (asked.state, asked.counts["events"]) == ("done", 1)
    assert (later.email, later.erased_at) == (EMAIL, None)


def test_an_erasure_of_one_workspace_leaves_the_others_alone():
    mine, theirs = make_rule(), make_rule()
    delivered(mine)
    other = delivered(theirs)

    erasure = erase(workspace=mine.workspace)

    other.event.refresh_from_db()
    assert erasure.counts["events"] == 1
    assert (other.event.email, Attempt.objects.filter(exchanges=[]).count()) == (EMAIL, 2)


def test_answers_to_other_requests_are_kept(api):
    spread(api)
    body = {"event": "page.completed", "payload": {"email": "kim@example.com"}}
    api.emit(body, Idempotency_Key="of-somebody-else")

    erase()

    assert IdempotencyKey.objects.get().key == "of-somebody-else"


def test_a_job_that_selects_the_person_selects_nobody_afterwards():
    given = {"kind": "replay", "workspace": make_workspace(), "asked_by": "kim", "last_id": 1}
    other = BackgroundJob.objects.create(**given, selection={"email": "kim@example.com"})
    job = BackgroundJob.objects.create(**given, selection={"email": EMAIL, "status": "failed"})

    erase()

    job.refresh_from_db()
    other.refresh_from_db()
    assert job.selection == {"email": "", "status": "failed"}
    assert other.selection == {"email": "kim@example.com"}


def test_an_erased_delivery_cannot_be_replayed():
    delivery = delivered(make_rule())
    erase()

    with pytest.raises(CannotReplay, match="erased"):
        replay(delivery.pk, basis="was", insist=False, by="kim", now=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_a_process_that_dies_anywhere_loses_and_doubles_nothing(monkeypatch):
    """Every write in turn is the last one of a process; others then finish the work."""
    monkeypatch.setattr(erasure_work, "AT_ONCE", 1)
    monkeypatch.setattr(erasure_work, "SCANNED_AT_ONCE", 1)
    rule = make_rule()
    for _ in range(2):
        delivered(rule)
    make_event(workspace=rule.workspace, email="", payload={"cc": EMAIL})
    asked, deaths = ask(), 0
    while Erasure.objects.filter(state="running").exists():
        deaths += 1
        assert deaths < 60
        with connection.execute_wrapper(Dying(after=deaths)), suppress(Killed):
            go_on()
        Erasure.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    asked.refresh_from_db()
    assert deaths > 10
    assert places_of(CANARIES) == set()
    told = ("events", "mentions", "deliveries", "attempts")
    assert [asked.counts[name] for name in told] == [2, 1, 2, 4]


class Killed(Exception):
    """The process is gone."""


class Dying:
    """Lets so many statements pass and none after them."""

    def __init__(self, *, after: int) -> None:
        self.left = after

    def __call__(self, execute, sql, params, many, context):
        if "SAVEPOINT" not in sql:
            self.left -= 1
            if self.left < 0:
                raise Killed
        return execute(sql, params, many, context)


@pytest.mark.django_db(transaction=True)
def test_two_processes_erase_once():
    rule = make_rule()
    for _ in range(6):
        delivered(rule)
    asked, until = ask(), time.monotonic() + 20

    blanked = at_once(2, lambda: erasing.go_on(timezone.now(), until=until))

    asked.refresh_from_db()
    assert sum(blanked) == 6
    assert (asked.state, asked.counts["events"], asked.counts["attempts"]) == ("done", 6, 12)


def test_an_erasure_in_other_hands_is_left_alone():
    event = event_of(make_rule())
    ask()
    Erasure.objects.update(lease_until=timezone.now() + timedelta(minutes=1))

    assert go_on() == 0
    event.refresh_from_db()
    assert event.email == EMAIL


def test_without_time_nothing_is_begun():
    event_of(make_rule())
    ask()

    assert go_on(-1.0) == 0
    assert Erasure.objects.get().lease_until is None
    assert Event.objects.get().email == EMAIL


def test_attempts_without_the_person_keep_their_exchanges():
    rule = make_rule()
    other = make_delivery(make_event(workspace=rule.workspace), rule, status="failed")
    make_attempt(other, outcome="timeout", exchanges=[{"method": "GET"}])
    delivered(rule)

    erase()

    assert Attempt.objects.get(delivery=other).exchanges == [{"method": "GET"}]
