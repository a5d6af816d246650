"""Events of one person that are accepted at the same moment are sent in one order."""

from __future__ import annotations

import threading

import pytest
from django.db import transaction

from deliveries.claiming import claim
from deliveries.models import Delivery
from tests.builders import make_rule
from tests.deliveries.senders import BULK, EVENT, EVENTS, make_sender, stored
from tests.threads import aside, at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

WAITS_S = 20


def about(email: str):
    return {"event": "page.completed", "payload": {"email": email}}


def claimed_by_another(account_id: int) -> int | None:
    """The delivery that another connection would send now."""
    (held,) = at_once(1, lambda: claim(account_id))
    return held.delivery_id if held else None


def test_a_later_delivery_of_a_person_is_not_seen_before_an_earlier_one():
    api = make_sender()
    account_id = make_rule(workspace=api.workspace).connection.account_id

    with transaction.atomic():
        assert api.emit(EVENT).status_code == 201
        first = Delivery.objects.get()
        second = aside(lambda: api.emit(EVENT))
        second.join(timeout=1)
        seen = claimed_by_another(account_id)
    second.join(timeout=WAITS_S)

    assert seen is None
    assert claimed_by_another(account_id) == first.pk
    assert stored()[:2] == (2, 2)
    assert Delivery.objects.order_by("pk").first() == first


def test_other_people_do_not_wait_for_a_person_whose_event_is_being_stored():
    api = make_sender()
    make_rule(workspace=api.workspace)

    with transaction.atomic():
        assert api.emit(EVENT).status_code == 201
        other = aside(lambda: api.emit(about("rosa@x.io")))
        other.join(timeout=WAITS_S)
        seen = at_once(1, lambda: list(Delivery.objects.values_list("email", flat=True)))

    assert seen == [["rosa@x.io"]]


def test_bulk_requests_about_the_same_people_in_any_order_all_succeed(settings):
    settings.THROTTLE_EVENTS_BURST = 1000
    api = make_sender()
    make_rule(workspace=api.workspace)
    people = [about(f"{number}@x.io") for number in range(12)]
    turn = iter([people, people[::-1], people[6:] + people[:6], people[::-2] + people[::2]])
    lock = threading.Lock()

    def post() -> list[int]:
        with lock:
            mine = next(turn)
        return [api.post(BULK, mine).status_code for _ in range(5)]

    assert at_once(4, post) == [[201] * 5] * 4
    assert stored()[:2] == (240, 240)


def test_the_deliveries_of_a_person_are_in_the_order_of_the_events():
    api = make_sender()
    make_rule(workspace=api.workspace)

    at_once(4, lambda: [api.post(EVENTS, EVENT) for _ in range(10)])

    events = list(Delivery.objects.order_by("pk").values_list("event", flat=True))
    assert len(events) == 40
    assert events == sorted(events)
