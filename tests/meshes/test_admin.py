"""What the staff can do with workspaces, keys and access, and what they can not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from meshes.keys import create_key, create_machine_key, revoke_key
from meshes.models import AlertContact, MachineKey, Membership, PublishableKey, Workspace
from rules.models import ResourceType
from tests.builders import make_connection, make_organization, make_workspace

pytestmark = pytest.mark.django_db


def page(row, name: str = "change") -> str:
    return reverse(f"admin:meshes_{row._meta.model_name}_{name}", args=[row.pk])


def button(row, name: str) -> str:
    return reverse(f"admin:meshes_{row._meta.model_name}_button", args=[row.pk, name])


def test_a_new_workspace_comes_with_a_key(staff) -> None:
    organization = make_organization()
    values = {"organization": organization.pk, "name": "Staging", "description": ""}
    inline = {"publishable_keys-TOTAL_FORMS": 0, "publishable_keys-INITIAL_FORMS": 0}

    staff.post(reverse("admin:meshes_workspace_add"), {**values, **inline})

    workspace = Workspace.objects.get()
    assert workspace.created_by == "admin"
    assert workspace.publishable_keys.count() == 1
    assert ResourceType.objects.get(workspace=workspace).created_by == "admin"


def test_the_workspace_page_shows_every_key_and_its_state(staff) -> None:
    workspace = make_workspace()
    active = create_key(workspace, name="Site", by="t")
    revoked = revoke_key(create_key(workspace, name="Old", by="t"), by="t", now=timezone.now())

    text = staff.get(page(workspace)).content.decode()

    assert f'data-copy="{active.key}"' in text
    assert f'data-copy="{revoked.key}"' in text
    assert "revoked on" in text
    assert text.count("Rotate…</a>") == 1


def test_a_button_asks_on_get_and_acts_on_post(staff) -> None:
    key = create_key(make_workspace(), name="Site", by="t")

    asked = staff.get(button(key, "revoke"))
    untouched = PublishableKey.objects.get().revoked_at
    staff.post(button(key, "revoke"))

    assert "Every request that uses it is refused" in asked.content.decode()
    assert untouched is None
    assert PublishableKey.objects.get().revoked_at is not None


def test_keys_of_one_name_are_told_apart_before_they_are_revoked_or_replaced(staff) -> None:
    workspace = make_workspace()
    key, other = (create_key(workspace, name="Site", by="t") for _ in range(2))

    for name in ("revoke", "rotate"):
        asked = staff.get(button(key, name)).content.decode()
        assert f"Site ({key.beginning})" in asked
        assert other.beginning not in asked
        assert key.key not in asked


def test_a_machine_key_is_named_by_its_access_key_before_it_is_revoked(staff) -> None:
    key, _ = create_machine_key(make_organization(), name="Backend", by="t")

    asked = staff.get(button(key, "revoke")).content.decode()

    assert f"Revoke the machine key Backend ({key.access_key}) of {key.organization}?" in asked


def test_a_button_without_a_csrf_token_does_nothing(admin_user) -> None:
    key = create_key(make_workspace(), name="Site", by="t")
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)

    answer = client.post(button(key, "revoke"))

    assert answer.status_code == 403
    assert PublishableKey.objects.get().revoked_at is None


def test_a_button_needs_the_permission_to_change(client) -> None:
    viewer = User.objects.create_user("viewer", password="x", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_publishablekey"))
    client.force_login(viewer)
    key = create_key(make_workspace(), name="Site", by="t")

    answer = client.post(button(key, "revoke"))

    assert answer.status_code == 403
    assert PublishableKey.objects.get().revoked_at is None


def test_rotating_says_how_long_the_old_key_works_and_returns_to_the_workspace(staff) -> None:
    key = create_key(make_workspace(), name="Site", by="t")
    back = page(key.workspace)

    answer = staff.post(f"{button(key, 'rotate')}?back={back}", follow=True)

    assert answer.redirect_chain == [(back, 302)]
    assert "The old one works for 7 more days." in answer.content.decode()
    assert PublishableKey.objects.usable(timezone.now() + timedelta(days=8)).count() == 1


def test_a_button_leads_back_to_our_own_pages_only(staff) -> None:
    key = create_key(make_workspace(), name="Site", by="t")

    answer = staff.post(f"{button(key, 'rotate')}?back=https://example.com/")

    assert answer.url == page(key)


def test_a_button_that_no_longer_applies_changes_nothing(staff) -> None:
    key = revoke_key(create_key(make_workspace(), name="Site", by="t"), by="t", now=timezone.now())

    answer = staff.post(button(key, "rotate"), follow=True)

    assert "This no longer applies." in answer.content.decode()
    assert PublishableKey.objects.count() == 1


def test_a_key_is_created_with_a_name(staff) -> None:
    workspace = make_workspace()

    refused = staff.post(button(workspace, "create-key"), {"name": ""})
    staff.post(button(workspace, "create-key"), {"name": "Website"})

    assert "This field is required." in refused.content.decode()
    assert [key.name for key in workspace.publishable_keys.all()] == ["Website"]


def test_a_machine_secret_is_shown_once_and_never_again(staff) -> None:
    values = {"organization": make_organization().pk, "name": "Backend"}

    shown = staff.post(reverse("admin:meshes_machinekey_add"), values)

    key = MachineKey.objects.get()
    secret = key.secret.open()
    assert secret in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    for address in (page(key), page(key, "history"), reverse("admin:meshes_machinekey_changelist")):
        text = staff.get(address).content.decode()
        assert secret not in text
        assert key.secret.token not in text


def test_saving_a_machine_key_again_keeps_its_secret(staff) -> None:
    key, secret = create_machine_key(make_organization(), name="Backend", by="t")

    staff.post(page(key), {"name": "Renamed"})

    kept = MachineKey.objects.get()
    assert (kept.name, kept.secret.open()) == ("Renamed", secret)


def test_a_machine_key_stays_inside_its_organization(staff) -> None:
    foreign = make_workspace(organization=make_organization(), name="Foreign")
    values = {"organization": make_organization().pk, "name": "Backend"}

    answer = staff.post(
        reverse("admin:meshes_machinekey_add"), {**values, "workspaces": [foreign.pk]}
    )

    assert "These belong to another organization: Foreign." in answer.content.decode()
    assert not MachineKey.objects.exists()


def test_deleting_marks_the_row_and_frees_its_name(staff) -> None:
    contact = AlertContact.objects.create(workspace=make_workspace(), email="ops@example.com")

    staff.post(page(contact, "delete"), {"post": "yes"})

    assert AlertContact.objects.get().deleted_at is not None
    assert staff.get(page(contact), follow=True).status_code == 200
    AlertContact.objects.create(workspace=contact.workspace, email="ops@example.com")


def test_a_workspace_in_use_is_not_deleted(staff) -> None:
    connection = make_connection()

    answer = staff.post(page(connection.workspace, "delete"), {"post": "yes"})

    chosen = f"hidden=all&amp;workspace__id__exact={connection.workspace_id}"
    uses = f"/admin/connections/connection/?{chosen}"
    assert f'href="{uses}">1 connection</a>' in answer.content.decode()
    assert Workspace.objects.get(pk=connection.workspace_id).deleted_at is None


def test_deleting_says_what_it_does_and_that_history_stays(staff) -> None:
    shown = staff.get(page(make_workspace(), "delete")).content.decode()

    assert "Its keys stop working, so events that a product still posts are refused" in shown
    assert "It leaves the lists, and its history stays." in shown
    assert "related items" not in shown


def test_going_back_from_deleting_leads_to_where_one_came_from(staff) -> None:
    contact = AlertContact.objects.create(workspace=make_workspace(), email="ops@example.com")
    asked = page(contact, "delete") + "?_popup=1&back=%2Fadmin%2F&x=1"

    shown = staff.get(asked).content.decode()

    assert f'href="{page(contact)}?_popup=1&amp;back=%2Fadmin%2F"' in shown


def test_a_new_organization_has_no_facts_yet(staff) -> None:
    empty = staff.get(reverse("admin:meshes_organization_add")).content.decode()
    stored = staff.get(page(make_organization())).content.decode()

    assert "Created by" not in empty
    assert "Created by" in stored


def test_two_panes_do_not_say_how_a_plain_list_is_clicked(staff) -> None:
    shown = staff.get(reverse("admin:meshes_membership_add")).content.decode()

    assert "Choose none to give access to all." in shown
    assert "Hold down" not in shown


def test_a_workspace_with_nothing_but_keys_is_deleted(staff) -> None:
    workspace = create_key(make_workspace(), name="Site", by="t").workspace

    staff.post(page(workspace, "delete"), {"post": "yes"})

    assert Workspace.objects.get().deleted_at is not None
    assert Workspace.history.first().history_change_reason == "deleted by admin"


def test_a_person_sees_only_the_workspaces_of_their_membership(client) -> None:
    mine, other = make_workspace(name="Mine one"), make_workspace(name="Other one")
    person = User.objects.create_user("kim", password="x", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(content_type__app_label="meshes"))
    Membership.objects.create(user=person).workspaces.add(mine)
    client.force_login(person)

    listed = client.get(reverse("admin:meshes_workspace_changelist")).content.decode()
    choices = client.get(reverse("admin:meshes_alertcontact_add")).content.decode()

    assert "Mine one" in listed
    assert "Other one" not in listed
    assert "Mine one" in choices
    assert "Other one" not in choices
    assert client.get(page(other)).status_code == 302


def test_times_are_shown_in_the_time_zone_of_the_person(staff, admin_user) -> None:
    Membership.objects.create(user=admin_user, time_zone="Asia/Tokyo")
    contact = AlertContact.objects.create(workspace=make_workspace(), email="a@example.com")
    noon = timezone.now().replace(hour=12, minute=30)
    AlertContact.objects.filter(pk=contact.pk).update(created_at=noon)

    text = staff.get(reverse("admin:meshes_alertcontact_changelist")).content.decode()

    assert " 21:30 " in text


def test_an_empty_list_says_what_to_do(staff) -> None:
    text = staff.get(reverse("admin:meshes_alertcontact_changelist")).content.decode()

    assert "No alert contacts yet" in text
    assert "Add the address that should hear" in text
