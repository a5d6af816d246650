"""Workspaces are made with a key, and their names are kept apart."""

from __future__ import annotations

import pytest

from meshes.models import PublishableKey, Workspace
from meshes.workspaces import NameInvalid, NameTaken, bump_rules_version, create_workspace
from tests.builders import make_organization, make_workspace

pytestmark = pytest.mark.django_db


def test_a_new_workspace_has_one_working_key() -> None:
    workspace, key = create_workspace("Product", organization=make_organization(), by="alex")

    assert workspace.created_by == "alex"
    assert list(workspace.publishable_keys.values_list("key", flat=True)) == [key.key]


def test_a_taken_name_is_refused_and_nothing_is_left_behind() -> None:
    organization = make_organization(name="Acme")
    create_workspace("Product", organization=organization, by="alex")

    with pytest.raises(NameTaken, match="Acme already has a workspace named Product"):
        create_workspace("Product", organization=organization, by="alex")

    assert (Workspace.objects.count(), PublishableKey.objects.count()) == (1, 1)


def test_another_organization_may_use_the_same_name() -> None:
    for organization in (make_organization(), make_organization()):
        create_workspace("Product", organization=organization, by="alex")

    assert Workspace.objects.filter(name="Product").count() == 2


@pytest.mark.parametrize("name", ["", "ab", "x" * 51, "tools/web", "Käse", "Tools\n"])
def test_a_name_outside_the_rules_is_refused(name: str) -> None:
    with pytest.raises(NameInvalid):
        create_workspace(name, organization=make_organization(), by="alex")

    assert not Workspace.objects.exists()


def test_every_bump_raises_the_rules_version_by_one() -> None:
    workspace = make_workspace()

    assert [bump_rules_version(workspace.id) for _ in range(3)] == [2, 3, 4]
