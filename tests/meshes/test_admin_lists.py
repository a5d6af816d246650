"""What every list and every form says about where one is and what it shows."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from meshes import audit
from meshes.audit import Kind
from meshes.models import AlertContact
from tests.builders import make_connection, make_mapping, make_workspace
from tests.meshes.test_admin_pages import PAGES

pytestmark = pytest.mark.django_db
LISTS = [f"admin:{table._meta.app_label}_{table._meta.model_name}_changelist" for table in PAGES]
CONTACTS = reverse("admin:meshes_alertcontact_changelist")


@pytest.mark.parametrize("name", LISTS)
def test_a_list_without_a_filter_offers_nothing_more_to_show(name, staff) -> None:
    assert "Show all" not in staff.get(reverse(name)).content.decode()


def test_a_search_that_left_rows_out_offers_all_of_them(staff) -> None:
    workspace = make_workspace()
    for name in ("ops", "dev"):
        AlertContact.objects.create(workspace=workspace, email=f"{name}@example.com")

    shown = staff.get(CONTACTS, {"q": "ops"}).content.decode()

    assert "1 result" in shown
    assert '<a href="?">Show all</a>' in shown


@pytest.mark.parametrize(
    ("name", "label"),
    [("meshes_auditentry", "when"), ("rules_mappingversion", "Connection")],
)
def test_a_row_without_a_link_is_headed_by_its_first_column(name, label, staff) -> None:
    audit.note(Kind.ADDED, by=audit.Actor("kim"), about=make_workspace())
    make_mapping(make_connection())

    shown = staff.get(reverse(f"admin:{name}_changelist")).content.decode()

    assert f'data-label="{label}"' in shown
    assert "Select record" not in shown
    head = shown.partition(f'data-label="{label}">')[2].partition("</th>")[0]
    assert "/change/" not in head


@pytest.mark.parametrize(
    ("name", "trail"),
    [
        ("rules_rule_add", ["Rules", "Add"]),
        ("connections_connection_add", ["Connections", "Add"]),
        ("meshes_workspace_add", ["Workspaces and access", "Workspaces", "Add"]),
        ("rules_eventtype_changelist", ["Rules", "Event types"]),
    ],
)
def test_the_trail_names_a_room_once_and_says_that_a_row_is_new(name, trail, staff) -> None:
    shown = staff.get(reverse(f"admin:{name}")).content.decode()

    heading = shown.partition("<h1")[2].partition(">")[2].partition("</h1>")[0]
    words = [" ".join(word.split()) for word in re.split(r"<[^>]*>", heading)]
    assert [word for word in words if word not in ("", "chevron_right")] == trail
