from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from deliveries.models import Attempt, Delivery, Event
from tests.bench import past
from tests.bench.past import FAILURES, make_past

pytestmark = pytest.mark.django_db

SIZE, RARE = 1_000, 10


def test_a_past_has_as_many_deliveries_as_asked_for_and_a_few_of_each_rarity() -> None:
    world = make_past(SIZE, rare=RARE)

    assert Event.objects.count() == Delivery.objects.count() == SIZE
    own = Delivery.objects.filter(workspace=world.workspace)
    assert 0.85 * SIZE < own.count() < 0.95 * SIZE
    found = Counter(own.values_list("status", flat=True))
    assert found["failed"] == RARE * len(FAILURES)
    assert found["retrying"] == found["canceled"] == RARE
    assert own.exclude(held_reason="").count() == RARE
    assert found["processing"] > RARE / 2
    assert Event.objects.filter(total_rules=0).count() == RARE
    assert Delivery.objects.filter(rule=world.rare_rule).count() == RARE
    for column, value in (
        ("event", past.RARE_EVENT),
        ("resource", past.RARE_RESOURCE),
        ("resource_id", past.RARE_SEQUENCE),
        ("email", past.PERSON),
        ("page_id", past.RARE_PAGE),
    ):
        assert Event.objects.filter(**{column: value}).count() == RARE


def test_rarities_lie_over_all_of_the_past_and_its_first_attempts_are_there() -> None:
    world = make_past(SIZE, rare=RARE)

    rare = Event.objects.filter(resource=past.RARE_RESOURCE).order_by("created_at")
    ids = list(rare.values_list("pk", flat=True))
    assert {later - before for before, later in pairwise(ids)} == {SIZE // RARE}
    span = Event.objects.latest("created_at").created_at - Event.objects.earliest("pk").created_at
    assert round(span.total_seconds() / past.SPAN_S, 2) == 1
    assert world.tried.attempts.count() == past.ATTEMPTS
    tried = Delivery.objects.filter(attempt_count__gt=0)
    assert Attempt.objects.filter(number=1).count() == tried.count()
