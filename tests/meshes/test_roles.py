"""The groups that ship with the product, and that operators may change."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from meshes.models import RoleGrant
from meshes.roles import ROLES, give_roles

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _groups(db) -> None:
    """As after migrating, also where a test before emptied the database."""
    give_roles()


def may(name: str) -> set[str]:
    found = Permission.objects.filter(group__name=name).select_related("content_type")
    return {f"{each.content_type.app_label}.{each.codename}" for each in found}


@pytest.mark.parametrize("name", ROLES)
def test_each_group_has_every_permission_that_its_role_names(name) -> None:
    assert may(name) == set(ROLES[name])


def test_a_migration_leaves_what_an_operator_changed() -> None:
    support = Group.objects.get(name="Support")
    taken = Permission.objects.get(codename="replay_delivery")
    added = Permission.objects.get(codename="view_payload")
    support.permissions.remove(taken)
    support.permissions.add(added)

    call_command("migrate", verbosity=0)

    expected = set(ROLES["Support"]) - {"deliveries.replay_delivery"}
    assert may("Support") == expected | {"deliveries.view_payload"}


def test_a_group_that_an_operator_removed_stays_away() -> None:
    Group.objects.get(name="Lifecycle").delete()

    give_roles()

    assert not Group.objects.filter(name="Lifecycle").exists()


def test_a_permission_that_is_new_is_given_once_to_a_group_that_exists() -> None:
    RoleGrant.objects.filter(permission="deliveries.read_back").delete()
    Group.objects.get(name="Support").permissions.clear()

    give_roles()

    assert may("Support") == {"deliveries.read_back"}


def test_nobody_sees_payloads_or_erases_people_by_role() -> None:
    for name in ROLES:
        assert not may(name) & {"deliveries.view_payload", "deliveries.erase_person"}


def test_support_edits_nothing_and_reaches_no_key() -> None:
    verbs = {each.partition(".")[2].partition("_")[0] for each in ROLES["Support"]}

    assert verbs == {"view", "replay", "read"}
    assert not [each for each in ROLES["Support"] if "key" in each or "connection" in each]
