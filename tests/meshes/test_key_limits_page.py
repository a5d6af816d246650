"""A publishable key's limits on its page in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from meshes.keys import create_key
from meshes.models import PublishableKey
from tests.builders import make_workspace

pytestmark = pytest.mark.django_db


def save(staff: Any, key: PublishableKey, **values: str) -> Any:
    address = reverse("admin:meshes_publishablekey_change", args=[key.pk])
    given = {"name": key.name, "events_per_second": "", "events_burst": ""}
    return staff.post(address, {**given, "allowed_origins": "", "allowed_events": "", **values})


def test_limits_are_saved_as_requests_are_held_against_them_and_audited(staff) -> None:
    key = create_key(make_workspace(), name="Site", by="t")

    save(
        staff,
        key,
        events_per_second="2.5",
        events_burst="100",
        allowed_origins="HTTPS://App.Example.com/\r\n\r\nhttp://localhost:3000",
        allowed_events="page.completed\r\n",
    )

    key.refresh_from_db()
    assert (key.events_per_second, key.events_burst) == (2.5, 100)
    assert key.allowed_origins == "https://app.example.com\nhttp://localhost:3000"
    assert key.allowed_events == "page.completed"
    edit = key.history.first()
    assert (edit.history_user.username, edit.allowed_events) == ("admin", "page.completed")


def test_empty_boxes_take_the_limits_away(staff) -> None:
    key = create_key(make_workspace(), name="Site", by="t", events_burst=100, allowed_events="a")

    save(staff, key)

    key.refresh_from_db()
    assert (key.events_per_second, key.events_burst) == (None, None)
    assert (key.allowed_origins, key.allowed_events) == ("", "")


@pytest.mark.parametrize(
    ("box", "written", "said"),
    [
        ("events_per_second", "0", "greater than or equal to 1"),
        ("events_per_second", "nan", "Enter a number."),
        ("events_burst", "99", "greater than or equal to 100"),
        ("allowed_origins", "app.example.com", "app.example.com is no origin"),
        ("allowed_events", "n" * 201, "at most 200 characters"),
    ],
)
def test_limits_that_would_do_harm_are_refused(staff, box, written, said) -> None:
    key = create_key(make_workspace(), name="Site", by="t")

    answer = save(staff, key, **{box: written})

    assert said in answer.content.decode()
    assert key.history.count() == 1
