"""Forms lead back to where a person came from, and nowhere else."""

from __future__ import annotations

import pytest
from django.test import Client

from meshes.admin_returning import with_back
from meshes.models import Workspace
from tests.builders import make_organization

pytestmark = pytest.mark.django_db

ADD = "/admin/meshes/workspace/add/"
LIST = "/admin/meshes/workspace/"


def saved(client: Client, back: str, **over: str) -> str:
    """Where the form leads once it is saved."""
    given = {"organization": str(make_organization().pk), "name": "Northstar", **over}
    answer = client.post(with_back(ADD, back), given)
    assert answer.status_code == 302
    return str(answer.url)


def test_a_saved_form_leads_back(staff: Client) -> None:
    assert saved(staff, "/admin/guide/?workspace=1") == "/admin/guide/?workspace=1"


@pytest.mark.parametrize("back", ["", "https://elsewhere.io/", "//elsewhere.io", "javascript:x"])
def test_no_other_place_is_followed(staff: Client, back: str) -> None:
    assert saved(staff, back) == LIST


def test_who_wants_to_go_on_editing_stays(staff: Client) -> None:
    address = saved(staff, "/admin/guide/", _continue="1")

    assert address.startswith(f"{LIST}{Workspace.objects.get().pk}/change/")


def test_the_only_organization_is_chosen_already(staff: Client) -> None:
    from meshes.models import Organization

    only = Organization.objects.live().first() or make_organization()
    form = staff.get(ADD).context["adminform"].form
    assert form.fields["organization"].initial == only.pk

    make_organization()
    form = staff.get(ADD).context["adminform"].form
    assert form.fields["organization"].initial is None
