"""Times read the same on every page: in the viewer's zone, with the offset."""

from __future__ import annotations

import re
import zoneinfo
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.template import Context, Template
from django.urls import reverse
from django.utils import timezone

from meshes.models import Membership, Organization
from meshes.moments import NamedZone, clock

SPRING = datetime(2026, 3, 21, 15, 6, 7, tzinfo=UTC)
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


def shown(text: str, when: datetime | None) -> str:
    return Template("{% load moments %}" + text).render(Context({"when": when}))


def test_templates_show_a_time_for_people_and_for_machines() -> None:
    with timezone.override(BERLIN):
        assert shown("{{ when|moment }}", SPRING) == (
            '<time datetime="2026-03-21T15:06:07+00:00">21 Mar 2026 16:06 CET (+01:00)</time>'
        )
        assert "16:06:07 CET" in shown("{{ when|exact_moment }}", SPRING)


def test_no_time_is_shown_as_nothing() -> None:
    assert shown("{{ when|moment }}{{ when|exact_moment }}", None) == ""


def test_a_zone_that_names_offsets_reads_the_same_and_keeps_its_own_name() -> None:
    zone = NamedZone("Europe/Berlin")
    with timezone.override(zone):
        assert clock(SPRING) == "16:06 CET (+01:00)"
        assert timezone.get_current_timezone_name() == "Europe/Berlin"


def test_the_time_of_day_alone_has_its_offset_too() -> None:
    with timezone.override(BERLIN):
        assert clock(SPRING, seconds=True) == "16:06:07 CET (+01:00)"


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", "21 Mar 2026 15:06 UTC<"),
        ("Europe/Berlin", "21 Mar 2026 16:06 CET (+01:00)<"),
        ("Asia/Kathmandu", "21 Mar 2026 20:51 +05:45<"),
    ],
)
def test_djangos_own_columns_and_fields_have_the_offset(zone, expected, staff) -> None:
    Membership.objects.create(user=User.objects.get(username="admin"), time_zone=zone)
    row = Organization.objects.create(name="Northstar")
    Organization.objects.filter(pk=row.pk).update(created_at=SPRING)

    for address in ("changelist", "change"):
        args = [row.pk] if address == "change" else []
        page = staff.get(reverse(f"admin:meshes_organization_{address}", args=args))
        assert expected in re.sub(r"\s*<", "<", page.content.decode())
