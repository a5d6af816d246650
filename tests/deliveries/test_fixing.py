"""Every reason has its card with the button that repairs it, for those who may press it."""

from __future__ import annotations

import pytest
from django.test import Client

from deliveries.fixing import _REPAIRS, FIXES, Fix, steps
from deliveries.models import Delivery
from deliveries.reasons import NOBODY, REASONS
from tests.builders import make_delivery, make_event, make_rule
from tests.deliveries.pages import page, text_of, viewer

pytestmark = pytest.mark.django_db


def failed(reason: str, **over: object) -> Delivery:
    rule = make_rule()
    event = make_event(workspace=rule.workspace)
    return make_delivery(event, rule, **{"status": "failed", "reason": reason, **over})


def labels(delivery: Delivery, *permissions: str) -> list[str]:
    return [step.label for step in steps(delivery, may=lambda asked: asked in permissions)]


def test_every_reason_has_a_repair_and_every_repair_a_button() -> None:
    assert set(FIXES) == set(REASONS)
    assert set(_REPAIRS) == set(Fix)


@pytest.mark.parametrize("code", REASONS)
def test_the_card_of_a_failure_offers_a_button(staff: Client, code: str) -> None:
    delivery = failed(code)
    found = steps(delivery, may=lambda _permission: True)

    assert found or REASONS[code].fixed_by == NOBODY
    for step in found:
        assert staff.get(step.url).status_code == 200, step.label


def test_a_refused_key_is_tested_again_and_then_all_like_it_are_replayed(staff: Client) -> None:
    delivery = failed("unauthorized")

    text = text_of(staff, page(delivery))

    assert f"/admin/connections/connection/{delivery.connection_id}/do/test/" in text
    assert "Replay all of this rule that failed like this…" in text
    assert f"reason=unauthorized&amp;rule={delivery.rule_id}" in text


def test_a_person_is_offered_only_what_they_may_do() -> None:
    delivery = failed("tag_not_found")

    assert labels(delivery) == []
    assert labels(delivery, "rules.view_rule") == ["Open the rule"]
    assert labels(delivery, "rules.view_rule", "rules.change_rule") == ["Choose another tag"]
    many = "Replay all of this rule that failed like this…"
    assert labels(delivery, "deliveries.replay_delivery") == ["Replay…"]
    assert many in labels(delivery, "deliveries.replay_many")
    text = text_of(viewer("view_delivery"), page(delivery))
    assert "Choose another tag or create it again" in text
    assert "row-button-main" not in text


def test_what_still_waits_is_not_offered_for_replay() -> None:
    delivery = failed("timeout", status="retrying")

    assert labels(delivery, "deliveries.replay_delivery") == []


def test_an_erased_person_cannot_be_replayed() -> None:
    delivery = failed("timeout")
    delivery.event.erased_at = delivery.event.created_at

    assert "Replay…" not in labels(delivery, "deliveries.replay_delivery")


def test_a_delivery_that_ended_without_an_attempt_promises_none(staff: Client) -> None:
    text = text_of(staff, page(failed("unauthorized")))

    assert "No attempt was made." in text
    assert "none yet" not in text
