"""The guide shows each person their own workspaces, and who may do what they may not."""

from __future__ import annotations

from html import unescape

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from meshes.models import Membership
from meshes.roles import give_roles
from tests.builders import make_connection, make_workspace
from tests.deliveries.pages import text_of, viewer
from tests.deliveries.test_guide import GUIDE, keyed, steps_of

pytestmark = pytest.mark.django_db


def test_who_lacks_a_right_sees_who_has_it_and_no_link() -> None:
    elsewhere = make_workspace()
    make_connection(workspace=keyed())
    right = Permission.objects.get(codename="add_rule")
    User.objects.create_user("ada", is_staff=True).user_permissions.add(right)
    far = User.objects.create_user("far", is_staff=True)
    far.user_permissions.add(right)
    Membership.objects.create(user=far).workspaces.add(elsewhere)

    steps = steps_of(viewer("view_workspace", "add_workspace"))

    assert (steps["connection"].facts, steps["rule"].actions) == ((), ())
    assert steps["rule"].lacks == "You may not do this. Ask one of those who may: ada."
    assert "see its key" in steps["key"].lacks
    assert steps["key"].key == ""


def test_a_person_without_any_of_the_rights_is_refused() -> None:
    browser = viewer("view_delivery", "view_workspace", "view_rule")

    assert browser.get(GUIDE).status_code == 403
    assert "First steps" not in text_of(browser, "/admin/")


def test_other_peoples_workspaces_are_not_there() -> None:
    mine, theirs = keyed(name="Mine"), keyed(name="Theirs")
    browser = viewer("add_rule", "view_publishablekey")
    Membership.objects.create(user=User.objects.get(username="viewer")).workspaces.add(mine)

    assert theirs.name not in text_of(browser, GUIDE)
    assert browser.get(f"{GUIDE}?workspace={theirs.pk}").status_code == 404
    assert browser.get(f"{GUIDE}?workspace=nonsense").status_code == 404


def test_lifecycle_sees_the_key_and_the_code_to_copy() -> None:
    give_roles()
    workspace = keyed()
    person = User.objects.create_user("lee", is_staff=True)
    person.groups.add(Group.objects.get(name="Lifecycle"))
    browser = Client()
    browser.force_login(person)
    key = workspace.publishable_keys.get().key

    assert steps_of(browser)["key"].key == key
    assert f"X-Meshes-Publishable-Key: {key}" in unescape(text_of(browser, GUIDE))
